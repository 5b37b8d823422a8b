package trust

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// ErrUnknown: nothing was done, because nothing here has the digest that was named.
var ErrUnknown = errors.New("no payload here has this digest: nothing was done")

// Unit is what people decide on at once: a payload, or the payloads of one
// role's hash bins that were frozen together. These are one list of targets cut
// up by a hash, which nobody reads bin by bin: people read the list, and give
// one consent to all of it. Each payload is still signed by itself.
type Unit struct {
	ID       metadata.Digest // of the payload, or of the bins together
	Payloads []*Payload      // sorted by role
	Bins     string          // what the names of the bins begin with; "" for a payload
}

// Role is the role of the payload, or "bins-*".
func (u *Unit) Role() string {
	if u.Bins != "" {
		return BinsRole(u.Bins)
	}
	return u.Payloads[0].Role
}

// Version is that of the payload; 0 for bins.
func (u *Unit) Version() int64 {
	if u.Bins != "" {
		return 0
	}
	return u.Payloads[0].Version
}

// Count is how many bins it is; 0 for a payload.
func (u *Unit) Count() int {
	if u.Bins != "" {
		return len(u.Payloads)
	}
	return 0
}

// Name is how it is called: "root 2", "16 bins of team".
func (u *Unit) Name() string { return PayloadName(u.Role(), u.Version(), u.Count()) }

// Unit is what has that digest, or ErrUnknown.
func (k Known) Unit(id metadata.Digest) (*Unit, error) {
	if p := k.ByID[id]; p != nil {
		return &Unit{ID: id, Payloads: []*Payload{p}}, nil
	}
	if b := k.batches().byID[id]; b != nil {
		return b, nil
	}
	return nil, ErrUnknown
}

// UnitOf is what a payload is signed with.
func (k Known) UnitOf(p *Payload) *Unit {
	if b := k.batches().of[p.ID]; b != nil {
		return b
	}
	return &Unit{ID: p.ID, Payloads: []*Payload{p}}
}

// Units are those that are due, in the order in which they came; bins stand
// where their first payload does.
func (k Known) Units() []*Unit { return k.unitsOf(k.Due) }

// Undecided are what is not complete, what claims a version that another claims
// as well, and what claims one that another is published as.
func (k Known) Undecided() []*Unit {
	units := k.unitsOf(func(p *Payload) bool {
		return k.Due(p) || k.place(p) == overtaken && len(k.rivals(p)) > 0
	})
	return slices.DeleteFunc(units, func(u *Unit) bool {
		return !slices.ContainsFunc(u.Payloads, func(p *Payload) bool { return k.place(p) != inLine || !k.complete(p) })
	})
}

func (k Known) unitsOf(which func(*Payload) bool) []*Unit {
	var list []*Unit
	seen := map[metadata.Digest]bool{}
	for _, p := range k.Proposals {
		if u := k.UnitOf(p); which(p) && !seen[u.ID] {
			seen[u.ID] = true
			list = append(list, u)
		}
	}
	return list
}

// batches are the hash bins that are signed together.
type batches struct {
	byID map[metadata.Digest]*Unit
	of   map[metadata.Digest]*Unit // by the digests of their payloads
}

// batches are those of what is due. Every site comes to the same from the same
// payloads: what a draft froze has one reason, and ends at one time.
func (k Known) batches() *batches {
	if k.together != nil {
		return k.together
	}
	type key struct{ parent, prefix, reason, expires string }
	groups := map[key]*Unit{}
	for _, p := range k.Proposals {
		if !isDelegated(p.Role) || !k.Due(p) {
			continue
		}
		from := k.delegations().to(p.Role)[0]
		if from.bins == "" {
			continue
		}
		at := key{from.parent, from.bins, p.Reason, p.Body.Expires.Format(time.RFC3339)}
		if groups[at] == nil {
			groups[at] = &Unit{Bins: from.bins}
		}
		groups[at].Payloads = append(groups[at].Payloads, p)
	}
	k.together = &batches{map[metadata.Digest]*Unit{}, map[metadata.Digest]*Unit{}}
	for _, u := range groups {
		if len(u.Payloads) < 2 {
			continue
		}
		slices.SortFunc(u.Payloads, func(x, y *Payload) int {
			return cmp.Or(cmp.Compare(x.Role, y.Role), slices.Compare(x.ID[:], y.ID[:]))
		})
		u.ID = digestOf(u.Payloads)
		k.together.byID[u.ID] = u
		for _, p := range u.Payloads {
			k.together.of[p.ID] = u
		}
	}
	return k.together
}

// digestOf stands for several payloads: the SHA-256 of a line for each,
// "ROLE VERSION SHA256", in their order.
func digestOf(payloads []*Payload) metadata.Digest {
	var lines strings.Builder
	for _, p := range payloads {
		fmt.Fprintf(&lines, "%s %d %s\n", p.Role, p.Version, p.ID)
	}
	return metadata.Sum([]byte(lines.String()))
}

// UnitQuorum is how far a unit is: of several payloads, as many have signed as
// have signed the one with the fewest signatures, and whoever can sign any of
// them is open.
func (k Known) UnitQuorum(u *Unit) (Quorum, error) { return u.quorum(k.quorum) }

// UnitQuorumWith is UnitQuorum as it is once the key with that keyid has signed too.
func (k Known) UnitQuorumWith(u *Unit, keyid string) (Quorum, error) {
	return u.quorum(func(p *Payload) (Quorum, error) { return k.quorumWith(p, keyid) })
}

func (u *Unit) quorum(of func(*Payload) (Quorum, error)) (Quorum, error) {
	if u.Bins == "" {
		return of(u.Payloads[0])
	}
	out := Quorum{Role: u.Role(), Bins: u.Count()}
	for i, p := range u.Payloads {
		q, err := of(p)
		if err != nil {
			return out, err
		}
		if i == 0 {
			out.By = slices.Clone(q.By)
			continue
		}
		if len(q.By) != len(out.By) {
			return out, fmt.Errorf("the bins of %s are not delegated to in one way", text.Safe(u.Bins))
		}
		for j, t := range q.By {
			least := &out.By[j]
			open := least.Open
			if !t.Met() && !least.Met() {
				open = union(open, t.Open)
			} else if !t.Met() {
				open = t.Open
			}
			if len(t.Signed) < len(least.Signed) {
				*least = t
			}
			least.Open = open
		}
	}
	return out, nil
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// UnitSignable says why nobody can sign the unit: people have to choose first
// (*ConflictError), it is too late for it, or it can't be reviewed.
func (k Known) UnitSignable(u *Unit) error {
	for _, p := range u.Payloads {
		if err := k.Signable(p); err != nil {
			return err
		}
	}
	return nil
}

// Rivals is how many other payloads claim a version of the unit.
func (k Known) Rivals(u *Unit) int {
	most := 0
	for _, p := range u.Payloads {
		most = max(most, len(k.rivals(p)))
	}
	return most
}
