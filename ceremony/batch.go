package ceremony

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
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

// PayloadName is how a payload is called: "root 7", or for all the hash bins
// that are signed by one consent "16 bins of team".
func PayloadName(role string, version int64, bins int) string {
	if bins > 0 {
		return fmt.Sprintf("%d bins of %s", bins, Safe(strings.TrimSuffix(role, binsRole(""))))
	}
	return fmt.Sprintf("%s %d", Safe(role), version)
}

// Name is how what the quorum is for is called.
func (q Quorum) Name() string { return PayloadName(q.Role, q.Version, q.Bins) }

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

// next is the first payload of the unit that the token described by info has not
// signed, and how many there are of them. All of them have the same signers.
func (c *Ceremony) next(u unit, holder string, info TokenInfo) (p *proposal, who signer, left int, err error) {
	who, err = c.signer(u.payloads[0], holder, info)
	if err != nil && !errors.Is(err, ErrAlreadySigned) {
		return nil, signer{}, 0, err
	}
	for _, each := range u.payloads {
		if c.hasSigned(each, who) {
			continue
		}
		if left == 0 {
			p = each
		}
		left++
	}
	if left == 0 {
		return nil, signer{}, 0, ErrAlreadySigned
	}
	who, err = c.signer(p, holder, info)
	return p, who, left, err
}

// reviewBatch is Review for the payloads of a batch: one list of what happens to
// targets, by path, and apart from it what happens to the bins themselves.
func (c *Ceremony) reviewBatch(b *batch, holder Holder) (Review, error) {
	known := c.state.known()
	first := b.members[0]
	r := Review{
		Trust: Safe(first.Trust), Role: Safe(binsRole(b.prefix)), Holder: Safe(holder.Name), Reason: Safe(first.Reason),
		Digest: b.id, Words: Words(b.id), Payloads: len(b.members), First: true,
		Expires: first.body.Expires, Days: int(first.body.Expires.Sub(c.now()) / day),
		Phrase: "sign " + b.name(),
	}
	var err error
	if r.After, err = b.quorum(func(p *proposal) (Quorum, error) {
		return known.quorumWith(p, holder.KeyID)
	}); err != nil {
		return Review{}, err
	}
	read := make([]binChange, 0, len(b.members))
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
		read = append(read, binChange{p.Role, base, body})
	}
	r.Changes, r.Warnings = c.binChanges(read)
	for _, p := range b.members {
		r.Warnings = append(r.Warnings, known.outside(p.Role)...)
	}
	return r, nil
}

// binChange is a bin before and after.
type binChange struct {
	role          string
	before, after *metadata.Signed
}

// binChanges is what bins do together, as one list by path. What is said of
// several bins in the same words stands there once.
func (c *Ceremony) binChanges(bins []binChange) (list []Change, warned []string) {
	before, after := emptyTargets(), emptyTargets() // all bins in one
	var said []Change
	of := map[Change][]string{} // the bins
	for _, b := range bins {
		maps.Copy(before.Targets.Targets, targetsOf(b.before))
		maps.Copy(after.Targets.Targets, targetsOf(b.after))
		for _, ch := range differences(c.facts(b.before), c.facts(b.after)) {
			if ch.Field == roleField && ch.After == Safe(b.role) {
				continue // which it is anyway
			}
			if of[ch] == nil {
				said = append(said, ch)
			}
			of[ch] = append(of[ch], b.role)
		}
		for _, w := range warnings(b.before, b.after) {
			if !slices.Contains(warned, w) {
				warned = append(warned, w)
			}
		}
	}
	for _, ch := range said {
		in := of[ch]
		switch {
		case len(in) == 1:
			ch.Field += " of " + Safe(in[0])
		case len(in) < len(bins):
			ch.Field += fmt.Sprintf(" of %d bins, %s to %s", len(in), Safe(in[0]), Safe(in[len(in)-1]))
		}
		list = append(list, ch)
	}
	for _, w := range lookAlikeWarnings(before, after) {
		if !slices.Contains(warned, w) {
			warned = append(warned, w)
		}
	}
	return append(list, targetChanges(before, after, likePaths(before, after))...), warned
}

func emptyTargets() *metadata.Signed {
	return &metadata.Signed{Targets: &metadata.Targets{Targets: map[string]metadata.Target{}}}
}

// binChanges are what payloads of bins build on, and they themselves.
func (k known) binChanges(payloads []*proposal) []binChange {
	list := make([]binChange, len(payloads))
	for i, p := range payloads {
		list[i] = binChange{p.Role, k.base(p), p.body}
	}
	return list
}

// draftPayloads are what proposals do, against what the draft builds on. Bins
// of one role are one of them.
func (c *Ceremony) draftPayloads(d *draft, proposals []*proposal) (list []DraftPayload, warned []string) {
	at := map[*bins]int{} // where in the list
	read := map[*bins][]binChange{}
	for _, p := range proposals {
		var before *metadata.Signed
		if base := d.baseOf(p.Role); base != nil {
			before = base.Signed
		}
		b := d.binsWith(p.Role)
		if b == nil {
			list = append(list, DraftPayload{Role: p.Role, Version: p.Version, Changes: c.changes(before, p.body)})
			warned = append(warned, append(warnings(before, p.body), c.keyWarnings(p.body)...)...)
			continue
		}
		if read[b] == nil {
			at[b] = len(list)
			list = append(list, DraftPayload{Role: p.Role, Version: p.Version})
		}
		read[b] = append(read[b], binChange{p.Role, before, p.body})
	}
	for _, b := range slices.SortedFunc(maps.Keys(at), func(x, y *bins) int { return at[x] - at[y] }) {
		changes, warnings := c.binChanges(read[b])
		list[at[b]].Changes = changes
		if n := len(read[b]); n > 1 {
			list[at[b]] = DraftPayload{Role: b.role(), Bins: n, Changes: changes}
		}
		warned = append(warned, warnings...)
	}
	return list, warned
}

// voids says what freezing takes the place of, with all that builds on it, and
// whose signatures go with it.
func (c *Ceremony) voids(old []*proposal) []string {
	var list []string
	known := c.state.known()
	seen := map[*batch]bool{}
	for _, p := range old {
		old = append(old, known.above(p)...)
	}
	for _, p := range old {
		b := known.batchOf(p)
		switch {
		case b == nil:
			quorum, err := c.state.known().quorum(p)
			list = append(list, voidWords(fmt.Sprintf("%s %d as it was", Safe(p.Role), p.Version), quorum, err))
		case !seen[b]:
			seen[b] = true
			quorum, err := b.quorum(c.state.known().quorum)
			list = append(list, voidWords(fmt.Sprintf("payloads among the %s as they were", b.name()), quorum, err))
		}
	}
	return list
}
