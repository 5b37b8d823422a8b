package ceremony

import (
	"fmt"
	"strings"
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
		return fmt.Errorf("the new token of %s is not enrolled yet: %w", strings.Join(SafeAll(d.Missing()), ", "), ErrNotNow)
	}
	proposals, err := c.payloads(d)
	if err != nil {
		return err
	}
	return c.freeze(c.superseded(proposals), proposals)
}

// draft is what is to be frozen: the edits, or the founding by the plan.
func (c *Ceremony) draft() (*draft, error) {
	if len(c.state.edits) > 0 {
		return c.draftOf(c.state.edits)
	}
	plan, missing := c.state.plan, c.Founding()
	if plan == nil || len(missing) == 0 {
		return nil, ErrNotNow
	}
	d := foundingDraft(plan.Trust, c.state.newKeys())
	if err := d.apply(plan.Edits()...); err != nil {
		return nil, err
	}
	d.Only(missing...)
	return d, nil
}

// frozen says whether the founding has made its root.
func (c *Ceremony) frozen() bool { return c.state.known().newest("root") != nil }

// Founding lists the roles whose first version the founding still has to make:
// root and targets, or what of these was withdrawn.
func (c *Ceremony) Founding() []string { return c.state.founding() }

// freeze keeps the payloads' bytes, then says so.
func (c *Ceremony) freeze(old, made []*proposal) error {
	var ev frozen
	for _, p := range old {
		ev.Withdrawn = append(ev.Withdrawn, p.id)
	}
	for _, p := range made {
		if c.state.withdrawn[p.id] {
			return fmt.Errorf("%s %d would be, byte for byte, what was withdrawn, and the signatures over that would count again: nothing is frozen, wait a second before you freeze again", Safe(p.Role), p.Version)
		}
		blob, err := c.deps.Workspace.Put(p.Signed)
		if err != nil {
			return fmt.Errorf("a payload could not be kept, so nothing is frozen: %w", err)
		}
		ev.Payloads = append(ev.Payloads, payload{p.Role, p.Version, p.id, blob, p.Base, p.Reason})
	}
	return c.append(ev)
}
