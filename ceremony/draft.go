package ceremony

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// draft is a trust with edits made to it. It is worked out from the complete
// set and the edits, and never stored.
type draft struct {
	base    *OfflineSet
	tokens  map[string]enrolled             // by holder: what was enrolled for this draft
	keys    map[string]metadata.Key         // root's
	renamed map[string]string               // root's keyids as they are in base -> here
	who     map[string]*metadata.Keyholders // root's four roles
	owners  map[string]string               // keyid -> holder, of root's and of targets' keys
	targets map[string]*metadata.Targets
	touched map[string]bool // roles that get a new version
	days    map[string]int  // for how long, where an edit says so
	missing []string        // holders whose token is still to be enrolled
	lost    map[string]bool // keyids that can't sign any more
}

// newDraft takes base over as strict clients want it; what is odd in adopted
// metadata ends with the version before.
func newDraft(base *OfflineSet, tokens map[string]enrolled) (*draft, error) {
	d := &draft{
		base: base, tokens: tokens,
		who:     map[string]*metadata.Keyholders{},
		owners:  map[string]string{},
		targets: map[string]*metadata.Targets{},
		touched: map[string]bool{}, days: map[string]int{}, lost: map[string]bool{},
	}
	if err := d.takeRoot(d.baseOf("root").Signed); err != nil {
		return nil, fmt.Errorf("the root can't be taken over: %w", err)
	}
	if base.Targets != nil {
		if err := d.takeTargets("targets", base.Targets.Signed); err != nil {
			return nil, fmt.Errorf("targets can't be taken over: %w", err)
		}
	}
	for role, f := range base.Delegated {
		if err := d.takeTargets(role, f.Signed); err != nil {
			return nil, fmt.Errorf("%s can't be taken over: %w", Safe(role), err)
		}
	}
	return d, nil
}

func (d *draft) takeRoot(root *metadata.Signed) error {
	keys, renamed, err := strictKeys(root.Root.Keys)
	if err != nil {
		return err
	}
	d.keys, d.renamed = keys, renamed
	for _, role := range rootRoles() {
		who, err := rename(root.Root.Roles[role], renamed)
		if err != nil {
			return err
		}
		d.who[role] = &who
	}
	d.takeOwners(root, renamed)
	return nil
}

func (d *draft) takeTargets(role string, from *metadata.Signed) error {
	out := &metadata.Targets{Targets: map[string]metadata.Target{}}
	for path, t := range from.Targets.Targets {
		sum, ok := t.Hashes["sha256"]
		if !ok {
			return fmt.Errorf("target %s has no sha256", Safe(path))
		}
		t.Hashes = map[string]string{"sha256": sum}
		out.Targets[path] = t
	}
	d.targets[role] = out
	if from.Targets.Delegations == nil {
		return nil
	}
	del := *from.Targets.Delegations
	keys, renamed, err := strictKeys(del.Keys)
	if err != nil {
		return err
	}
	del.Keys, del.Roles = keys, slices.Clone(del.Roles)
	for i := range del.Roles {
		if del.Roles[i].Keyholders, err = rename(del.Roles[i].Keyholders, renamed); err != nil {
			return err
		}
	}
	out.Delegations = &del
	d.takeOwners(from, renamed)
	return nil
}

func (d *draft) takeOwners(from *metadata.Signed, renamed map[string]string) {
	if from.Conclave == nil {
		return
	}
	for id, name := range from.Conclave.Holders {
		d.owners[renamed[id]] = name
	}
}

func rootRoles() []string { return []string{"root", "targets", "snapshot", "timestamp"} }

// roles lists every role with keys: root's four, then the delegated ones.
func (d *draft) roles() []string {
	roles := rootRoles()
	if del := d.delegations(); del != nil {
		for _, r := range del.Roles {
			roles = append(roles, r.Name)
		}
	}
	return roles
}

// delegations are those of targets; nil for none.
func (d *draft) delegations() *metadata.Delegations {
	if t := d.targets["targets"]; t != nil {
		return t.Delegations
	}
	return nil
}

func (d *draft) delegation(role string) *metadata.DelegatedRole {
	if del := d.delegations(); del != nil {
		for i := range del.Roles {
			if del.Roles[i].Name == role {
				return &del.Roles[i]
			}
		}
	}
	return nil
}

// keyholders returns a role's keys, which may be changed; nil for no such role.
func (d *draft) keyholders(role string) *metadata.Keyholders {
	if who := d.who[role]; who != nil {
		return who
	}
	if r := d.delegation(role); r != nil {
		return &r.Keyholders
	}
	return nil
}

// parent is the role whose metadata names the keys of role.
func (d *draft) parent(role string) string {
	if d.who[role] != nil {
		return "root"
	}
	return "targets"
}

// keysIn is where the keys of role stand.
func (d *draft) keysIn(role string) map[string]metadata.Key {
	if d.who[role] != nil {
		return d.keys
	}
	return d.delegations().Keys
}

func (d *draft) touch(role string) { d.touched[role] = true }

// touchKeys: who may sign role is about to change. What it says is signed anew
// then, because the old signatures may not reach the new threshold.
func (d *draft) touchKeys(role string) {
	d.touch(d.parent(role))
	if d.targets[role] != nil {
		d.touch(role)
	}
}

// names lists the holders, sorted.
func (d *draft) names() []string {
	names := slices.Sorted(maps.Values(d.owners))
	return slices.Compact(names)
}

