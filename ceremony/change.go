package ceremony

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Changeable says whether a draft can build on what this site knows: nil, a
// *ConflictError where people have to choose first, ErrNotNow where no set is
// complete.
func (c *Ceremony) Changeable() error {
	known := c.state.known()
	if err := known.contest(); err != nil {
		return err
	}
	if _, err := known.set(); err != nil {
		return fmt.Errorf("%w: %w", err, ErrNotNow)
	}
	return nil
}

// RoleState is a role as the complete set has it.
type RoleState struct {
	Name      string   // as the metadata has it, and not made safe to print
	Version   int64    // 0: signed online, or not known here
	Threshold int      // keys
	Holders   []string // names, safe to print, sorted
	Expires   time.Time
	Paths     []string // that are delegated to it
	Targets   []string // paths, sorted; with those of its hash bins
	Parent    string   // the first role that delegates to it; "" for root's four
	Bins      int      // of how many hash bins it is the name for all, "bins-*"; 0: it is a role
}

// Roles lists the roles of the complete set: root's four, then the delegated ones.
func (c *Ceremony) Roles() ([]RoleState, error) {
	d, err := c.draftOf(nil)
	if err != nil {
		return nil, err
	}
	var list []RoleState
	for _, role := range d.roles() {
		list = append(list, d.roleState(role))
	}
	return list, nil
}

// Edit adds edits to the draft, all of them or none. It returns an *EditError,
// and changes nothing, where one can't be made on top of those that are there.
func (c *Ceremony) Edit(edits ...Edit) error {
	if err := c.Changeable(); err != nil {
		return err
	}
	if _, err := c.draftOf(slices.Concat(c.state.edits, edits)); err != nil {
		return err
	}
	for _, e := range edits {
		data, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("the edit could not be written: %w", err)
		}
		if err := c.edited(e, data); err != nil {
			return err
		}
	}
	return nil
}

// NeededError: an edit can't be taken back, because a later one needs it.
// Nothing was changed.
type NeededError struct {
	Edit, By Edit
	Why      string // By can't be made without Edit
}

func (e *NeededError) Error() string {
	return fmt.Sprintf("%s: that can't be taken back, because a later edit needs it (%s): without it, %s", e.Edit, e.By, e.Why)
}

// TakeBack takes one edit out of the draft; n counts from 1, as Draft lists
// them. The others stay, and are checked again: a *NeededError says which of
// them can't be made without it. A token that was enrolled for it stays as it is.
func (c *Ceremony) TakeBack(n int) error {
	edits := c.state.edits
	if n < 1 || n > len(edits) {
		return ErrNotNow
	}
	_, err := c.draftOf(slices.Delete(slices.Clone(edits), n-1, n))
	var refused *EditError
	if errors.As(err, &refused) {
		return &NeededError{Edit: edits[n-1], By: refused.Edit, Why: refused.Why}
	}
	if err != nil {
		return err
	}
	return c.append(editTakenBack{n})
}

// DropEdits throws the draft away. Tokens that were enrolled for it stay as they are.
func (c *Ceremony) DropEdits() error {
	if len(c.state.edits) == 0 {
		return ErrNotNow
	}
	return c.append(editsDropped{})
}

