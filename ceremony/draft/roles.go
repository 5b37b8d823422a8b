package draft

import (
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// RoleState is a role as the complete set has it.
type RoleState struct {
	Name      string   // as the metadata has it, and not made safe to print
	Version   int64    // 0: signed online, or not known here
	Threshold int      // keys
	Holders   []string // names, safe to print, sorted
	Expires   time.Time
	Paths     []string // that are delegated to it
	Targets   []string // paths, sorted; with those of its hash bins
	Parent    string   // the first role that delegates to it; "" for root's four
	Bins      int      // of how many hash bins it is the name for all, "bins-*"; 0: it is a role
}

func (d *Draft) roleState(role string) RoleState {
	who := d.keyholders(role)
	s := RoleState{Name: role, Threshold: who.Threshold}
	a := trust.Authority{Keys: d.keysIn(role), Holders: d.owners}
	for _, id := range who.KeyIDs {
		s.Holders = append(s.Holders, a.Owner(role, id))
	}
	slices.Sort(s.Holders)
	if base := d.Base(role); base != nil {
		s.Version, s.Expires = base.Version, base.Expires
	}
	if r := d.delegation(role); r != nil {
		s.Paths = r.Paths
	}
	if parent := d.parent(role); parent != "root" {
		s.Parent = parent
	}
	if b := d.binsOf(role); b != nil && b.role() == role {
		s.Bins = int(b.Bins())
	}
	s.Targets = d.pathsOf(role)
	return s
}

// RoleStates are all roles as the draft has them: root's four, then the
// delegated ones in the order of a client's walk.
func (d *Draft) RoleStates() []RoleState {
	var list []RoleState
	for _, role := range d.roles() {
		list = append(list, d.roleState(role))
	}
	return list
}

// UnnamedKey is a key that holders sign with, and nobody has said whose it is.
type UnnamedKey struct {
	KeyID string       // as the newest root has it
	Key   metadata.Key // as strict clients know it
	Roles []string
}

// Unnamed are those of root and targets, by keyid.
func (d *Draft) Unnamed() []UnnamedKey {
	var list []UnnamedKey
	for _, id := range slices.Sorted(maps.Keys(d.renamed)) {
		strict := d.renamed[id]
		key, there := d.keys[strict]
		if !there || d.owners[strict] != "" {
			continue
		}
		k := UnnamedKey{KeyID: id, Key: key}
		for _, role := range []string{"root", "targets"} {
			if slices.Contains(d.rootRoles[role].KeyIDs, strict) {
				k.Roles = append(k.Roles, role)
			}
		}
		if k.Roles != nil {
			list = append(list, k)
		}
	}
	return list
}

// Without is how many keys of the role are left without those of some holders,
// and whether that is too few for its threshold.
func (s RoleState) Without(gone []string) (left int, tooFew bool) {
	for _, h := range s.Holders {
		if !slices.ContainsFunc(gone, func(name string) bool { return text.Safe(name) == h }) {
			left++
		}
	}
	return left, left < s.Threshold
}

// SignedByHolders leaves out the roles that the uploader signs.
func SignedByHolders(roles []RoleState) []RoleState {
	return slices.DeleteFunc(slices.Clone(roles), func(r RoleState) bool { return trust.IsOnline(r.Name) })
}
