package ceremony

import (
	"slices"
	"time"
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

func (d *draft) roleState(role string) RoleState {
	who := d.keyholders(role)
	s := RoleState{Name: role, Threshold: who.Threshold}
	a := authority{keys: d.keysIn(role), holders: d.owners}
	for _, id := range who.KeyIDs {
		s.Holders = append(s.Holders, a.owner(role, id))
	}
	slices.Sort(s.Holders)
	if base := d.baseOf(role); base != nil {
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
