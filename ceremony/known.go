package ceremony

import (
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// known is every body that a site or a bundle holds, and the signatures over
// what is proposed. It is made by knownOf or newKnown. What costs time is worked
// out when it is asked for, and kept; signed says that a signature has come.
type known struct {
	trust      string
	published  []body
	proposals  []*proposal
	signatures func(payload metadata.Digest) []metadata.Signature
	*index
}

// body is a published signed with the role that it is for.
type body struct {
	role string
	file *metadata.File
}

// index finds things in a known that may hold thousands of hash bins.
type index struct {
	byRole map[string][]claim
	byID   map[metadata.Digest]*proposal

	tips    *standing // what stands, signed or not
	quorums map[metadata.Digest]Quorum
	ever    *delegations // of every version of every role
	names   map[string]string

	together *batches
}

// claim is one body that says to be a version of a role.
type claim struct {
	body     *metadata.Signed
	id       metadata.Digest
	file     *metadata.File // where it is published
	proposal *proposal      // where it is not
}

func newKnown(trust string, published []body, proposals []*proposal, signatures func(metadata.Digest) []metadata.Signature) known {
	k := known{trust, published, proposals, signatures, &index{
		byRole: map[string][]claim{}, byID: map[metadata.Digest]*proposal{}, quorums: map[metadata.Digest]Quorum{},
	}}
	out := map[metadata.Digest]bool{}
	for _, b := range published {
		k.byRole[b.role] = append(k.byRole[b.role], claim{body: b.file.Signed, id: b.file.Digest(), file: b.file})
		out[b.file.Digest()] = true
	}
	for _, p := range proposals {
		k.byID[p.id] = p
		if !out[p.id] {
			k.byRole[p.Role] = append(k.byRole[p.Role], claim{body: p.body, id: p.id, proposal: p})
		}
	}
	return k
}

// With is what is known once payloads have been made, and old ones are gone.
func (k known) With(made, gone []*proposal) known {
	kept := slices.DeleteFunc(slices.Clone(k.proposals), func(p *proposal) bool { return slices.Contains(gone, p) })
	return newKnown(k.trust, k.published, append(kept, made...), k.signatures)
}

// publishedOnly is what a published set says by itself.
func publishedOnly(published []body) known {
	return newKnown("", published, nil, func(metadata.Digest) []metadata.Signature { return nil })
}

// signed forgets what a signature over a payload may have changed.
func (k known) signed(payload metadata.Digest) {
	delete(k.quorums, payload)
	if p := k.byID[payload]; p != nil && len(k.tips.of(p.Role).conflicts) > 0 {
		k.tips, k.together, k.quorums = nil, nil, map[metadata.Digest]Quorum{} // one of several may be complete now
	}
}

// proposal is the one whose payload has that digest; nil for none.
func (k known) proposal(id metadata.Digest) *proposal { return k.byID[id] }

// roles lists every role of which there is a version, sorted.
func (k known) roles() []string { return slices.Sorted(maps.Keys(k.byRole)) }

// version returns the body of a role with that version and payload digest.
func (k known) version(role string, version int64, id metadata.Digest) *metadata.Signed {
	for _, c := range k.byRole[role] {
		if c.body.Version == version && c.id == id {
			return c.body
		}
	}
	return nil
}

// bodies returns every version of a role, published or proposed.
func (k known) bodies(role string) []*metadata.Signed {
	var all []*metadata.Signed
	for _, c := range k.byRole[role] {
		all = append(all, c.body)
	}
	return all
}

// newest returns the body of a role that stands with the highest version; nil
// for none.
func (k known) newest(role string) *metadata.Signed {
	if tip := k.standing().of(role).tip(); tip != nil {
		return tip.body
	}
	return nil
}

// base returns the body that p builds on, nil for a first version.
func (k known) base(p *proposal) *metadata.Signed {
	return k.version(p.Role, p.Version-1, p.Base)
}

// authorities are the sets that must sign p, given what is published and
// proposed: each of them has to reach its threshold.
func (k known) authorities(p *proposal) ([]authority, error) {
	switch p.Role {
	case "root":
		all := k.rootAuthorities(p)
		if all == nil {
			return nil, fmt.Errorf("root %d builds on a root %d that is not here", p.Version, p.Version-1)
		}
		return k.namedAll(all), nil
	case "targets":
		root := k.newest("root")
		if root == nil {
			return nil, fmt.Errorf("%s %d: there is no root to say who may sign it", p.Role, p.Version)
		}
		return []authority{k.named(rootAuthority(fmt.Sprintf("root %d", root.Version), root, "targets"))}, nil
	}
	if all := k.delegations().of(p.Role); len(all) > 0 {
		return all, nil
	}
	return nil, fmt.Errorf("%s %d: targets does not delegate to it", Safe(p.Role), p.Version)
}

// rootAuthorities are the root before, and the new one (TUF 5.3.4); none where
// the root before is not here.
func (k known) rootAuthorities(p *proposal) []authority {
	if p.Version == 1 {
		return []authority{rootAuthority("root 1", p.body, "root")}
	}
	old := k.version("root", p.Version-1, p.Base)
	if old == nil {
		return nil
	}
	return []authority{
		rootAuthority(fmt.Sprintf("old root %d", p.Version-1), old, "root"),
		rootAuthority(fmt.Sprintf("new root %d", p.Version), p.body, "root"),
	}
}

func (k known) namedAll(list []authority) []authority {
	for i := range list {
		list[i] = k.named(list[i])
	}
	return list
}

// everAuthorities are all sets that could sign p by any version that is known:
// what was signed before its keys were rotated stays signed.
func (k known) everAuthorities(p *proposal) []authority {
	switch p.Role {
	case "root":
		return k.namedAll(k.rootAuthorities(p))
	case "targets":
		var all []authority
		for _, root := range k.bodies("root") {
			all = append(all, k.named(rootAuthority("", root, "targets")))
		}
		return all
	}
	if k.ever == nil {
		k.ever = newDelegations()
		for _, role := range k.roles() {
			for _, c := range k.byRole[role] {
				k.ever.add(role, c.body, k.named)
			}
		}
	}
	return k.ever.of(p.Role)
}

// delegations are those of the newest versions, as a client walks them: from
// targets down (TUF 1.0, 5.6.7).
func (k known) delegations() *delegations { return k.standing().walked }

// named gives the keys of adopted metadata, which names no holders, the names
// that the newest versions give the same keys.
func (k known) named(a authority) authority {
	if k.names == nil {
		k.names = map[string]string{}
		for _, newest := range []*metadata.Signed{k.newest("root"), k.newest("targets")} {
			if newest != nil && newest.Conclave != nil {
				maps.Copy(k.names, newest.Conclave.Holders)
			}
		}
	}
	holders := map[string]string{}
	for _, id := range a.who.KeyIDs {
		if holders[id] = a.holders[id]; holders[id] == "" {
			holders[id] = k.names[strictID(a.keys[id], id)]
		}
	}
	a.holders = holders
	return a
}

// quorum is how far a proposal is with the signatures that are here.
func (k known) quorum(p *proposal) (Quorum, error) {
	if q, ok := k.quorums[p.id]; ok {
		return q, nil
	}
	by, err := k.authorities(p)
	if err != nil {
		return Quorum{}, err
	}
	q := quorumBy(p, by, k.signatures(p.id))
	k.quorums[p.id] = q
	return q, nil
}

func quorumBy(p *proposal, by []authority, sigs []metadata.Signature) Quorum {
	q := Quorum{Role: p.Role, Version: p.Version}
	for _, a := range by {
		q.By = append(q.By, a.tally(p.body.Payload, sigs))
	}
	return q
}

// quorumWith is the quorum as it is once the key with that keyid has signed too,
// under whichever keyids old and new version know it.
func (k known) quorumWith(p *proposal, keyid string) (Quorum, error) {
	authorities, err := k.authorities(p)
	if err != nil {
		return Quorum{}, err
	}
	for _, a := range authorities {
		if key, ok := a.keys[keyid]; ok {
			keyid = strictID(key, keyid)
		}
	}
	q := Quorum{Role: p.Role, Version: p.Version}
	for _, a := range authorities {
		valid := metadata.Quorum(a.who, a.keys, p.body.Payload, k.signatures(p.id)).Valid
		for _, id := range a.who.KeyIDs {
			if strictID(a.keys[id], id) == keyid && !slices.Contains(valid, id) {
				valid = append(valid, id)
			}
		}
		q.By = append(q.By, a.count(valid))
	}
	return q, nil
}

// verify checks one signature by any of the keys that ever might sign p, and
// names its holder.
func (k known) verify(p *proposal, sig metadata.Signature) (string, error) {
	for _, a := range k.everAuthorities(p) {
		if !slices.Contains(a.who.KeyIDs, sig.KeyID) {
			continue
		}
		one := metadata.Keyholders{KeyIDs: []string{sig.KeyID}, Threshold: 1}
		if count := metadata.Quorum(one, a.keys, p.body.Payload, []metadata.Signature{sig}); !count.Met() {
			return "", fmt.Errorf("it does not verify: %s", Safe(count.Rejected[sig.KeyID]))
		}
		return a.name(sig.KeyID), nil
	}
	return "", fmt.Errorf("the key may not sign this role")
}
