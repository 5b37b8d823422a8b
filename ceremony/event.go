package ceremony

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// event is something that happened.
type event interface {
	name() string // what the journal calls it
}

// The events, in the order in which a ceremony usually sees them. Large things
// (payloads, attestations, other sites' journals) are blobs that an event names
// by their SHA-256.
type (
	began struct {
		Kind      string `json:"kind"`
		Site      string `json:"site"`
		Rehearsal bool   `json:"rehearsal"`
		Tool      string `json:"tool"`
		Nonce     string `json:"nonce"` // hex; sets this journal's first line, and so the site's id, apart from all others
	}
	preflighted struct {
		Checks []Check `json:"checks"`
	}
	clockConfirmed struct {
		Shown  time.Time `json:"shown"`
		Source string    `json:"source"`
	}
	planned struct {
		Plan  string            `json:"plan"`            // the YAML text
		Files map[string]string `json:"files,omitempty"` // what it names, by the names it uses
	}
	// enrolling is written before a token is changed: its slot was seen empty,
	// so that after a cut a key found there is known to be this ceremony's.
	enrolling struct {
		Holder string `json:"holder"`
		Serial string `json:"serial"`
	}
	enrolled struct {
		Holder      string          `json:"holder"`
		Key         metadata.Key    `json:"key"`
		Kind        string          `json:"token"`
		Serial      string          `json:"serial"`
		Firmware    string          `json:"firmware,omitempty"`
		Attestation metadata.Digest `json:"attestation"` // zero: none
		Verdict     Verdict         `json:"verdict"`
		Possession  string          `json:"possession"` // hex signature over the challenge
	}
	// edited is one change that a draft makes; package draft reads it.
	edited struct {
		Kind  string          `json:"kind"`
		Edit  json.RawMessage `json:"edit,omitempty"`
		Blob  metadata.Digest `json:"blob,omitzero"`   // instead of Edit, where it is long
		Words string          `json:"words,omitempty"` // what Blob says
	}
	// editTakenBack is one edit of the draft less; Edit counts from 1.
	editTakenBack struct {
		Edit int `json:"edit"`
	}
	editsDropped struct{}
	// frozen has everything that was frozen at once, and the payloads that it
	// takes the place of: their signatures are void.
	frozen struct {
		Payloads  []payload         `json:"payloads"`
		Withdrawn []metadata.Digest `json:"withdrawn,omitempty"`
	}
	// withdrawn is a payload that people have decided against.
	withdrawn struct {
		Payload metadata.Digest `json:"payload"`
		Reason  string          `json:"reason"`
	}
	signed struct {
		Proposal metadata.Digest `json:"proposal"`
		Holder   string          `json:"holder"`
		Serial   string          `json:"serial,omitempty"`
		Consent  string          `json:"consent,omitempty"` // what was typed; "" for a signature of another site
		KeyID    string          `json:"keyid"`
		Also     []string        `json:"also,omitempty"` // other keyids of the same key
		Sig      string          `json:"sig"`
	}
	imported struct {
		Name         string            `json:"name"`
		Bundle       metadata.Digest   `json:"bundle"`
		Trust        string            `json:"trust"`
		Head         []namedBlob       `json:"head,omitempty"`
		Proposals    []payload         `json:"proposals,omitempty"`
		Signatures   []signed          `json:"signatures,omitempty"`
		Attestations map[string]string `json:"attestations,omitempty"` // keyid -> PEM
		Journals     []namedBlob       `json:"journals,omitempty"`     // name: the site
	}
	exported struct {
		Path   string          `json:"path"`
		Bundle metadata.Digest `json:"bundle"`
		Size   int64           `json:"size"`
	}
)

// fileBytes are the files that the plan names, by name.
func (e planned) fileBytes() map[string][]byte {
	files := map[string][]byte{}
	for name, text := range e.Files {
		files[name] = []byte(text)
	}
	return files
}

// payload is a frozen body.
type payload struct {
	Role    string          `json:"role"`
	Version int64           `json:"version"`
	Payload metadata.Digest `json:"payload"`
	Signed  metadata.Digest `json:"signed"` // blob: the file form
	Base    metadata.Digest `json:"base"`
	Reason  string          `json:"reason"`
}

type namedBlob struct {
	Name string          `json:"name"`
	Blob metadata.Digest `json:"blob"`
}

func (began) name() string          { return "began" }
func (preflighted) name() string    { return "preflight" }
func (clockConfirmed) name() string { return "clock-confirmed" }
func (planned) name() string        { return "plan-accepted" }
func (enrolling) name() string      { return "enrolling" }
func (enrolled) name() string       { return "enrolled" }
func (edited) name() string         { return "edited" }
func (editTakenBack) name() string  { return "edit-taken-back" }
func (editsDropped) name() string   { return "edits-dropped" }
func (frozen) name() string         { return "frozen" }
func (withdrawn) name() string      { return "withdrawn" }
func (signed) name() string         { return "signed" }
func (imported) name() string       { return "imported" }
func (exported) name() string       { return "exported" }

// eventKind is what the journal calls an event, and how one is read.
type eventKind struct {
	name string
	read func(data []byte) (event, error)
}

func kindOf[E event]() eventKind {
	var e E
	return eventKind{e.name(), decode[E]}
}

// eventKinds has every kind of event that there is.
func eventKinds() []eventKind {
	return []eventKind{
		kindOf[began](),
		kindOf[preflighted](),
		kindOf[clockConfirmed](),
		kindOf[planned](),
		kindOf[enrolling](),
		kindOf[enrolled](),
		kindOf[edited](),
		kindOf[editTakenBack](),
		kindOf[editsDropped](),
		kindOf[frozen](),
		kindOf[withdrawn](),
		kindOf[signed](),
		kindOf[imported](),
		kindOf[exportChecked](),
		kindOf[exported](),
		kindOf[noted](),
		kindOf[recordSigned](),
	}
}

// readEvent returns the event that an entry holds, read strictly.
func readEvent(e Entry) (event, error) {
	for _, k := range eventKinds() {
		if k.name == e.Type {
			return k.read(e.Data)
		}
	}
	return nil, fmt.Errorf("it holds an event %q that this program does not know", Safe(e.Type))
}

func decode[E event](data []byte) (event, error) {
	e, err := strictly[E](data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.name(), err)
	}
	return e, nil
}

// strictly reads JSON that holds nothing that T does not name.
func strictly[T any](data []byte) (T, error) {
	var v T
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(&v)
	return v, err
}

// happened is an event that a journal tells of, with its time.
type happened[E event] struct {
	at   time.Time
	what E
}

// journalled has the events of one kind in all journals that can be read, each in its order.
func journalled[E event](journals []SiteJournal) []happened[E] {
	var list []happened[E]
	for _, j := range journals {
		entries, _, err := ReadJournal(j.Lines)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			var kind E
			if entry.Type != kind.name() {
				continue
			}
			if e, err := strictly[E](entry.Data); err == nil {
				list = append(list, happened[E]{entry.Time, e})
			}
		}
	}
	return list
}