// keysOf lists the keyids of a holder, sorted.
func (d *draft) keysOf(holder string) []string {
	var ids []string
	for id, owner := range d.owners {
		if owner == holder && holder != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// key returns a key of the draft by its keyid.
func (d *draft) key(id string) metadata.Key {
	if k, ok := d.keys[id]; ok {
		return k
	}
	return d.delegations().Keys[id]
}

// newKey returns the key of the token that a holder has enrolled for this
// draft; where there is none yet, it is noted as missing.
func (d *draft) newKey(holder string) (metadata.Key, bool) {
	e, ok := d.tokens[holder]
	if !ok {
		d.missing = append(d.missing, holder)
	}
	return e.Key, ok
}

// addKey gives a key a vote in role. holder is "" for an online key.
func (d *draft) addKey(role, holder string, key metadata.Key) {
	id, who := key.ID(), d.keyholders(role)
	if !slices.Contains(who.KeyIDs, id) {
		who.KeyIDs = append(who.KeyIDs, id)
		slices.Sort(who.KeyIDs)
	}
	d.keysIn(role)[id] = key
	if holder != "" {
		d.owners[id] = holder
	}
	d.touchKeys(role)
}

// removeKey takes a key's vote in role away and says whether it had one.
func (d *draft) removeKey(role, id string) bool {
	who := d.keyholders(role)
	at := slices.Index(who.KeyIDs, id)
	if at < 0 {
		return false
	}
	who.KeyIDs = slices.Delete(who.KeyIDs, at, at+1)
	d.touchKeys(role)
	if !d.voting(d.parent(role), id) {
		delete(d.keysIn(role), id)
	}
	return true
}

// voting says whether a key still has a role that parent names.
func (d *draft) voting(parent, id string) bool {
	return slices.ContainsFunc(d.roles(), func(role string) bool {
		return d.parent(role) == parent && slices.Contains(d.keyholders(role).KeyIDs, id)
	})
}

func (d *draft) lose(ids []string, lost bool) {
	for _, id := range ids {
		d.lost[id] = d.lost[id] || lost
	}
}

// signedByHolders says whether role has metadata that holders sign.
func (d *draft) signedByHolders(role string) bool { return role == "root" || d.targets[role] != nil }

// baseOf is the version of a role that a new one builds on; nil for none.
func (d *draft) baseOf(role string) *metadata.File {
	switch role {
	case "root":
		return d.base.Roots[len(d.base.Roots)-1]
	case "targets":
		return d.base.Targets
	}
	return d.base.Delegated[role] // nil for snapshot and timestamp
}

// changed lists the roles that get a new version: root, targets, then others by name.
func (d *draft) changed() []string {
	rank := func(role string) string {
		switch role {
		case "root":
			return "0"
		case "targets":
			return "1"
		}
		return "2" + role
	}
	return slices.SortedFunc(maps.Keys(d.touched), func(a, b string) int { return strings.Compare(rank(a), rank(b)) })
}

// Defaults for how long a new version is good where no edit says so, in days.
const (
	rootDays    = 365
	targetsDays = 180
)

func (d *draft) expires(role string, now time.Time) time.Time {
	days := d.days[role]
	switch {
	case days > 0:
	case role == "root":
		days = rootDays
	default:
		days = targetsDays
	}
	return now.Add(time.Duration(days) * day)
}

// encode makes the payload of a role's new version.
func (d *draft) encode(role string, now time.Time) (Proposal, error) {
	h := metadata.Header{Version: 1, Expires: d.expires(role, now), Conclave: &metadata.Conclave{Trust: d.base.Trust}}
	p := Proposal{Trust: d.base.Trust, Role: role}
	if base := d.baseOf(role); base != nil {
		h.Version, p.Base = base.Version+1, base.Digest()
	}
	p.Version = h.Version
	var err error
	if role == "root" {
		root := metadata.Root{ConsistentSnapshot: true, Keys: d.keys, Roles: map[string]metadata.Keyholders{}}
		for name, who := range d.who {
			root.Roles[name] = *who
		}
		h.Conclave.Holders = d.ownersOf(d.keys)
		p.Signed, err = metadata.EncodeRoot(h, root)
	} else {
		t := d.targets[role]
		if t.Delegations != nil {
			h.Conclave.Holders = d.ownersOf(t.Delegations.Keys)
		}
		p.Signed, err = metadata.EncodeTargets(h, *t)
	}
	if err != nil {
		return p, fmt.Errorf("%s %d can't be made: %w", Safe(role), h.Version, err)
	}
	return p, nil
}

func (d *draft) ownersOf(keys map[string]metadata.Key) map[string]string {
	owners := map[string]string{}
	for id := range keys {
		if name := d.owners[id]; name != "" {
			owners[id] = name
		}
	}
	return owners
}

// unreachable says why the old root's holders could not give the new root
// their signatures: too many of their tokens are lost.
func (d *draft) unreachable() string {
	if !d.touched["root"] {
		return ""
	}
	root := d.baseOf("root").Root
	old, left := root.Roles["root"], 0
	for _, id := range old.KeyIDs {
		if !d.lost[d.renamed[id]] {
			left++
		}
	}
	if left >= old.Threshold {
		return ""
	}
	return fmt.Sprintf("the new root needs %d signatures by keys of the old one, and with the tokens that are lost only %d can be given: this trust can't be changed any more, a new one has to be founded",
		old.Threshold, left)
}
