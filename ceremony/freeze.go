package ceremony

import (
	"errors"
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Freeze makes payloads once and for all: the first ones of a trust from its
// plan, later ones from a draft. All of them are frozen at once, or none.
// Payloads of the same roles that a draft takes the place of are withdrawn.
func (c *Ceremony) Freeze() error {
	if err := c.checkClock(); err != nil {
		return err
	}
	d, err := c.draft()
	if err != nil {
		return err
	}
	if len(d.Missing()) > 0 {
		return fmt.Errorf("the new token of %s is not enrolled yet: %w", strings.Join(text.SafeAll(d.Missing()), ", "), ErrNotNow)
	}
	proposals, err := c.payloads(d)
	if err != nil {
		return err
	}
	err = d.Over().CheckNext(proposals, c.now().Add(exportMargin))
	if refused, ok := errors.AsType[*trust.ExportError](err); ok {
		err = &draft.Error{Err: fmt.Errorf("%s %d %s", text.Safe(refused.Role), refused.Version, text.Safe(refused.Rule))}
	}
	if err != nil {
		return err
	}
	return c.freeze(c.superseded(proposals), proposals)
}

// draft is what is to be frozen: the edits, or the founding by the plan.
func (c *Ceremony) draft() (*draft.Draft, error) {
	if len(c.state.edits) > 0 {
		return c.draftOf(c.state.edits)
	}
	plan, missing := c.state.plan, c.Unfounded()
	if plan == nil || len(missing) == 0 {
		return nil, ErrNotNow
	}
	d := draft.Founding(plan.Trust, c.state.newKeys())
	if err := d.Apply(plan.Edits()...); err != nil {
		return nil, err
	}
	d.Only(missing...)
	return d, nil
}

// frozen says whether the founding has made its root.
func (c *Ceremony) frozen() bool { return c.state.known().Newest("root") != nil }

// Unfounded lists the roles whose first version the founding still has to make:
// root and targets, or what of these was withdrawn.
func (c *Ceremony) Unfounded() []string { return c.state.founding() }

// freeze keeps the payloads' bytes, then says so.
func (c *Ceremony) freeze(old, made []*trust.Payload) error {
	var ev event.Frozen
	for _, p := range old {
		ev.Withdrawn = append(ev.Withdrawn, p.ID)
	}
	for _, p := range made {
		if c.state.withdrawn[p.ID] {
			return fmt.Errorf("%s %d would be, byte for byte, what was withdrawn, and the signatures over that would count again: nothing is frozen, wait a second before you freeze again", text.Safe(p.Role), p.Version)
		}
		blob, err := c.deps.Workspace.Put(p.Signed)
		if err != nil {
			return fmt.Errorf("a payload could not be kept, so nothing is frozen: %w", err)
		}
		ev.Payloads = append(ev.Payloads, event.Payload{Role: p.Role, Version: p.Version, Payload: p.ID, Signed: blob, Base: p.Base, Reason: p.Reason})
	}
	return c.append(ev)
}
