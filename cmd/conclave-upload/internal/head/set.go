package head

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Files lists a set under the names its files are published by: roots
// ascending, timestamp, snapshot, targets, delegated roles by name.
func Files(s *metadata.Set) []trust.NamedFile {
	var files []trust.NamedFile
	add := func(role string, f *metadata.File) {
		files = append(files, trust.NamedFile{Name: FileName(role, f.Version), Bytes: f.Bytes})
	}
	for _, r := range s.Roots {
		add(Root, r)
	}
	add(Timestamp, s.Timestamp)
	add(Snapshot, s.Snapshot)
	add(Targets, s.Targets)
	for _, role := range slices.Sorted(maps.Keys(s.Delegated)) {
		add(role, s.Delegated[role])
	}
	return files
}

// Set parses the files of a published set. Each has to be of the role and
// version that its name says, and no role but root may be there twice. Nothing
// is verified: that is metadata.VerifySet's.
func Set(files []trust.NamedFile) (*metadata.Set, error) {
	s := &metadata.Set{Delegated: map[string]*metadata.File{}}
	for _, named := range files {
		role, version, err := ParseFileName(named.Name)
		if err != nil {
			return nil, err
		}
		f, err := metadata.ParseFile(named.Bytes, metadata.Adopted)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", named.Name, err)
		}
		if f.Type != fileType(role) || (role != Timestamp && f.Version != version) {
			return nil, fmt.Errorf("%s holds %s version %d", named.Name, f.Type, f.Version)
		}
		if err := place(s, role, f); err != nil {
			return nil, fmt.Errorf("%s: %w", named.Name, err)
		}
	}
	slices.SortFunc(s.Roots, func(a, b *metadata.File) int { return cmp.Compare(a.Version, b.Version) })
	switch {
	case len(s.Roots) == 0:
		return nil, errors.New("the set holds no root")
	case s.Timestamp == nil:
		return nil, errors.New("the set holds no timestamp")
	case s.Snapshot == nil:
		return nil, errors.New("the set holds no snapshot")
	case s.Targets == nil:
		return nil, errors.New("the set holds no targets")
	}
	return s, nil
}

// fileType is the "_type" of a role's metadata: a delegated role's is targets.
func fileType(role string) string {
	switch role {
	case Root, Timestamp, Snapshot:
		return role
	}
	return Targets
}

func place(s *metadata.Set, role string, f *metadata.File) error {
	slot := map[string]**metadata.File{Timestamp: &s.Timestamp, Snapshot: &s.Snapshot, Targets: &s.Targets}[role]
	switch {
	case role == Root:
		s.Roots = append(s.Roots, f)
	case slot != nil && *slot == nil:
		*slot = f
	case slot == nil && s.Delegated[role] == nil:
		s.Delegated[role] = f
	default:
		return fmt.Errorf("a second %s in one set", role)
	}
	return nil
}
