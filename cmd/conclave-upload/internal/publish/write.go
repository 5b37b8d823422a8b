package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"golang.org/x/sync/errgroup"
)

// write publishes job. What a reader needs is there before anything points to
// it, and the trust's tag comes last.
func (p *Publisher) write(ctx context.Context, trust string, live, job *state, uploads []client.Target) (blobs int, err error) {
	if blobs, err = p.putBlobs(ctx, live, job); err != nil {
		return blobs, err
	}
	for _, put := range []func() error{
		func() error { return p.putFiles(ctx, uploads) },
		func() error { return p.putBins(ctx, trust, job.bins) },
		func() error { return p.putPointers(ctx, trust, live, job) },
		func() error { return p.putRoles(ctx, trust, live, job) },
		func() error { return p.putRoots(ctx, trust, live, job.set.Roots) },
		func() error { return p.commit(ctx, trust, live, job) },
	} {
		if err := put(); err != nil {
			return blobs, err
		}
	}
	return blobs, nil
}

// each does something for every item, several at a time.
func each[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(registry.Parallel)
	for _, item := range items {
		group.Go(func() error { return do(ctx, item) })
	}
	return group.Wait()
}

// putBlobs puts the files of job, but for those that the live set has: they
// are there, or its head would not be.
func (p *Publisher) putBlobs(ctx context.Context, live, job *state) (int, error) {
	there := map[metadata.Digest]bool{}
	if live != nil {
		there[metadata.Sum(head.EmptyConfig())] = true
		for _, f := range head.Files(live.set) {
			there[metadata.Sum(f.Bytes)] = true
		}
	}
	var blobs [][]byte
	add := func(raw []byte) {
		if sum := metadata.Sum(raw); !there[sum] {
			there[sum] = true
			blobs = append(blobs, raw)
		}
	}
	add(head.EmptyConfig())
	for _, f := range head.Files(job.set) {
		add(f.Bytes)
	}
	var sent atomic.Int64
	err := each(ctx, blobs, func(ctx context.Context, raw []byte) error {
		isNew, err := p.Registry.PutBlob(ctx, raw)
		if isNew {
			sent.Add(1)
		}
		return err
	})
	if err == nil {
		p.Progress(fmt.Sprintf("blobs: %d sent, %d were there", sent.Load(), int64(len(there))-sent.Load()))
	}
	return int(sent.Load()), err
}

func (p *Publisher) putBins(ctx context.Context, trust string, bins []head.Bins) error {
	if len(bins) == 0 {
		return nil
	}
	p.Progress(fmt.Sprintf("delegated roles: too many for the head, kept alive by %d manifests of their own", len(bins)))
	return each(ctx, bins, func(ctx context.Context, b head.Bins) error { return p.freeze(ctx, b.Tag, b.Bytes) })
}

// putRoots puts each new root under its own tag, and the newest also under the
// alias that moves.
func (p *Publisher) putRoots(ctx context.Context, trust string, live *state, roots []*metadata.File) error {
	if live != nil && len(live.set.Roots) == len(roots) {
		return nil
	}
	var newest []byte
	for _, r := range roots {
		raw, err := head.EncodeRoot(trust, r.Version, r.Bytes)
		if err != nil {
			return err
		}
		newest = raw
		if live != nil && slices.Contains(live.set.Roots, r) {
			continue
		}
		if err := p.freeze(ctx, rootTag(trust, r.Version), raw); err != nil {
			return err
		}
	}
	if err := p.moveAlias(ctx, trust, newest); err != nil {
		return err
	}
	p.Progress(fmt.Sprintf("roots: %d to %d", roots[0].Version, roots[len(roots)-1].Version))
	return nil
}

// moveAlias has the tag of the newest root name raw, unless something else
// stands there: a trust may bear the name of that tag.
func (p *Publisher) moveAlias(ctx context.Context, trust string, raw []byte) error {
	alias := newestRootTag(trust)
	there, err := p.Registry.Manifest(ctx, alias, head.MaxSize)
	switch {
	case errors.Is(err, registry.ErrNotFound):
	case err != nil:
		return err
	case there.Digest == metadata.Sum(raw):
		return nil
	case !head.IsRootOf(trust, there.Bytes):
		return &MovedError{Tag: alias}
	}
	return p.put(ctx, alias, raw)
}

// put puts a manifest under a tag.
func (p *Publisher) put(ctx context.Context, tag string, raw []byte) error {
	_, err := p.Registry.Put(ctx, registry.Put{Reference: tag, MediaType: head.ManifestType}, raw)
	return err
}

// freeze puts a manifest under a tag that never moves.
func (p *Publisher) freeze(ctx context.Context, tag string, raw []byte) error {
	err := p.move(ctx, tag, metadata.Digest{}, raw)
	if errors.Is(err, registry.ErrChanged) {
		return &MovedError{Tag: tag}
	}
	return err
}

// names is the digest that a tag names; zero where there is no such tag.
func (p *Publisher) names(ctx context.Context, tag string) (metadata.Digest, error) {
	d, err := p.Registry.Stat(ctx, tag)
	if errors.Is(err, registry.ErrNotFound) {
		return metadata.Digest{}, nil
	}
	return d.Digest, err
}
