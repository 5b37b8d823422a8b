package trust

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Adopted is a repository that others made, read as the published set of a trust.
type Adopted struct {
	Contents Contents
	Findings []FileFinding // what strict clients would stumble over, by file
}

// FileFinding is an oddity of one file.
type FileFinding struct {
	File    string // as it is called in a consistent snapshot
	Finding metadata.Finding
}

// Adopt reads a repository as it lies in a directory, whatever its files are
// called: every root, and of every other role the newest version. trust is the
// name that people give it; where the newest root names a trust, it is that
// one. The set is verified as far as it goes without a clock: the chain of
// roots, and every threshold.
func Adopt(files map[string][]byte, trust string) (Adopted, error) {
	var bodies []RoleFile
	seen := map[string]*metadata.File{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file, err := metadata.ParseFile(files[name], metadata.Adopted)
		if err != nil {
			return Adopted{}, fmt.Errorf("%s can't be adopted: %w", text.Safe(name), err)
		}
		b := RoleFile{roleOfFile(name, file), file}
		if twin := seen[b.name()]; twin != nil {
			if twin.Digest() != file.Digest() {
				return Adopted{}, fmt.Errorf("%s: there are two different files of %s %d", text.Safe(name), text.Safe(b.Role), file.Version)
			}
			continue
		}
		seen[b.name()] = file
		bodies = append(bodies, b)
	}
	slices.SortFunc(bodies, func(a, b RoleFile) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.File.Version, b.File.Version))
	})
	bodies = newestOfEach(bodies)
	if err := CheckPublished(bodies); err != nil {
		return Adopted{}, fmt.Errorf("the repository does not verify: %w", err)
	}
	roots := rootsOf(bodies)
	if named := roots[len(roots)-1].Trust(); named != "" {
		trust = named
	}
	if err := CheckName(trust); err != nil {
		return Adopted{}, err
	}
	out := Adopted{Contents: Contents{Trust: trust}}
	for _, b := range bodies {
		out.Contents.Published = append(out.Contents.Published, NamedFile{b.name(), b.File.Bytes})
		for _, f := range b.File.Findings {
			out.Findings = append(out.Findings, FileFinding{b.name(), f})
		}
	}
	return out, nil
}

// name is what the file is called in a consistent snapshot (TUF 6.1).
func (b RoleFile) name() string {
	if b.Role == "timestamp" {
		return "timestamp.json"
	}
	return fmt.Sprintf("%d.%s.json", b.File.Version, b.Role)
}

// roleOfFile tells the role from what the file says, and only for delegated
// roles, which all say "targets", from what it is called.
func roleOfFile(name string, file *metadata.File) string {
	if file.Type != "targets" {
		return file.Type
	}
	return roleInName(name)
}

// newestOfEach keeps all roots and the last, which is the newest, of every other role.
func newestOfEach(bodies []RoleFile) []RoleFile {
	var kept []RoleFile
	for i, b := range bodies {
		if b.Role == "root" || i+1 == len(bodies) || bodies[i+1].Role != b.Role {
			kept = append(kept, b)
		}
	}
	return kept
}
