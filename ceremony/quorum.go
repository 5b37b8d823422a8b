package ceremony

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Quorum is how far the signatures over one payload are. By has one entry, or
// for root N+1 two: the old root and the new one (TUF 5.3.4).
type Quorum struct {
	Role    string  `json:"role"`
	Version int64   `json:"version"`
	By      []Tally `json:"by"`
}

// Tally counts the distinct keys of one set.
type Tally struct {
	By        string   `json:"by"`        // "root 1", "old root 6", "new root 7"
	Threshold int      `json:"threshold"` // keys
	Signed    []string `json:"signed"`    // names of the holders whose keys have signed
	Open      []string `json:"open"`      // names of those who still can
}

// Met says whether every set has reached its threshold.
func (q Quorum) Met() bool {
	for _, t := range q.By {
		if !t.met() {
			return false
		}
	}
	return len(q.By) > 0
}

func (t Tally) met() bool { return t.Threshold > 0 && len(t.Signed) >= t.Threshold }

// Open names everyone whose signature would bring the quorum nearer.
func (q Quorum) Open() []string {
	var names []string
	for _, t := range q.By {
		if t.met() {
			continue
		}
		for _, n := range t.Open {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// authority is one set of keys whose threshold a payload must reach.
type authority struct {
	by      string
	who     metadata.Keyholders
	keys    map[string]metadata.Key
	holders map[string]string // keyid -> name
}

// name is the holder of a key as the metadata names them, else the start of its
// keyid: the one that strict clients give it, which does not change when
// adopted metadata is put right.
func (a authority) name(keyid string) string {
	if n := a.holders[keyid]; n != "" {
		return Safe(n)
	}
	return fmt.Sprintf("key %.8s", strictID(a.keys[keyid], keyid))
}

// strictID is the hash of a key in its one strict form; of one that has none, stated.
func strictID(k metadata.Key, stated string) string {
	public, err := k.PublicKey()
	if err != nil {
		return Safe(stated)
	}
	strict, err := metadata.NewKey(public)
	if err != nil {
		return Safe(stated)
	}
	return strict.ID()
}

// keyID finds the keyid under which a public key may sign here, by the key itself.
func (a authority) keyID(key metadata.Key) (string, bool) {
	want, err := key.Fingerprint()
	if err != nil {
		return "", false
	}
	for _, id := range a.who.KeyIDs {
		if got, err := a.keys[id].Fingerprint(); err == nil && got == want {
			return id, true
		}
	}
	return "", false
}

func (a authority) tally(payload []byte, sigs []metadata.Signature) Tally {
	valid := metadata.Quorum(a.who, a.keys, payload, sigs).Valid
	t := Tally{By: a.by, Threshold: a.who.Threshold}
	for _, id := range a.who.KeyIDs {
		if slices.Contains(valid, id) {
			t.Signed = append(t.Signed, a.name(id))
		} else {
			t.Open = append(t.Open, a.name(id))
		}
	}
	slices.Sort(t.Signed)
	slices.Sort(t.Open)
	return t
}

func rootAuthority(by string, root *metadata.Signed, role string) authority {
	a := authority{by: by, who: root.Root.Roles[role], keys: root.Root.Keys}
	if root.Conclave != nil {
		a.holders = root.Conclave.Holders
	}
	return a
}

// authorities are the sets that must sign p, given what is published and proposed.
func (k known) authorities(p *proposal) ([]authority, error) {
	all, err := k.unnamed(p)
	for i := range all {
		all[i].holders = k.named(all[i])
	}
	return all, err
}

// named gives the keys of adopted metadata, which names no holders, the names
// that the newest versions give the same keys.
func (k known) named(a authority) map[string]string {
	names := map[string]string{}
	for _, newest := range []*metadata.Signed{k.newest("root"), k.newest("targets")} {
		if newest != nil && newest.Conclave != nil {
			for id, name := range newest.Conclave.Holders {
				names[id] = name
			}
		}
	}
	holders := map[string]string{}
	for _, id := range a.who.KeyIDs {
		if holders[id] = a.holders[id]; holders[id] != "" {
			continue
		}
		holders[id] = names[strictID(a.keys[id], id)]
	}
	return holders
}

func (k known) unnamed(p *proposal) ([]authority, error) {
	switch p.Role {
	case "root":
		return k.rootAuthorities(p)
	case "targets":
		root := k.newest("root")
		if root == nil {
			return nil, fmt.Errorf("%s %d: there is no root to say who may sign it", p.Role, p.Version)
		}
		return []authority{rootAuthority(fmt.Sprintf("root %d", root.Version), root, "targets")}, nil
	}
	if targets := k.newest("targets"); targets != nil {
		if a, ok := delegatedAuthority(targets, p.Role); ok {
			return []authority{a}, nil
		}
	}
	return nil, fmt.Errorf("%s %d: targets does not delegate to it", Safe(p.Role), p.Version)
}

// rootAuthorities are the root before, and the new one (TUF 5.3.4).
func (k known) rootAuthorities(p *proposal) ([]authority, error) {
	if p.Version == 1 {
		return []authority{rootAuthority("root 1", p.body, "root")}, nil
	}
	old := k.version("root", p.Version-1, p.Base)
	if old == nil {
		return nil, fmt.Errorf("root %d builds on a root %d that is not here", p.Version, p.Version-1)
	}
	return []authority{
		rootAuthority(fmt.Sprintf("old root %d", p.Version-1), old, "root"),
		rootAuthority(fmt.Sprintf("new root %d", p.Version), p.body, "root"),
	}, nil
}

func delegatedAuthority(targets *metadata.Signed, role string) (authority, bool) {
	if targets.Targets.Delegations == nil {
		return authority{}, false
	}
	for _, d := range targets.Targets.Delegations.Roles {
		if d.Name != role {
			continue
		}
		a := authority{by: fmt.Sprintf("targets %d", targets.Version), who: d.Keyholders, keys: targets.Targets.Delegations.Keys}
		if targets.Conclave != nil {
			a.holders = targets.Conclave.Holders
		}
		return a, true
	}
	return authority{}, false
}

// everAuthorities are all sets that could sign p by any version that is known:
// what was signed before its keys were rotated stays signed.
func (k known) everAuthorities(p *proposal) []authority {
	var all []authority
	switch p.Role {
	case "root":
		all, _ = k.rootAuthorities(p) // none where the root before is not here
	case "targets":
		for _, root := range k.bodies("root") {
			all = append(all, rootAuthority("", root, "targets"))
		}
	default:
		for _, targets := range k.bodies("targets") {
			if a, ok := delegatedAuthority(targets, p.Role); ok {
				all = append(all, a)
			}
		}
	}
	return all
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

// quorumWith is the quorum as it is once the key with that keyid has signed too.
func (k known) quorumWith(p *proposal, sigs []metadata.Signature, keyid string) (Quorum, error) {
	q, err := k.quorum(p, sigs)
	if err != nil {
		return q, err
	}
	authorities, err := k.authorities(p)
	if err != nil {
		return q, err
	}
	for i, a := range authorities {
		name := a.name(keyid)
		open := slices.Index(q.By[i].Open, name)
		if slices.Contains(a.who.KeyIDs, keyid) && open >= 0 {
			q.By[i].Open = slices.Delete(q.By[i].Open, open, open+1)
			q.By[i].Signed = append(q.By[i].Signed, name)
			slices.Sort(q.By[i].Signed)
		}
	}
	return q, nil
}

// known is every body that a site or a bundle holds: what is published, then
// what is proposed.
type known struct {
	published []body
	proposals []*proposal
}

// body is a published signed with the role that it is for.
type body struct {
	role string
	file *metadata.File
}

// version returns the body of a role with that version and payload digest.
func (k known) version(role string, version int64, id metadata.Digest) *metadata.Signed {
	for _, b := range k.published {
		if b.role == role && b.file.Version == version && b.file.Digest() == id {
			return b.file.Signed
		}
	}
	for _, p := range k.proposals {
		if p.Role == role && p.Version == version && p.id == id {
			return p.body
		}
	}
	return nil
}

// bodies returns every version of a role, published or proposed.
func (k known) bodies(role string) []*metadata.Signed {
	var all []*metadata.Signed
	for _, b := range k.published {
		if b.role == role {
			all = append(all, b.file.Signed)
		}
	}
	for _, p := range k.proposals {
		if p.Role == role {
			all = append(all, p.body)
		}
	}
	return all
}

// newest returns the body of a role with the highest version; nil for none.
func (k known) newest(role string) *metadata.Signed {
	all := k.bodies(role)
	if len(all) == 0 {
		return nil
	}
	return slices.MaxFunc(all, func(a, b *metadata.Signed) int { return cmp.Compare(a.Version, b.Version) })
}

// base returns the body that p builds on, nil for a first version.
func (k known) base(p *proposal) *metadata.Signed {
	return k.version(p.Role, p.Version-1, p.Base)
}

// current says whether p is what its role is to become: no newer version of it
// is here, and targets still delegates to it.
func (k known) current(p *proposal) bool {
	if k.newest(p.Role).Version > p.Version {
		return false
	}
	if p.Role == "root" || p.Role == "targets" {
		return true
	}
	_, err := k.authorities(p)
	return err == nil
}

// conflict says whether another payload claims p's version, or the version of
// the root that says who may sign p.
func (k known) conflict(p *proposal) error {
	if err := k.rivals(p.Role, p.Version); err != nil || p.Role == "root" {
		return err
	}
	if root := k.newest("root"); root != nil {
		return k.rivals("root", root.Version)
	}
	return nil
}

// rivals returns a *ConflictError where one version of a role has several payloads.
func (k known) rivals(role string, version int64) error {
	var ids []metadata.Digest
	for _, b := range k.published {
		if b.role == role && b.file.Version == version {
			ids = append(ids, b.file.Digest())
		}
	}
	for _, p := range k.proposals {
		if p.Role == role && p.Version == version {
			ids = append(ids, p.id)
		}
	}
	slices.SortFunc(ids, func(a, b metadata.Digest) int { return cmp.Compare(a.String(), b.String()) })
	if ids = slices.Compact(ids); len(ids) < 2 {
		return nil
	}
	return &ConflictError{role, version, ids}
}
