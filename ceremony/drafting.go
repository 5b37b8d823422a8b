package ceremony

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Editable is what a draft can be about: the complete set with the edits so
// far made to it.
type Editable struct {
	Roles   []draft.RoleState
	Holders []string // who has a key, by name, sorted
	Unnamed []Holder // whose keys nobody has named; KeyID as the newest root has it
}

// Editable says what can be edited. Roles whose keys are still to be enrolled
// do not count them yet.
func (c *Ceremony) Editable() (Editable, error) {
	d, err := c.draftOf(c.state.edits)
	if err != nil {
		return Editable{}, err
	}
	out := Editable{Holders: d.Names()}
	out.Roles = d.RoleStates()
	for _, k := range d.Unnamed() {
		hw := c.hardware(k.Key.ID(), k.Key)
		out.Unnamed = append(out.Unnamed, Holder{Name: fmt.Sprintf("key %.8s", k.Key.ID()), KeyID: k.KeyID, Serial: hw.Serial, Hardware: hw.Text, Roles: k.Roles})
	}
	return out, nil
}

// Signers lists the keys whose signatures over a payload are still wanted, one
// entry a key: somebody who gets a new token stands there with each of the two.
// KeyID is the one that strict clients give the key.
func (c *Ceremony) Signers(id metadata.Digest) []Holder {
	byKey := map[string]Holder{}
	u, err := c.state.known().Unit(id)
	if err != nil {
		return nil
	}
	for _, p := range u.Payloads {
		authorities, err := c.state.known().Authorities(p)
		if err != nil {
			return nil
		}
		for _, a := range authorities {
			valid := metadata.Quorum(a.Who, a.Keys, p.Body.Payload, c.state.signaturesOf(p.ID)).Valid
			if len(valid) >= a.Who.Threshold {
				continue
			}
			for _, keyid := range a.Who.KeyIDs {
				strict := trust.StrictID(a.Keys[keyid], keyid)
				if _, listed := byKey[strict]; listed || slices.Contains(valid, keyid) || !a.Keys[keyid].CanSign() {
					continue
				}
				hw := c.hardware(strict, a.Keys[keyid])
				byKey[strict] = Holder{Name: a.Name(keyid), KeyID: strict, Serial: hw.Serial, Hardware: hw.Text, Roles: []string{p.Role}}
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
	Changes  []review.Change // against the version that it builds on
	Quorum   trust.Quorum    // so far
	Bins     int             // of how many hash bins it is made; 0: it is one payload
	Rivals   int             // how many other payloads claim to be this version
	Refused  error           // why it can't be withdrawn, although people have to choose; nil: it can
}

// Undecided lists what is frozen and not complete, and what claims a version
// that another claims as well, or that another is published as.
func (c *Ceremony) Undecided() []OpenPayload {
	known := c.state.known()
	var list []OpenPayload
	for _, u := range known.Undecided() {
		open := OpenPayload{
			Proposal: u.ID, Role: text.Safe(u.Role()), Version: u.Version(), Bins: u.Count(),
			Reason: text.Safe(u.Payloads[0].Reason), Rivals: known.Rivals(u),
		}
		open.Changes, _ = c.changes(u, c.before(u))
		open.Quorum, _ = known.UnitQuorum(u) // empty where nothing says who may sign it
		if u.Bins == "" {
			open.Refused = known.Withdrawable(u.Payloads[0])
		}
		list = append(list, open)
	}
	return list
}
