package ceremony

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Drafting is what a draft can be about: the complete set with the edits so
// far made to it.
type Drafting struct {
	Roles   []RoleState
	Holders []string // who has a key, by name, sorted
	Unnamed []Holder // whose keys nobody has named; KeyID as the newest root has it
}

// Drafting says what can be edited. Roles whose keys are still to be enrolled
// do not count them yet.
func (c *Ceremony) Drafting() (Drafting, error) {
	d, err := c.draftOf(c.state.edits)
	if err != nil {
		return Drafting{}, err
	}
	out := Drafting{Holders: d.names()}
	for _, role := range d.roles() {
		out.Roles = append(out.Roles, d.roleState(role))
	}
	for _, id := range slices.Sorted(maps.Keys(d.renamed)) {
		if h := c.unnamed(d, id); h != nil {
			out.Unnamed = append(out.Unnamed, *h)
		}
	}
	return out, nil
}

// unnamed is the holder of a key of root's that holders sign with and that has
// no name; nil for another key.
func (c *Ceremony) unnamed(d *draft, id string) *Holder {
	strict := d.renamed[id]
	key, there := d.keys[strict]
	if !there || d.owners[strict] != "" {
		return nil
	}
	hw := c.hardware(strict, key)
	h := &Holder{Name: authority{keys: d.keys}.name(strict), KeyID: id, Serial: hw.Serial, Hardware: hw.Text}
	for _, role := range []string{"root", "targets"} {
		if slices.Contains(d.who[role].KeyIDs, strict) {
			h.Roles = append(h.Roles, role)
		}
	}
	if h.Roles == nil {
		return nil
	}
	return h
}

// Signers lists the keys whose signatures over a payload are still wanted, one
// entry a key: somebody who gets a new token stands there with each of the two.
// KeyID is the one that strict clients give the key.
func (c *Ceremony) Signers(id metadata.Digest) []Holder {
	byKey := map[string]Holder{}
	u, err := c.unit(id)
	if err != nil {
		return nil
	}
	for _, p := range u.payloads {
		authorities, err := c.state.known().authorities(p)
		if err != nil {
			return nil
		}
		for _, a := range authorities {
			valid := metadata.Quorum(a.who, a.keys, p.body.Payload, c.state.signaturesOf(p.id)).Valid
			if len(valid) >= a.who.Threshold {
				continue
			}
			for _, keyid := range a.who.KeyIDs {
				strict := strictID(a.keys[keyid], keyid)
				if _, listed := byKey[strict]; listed || slices.Contains(valid, keyid) {
					continue
				}
				hw := c.hardware(strict, a.keys[keyid])
				byKey[strict] = Holder{Name: a.name(keyid), KeyID: strict, Serial: hw.Serial, Hardware: hw.Text, Roles: []string{p.Role}}
			}
		}
	}
	var holders []Holder
	for _, strict := range slices.Sorted(maps.Keys(byKey)) {
		holders = append(holders, byKey[strict])
	}
	slices.SortStableFunc(holders, func(a, b Holder) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Serial, b.Serial))
	})
	return holders
}

// OpenPayload is a frozen payload that people can still decide against.
type OpenPayload struct {
	Proposal metadata.Digest // of the payload
	Role     string
	Version  int64
	Reason   string
	Changes  []Change // against the version that it builds on
	Quorum   Quorum   // so far
	Bins     int      // of how many hash bins it is made; 0: it is one payload
	Rivals   int      // how many other payloads claim to be this version
	Refused  error    // why it can't be withdrawn, although people have to choose; nil: it can
}

// Undecided lists what is frozen and not complete, and what claims a version
// that another claims as well, or that another is published as.
func (c *Ceremony) Undecided() []OpenPayload {
	known := c.state.known()
	units := c.units()
	for _, p := range c.state.proposals {
		if known.place(p) == overtaken && len(known.rivals(p)) > 0 {
			units = append(units, unit{p.id, []*proposal{p}, nil})
		}
	}
	var list []OpenPayload
	for _, u := range units {
		if !slices.ContainsFunc(u.payloads, known.undecided) {
			continue
		}
		p := u.payloads[0]
		open := OpenPayload{Proposal: u.id, Role: Safe(p.Role), Version: p.Version, Reason: Safe(p.Reason)}
		if u.batch == nil {
			open.Changes = c.view().Changes(known.base(p), p.body)
		} else {
			open.Role, open.Version, open.Bins = Safe(binsRole(u.batch.prefix)), 0, len(u.payloads)
			open.Changes, _ = c.view().BinChanges(c.binsOf(u.payloads))
		}
		open.Quorum, _ = u.quorum(known) // empty where nothing says who may sign it
		for _, p := range u.payloads {
			open.Rivals = max(open.Rivals, len(known.rivals(p)))
			if err := c.withdrawable(p); err != nil && u.batch == nil {
				open.Refused = err
			}
		}
		list = append(list, open)
	}
	return list
}
