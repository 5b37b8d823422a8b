package ceremony

import (
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Review reads a frozen payload, or hash bins that are signed together, back and
// says what it does, and what the signature of holder would complete. Of bins it
// gives one list of what happens to targets, by path, and apart from it what
// happens to the bins themselves. It refuses what nobody should sign now:
// ErrUnknown, *ConflictError, *ClockError, *metadata.ExpiredError, *HorizonError.
func (c *Ceremony) Review(id metadata.Digest, holder Holder) (review.Review, error) {
	known := c.state.known()
	u, err := known.Unit(id)
	if err != nil {
		return review.Review{}, err
	}
	for _, p := range u.Payloads {
		if err := c.signable(p); err != nil {
			return review.Review{}, err
		}
	}
	first := u.Payloads[0]
	r := review.Review{
		Trust: text.Safe(first.Trust), Role: text.Safe(u.Role()), Version: u.Version(), Holder: text.Safe(holder.Name), Reason: text.Safe(first.Reason),
		Digest: u.ID, Words: text.Words(u.ID), Payloads: u.Count(), First: true,
		Expires: first.Body.Expires, Days: text.Days(first.Body.Expires.Sub(c.now())),
		Phrase: phrase(u),
	}
	if r.After, err = known.UnitQuorumWith(u, holder.KeyID); err != nil {
		return review.Review{}, err
	}
	read := make([]review.Bin, len(u.Payloads))
	for i, p := range u.Payloads {
		// The bytes are read again: what is shown comes from what will be signed.
		body, err := metadata.ParseSigned(p.Signed, metadata.Strict)
		if err != nil {
			return review.Review{}, err
		}
		read[i] = review.Bin{Role: p.Role, Before: known.Base(p), After: body}
		r.First = r.First && read[i].Before == nil
		r.Size += len(body.Payload)
	}
	r.Changes, r.Warnings = c.changes(u, read)
	for _, p := range u.Payloads {
		r.Warnings = append(r.Warnings, known.Outside(p)...)
	}
	return r, nil
}

// changes says what a unit does, from what it builds on and what it is.
func (c *Ceremony) changes(u *trust.Unit, read []review.Bin) ([]review.Change, []string) {
	if u.Bins != "" {
		return c.view().BinChanges(read)
	}
	return c.view().Changes(read[0].Before, read[0].After), review.Warnings(read[0].Before, read[0].After)
}

// before gives each payload of a unit what it builds on.
func (c *Ceremony) before(u *trust.Unit) []review.Bin {
	list := make([]review.Bin, len(u.Payloads))
	for i, p := range u.Payloads {
		list[i] = review.Bin{Role: p.Role, Before: c.state.known().Base(p), After: p.Body}
	}
	return list
}

// view is what this site knows when it reads a payload.
func (c *Ceremony) view() review.View { return review.View{Now: c.now(), Hardware: c.hardware} }
