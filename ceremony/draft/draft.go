package draft

import (
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Draft is a trust with edits made to it: to the complete set, or in a founding
// to nothing. It is worked out from these each time, and never stored.
type Draft struct {
	Input
	base       *trust.Set
	keys       map[string]metadata.Key       // root's
	renamed    map[string]string             // root's keyids as they are in base -> here
	rootRoles  map[string]*metadata.RoleKeys // root's four roles
	owners     map[string]string             // keyid -> holder, of the keys that have a vote
	before     map[string]string             // the same for the keys of base, for as long as the draft lives
	gone       []string                      // roles to which nothing is delegated any more
	targets    map[string]*metadata.Targets
	bins       map[string]*bins             // by the role that delegates to them
	lasting    map[string]time.Duration     // for how long new versions of roles are good, once looked up
	touched    map[string]bool              // roles that get a new version
	along      map[string]string            // of these the ones that no edit is about, and why
	days       map[string]int               // for how long, where an edit says so
	missing    []string                     // holders whose token is still to be enrolled
	keysToCome map[string]int               // how many keys a role gets with these tokens
	lostKeys   map[string]bool              // keyids that can't sign any more
	unusable   map[string]map[string]string // by the role that names them: keyids that are not taken over -> why
}

// Input is what a draft is told by whoever makes it.
type Input struct {
	Keys     map[string]metadata.Key                                      // by holder: of the tokens that were enrolled for it
	NameUsed func(role string) bool                                       // whether clients may remember a version of a role that is not in the base
	Periods  func(role string, base *metadata.File) (time.Duration, bool) // for how long a role's versions are good; false where nothing says so
}

// Founding is a draft over nothing: a trust of that name whose roles are empty.
func Founding(name string, tokens map[string]metadata.Key) *Draft {
	d := emptyDraft(&trust.Set{Trust: name}, Input{
		Keys: tokens, NameUsed: func(string) bool { return false },
		Periods: func(string, *metadata.File) (time.Duration, bool) { return 0, false },
	})
	for _, role := range trust.RootRoles() {
		d.rootRoles[role] = &metadata.RoleKeys{}
	}
	d.targets["targets"] = &metadata.Targets{Targets: map[string]metadata.Target{}}
	d.touch("root")
	d.touch("targets")
	return d
}

func emptyDraft(base *trust.Set, in Input) *Draft {
	return &Draft{
		Input: in, base: base,
		keys:      map[string]metadata.Key{},
		renamed:   map[string]string{},
		rootRoles: map[string]*metadata.RoleKeys{},
		owners:    map[string]string{},
		targets:   map[string]*metadata.Targets{},
		bins:      map[string]*bins{},
		lasting:   map[string]time.Duration{},
		touched:   map[string]bool{}, along: map[string]string{}, days: map[string]int{}, lostKeys: map[string]bool{}, unusable: map[string]map[string]string{}, keysToCome: map[string]int{},
	}
}

// New takes base over as strict clients want it; what is odd in adopted
// metadata ends with the version before.
func New(base *trust.Set, in Input) *Draft {
	d := emptyDraft(base, in)
	d.takeRoot(d.Base("root").Signed)
	if base.Targets != nil {
		d.takeTargets("targets", base.Targets.Signed)
	}
	for role, f := range base.Delegated {
		d.takeTargets(role, f.Signed)
	}
	maps.DeleteFunc(d.owners, func(id, _ string) bool { return !d.votes(id) })
	d.before = maps.Clone(d.owners)
	return d
}

// Apply makes edits, in order, up to the first that can't be made: an *EditError.
func (d *Draft) Apply(edits ...Edit) error {
	for _, e := range edits {
		if err := e.apply(d); err != nil {
			return err
		}
	}
	d.takeAlong()
	return nil
}

func (d *Draft) takeRoot(root *metadata.Signed) {
	d.keys, d.renamed, d.unusable["root"] = strictKeys(root.Root.Keys)
	for _, role := range trust.RootRoles() {
		who := rename(root.Root.Roles[role], d.renamed)
		d.rootRoles[role] = &who
	}
	d.takeOwners(root, d.renamed)
}

func (d *Draft) takeTargets(role string, from *metadata.Signed) {
	out := &metadata.Targets{Targets: map[string]metadata.Target{}}
	for path, t := range from.Targets.Targets {
		// A target keeps the hashes that clients know: its content is not at hand.
		if known := metadata.KnownHashes(t.Hashes); len(known) > 0 {
			t.Hashes = known
		}
		out.Targets[path] = t
	}
	d.targets[role] = out
	if from.Targets.Delegations == nil {
		return
	}
	del := *from.Targets.Delegations
	var renamed map[string]string
	del.Keys, renamed, d.unusable[role] = strictKeys(del.Keys)
	// A role to which no path leads is never asked for, and no strict client reads of it.
	del.Roles = slices.DeleteFunc(slices.Clone(del.Roles), func(r metadata.DelegatedRole) bool { return len(r.Paths)+len(r.PathHashPrefixes) == 0 })
	for i := range del.Roles {
		del.Roles[i].RoleKeys = rename(del.Roles[i].RoleKeys, renamed)
	}
	if del.Succinct != nil {
		succinct := *del.Succinct
		succinct.RoleKeys = rename(succinct.RoleKeys, renamed)
		del.Succinct = &succinct
	}
	out.Delegations = &del
	if b := takeBins(role, &del); b != nil {
		d.bins[role] = b
	}
	d.takeOwners(from, renamed)
}

func (d *Draft) takeOwners(from *metadata.Signed, renamed map[string]string) {
	if from.Conclave == nil {
		return
	}
	for id, name := range from.Conclave.Holders {
		if strict, ok := renamed[id]; ok {
			d.owners[strict] = name
		}
	}
}

// delegation is what is said of role by the first that delegates to it; nil for
// none, and for hash bins.
func (d *Draft) delegation(role string) *metadata.DelegatedRole {
	for _, e := range d.entries(role) {
		if e.role != nil {
			return e.role
		}
	}
	return nil
}

// Only keeps the draft from making new versions of other roles.
func (d *Draft) Only(roles ...string) {
	maps.DeleteFunc(d.touched, func(role string, _ bool) bool { return !slices.Contains(roles, role) })
}

// Missing lists the holders whose new token is still to be enrolled.
func (d *Draft) Missing() []string { return d.missing }

func (d *Draft) touch(role string) { d.touched[role] = true }

// touchKeys: who may sign role is about to change. What it says is signed anew
// then, because the old signatures may not reach the new threshold.
func (d *Draft) touchKeys(role string) {
	for _, e := range d.entries(role) {
		d.touch(e.parent)
	}
	for _, own := range d.own(role) {
		if own != "root" {
			d.touch(own)
		}
	}
}

// signedByHolders says whether role has metadata that holders sign.
func (d *Draft) signedByHolders(role string) bool { return len(d.own(role)) > 0 }

// Over is the set that the draft is made over.
func (d *Draft) Over() *trust.Set { return d.base }

// Base is the version of a role that a new one builds on; nil for none.
func (d *Draft) Base(role string) *metadata.File {
	switch role {
	case "root":
		if len(d.base.Roots) == 0 {
			return nil
		}
		return d.base.Roots[len(d.base.Roots)-1]
	case "targets":
		return d.base.Targets
	}
	return d.base.Delegated[role] // nil for snapshot and timestamp
}
