package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"golang.org/x/sync/errgroup"
)

// Store is what reading needs of a repository. Its errors wrap
// registry.ErrNotFound where the repository lacks what was asked for.
type Store interface {
	Manifest(ctx context.Context, reference string, limit int64) (registry.Manifest, error)
	Blob(ctx context.Context, sum metadata.Digest, size int64) ([]byte, error)
}

// Published is a set as a registry gave it. Its digests hold; nothing else of
// it has been verified.
type Published struct {
	Trust string
	Head  registry.Manifest
	Files []ceremony.NamedFile
}

// IncompleteError: the head names a file that the repository does not hold. It
// is no registry.ErrNotFound: there is a set, and it is broken.
type IncompleteError struct {
	Name   string
	Digest metadata.Digest
}

func (e *IncompleteError) Error() string {
	return fmt.Sprintf("the set is not whole: the repository lacks %s (%s)", e.Name, e.Digest.OCI())
}

// OldestRoot is the root with which the set begins.
func (p *Published) OldestRoot() ([]byte, error) {
	set, err := head.Set(p.Files)
	if err != nil {
		return nil, err
	}
	return set.Roots[0].Bytes, nil
}

// parallel is how many requests are under way at once.
const parallel = 8

// Read gets the set that reference, a tag or a digest, names: one request for
// the head, and then one, side by side, for each file that is not inline. It
// returns an error that wraps registry.ErrNotFound only where there is no such
// head.
func Read(ctx context.Context, store Store, reference string) (*Published, error) {
	m, err := store.Manifest(ctx, reference, head.MaxSize)
	if err != nil {
		return nil, err
	}
	h, err := head.Parse(m.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reference, err)
	}
	files := make([]ceremony.NamedFile, len(h.Layers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, l := range h.Layers {
		files[i] = ceremony.NamedFile{Name: l.Name, Bytes: l.Data}
		if l.Data != nil {
			continue
		}
		group.Go(func() (err error) {
			files[i].Bytes, err = store.Blob(ctx, l.Digest, l.Size)
			if errors.Is(err, registry.ErrNotFound) {
				return &IncompleteError{l.Name, l.Digest}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return &Published{Trust: h.Trust, Head: m, Files: files}, nil
}
