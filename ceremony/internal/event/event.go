package event

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/internal/strict"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Event is something that happened.
type Event interface {
	Type() string // what the journal calls it
}

// The events, in the order in which a ceremony usually sees them. Large things
// (payloads, attestations, other sites' journals) are blobs that an event names
// by their SHA-256.
type (
	Began struct {
		Kind      string `json:"kind"`
		Site      string `json:"site"`
		Rehearsal bool   `json:"rehearsal"`
		Tool      string `json:"tool"`
		Nonce     string `json:"nonce"` // hex; sets this journal's first line, and so the site's id, apart from all others
	}
	Preflighted struct {
		Checks []token.Check `json:"checks"`
	}
	ClockConfirmed struct {
		Shown  time.Time `json:"shown"`
		Source string    `json:"source"`
	}
	// ClockCorrected is of a clock that was ahead when the line before was
	// written: its time is the only one that may be before that of another.
	ClockCorrected struct {
		Who    string    `json:"who"` // says that it is right now
		From   time.Time `json:"from"`
		To     time.Time `json:"to"`
		Source string    `json:"source"`
	}
	Planned struct {
		Plan  string            `json:"plan"`            // the YAML text
		Files map[string]string `json:"files,omitempty"` // what it names, by the names it uses
	}
	// Enrolling is written before a token is changed: its slot was seen empty,
	// so that after a cut a key found there is known to be this ceremony's.
	Enrolling struct {
		Holder string `json:"holder"`
		Serial string `json:"serial"`
	}
	Enrolled struct {
		Holder      string          `json:"holder"`
		Key         metadata.Key    `json:"key"`
		Kind        string          `json:"token"`
		Serial      string          `json:"serial"`
		Firmware    string          `json:"firmware,omitempty"`
		Attestation metadata.Digest `json:"attestation"` // zero: none
		Verdict     token.Verdict   `json:"verdict"`
		Possession  string          `json:"possession"` // hex signature over the challenge
	}
	// Edited is one change that a draft makes; package draft reads it.
	Edited struct {
		Kind  string          `json:"kind"`
		Edit  json.RawMessage `json:"edit,omitempty"`
		Blob  metadata.Digest `json:"blob,omitzero"`   // instead of Edit, where it is long
		Words string          `json:"words,omitempty"` // what Blob says
	}
	// EditTakenBack is one edit of the draft less; Edit counts from 1.
	EditTakenBack struct {
		Edit int `json:"edit"`
	}
	EditsDropped struct{}
	// Frozen has everything that was frozen at once, and the payloads that it
	// takes the place of: their signatures are void.
	Frozen struct {
		Payloads  []Payload         `json:"payloads"`
		Withdrawn []metadata.Digest `json:"withdrawn,omitempty"`
	}
	// Withdrawn is a payload that people have decided against.
	Withdrawn struct {
		Payload metadata.Digest `json:"payload"`
		Reason  string          `json:"reason"`
	}
	Signed struct {
		Proposal metadata.Digest `json:"proposal"`
		Holder   string          `json:"holder"`
		Serial   string          `json:"serial,omitempty"`
		Consent  string          `json:"consent,omitempty"` // what was typed; "" for a signature of another site
		KeyID    string          `json:"keyid"`
		Also     []string        `json:"also,omitempty"` // other keyids of the same key
		Sig      string          `json:"sig"`
	}
	Imported struct {
		Name         string            `json:"name"`
		Bundle       metadata.Digest   `json:"bundle"`
		Trust        string            `json:"trust"`
		Head         []NamedBlob       `json:"head,omitempty"`
		Proposals    []Payload         `json:"proposals,omitempty"`
		Signatures   []Signed          `json:"signatures,omitempty"`
		Attestations map[string]string `json:"attestations,omitempty"` // keyid -> PEM
		Journals     []NamedBlob       `json:"journals,omitempty"`     // name: the site
	}
	Exported struct {
		Path   string          `json:"path"`
		Bundle metadata.Digest `json:"bundle"`
		Size   int64           `json:"size"`
	}
)

// FileBytes are the files that the plan names, by name.
func (e Planned) FileBytes() map[string][]byte {
	files := map[string][]byte{}
	for name, text := range e.Files {
		files[name] = []byte(text)
	}
	return files
}

