package ceremony

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Adopted is a repository that others made, read as the published set of a trust.
type Adopted struct {
	Contents Contents
	Findings []AdoptedFinding // what strict clients would stumble over, by file
}

// AdoptedFinding is an oddity of one file.
type AdoptedFinding struct {
	File    string // as it is called in a consistent snapshot
	Finding metadata.Finding
}

// Adopt reads a repository as it lies in a directory, whatever its files are
// called: every root, and of every other role the newest version. trust is the
// name that people give it; where the newest root names a trust, it is that
// one. The set is verified as far as it goes without a clock: the chain of
// roots, and every threshold.
func Adopt(files map[string][]byte, trust string) (Adopted, error) {
	var bodies []body
	seen := map[string]*metadata.File{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file, err := metadata.ParseFile(files[name], metadata.Adopted)
		if err != nil {
			return Adopted{}, fmt.Errorf("%s can't be adopted: %w", Safe(name), err)
		}
		b := body{roleOfFile(name, file), file}
		if twin := seen[b.name()]; twin != nil {
			if twin.Digest() != file.Digest() {
				return Adopted{}, fmt.Errorf("%s: there are two different files of %s %d", Safe(name), Safe(b.role), file.Version)
			}
			continue
		}
		seen[b.name()] = file
		bodies = append(bodies, b)
	}
	slices.SortFunc(bodies, func(a, b body) int {
		return cmp.Or(cmp.Compare(a.role, b.role), cmp.Compare(a.file.Version, b.file.Version))
	})
	bodies = newestOfEach(bodies)
	if err := checkHead(bodies); err != nil {
		return Adopted{}, fmt.Errorf("the repository does not verify: %w", err)
	}
	roots := rootsOf(bodies)
	if named := roots[len(roots)-1].Trust(); named != "" {
		trust = named
	}
	if err := CheckTrustName(trust); err != nil {
		return Adopted{}, err
	}
	out := Adopted{Contents: Contents{Trust: trust}}
	for _, b := range bodies {
		out.Contents.Head = append(out.Contents.Head, NamedFile{b.name(), b.file.Bytes})
		for _, f := range b.file.Findings {
			out.Findings = append(out.Findings, AdoptedFinding{b.name(), f})
		}
	}
	return out, nil
}

// name is what the file is called in a consistent snapshot (TUF 6.1).
func (b body) name() string {
	if b.role == "timestamp" {
		return "timestamp.json"
	}
	return fmt.Sprintf("%d.%s.json", b.file.Version, b.role)
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
func newestOfEach(bodies []body) []body {
	var kept []body
	for i, b := range bodies {
		if b.role == "root" || i+1 == len(bodies) || bodies[i+1].role != b.role {
			kept = append(kept, b)
		}
	}
	return kept
}
