package client

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
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

// StatStore is a Store that tells what a tag names without sending it.
type StatStore interface {
	Store
	Stat(ctx context.Context, reference string) (registry.Descriptor, error)
}

// Published is a set as a registry gave it. Its digests hold; nothing else of
// it has been verified.
type Published struct {
	Trust string
	Head  registry.Manifest
	Bins  []metadata.Digest // of the manifests that keep alive what the head does not list
	Files []trust.NamedFile
}

// IncompleteError: the head names a file that the repository does not hold. It
// is no registry.ErrNotFound: there is a set, and it is broken.
type IncompleteError struct {
	Name   string
	Digest metadata.Digest // zero where nothing gives it
}

func (e *IncompleteError) Error() string {
	if e.Digest.IsZero() {
		return "the set is not whole: its repository lacks " + e.Name
	}
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

// Known gives a file that is at hand already, by its digest; nil where it is not.
type Known func(sum metadata.Digest) []byte

// Read gets the set that reference, a tag or a digest, names: one request for
// the head, and then one, side by side, for each file that is neither inline
// nor known. Without known, which is nil then, that is two round trips, however
// large the set is: what the head does not list comes in a few manifests. It returns an error that wraps
// registry.ErrNotFound only where there is no such head.
func Read(ctx context.Context, store Store, reference string, known Known) (*Published, error) {
	m, err := store.Manifest(ctx, reference, head.MaxSize)
	if err != nil {
		return nil, err
	}
	return ReadHead(ctx, store, reference, m, known)
}

// ReadSince is Read for a client that has last, or nil: it asks first whether
// anything is new, and returns last where nothing is.
func ReadSince(ctx context.Context, store StatStore, reference string, last *Published, known Known) (*Published, error) {
	if last == nil {
		return Read(ctx, store, reference, known)
	}
	switch now, err := store.Stat(ctx, reference); {
	case err != nil:
		return nil, err
	case now.Digest == last.Head.Digest:
		return last, nil
	}
	return Read(ctx, store, reference, known)
}

// GoesOn says whether a client that has last may go on to next.
func GoesOn(last, next *Published) error {
	was, err := head.Set(last.Files)
	if err != nil {
		return err
	}
	now, err := head.Set(next.Files)
	if err != nil {
		return err
	}
	return metadata.VerifyUpdate(was, now)
}

// ReadHead is Read for a head that was read before.
func ReadHead(ctx context.Context, store Store, reference string, m registry.Manifest, known Known) (*Published, error) {
	h, err := head.Parse(m.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reference, err)
	}
	cold := known == nil
	if cold {
		known = func(metadata.Digest) []byte { return nil }
	}
	r := &reader{store: store, known: known, manifests: h.Bins}
	var files []trust.NamedFile
	group, side := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		files, err = r.files(side, h.Layers)
		return err
	})
	if cold {
		group.Go(func() error { return r.carried(side) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if len(h.Bins) > 0 {
		if files, err = r.bins(ctx, files); err != nil {
			return nil, err
		}
	}
	return &Published{Trust: h.Trust, Head: m, Bins: h.Bins, Files: files}, nil
}

type reader struct {
	store     Store
	known     Known
	manifests []metadata.Digest // of bins

	mu   sync.Mutex
	held map[metadata.Digest][]byte // what those carry; nil: they were not read
}

// at gives a file that need not be asked for.
func (r *reader) at(sum metadata.Digest) []byte {
	if at := r.known(sum); at != nil && metadata.Sum(at) == sum {
		return at
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[sum]
}

// files gets the content of layers, side by side.
func (r *reader) files(ctx context.Context, layers []head.Layer) ([]trust.NamedFile, error) {
	files := make([]trust.NamedFile, len(layers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(registry.Parallel)
	for i, l := range layers {
		files[i] = trust.NamedFile{Name: l.Name, Bytes: l.Data}
		if l.Data != nil {
			continue
		}
		if at := r.at(l.Digest); at != nil {
			files[i].Bytes = at
			continue
		}
		group.Go(func() (err error) {
			files[i].Bytes, err = r.store.Blob(ctx, l.Digest, l.Size)
			if errors.Is(err, registry.ErrNotFound) {
				return &IncompleteError{l.Name, l.Digest}
			}
			return err
		})
	}
	return files, group.Wait()
}
