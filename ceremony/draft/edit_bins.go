package draft

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// HashBins divides the targets of a role among 2^BitLength roles, the bins,
// called ROLE-0, ROLE-1 and so on: a client reads the one bin that the hash of
// a path names, however many targets there are. All bins have the same holders,
// and are known together as "ROLE-*". What the parent holds moves into them.
type HashBins struct {
	Parent    string   `json:"parent,omitempty"` // that delegates to them; "" is targets
	Role      string   `json:"role"`             // what their names begin with
	BitLength int      `json:"bit_length"`       // 1 to 10
	Holders   []string `json:"holders"`
	Threshold int      `json:"threshold"`
	// Prefixes delegates to each bin by path_hash_prefixes, for clients that
	// don't know the succinct form (TAP 15).
	Prefixes bool `json:"path_hash_prefixes,omitempty"`
}

// maxBits bounds how many bins people can be asked to sign: 1024 hold twenty
// million targets before one is too long for clients, and fit into a bundle.
const maxBits = 10

func (HashBins) kind() string { return "hash-bins" }

func (e HashBins) String() string {
	how := ""
	if e.Prefixes {
		how = ", by path_hash_prefixes"
	}
	return fmt.Sprintf("the targets of %s go into %d hash bins %s, signed by %d of %s%s",
		text.Safe(parentOr(e.Parent)), 1<<min(max(e.BitLength, 0), maxBits), text.Safe(trust.BinsRole(e.Role)), e.Threshold, text.Safe(strings.Join(e.Holders, ", ")), how)
}

// parentOr is the role that an edit calls the parent.
func parentOr(parent string) string {
	if parent == "" {
		return "targets"
	}
	return parent
}

func (e HashBins) apply(d *Draft) error {
	parent := parentOr(e.Parent)
	t := d.targets[parent]
	switch {
	case t == nil || d.isBin(parent):
		return cannot(e, "there is no role %s that could delegate to bins", text.Safe(parent))
	case e.BitLength < 1 || e.BitLength > maxBits:
		return cannot(e, "there can be 2 to %d bins, which is 1 to %d bits", 1<<maxBits, maxBits)
	case e.Role == "" || text.Safe(e.Role) != e.Role:
		return cannot(e, "the name that the bins begin with is missing, or can't be seen")
	case d.bins[parent] != nil:
		return cannot(e, "%s has bins already: take these away first", text.Safe(parent))
	case !e.Prefixes && t.Delegations != nil && len(t.Delegations.Roles) > 0:
		return cannot(e, "%s delegates to roles by name, and can't do both (TAP 15): let a delegated role have the bins, or use path_hash_prefixes", text.Safe(parent))
	}
	if err := checkThreshold(e, e.Threshold); err != nil {
		return err
	}
	b := &bins{parent: parent, prefixes: e.Prefixes, SuccinctRoles: metadata.SuccinctRoles{
		BitLength: e.BitLength, NamePrefix: e.Role, RoleKeys: metadata.RoleKeys{Threshold: e.Threshold},
	}}
	for _, name := range append(b.names(), b.role()) {
		if d.targets[name] != nil || d.entries(name) != nil {
			return cannot(e, "there is a role %s already", text.Safe(name))
		}
		if d.Base(name) == nil && d.NameUsed(name) {
			return cannot(e, "there were bins of that name before, and clients remember their versions: choose another name")
		}
	}
	if t.Delegations == nil {
		t.Delegations = &metadata.Delegations{Keys: map[string]metadata.Key{}}
	}
	d.bins[parent] = b
	for _, name := range b.names() {
		d.targets[name] = &metadata.Targets{Targets: map[string]metadata.Target{}}
		d.touch(name)
	}
	for p, target := range t.Targets {
		d.targets[b.For(p)].Targets[p] = target
	}
	t.Targets = map[string]metadata.Target{}
	for _, name := range e.Holders {
		key, ok, err := d.keyOf(e, name)
		if err != nil {
			return err
		}
		d.join(b.role(), name, key, ok)
	}
	d.gone = slices.DeleteFunc(d.gone, func(role string) bool { return role == b.role() })
	d.touch(parent)
	return nil
}

// undoBins gives what the bins of parent hold back to it.
func (d *Draft) undoBins(b *bins) {
	for _, id := range slices.Clone(b.KeyIDs) {
		d.removeKey(b.role(), id)
	}
	published := false
	for _, name := range b.names() {
		if t := d.targets[name]; t != nil {
			maps.Copy(d.targets[b.parent].Targets, t.Targets)
		}
		published = published || d.Base(name) != nil
		delete(d.targets, name)
		delete(d.touched, name)
	}
	if published {
		d.gone = append(d.gone, b.role())
	}
	delete(d.bins, b.parent)
	d.touch(b.parent)
}

