package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// twin is a name that a hasty reader takes for another one.
type twin struct {
	name, other string
	fresh       bool // name was not there before
}

// twins finds the names in now that look like another one, there or in old.
// look maps a name to what is seen of it. The time is linear in the names.
func twins(old, now []string, look func(string) string) []twin {
	before := make(map[string]bool, len(old))
	for _, n := range old {
		before[n] = true
	}
	first := make(map[string]string, len(now)) // by look
	var more map[string][]string               // those that are not the first
	note := func(n string) {
		l := look(n)
		switch one, taken := first[l]; {
		case !taken:
			first[l] = n
		case one != n && !slices.Contains(more[l], n):
			if more == nil {
				more = map[string][]string{}
			}
			if len(more[l]) < maxTwins {
				more[l] = append(more[l], n)
			}
		}
	}
	for _, n := range old {
		note(n)
	}
	for _, n := range now {
		note(n)
	}
	if more == nil {
		return nil
	}
	var list []twin
	for _, n := range now {
		l := look(n)
		others := more[l]
		if len(others) == 0 {
			continue
		}
		other := first[l]
		if other == n {
			other = others[0]
		}
		if before[n] && !before[other] {
			continue // it is said of the one that is new
		}
		list = append(list, twin{n, other, !before[n]})
	}
	return list
}

// maxTwins bounds how many names of one look are told apart.
const maxTwins = 8

// lookAlikeWarnings name the holders, roles and paths that look like another
// one, in this version or in the one before it.
func lookAlikeWarnings(before, after *metadata.Signed) []string {
	var list []string
	for _, names := range [][2][]string{
		{holdersIn(before), holdersIn(after)},
		{append(rolesIn(before), trust.RootRoles()...), rolesIn(after)},
	} {
		list = append(list, twinWarnings("names", twins(names[0], names[1], text.Skeleton))...)
	}
	return append(list, twinWarnings("paths", pathTwins(before, after))...)
}

// LookAlikes are sentences on the names that look like another one of them.
func LookAlikes(names []string) []string {
	return twinWarnings("names", twins(nil, names, text.Skeleton))
}

// maxWarned is how many look-alikes of one kind are said one by one.
const maxWarned = 20

func twinWarnings(what string, found []twin) []string {
	var list []string
	said := map[string]bool{}
	stale, unsaid := 0, 0
	for _, t := range found {
		switch {
		case said[t.name+"\x00"+t.other]:
		case what == "paths" && !t.fresh:
			stale++
		case len(list) == maxWarned:
			unsaid++
		default:
			list = append(list, fmt.Sprintf("%s looks like %s and is another name: %s.", quoted(t.name), quoted(t.other), apart(t.name, t.other)))
			said[t.other+"\x00"+t.name] = true // not the other way round as well
		}
	}
	if unsaid > 0 {
		list = append(list, fmt.Sprintf("There are %d more %s that look like another one: those that are new say so in the list.", unsaid, what))
	}
	if stale > 0 {
		list = append(list, fmt.Sprintf("There are %d %s that look like another one, as in the version before.", stale, what))
	}
	return list
}

// apart says where two names differ.
func apart(name, other string) string {
	a, b := []rune(name), []rune(other)
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("letter %d is %s, not %s", i+1, letter(a[i]), letter(b[i]))
		}
	}
	return fmt.Sprintf("it has %d letters, not %d", len(a), len(b))
}

// letter is an ASCII letter as it is, and another one by its number.
func letter(r rune) string {
	if '!' <= r && r <= '~' {
		return string(r)
	}
	return fmt.Sprintf("U+%04X", r)
}

// pathTwins compares directories and files with those beside them, so that a
// directory that looks like another is found once, whatever lies in it.
func pathTwins(before, after *metadata.Signed) []twin {
	return twins(placesIn(before), placesIn(after), func(place string) string {
		at := strings.LastIndexByte(strings.TrimSuffix(place, "/"), '/') + 1
		return place[:at] + text.Skeleton(place[at:])
	})
}

// likePaths are the new paths and directories that look like another one, with
// what they look like.
func likePaths(before, after *metadata.Signed) map[string]string {
	like := map[string]string{}
	for _, t := range pathTwins(before, after) {
		if t.fresh {
			like[t.name] = t.other
		}
	}
	return like
}

// likeNote says that a path, or a directory it lies in, looks like another.
func likeNote(like map[string]string, path string) string {
	if len(like) == 0 {
		return ""
	}
	if other := like[path]; other != "" {
		return "it looks like " + quoted(other)
	}
	for i := range len(path) {
		if other := like[path[:i+1]]; path[i] == '/' && other != "" {
			return fmt.Sprintf("%s looks like %s", quoted(path[:i+1]), quoted(other))
		}
	}
	return ""
}

func holdersIn(s *metadata.Signed) []string {
	if s == nil || s.Conclave == nil {
		return nil
	}
	var names []string
	for _, n := range s.Conclave.Holders {
		names = append(names, n)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func rolesIn(s *metadata.Signed) []string {
	if s == nil || s.Targets == nil || s.Targets.Delegations == nil {
		return nil
	}
	var names []string
	for _, r := range s.Targets.Delegations.Roles {
		names = append(names, r.Name)
	}
	if bins := s.Targets.Delegations.Succinct; bins != nil {
		names = append(names, bins.NamePrefix)
	}
	slices.Sort(names)
	return names
}

// placesIn lists the paths of targets and of delegations, and each directory
// in them, with a slash at its end, once; sorted.
func placesIn(s *metadata.Signed) []string {
	if s == nil || s.Targets == nil {
		return nil
	}
	paths := slices.Sorted(maps.Keys(s.Targets.Targets))
	if d := s.Targets.Delegations; d != nil {
		for _, r := range d.Roles {
			paths = append(paths, r.Paths...)
		}
		slices.Sort(paths)
		paths = slices.Compact(paths)
	}
	var places []string
	last := ""
	for _, p := range paths {
		for i := range len(p) {
			if p[i] == '/' && (len(last) <= i || last[:i+1] != p[:i+1]) {
				places = append(places, p[:i+1])
			}
		}
		places = append(places, p)
		last = p
	}
	return places
}
