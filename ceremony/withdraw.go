package ceremony

import (
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

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