// bins are the hash bins of one role of a draft, in whichever way they are
// delegated to.
type bins struct {
	metadata.SuccinctRoles
	parent   string
	prefixes bool
}

func (b *bins) role() string { return trust.BinsRole(b.NamePrefix) }

// names lists the bins in order.
func (b *bins) names() []string {
	names := make([]string, b.Bins())
	for n := range names {
		names[n] = b.Name(uint64(n))
	}
	return names
}

// takeBins takes hash bins out of what role delegates, in either form.
func takeBins(role string, del *metadata.Delegations) *bins {
	if del.Succinct != nil {
		b := &bins{SuccinctRoles: *del.Succinct, parent: role}
		del.Succinct = nil
		return b
	}
	at := slices.IndexFunc(del.Roles, func(r metadata.DelegatedRole) bool { return trust.BinPrefix(r) != "" })
	if at < 0 {
		return nil
	}
	first := del.Roles[at]
	b := &bins{parent: role, prefixes: true, SuccinctRoles: metadata.SuccinctRoles{
		NamePrefix: trust.BinPrefix(first), BitLength: 1, RoleKeys: first.RoleKeys,
	}}
	for len(b.delegated()) < len(del.Roles)-at {
		b.BitLength++
	}
	if !slices.EqualFunc(b.delegated(), del.Roles[at:], sameBin) {
		return nil // others than this program made them, in another way: they are roles like any other
	}
	del.Roles = slices.Clip(del.Roles[:at])
	return b
}

func sameBin(a, b metadata.DelegatedRole) bool {
	return a.Name == b.Name && a.Threshold == b.Threshold && a.Terminating == b.Terminating && a.Tag == b.Tag &&
		slices.Equal(a.KeyIDs, b.KeyIDs) && slices.Equal(a.PathHashPrefixes, b.PathHashPrefixes)
}

// delegated are the bins as roles with path_hash_prefixes. The search ends at
// them, as it does at succinct ones.
func (b *bins) delegated() []metadata.DelegatedRole {
	roles := make([]metadata.DelegatedRole, b.Bins())
	for n := range roles {
		roles[n] = metadata.DelegatedRole{
			Name: b.Name(uint64(n)), RoleKeys: b.RoleKeys, Terminating: true, PathHashPrefixes: b.HashPrefixes(uint64(n)),
		}
	}
	return roles
}

// withBins is what role's metadata will say, with its bins.
func (d *Draft) withBins(role string) metadata.Targets {
	t := *d.targets[role]
	b := d.bins[role]
	if b == nil {
		return t
	}
	del := *t.Delegations
	if b.prefixes {
		del.Roles = append(slices.Clip(del.Roles), b.delegated()...)
	} else {
		succinct := b.SuccinctRoles
		del.Roles, del.Succinct = nil, &succinct
	}
	t.Delegations = &del
	return t
}

// binsOf are the bins that role delegates to, or that are called role together.
func (d *Draft) binsOf(role string) *bins {
	if b := d.bins[role]; b != nil {
		return b
	}
	if strings.HasSuffix(role, trust.BinsRole("")) {
		for _, b := range d.bins {
			if b.role() == role {
				return b
			}
		}
	}
	return nil
}

// own lists the roles whose metadata those sign whom role names: itself, or
// every bin that it stands for.
func (d *Draft) own(role string) []string {
	switch b := d.binsOf(role); {
	case role == "root" || d.targets[role] != nil:
		return []string{role}
	case b != nil:
		return b.names()
	}
	return nil
}

// delegates says whether a role delegates to any other.
func (d *Draft) delegates(role string) bool {
	t := d.targets[role]
	return d.bins[role] != nil || t != nil && t.Delegations != nil && len(t.Delegations.Roles) > 0
}

// isBin says whether role is one of a draft's bins.
func (d *Draft) isBin(role string) bool { return d.binsWith(role) != nil }

// BinsWith is what the names of the bins begin with that role is one of; "" for none.
func (d *Draft) BinsWith(role string) string {
	if b := d.binsWith(role); b != nil {
		return b.NamePrefix
	}
	return ""
}

// binsWith are the bins that role is one of; nil for none.
func (d *Draft) binsWith(role string) *bins {
	for _, b := range d.bins {
		if b.Bin(role) {
			return b
		}
	}
	return nil
}
