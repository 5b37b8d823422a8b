package ceremony

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Withdraw takes a frozen payload out, with its signatures, for good: it does
// not come back with a bundle. It is how people cancel a draft, and how they
// choose between two payloads of one version. What builds on it falls with it,
// and until that comes with another base it counts no more. One that has all
// its signatures stays, unless people have to choose between it and another that
// has. A founding whose root 1 is withdrawn is where it was before the freezing:
// targets 1 goes with it, and the tokens stay enrolled.
func (c *Ceremony) Withdraw(id metadata.Digest, reason string) error {
	known := c.state.known()
	u, err := known.Unit(id)
	if err != nil {
		return err
	}
	var open []*trust.Payload
	for _, p := range u.Payloads {
		if refused := known.Withdrawable(p); refused != nil {
			err = cmp.Or(err, fmt.Errorf("%w: %w", refused, ErrNotNow))
			continue
		}
		open = append(append(open, c.fallsWith(p)...), p)
	}
	if len(open) == 0 {
		return err
	}
	for _, p := range open {
		if err := c.append(event.Withdrawn{Payload: p.ID, Reason: reason}); err != nil {
			return err
		}
	}
	return nil
}

// fallsWith are the payloads that are withdrawn with p: where that is the
// founding's root, what it says who may sign.
func (c *Ceremony) fallsWith(p *trust.Payload) []*trust.Payload {
	known := c.state.known()
	if c.state.kind != Founding || p.Role != "root" || p.Version > 1 || len(known.Bodies("root")) > 1 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(known.Proposals), func(other *trust.Payload) bool { return other == p })
}
