package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Edits of what targets delegates.
type (
	// Delegate makes a role that targets, or a delegated role, delegates paths
	// to, signed by holders that the trust has already or that AddHolder brings.
	Delegate struct {
		Role        string   `json:"role"`
		Holders     []string `json:"holders"`
		Threshold   int      `json:"threshold"`
		Paths       []string `json:"paths"`
		Terminating bool     `json:"terminating,omitempty"`
		Parent      string   `json:"parent,omitempty"` // who delegates; "" is targets
	}
	// SetPaths changes what is delegated to a role.
	SetPaths struct {
		Role  string   `json:"role"`
		Paths []string `json:"paths"`
	}
	// Undelegate takes a role's delegation away, whoever delegates to it. Of hash
	// bins ("bins-*") it gives the targets back to the role that delegates to them.
	Undelegate struct {
		Role string `json:"role"`
	}
)

func (Delegate) kind() string   { return "delegate" }
func (SetPaths) kind() string   { return "set-paths" }
func (Undelegate) kind() string { return "undelegate" }

func (e Delegate) String() string {
	by := ""
	if e.Parent != "" {
		by = " by " + text.Safe(e.Parent)
	}
	return fmt.Sprintf("%s is delegated%s to %s, signed by %d of %s", text.Safe(strings.Join(e.Paths, " ")), by, text.Safe(e.Role), e.Threshold, text.Safe(strings.Join(e.Holders, ", ")))
}
func (e SetPaths) String() string {
	return fmt.Sprintf("%s is about %s", text.Safe(e.Role), text.Safe(strings.Join(e.Paths, " ")))
}
func (e Undelegate) String() string {
	return "nothing is delegated to " + text.Safe(e.Role) + " any more"
}

func (e Delegate) apply(d *Draft) error {
	if d.keyholders(e.Role) != nil || d.targets[e.Role] != nil {
		return cannot(e, "there is a role of that name already")
	}
	if d.Base(e.Role) == nil && d.NameUsed(e.Role) {
		return cannot(e, "there was a role of that name before, and clients remember its version: choose another name")
	}
	if len(e.Paths) == 0 {
		return cannot(e, "no path is named")
	}
	if err := checkThreshold(e, e.Threshold); err != nil {
		return err
	}
	parent := parentOr(e.Parent)
	t := d.targets[parent]
	if t == nil || d.isBin(parent) {
		return cannot(e, "there is no role %s that could delegate", text.Safe(parent))
	}
	if b := d.bins[parent]; b != nil && !b.prefixes {
		return cannot(e, "%s delegates to hash bins, and can't do both (TAP 15)", text.Safe(parent))
	}
	if t.Delegations == nil {
		t.Delegations = &metadata.Delegations{Keys: map[string]metadata.Key{}}
	}
	t.Delegations.Roles = append(t.Delegations.Roles, metadata.DelegatedRole{
		Name: e.Role, Paths: slices.Clone(e.Paths), Terminating: e.Terminating,
		RoleKeys: metadata.RoleKeys{Threshold: e.Threshold},
	})
	d.targets[e.Role] = &metadata.Targets{Targets: map[string]metadata.Target{}}
	for _, name := range e.Holders {
		key, ok, err := d.keyOf(e, name)
		if err != nil {
			return err
		}
		d.join(e.Role, name, key, ok)
	}
	d.gone = slices.DeleteFunc(d.gone, func(role string) bool { return role == e.Role })
	d.touch(parent)
	d.touch(e.Role)
	return nil
}

func (e SetPaths) apply(d *Draft) error {
	if d.delegation(e.Role) == nil {
		return cannot(e, "nothing is delegated to a role of that name")
	}
	if len(e.Paths) == 0 {
		return cannot(e, "no path is named")
	}
	for _, place := range d.entries(e.Role) {
		place.role.Paths = slices.Clone(e.Paths)
		d.touch(place.parent)
	}
	return nil
}

func (e Undelegate) apply(d *Draft) error {
	if b := d.binsOf(e.Role); b != nil && b.role() == e.Role {
		d.undoBins(b)
		return nil
	}
	list := d.entries(e.Role)
	if d.delegation(e.Role) == nil {
		return cannot(e, "nothing is delegated to a role of that name")
	}
	if d.delegates(e.Role) {
		return cannot(e, "it delegates itself: take that away first")
	}
	for _, place := range list {
		for _, id := range slices.Clone(place.who.KeyIDs) {
			d.removeKey(e.Role, id)
		}
	}
	for _, place := range list {
		del := d.targets[place.parent].Delegations
		del.Roles = slices.DeleteFunc(del.Roles, func(r metadata.DelegatedRole) bool { return r.Name == e.Role })
		d.touch(place.parent)
	}
	delete(d.targets, e.Role)
	delete(d.touched, e.Role)
	if d.Base(e.Role) != nil {
		d.gone = append(d.gone, e.Role)
	}
	return nil
}
