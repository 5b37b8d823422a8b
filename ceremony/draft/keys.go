package draft

import (
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// roles lists every role with keys: root's four, then the delegated ones in the
// order of a client's walk. Hash bins stand there as one, "bins-*".
func (d *Draft) roles() []string {
	roles := trust.RootRoles()
	for _, parent := range d.delegators() {
		for _, r := range d.targets[parent].Delegations.Roles {
			if !slices.Contains(roles, r.Name) {
				roles = append(roles, r.Name)
			}
		}
		if b := d.bins[parent]; b != nil {
			roles = append(roles, b.role())
		}
	}
	return roles
}

// delegators are the roles that delegate to others, as a client walks them:
// pre-order from targets down (TUF 1.0, 5.6.7).
func (d *Draft) delegators() []string {
	var list []string
	visited := map[string]bool{}
	for stack := []string{"targets"}; len(stack) > 0; {
		role := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		t := d.targets[role]
		if visited[role] || t == nil || t.Delegations == nil {
			continue
		}
		visited[role] = true
		list = append(list, role)
		for _, r := range slices.Backward(t.Delegations.Roles) {
			stack = append(stack, r.Name)
		}
	}
	return list
}

// entry is one place where it is said who signs a role: root, or a delegation.
type entry struct {
	parent string
	who    *metadata.RoleKeys
	keys   map[string]metadata.Key
	role   *metadata.DelegatedRole // nil but for a delegation by name
}

// entries are all such places. Several may delegate to one role; then each of
// them has to be satisfied.
func (d *Draft) entries(role string) []entry {
	if who := d.rootRoles[role]; who != nil {
		return []entry{{"root", who, d.keys, nil}}
	}
	var list []entry
	for _, parent := range d.delegators() {
		del := d.targets[parent].Delegations
		for i := range del.Roles {
			if r := &del.Roles[i]; r.Name == role {
				list = append(list, entry{parent, &r.RoleKeys, del.Keys, r})
			}
		}
		if b := d.bins[parent]; b != nil && b.role() == role {
			list = append(list, entry{parent, &b.RoleKeys, del.Keys, nil})
		}
	}
	return list
}

// keyholders returns a role's keys, as the first says that delegates to it; nil
// for no such role.
func (d *Draft) keyholders(role string) *metadata.RoleKeys {
	if list := d.entries(role); len(list) > 0 {
		return list[0].who
	}
	return nil
}

// parent is the first role whose metadata names the keys of role.
func (d *Draft) parent(role string) string { return d.entries(role)[0].parent }

// keysIn is where the keys of role stand.
func (d *Draft) keysIn(role string) map[string]metadata.Key { return d.entries(role)[0].keys }

// Names lists the holders, sorted.
func (d *Draft) Names() []string {
	names := slices.Sorted(maps.Values(d.owners))
	return slices.Compact(names)
}

// keysOf lists the keyids of a holder, sorted.
func (d *Draft) keysOf(holder string) []string {
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
func (d *Draft) key(id string) metadata.Key {
	if k, ok := d.keys[id]; ok {
		return k
	}
	for _, parent := range d.delegators() {
		if k, ok := d.targets[parent].Delegations.Keys[id]; ok {
			return k
		}
	}
	return metadata.Key{}
}

// newKey returns the key of the token that a holder has enrolled for this
// draft; where there is none yet, it is noted as missing.
func (d *Draft) newKey(holder string) (metadata.Key, bool) {
	key, ok := d.Keys[holder]
	if !ok && !d.awaitsToken(holder) {
		d.missing = append(d.missing, holder)
	}
	return key, ok
}

// awaitsToken says whether somebody's token is still to be enrolled.
func (d *Draft) awaitsToken(holder string) bool { return slices.Contains(d.missing, holder) }

// addKey gives a key a vote in role. holder is "" for an online key.
func (d *Draft) addKey(role, holder string, key metadata.Key) {
	id := key.ID()
	for _, e := range d.entries(role) {
		if !slices.Contains(e.who.KeyIDs, id) {
			e.who.KeyIDs = append(e.who.KeyIDs, id)
			slices.Sort(e.who.KeyIDs)
		}
		e.keys[id] = key
	}
	if holder != "" {
		d.owners[id] = holder
	}
	d.touchKeys(role)
}

// removeKey takes a key's vote in role away and says whether it had one.
func (d *Draft) removeKey(role, id string) bool {
	had := false
	for _, e := range d.entries(role) {
		at := slices.Index(e.who.KeyIDs, id)
		if at < 0 {
			continue
		}
		had = true
		e.who.KeyIDs = slices.Delete(slices.Clone(e.who.KeyIDs), at, at+1)
		if !d.voting(e.parent, id) {
			delete(e.keys, id)
		}
	}
	if !had {
		return false
	}
	d.touchKeys(role)
	if !d.votes(id) {
		delete(d.owners, id)
	}
	return true
}

// votes says whether a key has any role.
func (d *Draft) votes(id string) bool {
	return d.voting("", id)
}

// voting says whether a key still has a role that parent names; "" for anybody.
func (d *Draft) voting(parent, id string) bool {
	return slices.ContainsFunc(d.roles(), func(role string) bool {
		return slices.ContainsFunc(d.entries(role), func(e entry) bool {
			return (parent == "" || e.parent == parent) && slices.Contains(e.who.KeyIDs, id)
		})
	})
}

func (d *Draft) lose(ids []string, lost bool) {
	for _, id := range ids {
		d.lostKeys[id] = d.lostKeys[id] || lost
	}
}
