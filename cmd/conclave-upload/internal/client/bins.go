package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// bins gets the delegated roles that the head of a large trust does not list.
// It needs no listing: the delegations name them, and the snapshot says what
// they are. files are not verified yet, and what can't be read is left for the
// verification to refuse.
func (r reader) bins(ctx context.Context, files []ceremony.NamedFile) ([]ceremony.NamedFile, error) {
	set, err := head.Set(files)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for parents := append([]*metadata.File{set.Targets}, values(set)...); len(parents) > 0; {
		var missing []head.Layer
		for _, role := range delegatedBy(parents, set.Snapshot) {
			if set.Delegated[role] != nil {
				continue
			}
			set.Delegated[role] = set.Targets // not asked for twice, whoever delegates to it
			l, err := listed(role, set.Snapshot.Snapshot.Meta[role+".json"])
			if err != nil {
				return nil, err
			}
			if total += l.Size; total > head.MaxSet {
				return nil, fmt.Errorf("the snapshot lists more than %d bytes", head.MaxSet)
			}
			missing = append(missing, l)
		}
		more, err := r.files(ctx, missing)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
		parents = nil
		for _, f := range more {
			parsed, err := metadata.ParseFile(f.Bytes, metadata.Adopted)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			parents = append(parents, parsed)
		}
	}
	return files, nil
}

func values(s *metadata.Set) []*metadata.File {
	var files []*metadata.File
	for _, f := range s.Delegated {
		files = append(files, f)
	}
	return files
}

// delegatedBy lists the roles that parents delegate to and the snapshot knows, sorted.
func delegatedBy(parents []*metadata.File, snapshot *metadata.File) []string {
	var roles []string
	for name := range snapshot.Snapshot.Meta {
		role := strings.TrimSuffix(name, ".json")
		if slices.ContainsFunc(parents, func(f *metadata.File) bool { return Delegates(f, role) }) {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return roles
}

// Delegates says whether f, targets metadata, delegates to role.
func Delegates(f *metadata.File, role string) bool {
	if f.Targets == nil || f.Targets.Delegations == nil {
		return false
	}
	d := f.Targets.Delegations
	return d.Succinct != nil && d.Succinct.Bin(role) ||
		slices.ContainsFunc(d.Roles, func(r metadata.DelegatedRole) bool { return r.Name == role })
}

// listed is a file as the snapshot describes it.
func listed(role string, m metadata.FileMeta) (head.Layer, error) {
	name := head.FileName(role, m.Version)
	sum, err := metadata.ParseDigest(m.Hashes["sha256"])
	if err != nil {
		return head.Layer{}, fmt.Errorf("the snapshot gives no sha256 of %s: %w", name, err)
	}
	if m.Length < 1 || m.Length > head.MaxFile {
		return head.Layer{}, fmt.Errorf("the snapshot gives %s a length of %d bytes: 1 to %d are allowed", name, m.Length, head.MaxFile)
	}
	return head.Layer{Name: name, Digest: sum, Size: m.Length}, nil
}
