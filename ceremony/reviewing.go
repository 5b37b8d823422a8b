package ceremony

import "github.com/conclave-tuf/conclave/ceremony/metadata"

// Review reads a frozen payload back and says what it does, and what the
// signature of holder would complete. It refuses what nobody should sign now
// (*ConflictError, *ClockError, *metadata.ExpiredError).
func (c *Ceremony) Review(id metadata.Digest, holder Holder) (Review, error) {
	u, err := c.unit(id)
	if err != nil {
		return Review{}, err
	}
	if u.batch != nil {
		return c.reviewBatch(u.batch, holder)
	}
	p := u.payloads[0]
	if err := c.signable(p); err != nil {
		return Review{}, err
	}
	known := c.state.known()
	after, err := known.quorumWith(p, holder.KeyID)
	if err != nil {
		return Review{}, err
	}
	// The bytes are read again: what is shown comes from what will be signed.
	body, err := metadata.ParseSigned(p.Signed, metadata.Strict)
	if err != nil {
		return Review{}, err
	}
	r := Review{
		Trust: Safe(p.Trust), Role: Safe(p.Role), Version: body.Version, Holder: Safe(holder.Name), Reason: Safe(p.Reason),
		Digest: body.Digest(), Words: Words(body.Digest()), Size: len(body.Payload),
		Expires: body.Expires, Days: Days(body.Expires.Sub(c.now())),
		After: after, Phrase: Phrase(p.Role, p.Version),
	}
	base := known.base(p)
	r.First = base == nil
	r.Changes = c.view().Changes(base, body)
	r.Warnings = append(Warnings(base, body), known.outside(append(delegates(body, known.roles()), p.Role)...)...)
	return r, nil
}

// reviewBatch is Review for the payloads of a batch: one list of what happens to
// targets, by path, and apart from it what happens to the bins themselves.
func (c *Ceremony) reviewBatch(b *batch, holder Holder) (Review, error) {
	known := c.state.known()
	first := b.members[0]
	r := Review{
		Trust: Safe(first.Trust), Role: Safe(binsRole(b.prefix)), Holder: Safe(holder.Name), Reason: Safe(first.Reason),
		Digest: b.id, Words: Words(b.id), Payloads: len(b.members), First: true,
		Expires: first.body.Expires, Days: Days(first.body.Expires.Sub(c.now())),
		Phrase: "sign " + b.name(),
	}
	var err error
	if r.After, err = b.quorum(func(p *proposal) (Quorum, error) {
		return known.quorumWith(p, holder.KeyID)
	}); err != nil {
		return Review{}, err
	}
	read := make([]Bin, 0, len(b.members))
	for _, p := range b.members {
		if err := c.signable(p); err != nil {
			return Review{}, err
		}
		// The bytes are read again: what is shown comes from what will be signed.
		body, err := metadata.ParseSigned(p.Signed, metadata.Strict)
		if err != nil {
			return Review{}, err
		}
		base := known.base(p)
		r.First = r.First && base == nil
		r.Size += len(body.Payload)
		read = append(read, Bin{p.Role, base, body})
	}
	r.Changes, r.Warnings = c.view().BinChanges(read)
	for _, p := range b.members {
		r.Warnings = append(r.Warnings, known.outside(p.Role)...)
	}
	return r, nil
}

// binsOf are what payloads of hash bins build on, and they themselves.
func (c *Ceremony) binsOf(payloads []*proposal) []Bin {
	list := make([]Bin, len(payloads))
	for i, p := range payloads {
		list[i] = Bin{p.Role, c.state.known().base(p), p.body}
	}
	return list
}

// view is what this site knows when it reads a payload.
func (c *Ceremony) view() View { return View{Now: c.now(), Hardware: c.hardware} }
