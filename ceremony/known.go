package ceremony

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// known is every body that a site or a bundle holds: what is published, then
// what is proposed. It is made by knownOf or newKnown, and not changed then.
type known struct {
	published []body
	proposals []*proposal
	*index
}

// body is a published signed with the role that it is for.
type body struct {
	role string
	file *metadata.File
}

// index finds things in a known that may hold thousands of hash bins. What
// costs time is worked out when it is asked for.
type index struct {
	byRole map[string][]claim
	byID   map[metadata.Digest]*proposal

	now   *delegations // of the newest versions that targets leads to
	ever  *delegations // of every version of every role
	names map[string]string

	all     map[metadata.Digest]*batch // by their digests
	batched map[metadata.Digest]*batch // by the digests of their payloads
}

// claim is one body that says to be a version of a role.
type claim struct {
	body      *metadata.Signed
	id        metadata.Digest
	published bool
}

func newKnown(published []body, proposals []*proposal) known {
	k := known{published, proposals, &index{byRole: map[string][]claim{}, byID: map[metadata.Digest]*proposal{}}}
	for _, b := range published {
		k.byRole[b.role] = append(k.byRole[b.role], claim{b.file.Signed, b.file.Digest(), true})
	}
	for _, p := range proposals {
		k.byRole[p.Role] = append(k.byRole[p.Role], claim{p.body, p.id, false})
		k.byID[p.id] = p
	}
	return k
}

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

// newest returns the body of a role with the highest version; nil for none. Of
// several it is the one with the lowest digest, in whatever order they came.
func (k known) newest(role string) *metadata.Signed {
	all := k.byRole[role]
	if len(all) == 0 {
		return nil
	}
	return slices.MaxFunc(all, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.body.Version, b.body.Version), bytes.Compare(b.id[:], a.id[:]))
	}).body
}

// base returns the body that p builds on, nil for a first version.
func (k known) base(p *proposal) *metadata.Signed {
	return k.version(p.Role, p.Version-1, p.Base)
}

// publishedVersion says whether exactly this payload is out already.
func (k known) publishedVersion(p *proposal) bool {
	return slices.ContainsFunc(k.byRole[p.Role], func(c claim) bool { return c.published && c.id == p.id })
}

// current says whether p is what its role is to become: no newer version of it
// is here, and somebody still delegates to it.
func (k known) current(p *proposal) bool {
	if k.newest(p.Role).Version > p.Version {
		return false
	}
	return p.Role == "root" || p.Role == "targets" || len(k.delegations().of(p.Role)) > 0
}

// conflict says whether another payload claims p's version, or the version of
// what says who may sign p: of the root, and of every role that delegates to it.
func (k known) conflict(p *proposal) error {
	if err := k.rivals(p.Role, p.Version); err != nil || p.Role == "root" {
		return err
	}
	if root := k.newest("root"); root != nil {
		if err := k.rivals("root", root.Version); err != nil {
			return err
		}
	}
	above := []string{p.Role}
	for i := 0; i < len(above); i++ {
		for _, parent := range k.delegations().parents(above[i]) {
			if slices.Contains(above, parent) {
				continue
			}
			if err := k.rivals(parent, k.newest(parent).Version); err != nil {
				return err
			}
			above = append(above, parent)
		}
	}
	return nil
}

// rivals returns a *ConflictError where one version of a role has several payloads.
func (k known) rivals(role string, version int64) error {
	var ids []metadata.Digest
	for _, c := range k.byRole[role] {
		if c.body.Version == version {
			ids = append(ids, c.id)
		}
	}
	slices.SortFunc(ids, func(a, b metadata.Digest) int { return bytes.Compare(a[:], b[:]) })
	if ids = slices.Compact(ids); len(ids) < 2 {
		return nil
	}
	return &ConflictError{role, version, ids}
}

// authorities are the sets that must sign p, given what is published and
// proposed: each of them has to reach its threshold.
func (k known) authorities(p *proposal) ([]authority, error) {
	switch p.Role {
	case "root":
		return k.rootAuthorities(p)
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

// rootAuthorities are the root before, and the new one (TUF 5.3.4).
func (k known) rootAuthorities(p *proposal) ([]authority, error) {
	if p.Version == 1 {
		return []authority{k.named(rootAuthority("root 1", p.body, "root"))}, nil
	}
	old := k.version("root", p.Version-1, p.Base)
	if old == nil {
		return nil, fmt.Errorf("root %d builds on a root %d that is not here", p.Version, p.Version-1)
	}
	return []authority{
		k.named(rootAuthority(fmt.Sprintf("old root %d", p.Version-1), old, "root")),
		k.named(rootAuthority(fmt.Sprintf("new root %d", p.Version), p.body, "root")),
	}, nil
}

// everAuthorities are all sets that could sign p by any version that is known:
// what was signed before its keys were rotated stays signed.
func (k known) everAuthorities(p *proposal) []authority {
	switch p.Role {
	case "root":
		all, _ := k.rootAuthorities(p) // none where the root before is not here
		return all
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
func (k known) delegations() *delegations {
	if k.now == nil {
		k.now = newDelegations()
		k.now.walk(k.roles(), k.newest, k.named)
	}
	return k.now
}

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

func (k known) quorum(p *proposal, sigs []metadata.Signature) (Quorum, error) {
	by, err := k.authorities(p)
	if err != nil {
		return Quorum{}, err
	}
	q := Quorum{Role: p.Role, Version: p.Version}
	for _, a := range by {
		q.By = append(q.By, a.tally(p.body.Payload, sigs))
	}
	return q, nil
}

// quorumWith is the quorum as it is once the key with that keyid has signed too,
// under whichever keyids old and new version know it.
func (k known) quorumWith(p *proposal, sigs []metadata.Signature, keyid string) (Quorum, error) {
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
		valid := metadata.Quorum(a.who, a.keys, p.body.Payload, sigs).Valid
		for _, id := range a.who.KeyIDs {
			if strictID(a.keys[id], id) == keyid && !slices.Contains(valid, id) {
				valid = append(valid, id)
			}
		}
		q.By = append(q.By, a.count(valid))
	}
	return q, nil
}
