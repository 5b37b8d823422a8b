package ceremony

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Changeable says whether a draft can build on what this site knows: nil, a
// *ConflictError where people have to choose first, ErrNotNow where no set is
// complete.
func (c *Ceremony) Changeable() error {
	known := c.state.known()
	if err := known.Contest(); err != nil {
		return err
	}
	if _, err := known.Set(); err != nil {
		return fmt.Errorf("%w: %w", err, ErrNotNow)
	}
	return nil
}

// Roles lists the roles of the complete set: root's four, then the delegated ones.
func (c *Ceremony) Roles() ([]draft.RoleState, error) {
	d, err := c.draftOf(nil)
	if err != nil {
		return nil, err
	}
	return d.RoleStates(), nil
}

// Edit adds edits to the draft, all of them or none. It returns an *EditError,
// and changes nothing, where one can't be made on top of those that are there.
func (c *Ceremony) Edit(edits ...draft.Edit) error {
	if err := c.Changeable(); err != nil {
		return err
	}
	if _, err := c.draftOf(slices.Concat(c.state.edits, edits)); err != nil {
		return err
	}
	for _, e := range edits {
		if err := c.edited(e); err != nil {
			return err
		}
	}
	return nil
}

// maxInline is how long an edit may be that stands in the journal itself, in
// bytes; a longer one is kept beside it.
const maxInline = 64 << 10

// edited journals an edit.
func (c *Ceremony) edited(e draft.Edit) error {
	kind, data, err := draft.WriteEdit(e)
	if err != nil {
		return fmt.Errorf("the edit could not be written: %w", err)
	}
	if len(data) <= maxInline {
		return c.append(event.Edited{Kind: kind, Edit: data})
	}
	blob, err := c.deps.Workspace.Put(data)
	if err != nil {
		return fmt.Errorf("the edit could not be kept: %w", err)
	}
	return c.append(event.Edited{Kind: kind, Blob: blob, Words: e.String()})
}

// TakeBack takes one edit out of the draft; n counts from 1, as Draft lists
// them. The others stay, and are checked again: a *draft.NeededError says which of
// them can't be made without it. A token that was enrolled for it stays as it is.
func (c *Ceremony) TakeBack(n int) error {
	edits := c.state.edits
	if n < 1 || n > len(edits) {
		return ErrNotNow
	}
	_, err := c.draftOf(slices.Delete(slices.Clone(edits), n-1, n))
	var refused *draft.EditError
	if errors.As(err, &refused) {
		return &draft.NeededError{Edit: edits[n-1], By: refused.Edit, Why: refused.Why}
	}
	if err != nil {
		return err
	}
	return c.append(event.EditTakenBack{Edit: n})
}

// DropEdits throws the draft away. Tokens that were enrolled for it stay as they are.
func (c *Ceremony) DropEdits() error {
	if len(c.state.edits) == 0 {
		return ErrNotNow
	}
	return c.append(event.EditsDropped{})
}

// draftOf makes edits to the complete set.
func (c *Ceremony) draftOf(edits []draft.Edit) (*draft.Draft, error) {
	base, err := c.state.known().Set()
	if err != nil {
		return nil, err
	}
	d := draft.New(base, draft.Input{Keys: c.state.newKeys(), NameUsed: c.nameUsed, Periods: c.period})
	return d, d.Apply(edits...)
}

// nameUsed says whether clients may remember a version of a delegated role: it was
// complete once, or a published snapshot lists it.
func (c *Ceremony) nameUsed(role string) bool {
	known := c.state.known()
	for _, b := range known.Published {
		if b.Role == role {
			return true
		}
		if s := b.File.Snapshot; s != nil {
			if _, listed := s.Meta[role+".json"]; listed {
				return true
			}
		}
	}
	return slices.ContainsFunc(known.Proposals, func(p *trust.Payload) bool {
		return p.Role == role && slices.ContainsFunc(known.EverAuthorities(p), func(a trust.Authority) bool {
			return a.Tally(p.Body.Payload, c.state.signaturesOf(p.ID)).Met()
		})
	})
}

// payloads reads back what the draft makes.
func (c *Ceremony) payloads(d *draft.Draft) ([]*trust.Payload, error) {
	if err := c.state.known().Contest(); err != nil {
		return nil, err
	}
	proposals, err := d.Proposals(c.now(), c.reason())
	if err != nil {
		return nil, err
	}
	list := make([]*trust.Payload, len(proposals))
	for i, p := range proposals {
		if list[i], err = trust.ReadPayload(p); err != nil {
			return nil, &draft.Error{Err: err}
		}
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
func (c *Ceremony) superseded(by []*trust.Payload) []*trust.Payload {
	var old []*trust.Payload
	for _, p := range c.state.proposals {
		if slices.ContainsFunc(by, func(n *trust.Payload) bool { return n.Role == p.Role && n.Version == p.Version && n.ID != p.ID }) {
			old = append(old, p)
		}
	}
	return old
}
