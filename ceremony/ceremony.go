package ceremony

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Deps is everything that the rules take from outside.
type Deps struct {
	Workspace    journal.Workspace
	Now          func() time.Time
	Rand         io.Reader
	Attestations token.Attestations
	Tool         string    // name and version of the program, for the record
	Built        time.Time // when the program was: no clock is right before it; zero: not known
}

// Kind is what a ceremony is for.
type Kind string

const (
	Founding  Kind = "found"
	Cosigning Kind = "co-sign"
	Changing  Kind = "change" // of a trust that there is
)

// Ceremony is the fold over one journal, and the only way to append to it. It
// is not safe for concurrent use.
type Ceremony struct {
	deps     Deps
	state    *state
	n        int             // entries so far
	head     metadata.Digest // of the last line
	sitting  sitting         // of the people before it, which no journal remembers
	stopped  error           // why state may be less than the journal
	unsigned unsignedPart    // what holders sign of it
}

// Open replays the journal. An empty workspace gives a ceremony that has not
// begun. A journal that can't be believed is a *Error.
func Open(d Deps) (*Ceremony, error) {
	lines, err := d.Workspace.Lines()
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	entries, head, err := journal.Read(lines)
	if err != nil {
		return nil, err
	}
	c := &Ceremony{deps: d, state: newState(d.Workspace), n: len(entries), head: head}
	for i, e := range entries {
		ev, err := event.Read(e)
		if err == nil {
			err = c.state.apply(ev, e.Time)
		}
		if err != nil {
			return nil, &journal.Error{Line: e.N, Why: err.Error()}
		}
		line := head
		if i+1 < len(entries) {
			line = entries[i+1].Prev
		}
		c.unsigned.follow(e.N, line, ev)
	}
	return c, nil
}

// append makes ev durable, then true, if the clock was confirmed in this sitting.
func (c *Ceremony) append(ev event.Event) error {
	if err := c.checkClock(); err != nil {
		return err
	}
	return c.write(ev)
}

// write makes ev durable, then true.
func (c *Ceremony) write(ev event.Event) error {
	if c.stopped != nil {
		return c.stopped
	}
	now := c.now()
	data, err := json.Marshal(ev)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	line, err := journal.Entry{N: c.n + 1, Time: now, Prev: c.head, Type: ev.Type(), Data: data}.Line()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := c.deps.Workspace.Append(line); err != nil {
		return fmt.Errorf("the journal could not be written, so this did not happen: %w", err)
	}
	c.n, c.head = c.n+1, metadata.Sum(line)
	c.unsigned.follow(c.n, c.head, ev)
	if err := c.state.apply(ev, now); err != nil {
		return c.reopen(err)
	}
	return nil
}

// reopen replays the journal after an event that is written could not be taken
// in: state is what the journal adds up to, and never a part of it. Where that
// can't be had, the ceremony stops.
func (c *Ceremony) reopen(cause error) error {
	again, err := Open(c.deps)
	if err != nil {
		c.stopped = fmt.Errorf("what was written could not be read back (%w): start again, the journal goes on from there", cause)
		return c.stopped
	}
	again.sitting = c.sitting
	*c = *again
	return nil
}

// now is the time of an event, whole seconds in UTC: what a record shows.
func (c *Ceremony) now() time.Time { return c.deps.Now().UTC().Truncate(time.Second) }

// Begun says whether the journal has begun.
func (c *Ceremony) Begun() bool { return c.state.kind != "" }

// Kind is what the ceremony is for; "" before it began.
func (c *Ceremony) Kind() Kind { return c.state.kind }

// Site is the name of this place, as given to Begin.
func (c *Ceremony) Site() string { return c.state.site }

// Trust is the trust's name; "" until a plan or a bundle named it.
func (c *Ceremony) Trust() string { return c.state.trust }

// Rehearsal says whether all this is an exercise.
func (c *Ceremony) Rehearsal() bool { return c.state.rehearsal }

// Plan is the accepted plan; nil where there is none.
func (c *Ceremony) Plan() *plan.Plan { return c.state.plan }

// LastEvent is when the newest line of the journal was written, in UTC; zero
// for an empty journal.
func (c *Ceremony) LastEvent() time.Time { return c.state.last }

// Begin opens the journal, once the clock was confirmed. A rehearsal takes only trusts called
// "rehearsal-...", and a real ceremony never takes one.
func (c *Ceremony) Begin(kind Kind, site string, rehearsal bool) error {
	switch {
	case c.Begun():
		return ErrNotNow
	case kind != Founding && kind != Cosigning && kind != Changing:
		return fmt.Errorf("%q is no kind of ceremony", text.Safe(string(kind)))
	}
	if err := text.CheckName("a site", site); err != nil {
		return err
	}
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(c.deps.Rand, nonce); err != nil {
		return fmt.Errorf("no randomness: %w", err)
	}
	if err := c.append(event.Began{Kind: string(kind), Site: site, Rehearsal: rehearsal, Tool: c.deps.Tool, Nonce: hex.EncodeToString(nonce)}); err != nil {
		return err
	}
	return c.append(*c.sitting.begins)
}

