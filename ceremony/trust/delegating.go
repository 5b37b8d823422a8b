package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// delegations say who may sign the roles that targets metadata delegates to. A
// role that several delegate to has to satisfy each of them: a client comes by
// one way for one path, and by another way for another.
type delegations struct {
	named map[string][]delegation
	bins  []binDelegation // in the order in which they were found
}

// delegation is what one role says of another.
type delegation struct {
	parent string
	by     Authority
	bins   string // the prefix of the hash bins that the role is one of, "" for none
}

// binDelegation is what one role says of its hash bins (TAP 15).
type binDelegation struct {
	parent   string
	by       Authority
	succinct *metadata.SuccinctRoles
}

func newDelegations() *delegations { return &delegations{named: map[string][]delegation{}} }

// add takes in what body, a version of parent, delegates. name gives names to keys.
func (d *delegations) add(parent string, body *metadata.Signed, name func(Authority) Authority) {
	if body.Targets == nil || body.Targets.Delegations == nil {
		return
	}
	by := func(who metadata.RoleKeys) Authority {
		a := Authority{by: fmt.Sprintf("%s %d", text.Safe(parent), body.Version), Who: who, Keys: body.Targets.Delegations.Keys}
		if body.Conclave != nil {
			a.Holders = body.Conclave.Holders
		}
		return name(a)
	}
	for _, r := range body.Targets.Delegations.Roles {
		d.named[r.Name] = append(d.named[r.Name], delegation{parent, by(r.RoleKeys), BinPrefix(r)})
	}
	if s := body.Targets.Delegations.Succinct; s != nil {
		d.bins = append(d.bins, binDelegation{parent, by(s.RoleKeys), s})
	}
}

// BinPrefix is what comes before the number in the name of a hash bin that is a
// role of its own, "" where the role is none.
func BinPrefix(r metadata.DelegatedRole) string {
	dash := strings.LastIndexByte(r.Name, '-')
	if len(r.PathHashPrefixes) == 0 || dash < 1 || strings.Trim(r.Name[dash+1:], "0123456789abcdef") != "" {
		return ""
	}
	return r.Name[:dash]
}

// to are the delegations to role.
func (d *delegations) to(role string) []delegation {
	all := slices.Clip(d.named[role])
	for _, b := range d.bins {
		if b.succinct.Bin(role) {
			all = append(all, delegation{b.parent, b.by, b.succinct.NamePrefix})
		}
	}
	return all
}

// signers are the sets of keys that may sign role.
func (d *delegations) signers(role string) []Authority {
	var all []Authority
	for _, del := range d.to(role) {
		all = append(all, del.by)
	}
	return all
}

// parents are the roles that delegate to role.
func (d *delegations) parents(role string) []string {
	var all []string
	for _, del := range d.to(role) {
		all = append(all, del.parent)
	}
	return all
}

// walk takes in what the bodies delegate that targets leads to, in the order of
// a client's walk: pre-order, depth first, no role twice (TUF 1.0, 5.6.7).
// roles are those that may be hash bins, sorted.
func (d *delegations) walk(roles []string, newest func(role string) *metadata.Signed, name func(Authority) Authority) {
	visited := map[string]bool{}
	for stack := []string{"targets"}; len(stack) > 0; {
		role := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		body := newest(role)
		if visited[role] || body == nil {
			continue
		}
		visited[role] = true
		d.add(role, body, name)
		children := delegates(body, roles)
		slices.Reverse(children)
		stack = append(stack, children...)
	}
}

// delegates lists the roles that a body delegates to; of hash bins those that
// are among roles.
func delegates(body *metadata.Signed, roles []string) []string {
	if body.Targets == nil || body.Targets.Delegations == nil {
		return nil
	}
	var list []string
	for _, r := range body.Targets.Delegations.Roles {
		list = append(list, r.Name)
	}
	if s := body.Targets.Delegations.Succinct; s != nil {
		for _, role := range roles {
			if s.Bin(role) {
				list = append(list, role)
			}
		}
	}
	return list
}
