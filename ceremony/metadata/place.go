package metadata

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// AmbiguousError: there is more than one repository.
type AmbiguousError struct {
	Places []string // directories
}

func (e *AmbiguousError) Error() string {
	var names []string
	for _, p := range e.Places {
		names = append(names, printable(p))
	}
	return fmt.Sprintf("there are several repositories here: %s", strings.Join(names, ", "))
}

// Code names what happened, for people who look it up.
func (*AmbiguousError) Code() string { return "REPOSITORY-AMBIGUOUS" }

// rootHistory is where tuf-on-ci keeps the roots by their numbers, below the
// directory of its other metadata.
const rootHistory = "root_history"

// placeOf finds the directory of a repository, and that of its roots; neither
// where no name is that of a timestamp or a root. A target may have such a name.
func placeOf(names []string) (at, roots string, err error) {
	timestamps, rooted := map[string]bool{}, map[string]bool{}
	for _, name := range names {
		dir, base := split(name)
		if base == FileName(typeTimestamp, 0) {
			timestamps[dir] = true
		}
		if role, _, err := ParseFileName(base); err == nil && role == typeRoot || base == typeRoot+metaSuffix {
			rooted[dir] = true
		}
	}
	elsewhere := func(dir string) bool { return !slices.Contains(strings.Split(dir, "/"), typeTargets) }
	if known := slices.Concat(slices.Collect(maps.Keys(timestamps)), slices.Collect(maps.Keys(rooted))); slices.ContainsFunc(known, elsewhere) {
		inTargets := func(dir string, _ bool) bool { return !elsewhere(dir) }
		maps.DeleteFunc(timestamps, inTargets)
		maps.DeleteFunc(rooted, inTargets)
	}
	if len(timestamps) > 0 {
		if at, err = oneOf(timestamps, rooted); err != nil || rooted[at] {
			return at, at, err
		}
	}
	if len(rooted) > 0 {
		roots, err = oneOf(rooted, rooted)
	}
	return cmp.Or(at, roots), roots, err
}

// oneOf is the directory that is meant by several: not one below another, one
// that has roots, and of those the one in which most programs keep the metadata
// that is published. The others are of drafts, or older.
func oneOf(dirs, rooted map[string]bool) (string, error) {
	list := slices.Sorted(maps.Keys(dirs))
	list = slices.DeleteFunc(slices.Clone(list), func(dir string) bool {
		return slices.ContainsFunc(list, func(other string) bool {
			return other != dir && (other == "." || strings.HasPrefix(dir, other+"/"))
		})
	})
	if slices.ContainsFunc(list, func(dir string) bool { return rooted[dir] }) {
		list = slices.DeleteFunc(list, func(dir string) bool { return !rooted[dir] })
	}
	for _, usual := range []string{"metadata", "repository", "repository/metadata", "repository/repository"} {
		if slices.Contains(list, usual) {
			return usual, nil
		}
	}
	if len(list) > 1 {
		return "", &AmbiguousError{list}
	}
	return list[0], nil
}

// split is the directory that a file belongs to, and its name there.
func split(name string) (dir, base string) {
	dir, base = path.Split(flat(name))
	dir = path.Clean(dir)
	if path.Base(dir) == rootHistory {
		dir = path.Dir(dir)
	}
	return dir, base
}

// flat takes off the digest under which a second file of one name stands that
// was read from an image.
func flat(name string) string {
	if digest, rest, ok := strings.Cut(name, "/"); ok && len(digest) == 64 && isHex(digest) {
		return rest
	}
	return name
}
