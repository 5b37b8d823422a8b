package metadata

import (
	"path"
	"slices"
	"strings"
)

// For lists whom d delegates a target's path to, in the order in which a client
// asks them; of succinct bins the one (TUF 1.0, 4.5 and 5.6.7). A nil d delegates
// nothing.
func (d *Delegations) For(target string) []DelegatedRole {
	if d == nil {
		return nil
	}
	if s := d.Succinct; s != nil {
		return []DelegatedRole{{Name: s.For(target), RoleKeys: s.RoleKeys, Terminating: true}} // TAP 15: nobody else has its paths
	}
	var roles []DelegatedRole
	for _, r := range d.Roles {
		if r.covers(target) {
			roles = append(roles, r)
		}
	}
	return roles
}

// covers says whether a target's path is among those of a delegation.
func (r DelegatedRole) covers(target string) bool {
	if len(r.PathHashPrefixes) > 0 {
		digits := Sum([]byte(target)).String()
		return slices.ContainsFunc(r.PathHashPrefixes, func(prefix string) bool { return strings.HasPrefix(digits, prefix) })
	}
	return slices.ContainsFunc(r.Paths, func(pattern string) bool { return MatchPath(pattern, target) })
}

// MatchPath says whether a target's path matches a pattern as delegations have
// them: part by part, so that nothing matches a slash, and no part another case
// (TUF 1.0, 4.5).
func MatchPath(pattern, target string) bool {
	patterns, parts := strings.Split(pattern, "/"), strings.Split(target, "/")
	return len(patterns) == len(parts) && !slices.ContainsFunc(patterns, func(p string) bool {
		part := parts[0]
		parts = parts[1:]
		ok, err := path.Match(p, part)
		return !ok || err != nil
	})
}
