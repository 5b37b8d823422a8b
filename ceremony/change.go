package ceremony

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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

// Roles lists the roles of the complete set: root's four, then the delegated ones.
func (c *Ceremony) Roles() ([]RoleState, error) {
	d, err := c.draftOf(nil)
	if err != nil {
		return nil, err
	}
	return d.RoleStates(), nil
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
func (c *Ceremony) edited(e Edit) error {
	kind, data, err := WriteEdit(e)
	if err != nil {
		return fmt.Errorf("the edit could not be written: %w", err)
	}
	if len(data) <= maxInline {
		return c.append(edited{Kind: kind, Edit: data})
	}
	blob, err := c.deps.Workspace.Put(data)
	if err != nil {
		return fmt.Errorf("the edit could not be kept: %w", err)
	}
	return c.append(edited{Kind: kind, Blob: blob, Words: e.String()})
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
	return d, d.apply(edits...)
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

// payloads reads back what the draft makes.
func (c *Ceremony) payloads(d *draft) ([]*proposal, error) {
	if err := c.state.known().contest(); err != nil {
		return nil, err
	}
	proposals, err := d.Proposals(c.now(), c.reason())
	if err != nil {
		return nil, err
	}
	list := make([]*proposal, len(proposals))
	for i, p := range proposals {
		if list[i], err = newProposal(p); err != nil {
			return nil, &DraftError{err}
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
func (c *Ceremony) superseded(by []*proposal) []*proposal {
	var old []*proposal
	for _, p := range c.state.proposals {
		if slices.ContainsFunc(by, func(n *proposal) bool { return n.Role == p.Role && n.Version == p.Version && n.id != p.id }) {
			old = append(old, p)
		}
	}
	return old
}
