package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"golang.org/x/sync/errgroup"
)

// carried gets the manifests that carry what the head does not list. One that
// is missing or no such manifest is no error: its files are asked for one by
// one then.
func (r *reader) carried(ctx context.Context) error {
	r.mu.Lock()
	r.held = map[metadata.Digest][]byte{}
	r.mu.Unlock()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(registry.Parallel)
	for _, sum := range r.manifests {
		group.Go(func() error {
			m, err := r.store.Manifest(ctx, sum.OCI(), head.MaxSize)
			if errors.Is(err, registry.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			layers, err := head.ParseBins(m.Bytes)
			if err != nil {
				return nil
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, l := range layers {
				if l.Data != nil {
					r.held[l.Digest] = l.Data
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// bins gets the delegated roles that the head of a large trust does not list.
// It needs no listing: the delegations name them, and the snapshot says what
// they are. files are not verified yet, and what can't be read is left for the
// verification to refuse.
func (r *reader) bins(ctx context.Context, files []trust.NamedFile) ([]trust.NamedFile, error) {
	set, err := head.Set(files)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for parents := append([]*metadata.File{set.Targets}, values(set)...); len(parents) > 0; {
		var wanted []head.Layer
		unknown := 0
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
			wanted = append(wanted, l)
			if r.at(l.Digest) == nil {
				unknown++
			}
		}
		if r.held == nil && unknown > len(wanted)/2 {
			if err := r.carried(ctx); err != nil {
				return nil, err
			}
		}
		more, err := r.files(ctx, wanted)
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
	named := map[string]bool{}
	var succinct []*metadata.SuccinctRoles
	for _, f := range parents {
		if f.Targets == nil || f.Targets.Delegations == nil {
			continue
		}
		for _, r := range f.Targets.Delegations.Roles {
			named[r.Name] = true
		}
		if s := f.Targets.Delegations.Succinct; s != nil {
			succinct = append(succinct, s)
		}
	}
	for name := range snapshot.Snapshot.Meta {
		role := strings.TrimSuffix(name, ".json")
		if named[role] || slices.ContainsFunc(succinct, func(s *metadata.SuccinctRoles) bool { return s.Bin(role) }) {
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
