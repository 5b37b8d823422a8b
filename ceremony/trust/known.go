package trust

import (
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Known is every body that a site or a bundle holds, and the signatures over
// what is proposed. It is made by KnownOf or NewKnown. What costs time is worked
// out when it is asked for, and kept; signed says that a signature has come.
type Known struct {
	trust      string
	Published  []RoleFile
	Proposals  []*Payload
	signatures func(payload metadata.Digest) []metadata.Signature
	*index
}

// RoleFile is a published signed with the role that it is for.
type RoleFile struct {
	Role string
	File *metadata.File
}

// index finds things in a known that may hold thousands of hash bins.
type index struct {
	byRole map[string][]claim
	ByID   map[metadata.Digest]*Payload

	tips    *standing // what stands, signed or not
	done    *standing // what stands and has its signatures
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
	proposal *Payload       // where it is not
}

// NewKnown is what is known of the trust with that name: its published set, what
// is proposed in the order in which it came, and the signatures over that.
func NewKnown(trust string, published []RoleFile, proposals []*Payload, signatures func(metadata.Digest) []metadata.Signature) Known {
	k := Known{trust, published, proposals, signatures, &index{
		byRole: map[string][]claim{}, ByID: map[metadata.Digest]*Payload{}, quorums: map[metadata.Digest]Quorum{},
	}}
	out := map[metadata.Digest]bool{}
	for _, b := range published {
		k.byRole[b.Role] = append(k.byRole[b.Role], claim{body: b.File.Signed, id: b.File.Digest(), file: b.File})
		out[b.File.Digest()] = true
	}
	for _, p := range proposals {
		k.ByID[p.ID] = p
		if !out[p.ID] {
			k.byRole[p.Role] = append(k.byRole[p.Role], claim{body: p.Body, id: p.ID, proposal: p})
		}
	}
	return k
}

// With is what is known once payloads have been made, and old ones are gone.
func (k Known) With(made, gone []*Payload) Known {
	kept := slices.DeleteFunc(slices.Clone(k.Proposals), func(p *Payload) bool { return slices.Contains(gone, p) })
	return NewKnown(k.trust, k.Published, append(kept, made...), k.signatures)
}

// PublishedOnly is what a published set says by itself.
func PublishedOnly(published []RoleFile) Known {
	return NewKnown("", published, nil, func(metadata.Digest) []metadata.Signature { return nil })
}

// AddSignature forgets what a signature over a payload may have changed.
func (k Known) AddSignature(payload metadata.Digest) {
	delete(k.quorums, payload)
	k.done = nil
	if p := k.ByID[payload]; p != nil && len(k.tips.line(p.Role).conflicts) > 0 {
		k.tips, k.together, k.quorums = nil, nil, map[metadata.Digest]Quorum{} // one of several may be complete now
	}
}

// Payload is the one whose payload has that digest; nil for none.
func (k Known) Payload(id metadata.Digest) *Payload { return k.ByID[id] }

// roles lists every role of which there is a version, sorted.
func (k Known) roles() []string { return slices.Sorted(maps.Keys(k.byRole)) }

// version returns the body of a role with that version and payload digest.
func (k Known) version(role string, version int64, id metadata.Digest) *metadata.Signed {
	for _, c := range k.byRole[role] {
		if c.body.Version == version && c.id == id {
			return c.body
		}
	}
	return nil
}

// Bodies returns every version of a role, published or proposed.
func (k Known) Bodies(role string) []*metadata.Signed {
	var all []*metadata.Signed
	for _, c := range k.byRole[role] {
		all = append(all, c.body)
	}
	return all
}

// Newest returns the body of a role that stands with the highest version; nil
// for none.
func (k Known) Newest(role string) *metadata.Signed {
	if tip := k.standing().line(role).tip(); tip != nil {
		return tip.body
	}
	return nil
}

// Base returns the body that p builds on, nil for a first version.
func (k Known) Base(p *Payload) *metadata.Signed {
	return k.version(p.Role, p.Version-1, p.Base)
}

// Authorities are the sets that must sign p, given what is published and
// proposed: each of them has to reach its threshold.
func (k Known) Authorities(p *Payload) ([]Authority, error) {
	switch p.Role {
	case "root":
		all := k.rootAuthorities(p)
		if all == nil {
			return nil, fmt.Errorf("root %d builds on a root %d that is not here", p.Version, p.Version-1)
		}
		return k.namedAll(all), nil
	case "targets":
		root := k.Newest("root")
		if root == nil {
			return nil, fmt.Errorf("%s %d: there is no root to say who may sign it", p.Role, p.Version)
		}
		return []Authority{k.named(RootAuthority(fmt.Sprintf("root %d", root.Version), root, "targets"))}, nil
	}
	if all := k.delegations().signers(p.Role); len(all) > 0 {
		return all, nil
	}
	return nil, fmt.Errorf("%s %d: targets does not delegate to it", text.Safe(p.Role), p.Version)
}

// rootAuthorities are the root before, and the new one (TUF 5.3.4); none where
// the root before is not here.
func (k Known) rootAuthorities(p *Payload) []Authority {
	if p.Version == 1 {
		return []Authority{RootAuthority("root 1", p.Body, "root")}
	}
	old := k.version("root", p.Version-1, p.Base)
	if old == nil {
		return nil
	}
	return []Authority{
		RootAuthority(fmt.Sprintf("old root %d", p.Version-1), old, "root"),
		RootAuthority(fmt.Sprintf("new root %d", p.Version), p.Body, "root"),
	}
}

func (k Known) namedAll(list []Authority) []Authority {
	for i := range list {
		list[i] = k.named(list[i])
	}
	return list
}

// EverAuthorities are all sets that could sign p by any version that is known:
// what was signed before its keys were rotated stays signed.
func (k Known) EverAuthorities(p *Payload) []Authority {
	switch p.Role {
	case "root":
		return k.namedAll(k.rootAuthorities(p))
	case "targets":
		var all []Authority
		for _, root := range k.Bodies("root") {
			all = append(all, k.named(RootAuthority("", root, "targets")))
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
	return k.ever.signers(p.Role)
}

// delegations are those of the newest versions, as a client walks them: from
// targets down (TUF 1.0, 5.6.7).
func (k Known) delegations() *delegations { return k.standing().walked }

// named gives the keys of adopted metadata, which names no holders, the names
// that the newest versions give the same keys.
func (k Known) named(a Authority) Authority {
	if k.names == nil {
		k.names = map[string]string{}
		for _, newest := range []*metadata.Signed{k.Newest("root"), k.Newest("targets")} {
			if newest != nil && newest.Conclave != nil {
				maps.Copy(k.names, newest.Conclave.Holders)
			}
		}
	}
	holders := map[string]string{}
	for _, id := range a.Who.KeyIDs {
		if holders[id] = a.Holders[id]; holders[id] == "" {
			holders[id] = k.names[StrictID(a.Keys[id], id)]
		}
	}
	a.Holders = holders
	return a
}

// quorum is how far a proposal is with the signatures that are here.
func (k Known) quorum(p *Payload) (Quorum, error) {
	if q, ok := k.quorums[p.ID]; ok {
		return q, nil
	}
	by, err := k.Authorities(p)
	if err != nil {
		return Quorum{}, err
	}
	q := quorumBy(p, by, k.signatures(p.ID))
	k.quorums[p.ID] = q
	return q, nil
}

func quorumBy(p *Payload, by []Authority, sigs []metadata.Signature) Quorum {
	q := Quorum{Role: p.Role, Version: p.Version}
	for _, a := range by {
		q.By = append(q.By, a.Tally(p.Body.Payload, sigs))
	}
	return q
}

// quorumWith is the quorum as it is once the key with that keyid has signed too,
// under whichever keyids old and new version know it.
func (k Known) quorumWith(p *Payload, keyid string) (Quorum, error) {
	authorities, err := k.Authorities(p)
	if err != nil {
		return Quorum{}, err
	}
	for _, a := range authorities {
		if key, ok := a.Keys[keyid]; ok {
			keyid = StrictID(key, keyid)
		}
	}
	q := Quorum{Role: p.Role, Version: p.Version}
	for _, a := range authorities {
		valid := metadata.Quorum(a.Who, a.Keys, p.Body.Payload, k.signatures(p.ID)).Valid
		for _, id := range a.Who.KeyIDs {
			if StrictID(a.Keys[id], id) == keyid && !slices.Contains(valid, id) {
				valid = append(valid, id)
			}
		}
		q.By = append(q.By, a.count(valid))
	}
	return q, nil
}

// Verify checks one signature by any of the keys that ever might sign p, and
// names its holder.
func (k Known) Verify(p *Payload, sig metadata.Signature) (string, error) {
	for _, a := range k.EverAuthorities(p) {
		if !slices.Contains(a.Who.KeyIDs, sig.KeyID) {
			continue
		}
		one := metadata.RoleKeys{KeyIDs: []string{sig.KeyID}, Threshold: 1}
		if count := metadata.Quorum(one, a.Keys, p.Body.Payload, []metadata.Signature{sig}); !count.Met() {
			return "", fmt.Errorf("it does not verify: %s", text.Safe(count.Rejected[sig.KeyID]))
		}
		return a.Name(sig.KeyID), nil
	}
	return "", fmt.Errorf("the key may not sign this role")
}
