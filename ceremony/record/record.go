package record

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/internal/strict"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Form names the form of a Record, and changes with it.
const Form = "conclave-record/1"

// Record is what the journals of a ceremony tell, by site. It is made from
// them alone, the same each time, so that anyone who has the journals can make
// it again and compare. All its strings are safe to print.
//
// A journal tells what its site wrote down. Whether that is true, Check
// says as far as a bundle proves it.
type Record struct {
	Form  string      `json:"form"`
	Sites []Site      `json:"sites"`
	Heads []Signature `json:"head_signatures,omitempty"`
}

// Site is what one site's journal tells.
type Site struct {
	Trust     string          `json:"trust,omitempty"`
	Site      string          `json:"site"`    // as the people there named it
	ID        string          `json:"site_id"` // hex SHA-256 of the journal's first line
	Kind      string          `json:"ceremony"`
	Rehearsal bool            `json:"rehearsal"`
	Tool      string          `json:"tool"`
	Events    int             `json:"events"`
	Head      metadata.Digest `json:"head"` // SHA-256 of the last line, and so of all before it
	HeadWords string          `json:"head_words"`

	People     []Person           `json:"people"`
	Notes      []Note             `json:"notes"` // exceptions, and what people wrote down
	Preflights []Preflight        `json:"preflights"`
	Clocks     []Clock            `json:"clocks"`
	Plans      []Plan             `json:"plans"`
	Enrolments []Enrolment        `json:"enrolments"`
	Payloads   []Payload          `json:"payloads"`
	Signatures []PayloadSignature `json:"signatures"`
	Bundles    []Bundle           `json:"bundles"`
	Lines      []Line             `json:"lines"`   // every line of the journal, in words
	Journal    []byte             `json:"journal"` // as it stands there
}

// RecordHead is what holders sign of the site.
func (s *Site) RecordHead() Head {
	return Head{s.Trust, s.Site, s.ID, s.Events, s.Head}
}

// At is the line of the journal that something stands in.
type At struct {
	N    int       `json:"line"` // from 1
	Time time.Time `json:"time"` // UTC, by the clock of the site
}

// The parts of a record.
type (
	// Person is a holder who was there with a token. Of others the
	// journal knows nothing.
	Person struct {
		Name   string   `json:"name"`
		Tokens []string `json:"tokens"` // serials
		Did    []string `json:"did"`
	}
	// Note is something out of the ordinary, or what people wrote down.
	Note struct {
		At
		Text string `json:"text"`
		Who  string `json:"who,omitempty"` // who wrote it down; "" for what the journal itself shows
	}
	// Preflight is what was checked about the machine.
	Preflight struct {
		At
		Checks []token.Check `json:"checks"`
	}
	// Clock is a time that people compared with another clock.
	Clock struct {
		At
		Shown  time.Time `json:"shown"`
		Source string    `json:"source"`
	}
	// Plan is an accepted plan.
	Plan struct {
		At
		SHA256 metadata.Digest `json:"sha256"` // of the text as it was read
		Text   string          `json:"text"`
	}
	// Enrolment is a token that became a holder's.
	Enrolment struct {
		At
		Holder      string          `json:"holder"`
		Token       string          `json:"token"`
		Serial      string          `json:"serial"`
		Firmware    string          `json:"firmware,omitempty"`
		KeyID       string          `json:"keyid"`
		Fingerprint metadata.Digest `json:"fingerprint"` // SHA-256 of the SubjectPublicKeyInfo
		Attestation metadata.Digest `json:"attestation"` // of the certificates in PEM; zero: none
		Passed      bool            `json:"passed"`
		Checks      []token.Check   `json:"checks"`
	}
	// Payload is a frozen payload, made here or brought by a bundle.
	Payload struct {
		At
		Role     string          `json:"role"`
		Version  int64           `json:"version"`
		Digest   metadata.Digest `json:"sha256"` // of the payload
		Words    string          `json:"words"`
		Base     metadata.Digest `json:"base"` // payload digest of the version before; zero: none
		Reason   string          `json:"reason"`
		Imported bool            `json:"imported"`
		Void     string          `json:"void,omitempty"` // why its signatures count no more
	}
	// PayloadSignature is a signature, made here or brought by a bundle.
	PayloadSignature struct {
		At
		Payload  metadata.Digest `json:"payload"`
		Holder   string          `json:"holder"`
		Serial   string          `json:"serial,omitempty"`
		Consent  string          `json:"consent,omitempty"` // what was typed; "" for one of another site
		KeyID    string          `json:"keyid"`
		Also     []string        `json:"also,omitempty"` // other keyids of the same key
		Sig      string          `json:"sig"`
		Imported bool            `json:"imported"`
	}
	// Bundle is a bundle that came or went.
	Bundle struct {
		At
		Imported bool            `json:"imported"` // false: it was written here
		Name     string          `json:"name"`
		SHA256   metadata.Digest `json:"sha256"`
		Words    string          `json:"words"`
		Size     int64           `json:"size,omitempty"` // bytes; 0 not recorded
	}
	// Line is one line of the journal.
	Line struct {
		At
		Event string `json:"event"`
		Text  string `json:"text"`
	}
)

// began is the time of the first line.
func (s *Site) began() time.Time {
	if len(s.Lines) == 0 {
		return time.Time{}
	}
	return s.Lines[0].Time
}

// New reads journals into a record, the site that began first first, with
// the holders' signatures that they hold. Each must hold together as Read demands; what its events mean is not judged, and an event that
// this program does not know is kept as it stands. The error is a
// *Error, or says that a journal is not of the site that it is said to be.
func New(journals []trust.SiteJournal) (*Record, error) {
	r := &Record{Form: Form, Sites: []Site{}}
	for _, j := range journals {
		s, err := readSite(j.Lines)
		if err == nil && s.ID != j.Site {
			err = errors.New("it is the journal of another site")
		}
		if err != nil {
			return nil, fmt.Errorf("journal of site %.8s: %w", text.Safe(j.Site), err)
		}
		r.Sites = append(r.Sites, s.Site)
		r.Heads = append(r.Heads, s.heads...)
	}
	slices.SortFunc(r.Sites, func(a, b Site) int {
		return cmp.Or(a.began().Compare(b.began()), cmp.Compare(a.ID, b.ID))
	})
	return r, nil
}

// JSON is the record as a file: the one form that Read takes.
func (r *Record) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	err := enc.Encode(r)
	return b.Bytes(), err
}

// Read reads what JSON writes, and nothing else: a second key, another
// spelling or a field that is not known would be read differently by someone else.
func Read(raw []byte) (*Record, error) {
	r, err := strict.JSON[Record](raw)
	if err != nil {
		return nil, fmt.Errorf("this is no record: %w", err)
	}
	if r.Form != Form {
		return nil, fmt.Errorf("this is no record of the form %s, but %q", Form, text.Safe(r.Form))
	}
	if again, err := r.JSON(); err != nil || !bytes.Equal(again, raw) {
		return nil, errors.New("this is not written as a record is: it was changed, or is of another program")
	}
	return &r, nil
}

// spoken is a digest's words in one line.
func spoken(d metadata.Digest) string {
	words := text.Words(d)
	return joined(words[:])
}
