package trust

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Adopted is a repository that others made, read as the published set of a trust.
type Adopted struct {
	Contents Contents
	Findings []FileFinding // what strict clients would stumble over, by file
	Beside   []string      // names of other files that lie there: they are not part of the set
}

// FileFinding is an oddity of one file.
type FileFinding struct {
	File    string // as it is called in a consistent snapshot
	Finding metadata.Finding
}

// Adopt reads the repository among files, which lie in a directory by these names
// (metadata.Find). trust is the name that people give it; where the newest root
// names a trust, it is that one. The set is verified as far as it goes without a
// clock: the chain of roots, and every threshold.
func Adopt(files map[string][]byte, trust string) (Adopted, error) {
	found, err := metadata.FindIn(files)
	if err != nil {
		return Adopted{}, err
	}
	if len(found.Missing) > 0 {
		return Adopted{}, fmt.Errorf("%s is missing, which the repository's own files name", text.Safe(found.Missing[0]))
	}
	var bodies []RoleFile
	seen := map[string]*metadata.File{}
	for _, f := range found.Files {
		if f.Err != nil {
			return Adopted{}, fmt.Errorf("%s can't be adopted: %w", text.Safe(f.Name), f.Err)
		}
		b := RoleFile{f.Role, f.File}
		if twin := seen[b.name()]; twin != nil {
			if twin.Digest() != f.File.Digest() {
				return Adopted{}, fmt.Errorf("%s: there are two different files of %s %d", text.Safe(f.Name), text.Safe(b.Role), f.File.Version)
			}
			continue
		}
		seen[b.name()] = f.File
		bodies = append(bodies, b)
	}
	slices.SortFunc(bodies, func(a, b RoleFile) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.File.Version, b.File.Version))
	})
	bodies = newestOfEach(bodies)
	err = CheckPublished(bodies)
	if err == nil {
		err = asListed(bodies)
	}
	if err != nil {
		return Adopted{}, fmt.Errorf("the repository does not verify: %w", err)
	}
	roots := rootsOf(bodies)
	if named := roots[len(roots)-1].Trust(); named != "" {
		trust = named
	}
	if err := CheckName(trust); err != nil {
		return Adopted{}, err
	}
	out := Adopted{Contents: Contents{Trust: trust}, Beside: found.Beside}
	for _, b := range bodies {
		out.Contents.Published = append(out.Contents.Published, NamedFile{b.name(), b.File.Bytes})
		for _, f := range b.File.Findings {
			out.Findings = append(out.Findings, FileFinding{b.name(), f})
		}
	}
	out.Findings = append(out.Findings, unlisted(bodies)...)
	return out, nil
}

// unlisted finds the delegations that the snapshot does not list, where there is one.
func unlisted(bodies []RoleFile) (found []FileFinding) {
	set := metadata.Set{Delegated: map[string]*metadata.File{}}
	for _, b := range bodies {
		switch b.Role {
		case "root", "timestamp":
		case "snapshot":
			set.Snapshot = b.File
		case "targets":
			set.Targets = b.File
		default:
			set.Delegated[b.Role] = b.File
		}
	}
	if set.Snapshot == nil || set.Targets == nil {
		return nil
	}
	for _, f := range set.Unlisted() {
		found = append(found, FileFinding{RoleFile{"snapshot", set.Snapshot}.name(), f})
	}
	return found
}

// name is what the file is called in a consistent snapshot.
func (b RoleFile) name() string { return metadata.FileName(b.Role, b.File.Version) }

// asListed holds the newest files against what timestamp and snapshot say of
// them (TUF 1.0, 5.5.2 and 5.6.2). What these do not list is a finding.
func asListed(bodies []RoleFile) error {
	for _, by := range bodies {
		if by.File.Snapshot == nil && by.File.Timestamp == nil {
			continue
		}
		for _, b := range bodies {
			if _, listed := by.File.Listed(b.Role); !listed || b.Role == "root" {
				continue
			}
			if err := metadata.VerifyListed(by.File, b.Role, b.File); err != nil {
				return err
			}
		}
	}
	return nil
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