// draftOf makes edits to the complete set.
func (c *Ceremony) draftOf(edits []Edit) (*draft, error) {
	base, err := c.state.known().set()
	if err != nil {
		return nil, err
	}
	d, err := newDraft(base, draftInput{tokens: c.state.newKeys(), spent: c.spent, periods: c.period})
	if err != nil {
		return nil, err
	}
	for _, e := range edits {
		if err := e.apply(d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// spent says whether clients may remember a version of a delegated role: it was
// complete once, or a published snapshot lists it.
func (c *Ceremony) spent(role string) bool {
	known := c.state.known()
	for _, b := range known.published {
		if b.role == role {
			return true
		}
		if s := b.file.Snapshot; s != nil {
			if _, listed := s.Meta[role+".json"]; listed {
				return true
			}
		}
	}
	return slices.ContainsFunc(known.proposals, func(p *proposal) bool {
		return p.Role == role && slices.ContainsFunc(known.everAuthorities(p), func(a authority) bool {
			return a.tally(p.body.Payload, c.state.signaturesOf(p.id)).met()
		})
	})
}

// Draft is what the edits so far come to.
type Draft struct {
	Edits    []Edit
	Missing  []string // holders whose new token is still to be enrolled
	Payloads []DraftPayload
	Warnings []string // sentences
	Voids    []string // signatures that freezing makes void: "root 2: Ada, Bo"
	Problem  error    // a *DraftError: why it can't be frozen as it is; nil: it can
}

// DraftPayload is one new version that a draft makes.
type DraftPayload struct {
	Role    string
	Version int64
	Changes []Change
	Bins    int // how many hash bins it stands for: Role is "bins-*", Version 0; 0: it is one payload
}

// Name is how it is called: "root 2", "16 bins of team".
func (p DraftPayload) Name() string { return PayloadName(p.Role, p.Version, p.Bins) }

// Draft shows what the edits come to. It has no edits where there is no draft.
func (c *Ceremony) Draft() (Draft, error) {
	out := Draft{Edits: slices.Clone(c.state.edits)}
	if len(out.Edits) == 0 {
		return out, nil
	}
	d, err := c.draftOf(c.state.edits)
	if err != nil {
		return out, err
	}
	out.Missing, out.Problem = d.missing, cmp.Or(c.state.known().contest(), d.unreachable())
	if len(d.missing) > 0 {
		return out, nil
	}
	proposals, err := c.proposals(d)
	if err != nil {
		out.Problem = err
		return out, nil
	}
	out.Warnings = d.warnings()
	payloads, warned := c.draftPayloads(d, proposals)
	out.Payloads, out.Warnings = payloads, append(out.Warnings, warned...)
	drafted := c.drafted(proposals)
	out.Warnings = append(out.Warnings, drafted.outside(drafted.roles()...)...)
	out.Voids = c.voids(c.superseded(proposals))
	return out, nil
}

// proposals encodes every role that the draft changes and reads it back. What
// can't be frozen is a *DraftError.
func (c *Ceremony) proposals(d *draft) ([]*proposal, error) {
	if err := cmp.Or(c.state.known().contest(), d.unreachable()); err != nil {
		return nil, err
	}
	if _, err := d.unsignable(); err != nil {
		return nil, &DraftError{err}
	}
	var list []*proposal
	for _, role := range d.changed() {
		p, err := d.encode(role, c.now().Add(d.lasts(role)))
		if err != nil {
			return nil, &DraftError{err}
		}
		p.Reason = c.reason()
		read, err := newProposal(p)
		if err != nil {
			return nil, &DraftError{err}
		}
		list = append(list, read)
	}
	return list, nil
}

// reason is why a payload is made: the edits in words.
func (c *Ceremony) reason() string {
	if len(c.state.edits) == 0 {
		return "founding"
	}
	reasons := make([]string, len(c.state.edits))
	for i, e := range c.state.edits {
		reasons[i] = e.String()
	}
	return strings.Join(reasons, "; ")
}

// superseded lists the open payloads whose place the new ones take.
func (c *Ceremony) superseded(by []*proposal) []*proposal {
	var old []*proposal
	for _, p := range c.state.proposals {
		if slices.ContainsFunc(by, func(n *proposal) bool { return n.Role == p.Role && n.Version == p.Version && n.id != p.id }) {
			old = append(old, p)
		}
	}
	return old
}

func voidWords(what string, quorum Quorum, err error) string {
	what += " frozen before"
	if err != nil {
		return what
	}
	var names []string
	for _, t := range quorum.By {
		names = append(names, t.Signed...)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return what + ", which nobody has signed"
	}
	return what + ", with the signatures of " + strings.Join(names, ", ")
}

// Withdraw takes a frozen payload out, with its signatures, for good: it does
// not come back with a bundle. It is how people cancel a draft, and how they
// choose between two payloads of one version. What builds on it falls with it,
// and until that comes with another base it counts no more. One that has all
// its signatures stays, unless people have to choose between it and another that
// has. A founding whose root 1 is withdrawn is where it was before the freezing:
// targets 1 goes with it, and the tokens stay enrolled.
func (c *Ceremony) Withdraw(id metadata.Digest, reason string) error {
	u, err := c.unit(id)
	if err != nil {
		return err
	}
	var open []*proposal
	for _, p := range u.payloads {
		var refused error
		if refused = c.withdrawable(p); refused == nil {
			open = append(append(open, c.fallsWith(p)...), p)
		} else if err == nil {
			err = refused
		}
	}
	if len(open) == 0 {
		return err
	}
	for _, p := range open {
		if err := c.append(withdrawn{Payload: p.id, Reason: reason}); err != nil {
			return err
		}
	}
	return nil
}

// withdrawable says why people can't decide against p: it is finished, or what
// builds on it is.
func (c *Ceremony) withdrawable(p *proposal) error {
	known := c.state.known()
	name := PayloadName(p.Role, p.Version, 0)
	if known.place(p) == overtaken {
		return nil
	}
	if known.complete(p) {
		if known.place(p) == contested && slices.ContainsFunc(known.rivals(p), func(r claim) bool { return r.proposal != nil && known.complete(r.proposal) }) {
			return nil
		}
		return fmt.Errorf("%s has all its signatures, and may be published already: %w", name, ErrNotNow)
	}
	for _, other := range known.above(p) {
		if known.complete(other) {
			return fmt.Errorf("%s builds on %s and has all its signatures: %w", PayloadName(other.Role, other.Version, 0), name, ErrNotNow)
		}
	}
	return nil
}

// fallsWith are the payloads that are withdrawn with p: where that is the
// founding's root, what it says who may sign.
func (c *Ceremony) fallsWith(p *proposal) []*proposal {
	known := c.state.known()
	if c.state.kind != Found || p.Role != "root" || p.Version > 1 || len(known.bodies("root")) > 1 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(known.proposals), func(other *proposal) bool { return other == p })
}
