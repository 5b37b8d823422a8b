package ceremony

import "github.com/conclave-tuf/conclave/ceremony/metadata"

// unit is what people decide on at once: a payload, or a batch.
type unit struct {
	id       metadata.Digest
	payloads []*proposal
	batch    *batch // nil for a payload
}

// unit is the payload or the batch with that digest, or ErrUnknown.
func (c *Ceremony) unit(id metadata.Digest) (unit, error) {
	if p := c.state.proposal(id); p != nil {
		return unit{id, []*proposal{p}, nil}, nil
	}
	if b := c.state.known().batches()[id]; b != nil {
		return unit{id, b.members, b}, nil
	}
	return unit{}, ErrUnknown
}

// units are the proposals that are due, in order of arrival; a batch stands
// where its first payload does.
func (c *Ceremony) units() []unit {
	known := c.state.known()
	var list []unit
	seen := map[*batch]bool{}
	for _, p := range c.state.proposals {
		b := known.batchOf(p)
		switch {
		case !known.due(p) || seen[b]:
		case b != nil:
			seen[b] = true
			list = append(list, unit{b.id, b.members, b})
		default:
			list = append(list, unit{p.id, []*proposal{p}, nil})
		}
	}
	return list
}

// name is how the unit is called: "root 2", "16 bins of team".
func (u unit) name() string {
	if u.batch != nil {
		return u.batch.name()
	}
	return PayloadName(u.payloads[0].Role, u.payloads[0].Version, 0)
}

// phrase is what is typed to consent to it.
func (u unit) phrase() string { return "sign " + u.name() }

func (u unit) verb() string {
	if u.batch != nil {
		return "are"
	}
	return "is"
}

// quorum is how far the unit is.
func (u unit) quorum(k known) (Quorum, error) {
	if u.batch != nil {
		return u.batch.quorum(k.quorum)
	}
	return k.quorum(u.payloads[0])
}

// signable says why nobody can sign the unit, whatever the clock says.
func (u unit) signable(k known) error {
	for _, p := range u.payloads {
		if err := k.signable(p); err != nil {
			return err
		}
	}
	return nil
}
