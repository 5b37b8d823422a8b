package trust

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Outside warns of targets that no client finds once p is published: of its own,
// and of those of the roles that it delegates to.
func (k Known) Outside(p *Payload) []string {
	return k.outside(append(delegates(p.Body, k.roles()), p.Role)...)
}

// OutsideAny is Outside for everything that is known.
func (k Known) OutsideAny() []string { return k.outside(k.roles()...) }

// outside: a role holds a target, and no walk along the delegations of its path
// leads to the role (TUF 1.0, 5.6.7). Roles that nobody delegates to have their
// own warning.
func (k Known) outside(roles ...string) []string {
	var list []string
	for _, role := range roles {
		held := k.Newest(role)
		if held == nil || held.Targets == nil || role != "targets" && len(k.delegations().parents(role)) == 0 {
			continue
		}
		var lost []string
		for _, p := range slices.Sorted(maps.Keys(held.Targets.Targets)) {
			if !k.leadsTo(p, role, nil) {
				lost = append(lost, text.Safe(p))
			}
		}
		if n := len(lost); n > 0 {
			first := strings.Join(lost[:min(n, outsideNamed)], ", ")
			if n > outsideNamed {
				first += " and others"
			}
			list = append(list, fmt.Sprintf("What is delegated to %s does not reach %s in it, and no client finds what it does not reach: %s.",
				text.Safe(role), text.Count(n, "target"), first))
		}
	}
	return list
}

// outsideNamed is how many targets outside of a role's paths are named.
const outsideNamed = 3

// leadsTo says whether a client that looks for p comes to role. below are the
// roles that it would come to from there.
func (k Known) leadsTo(p, role string, below []string) bool {
	if role == "targets" {
		return true
	}
	return slices.ContainsFunc(k.delegations().parents(role), func(parent string) bool {
		return !slices.Contains(below, parent) && delegatesPath(k.Newest(parent), p, role) && k.leadsTo(p, parent, append(below, role))
	})
}

// delegatesPath says whether body delegates p to role.
func delegatesPath(body *metadata.Signed, p, role string) bool {
	return slices.ContainsFunc(body.Targets.Delegations.For(p), func(r metadata.DelegatedRole) bool { return r.Name == role })
}
