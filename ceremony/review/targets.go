package review

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// delegationFacts say who else may speak for which paths.
func (v View) delegationFacts(s *metadata.Signed) []fact {
	d := s.Targets.Delegations
	var list []fact
	if d.Roles != nil {
		list = append(list, fact{field: "delegations", value: fmt.Sprintf("%d", len(d.Roles))})
		list = append(list, orderFacts(d.Roles)...)
	}
	for _, r := range d.Roles {
		list = append(list, v.roleFacts(s, r)...)
	}
	if d.Succinct != nil {
		list = append(list, v.binFacts(s)...)
	}
	return append(list, idleFacts(d.Keys, votingIn(s))...)
}

// orderFacts are the order in which clients ask the roles (TUF 1.0, 5.6.7).
func orderFacts(roles []metadata.DelegatedRole) []fact {
	if len(roles) < 2 {
		return nil
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = exactPath(r.Name)
	}
	list := listFacts("order of delegations", names)[:1]
	list[0].note = func(fact) string {
		return "clients ask the roles in this order, and believe the first that has a target"
	}
	return list
}

func (v View) roleFacts(s *metadata.Signed, r metadata.DelegatedRole) []fact {
	field := exact(r.Name) + ": "
	list := v.voteFacts(r.Name, trust.DelegationAuthority(s, r.RoleKeys))
	if r.PathHashPrefixes != nil {
		list = append(list, listFacts(field+"path hash prefixes", r.PathHashPrefixes)...)
	} else {
		paths := make([]string, len(r.Paths))
		for i, p := range r.Paths {
			paths[i] = exactPath(p)
		}
		list = append(list, listFacts(field+"paths", paths)...)
	}
	terminating := "no, clients look further"
	if r.Terminating {
		terminating = "yes, the search ends here"
	}
	list = append(list, fact{field: field + "terminating", value: terminating})
	if r.Tag != "" {
		list = append(list, fact{field: field + "tag in the registry", value: exact(r.Tag)})
	}
	return list
}

// binFacts are the hash bins: their number, names and keys.
func (v View) binFacts(s *metadata.Signed) []fact {
	bins := s.Targets.Delegations.Succinct
	n := bins.Bins()
	list := []fact{{field: "hash bins", value: fmt.Sprintf("%d, by the first %d bits of a path's SHA-256: %s to %s",
		n, bins.BitLength, exact(bins.Name(0)), exact(bins.Name(n-1)))}}
	return append(list, v.voteFacts(bins.NamePrefix+"-*", trust.DelegationAuthority(s, bins.RoleKeys))...)
}

// targetChanges compares the targets of two versions, by path. like says which
// path another one looks like.
func targetChanges(before, after *metadata.Signed, like map[string]string) []Change {
	old, now := targetsOf(before), targetsOf(after)
	var list []Change
	for path, t := range now {
		was, there := old[path]
		if there && same(was, t) {
			continue
		}
		ch := targetChange(path)
		ch.After, ch.Note = targetValue(t), likeNote(like, path)
		if there {
			ch.Before = targetValue(was)
		}
		list = append(list, ch)
	}
	for path, was := range old {
		if _, still := now[path]; !still {
			ch := targetChange(path)
			ch.Before, ch.Note = targetValue(was), "removed"
			list = append(list, ch)
		}
	}
	slices.SortFunc(list, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return list
}

func targetsOf(s *metadata.Signed) map[string]metadata.Target {
	if s == nil || s.Targets == nil {
		return nil
	}
	return s.Targets.Targets
}

func targetChange(path string) Change {
	shown := exactPath(path)
	return Change{Field: "target " + shown, Path: shown}
}

func same(a, b metadata.Target) bool {
	return a.Length == b.Length && maps.Equal(a.Hashes, b.Hashes) && bytes.Equal(a.Custom, b.Custom)
}

func targetValue(t metadata.Target) string {
	parts := []string{fmt.Sprintf("%d bytes", t.Length)}
	for _, name := range slices.Sorted(maps.Keys(t.Hashes)) {
		parts = append(parts, exactPath(name)+":"+t.Hashes[name])
	}
	if t.Custom != nil {
		parts = append(parts, "custom "+exactJSON(t.Custom))
	}
	return strings.Join(parts, ", ")
}