// Preflight journals what was checked about the machine.
func (c *Ceremony) Preflight(checks []token.Check) error {
	if !c.Begun() {
		return ErrNotNow
	}
	return c.append(event.Preflighted{Checks: checks})
}

// AcceptPlan journals a plan: its YAML, and the files that it names.
func (c *Ceremony) AcceptPlan(text []byte, files map[string][]byte) error {
	if c.state.kind != Founding || c.state.plan != nil {
		return ErrNotNow
	}
	plan, err := plan.Parse(text, files)
	if err != nil {
		return err
	}
	if err := c.checkTrust(plan.Trust); err != nil {
		return err
	}
	ev := event.Planned{Plan: string(text), Files: map[string]string{}}
	for name, b := range files {
		ev.Files[name] = string(b)
	}
	return c.append(ev)
}

// checkTrust keeps rehearsals and real trusts apart, and trusts from each other.
func (c *Ceremony) checkTrust(name string) error {
	switch {
	case c.state.trust != "" && c.state.trust != name:
		return &metadata.OtherTrustError{Want: c.state.trust, Got: name}
	case c.state.rehearsal && !trust.IsRehearsal(name):
		return &token.PolicyError{Why: fmt.Sprintf("this is a rehearsal, and %s is not the name of one: a rehearsal's trust is called %s...", text.Safe(name), trust.RehearsalPrefix)}
	case !c.state.rehearsal && trust.IsRehearsal(name):
		return &token.PolicyError{Why: fmt.Sprintf("%s is the trust of a rehearsal, and this is none", text.Safe(name))}
	}
	return nil
}

// Holder is a person who owns a token.
type Holder struct {
	Name     string
	Serial   string   // of the token; "" not known
	KeyID    string   // "" before enrolment
	Roles    []string // sorted
	Hardware string   // what is known of the key: "hardware-born, touch always"
}

// Holders lists everybody whose key may sign something here, and before the
// founding's freezing everybody whom the plan names, in its order. Somebody
// who gets a new token stands there twice, once with each.
func (c *Ceremony) Holders() []Holder {
	plan := c.state.plan
	if plan == nil || c.frozen() {
		return c.holdersOfMetadata()
	}
	enrolled := c.state.newTokens()
	holders := make([]Holder, len(plan.Holders))
	for i, p := range plan.Holders {
		h := Holder{Name: p.Name, Serial: p.Serial, Roles: plan.RolesOf(p.Name)}
		if e, ok := enrolled[p.Name]; ok {
			h.Serial, h.KeyID = e.Serial, e.Key.ID()
			h.Hardware = c.hardware(h.KeyID, e.Key).Text
		}
		holders[i] = h
	}
	return holders
}

// holdersOfMetadata lists the keys that may sign what is proposed, and those of
// the newest root and targets.
func (c *Ceremony) holdersOfMetadata() []Holder {
	known := c.state.known()
	byKey := map[string]*Holder{}
	add := func(role string, a trust.Authority) {
		for _, id := range a.Who.KeyIDs {
			h := byKey[id]
			if h == nil {
				hw := c.hardware(id, a.Keys[id])
				h = &Holder{Name: a.Name(id), KeyID: id, Serial: hw.Serial, Hardware: hw.Text}
				byKey[id] = h
			}
			if !slices.Contains(h.Roles, role) {
				h.Roles = append(h.Roles, role)
				slices.Sort(h.Roles)
			}
		}
	}
	for _, p := range c.state.proposals {
		authorities, err := known.Authorities(p)
		if err != nil {
			continue // a proposal that nobody may sign adds no holders
		}
		for _, a := range authorities {
			add(p.Role, a)
		}
	}
	if root := known.Newest("root"); root != nil {
		for _, role := range []string{"root", "targets"} {
			add(role, trust.RootAuthority("", root, role))
		}
	}
	var holders []Holder
	for _, h := range byKey {
		holders = append(holders, *h)
	}
	slices.SortFunc(holders, func(a, b Holder) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.KeyID, b.KeyID))
	})
	return holders
}

// hardware judges the attestation of a key again, on this machine.
func (c *Ceremony) hardware(keyid string, key metadata.Key) review.Hardware {
	serial := c.state.serials[keyid]
	attested := c.state.attested[keyid]
	if attested == nil {
		return review.Hardware{Text: "hardware not known: no attestation", Serial: serial}
	}
	a, err := token.ParseAttestation(attested)
	if err != nil {
		return review.Hardware{Text: "hardware not known: " + text.Safe(err.Error()), Serial: serial}
	}
	v := c.deps.Attestations.Check(a, key, "", c.tokenPolicy(), c.now())
	if v.Serial != "" {
		serial = v.Serial
	}
	if err := v.Err(); err != nil {
		return review.Hardware{Text: text.Safe(err.Error()), Serial: serial}
	}
	return review.Hardware{Text: fmt.Sprintf("hardware-born, touch %s", v.Touch), Serial: serial}
}

func (c *Ceremony) tokenPolicy() token.Policy {
	return c.plannedTokens().Policy
}
