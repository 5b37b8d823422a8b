package ceremony

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// batch is the payloads of one role's hash bins that were frozen together. They
// are one list of targets cut up by a hash, which nobody reads bin by bin: people
// read the list, and give one consent to all of it. Each payload is still signed
// by itself.
type batch struct {
	prefix  string      // of the bins' names
	members []*proposal // sorted by role, two at the least
	id      metadata.Digest
}

// batches are those of the current proposals, by their digest. Every site comes
// to the same from the same payloads: what a draft froze has one reason, and
// ends at one time.
func (k known) batches() map[metadata.Digest]*batch {
	if k.all != nil {
		return k.all
	}
	type key struct{ parent, prefix, reason, expires string }
	groups := map[key]*batch{}
	for _, p := range k.proposals {
		if p.Role == "root" || p.Role == "targets" || !k.due(p) {
			continue
		}
		from := k.delegations().all(p.Role)[0]
		if from.bins == "" {
			continue
		}
		at := key{from.parent, from.bins, p.Reason, p.body.Expires.Format(time.RFC3339)}
		if groups[at] == nil {
			groups[at] = &batch{prefix: from.bins}
		}
		groups[at].members = append(groups[at].members, p)
	}
	k.all, k.batched = map[metadata.Digest]*batch{}, map[metadata.Digest]*batch{}
	for _, b := range groups {
		if len(b.members) < 2 {
			continue
		}
		slices.SortFunc(b.members, func(x, y *proposal) int {
			return cmp.Or(cmp.Compare(x.Role, y.Role), slices.Compare(x.id[:], y.id[:]))
		})
		b.id = b.digest()
		k.all[b.id] = b
		for _, p := range b.members {
			k.batched[p.id] = b
		}
	}
	return k.all
}

// batchOf is the batch that a payload is signed with; nil where it is signed alone.
func (k known) batchOf(p *proposal) *batch {
	k.batches()
	return k.batched[p.id]
}

// digest stands for all payloads of the batch: the SHA-256 of a line for each,
// "ROLE VERSION SHA256", sorted.
func (b *batch) digest() metadata.Digest {
	var text strings.Builder
	for _, p := range b.members {
		fmt.Fprintf(&text, "%s %d %s\n", p.Role, p.Version, p.id)
	}
	return metadata.Sum([]byte(text.String()))
}

func (b *batch) name() string { return PayloadName(b.prefix, 0, len(b.members)) }

// quorum is that of the payloads together: as many have signed as have signed
// the one with the fewest signatures, and whoever can sign any of them is open.
func (b *batch) quorum(of func(*proposal) (Quorum, error)) (Quorum, error) {
	out := Quorum{Role: binsRole(b.prefix), Bins: len(b.members)}
	for i, p := range b.members {
		q, err := of(p)
		if err != nil {
			return out, err
		}
		if i == 0 {
			out.By = slices.Clone(q.By)
			continue
		}
		if len(q.By) != len(out.By) {
			return out, fmt.Errorf("the bins of %s are not delegated to in one way", Safe(b.prefix))
		}
		for j, t := range q.By {
			least := &out.By[j]
			open := least.Open
			if !t.met() && !least.met() {
				open = union(open, t.Open)
			} else if !t.met() {
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