// Payload is a frozen body.
type Payload struct {
	Role    string          `json:"role"`
	Version int64           `json:"version"`
	Payload metadata.Digest `json:"payload"`
	Signed  metadata.Digest `json:"signed"` // blob: the file form
	Base    metadata.Digest `json:"base"`
	Reason  string          `json:"reason"`
}

type NamedBlob struct {
	Name string          `json:"name"`
	Blob metadata.Digest `json:"blob"`
}

func (Began) Type() string          { return "began" }
func (Preflighted) Type() string    { return "preflight" }
func (ClockConfirmed) Type() string { return "clock-confirmed" }
func (ClockCorrected) Type() string { return journal.ClockCorrected }
func (Planned) Type() string        { return "plan-accepted" }
func (Enrolling) Type() string      { return "enrolling" }
func (Enrolled) Type() string       { return "enrolled" }
func (Edited) Type() string         { return "edited" }
func (EditTakenBack) Type() string  { return "edit-taken-back" }
func (EditsDropped) Type() string   { return "edits-dropped" }
func (Frozen) Type() string         { return "frozen" }
func (Withdrawn) Type() string      { return "withdrawn" }
func (Signed) Type() string         { return "signed" }
func (Imported) Type() string       { return "imported" }
func (Exported) Type() string       { return "exported" }

// Kind is what the journal calls an event, and how one is read.
type Kind struct {
	Name string
	read func(data []byte) (Event, error)
}

func kindOf[E Event]() Kind {
	var e E
	return Kind{e.Type(), decode[E]}
}

// Kinds has every kind of event that there is.
func Kinds() []Kind {
	return []Kind{
		kindOf[Began](),
		kindOf[Preflighted](),
		kindOf[ClockConfirmed](),
		kindOf[ClockCorrected](),
		kindOf[Planned](),
		kindOf[Enrolling](),
		kindOf[Enrolled](),
		kindOf[Edited](),
		kindOf[EditTakenBack](),
		kindOf[EditsDropped](),
		kindOf[Frozen](),
		kindOf[Withdrawn](),
		kindOf[Signed](),
		kindOf[Imported](),
		kindOf[ExportChecked](),
		kindOf[Exported](),
		kindOf[Noted](),
		kindOf[RecordSigned](),
	}
}

// Read returns the event that an entry holds, read strictly.
func Read(e journal.Entry) (Event, error) {
	for _, k := range Kinds() {
		if k.Name == e.Type {
			return k.read(e.Data)
		}
	}
	return nil, fmt.Errorf("it holds an event %q that this program does not know", text.Safe(e.Type))
}

func decode[E Event](data []byte) (Event, error) {
	e, err := strict.JSON[E](data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Type(), err)
	}
	return e, nil
}

// happened is an event that a journal tells of, with its time.
type happened[E Event] struct {
	At    time.Time
	Event E
}

// In has the events of one kind in all journals that can be read, each in its order.
func In[E Event](journals []trust.SiteJournal) []happened[E] {
	var list []happened[E]
	for _, j := range journals {
		entries, _, err := journal.Read(j.Lines)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			var kind E
			if entry.Type != kind.Type() {
				continue
			}
			if e, err := strict.JSON[E](entry.Data); err == nil {
				list = append(list, happened[E]{entry.Time, e})
			}
		}
	}
	return list
}

// RecordSigned is a Signature over this journal as it was before.
type RecordSigned struct {
	Events int             `json:"events"`
	Head   metadata.Digest `json:"head"`
	Holder string          `json:"holder"`
	Serial string          `json:"serial,omitempty"`
	Key    metadata.Key    `json:"key"`
	Sig    string          `json:"sig"`
}

func (RecordSigned) Type() string { return "record-signed" }

// Noted is what people wrote down, in their own words.
type Noted struct {
	Text string `json:"text"`
	Who  string `json:"who"` // says it
}

func (Noted) Type() string { return "note" }

// ExportChecked is the check before an export, as it stands in the journal.
type ExportChecked struct {
	Open     []string `json:"open,omitempty"`
	Verified []string `json:"verified,omitempty"`
	From     int64    `json:"from,omitempty"` // the oldest root for go-tuf's client
	Notes    []string `json:"notes,omitempty"`
	Refused  string   `json:"refused,omitempty"` // why it was not let out
}

func (ExportChecked) Type() string { return "export-checked" }
