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

// writing is one write of a set.
type writing struct {
	*Publisher
	trust     string
	live, job *state
	survey    *survey
	meter     *meter
	tail      tail
}

// write publishes job. What a reader needs is there before anything points to
// it, and the trust's tag comes last.
func (p *Publisher) write(ctx context.Context, trust string, live, job *state, uploads []client.Target, tail tail) (blobs int, err error) {
	w := &writing{p, trust, live, job, &survey{registry: p.Registry, now: p.Now}, &meter{tell: p.Meter}, tail}
	var images, files []client.Target
	for _, t := range uploads {
		if t.IsManifest() {
			images = append(images, t)
			continue
		}
		files = append(files, t)
		w.meter.expect(1, t.Length)
	}
	if err := w.foreign(ctx, files); err != nil {
		return 0, err
	}
	if blobs, err = w.putBlobs(ctx); err != nil {
		return blobs, err
	}
	if err := w.putFiles(ctx, files); err != nil {
		return blobs, err
	}
	if err := w.putImages(ctx, images); err != nil {
		return blobs, err
	}
	for _, put := range []func(context.Context) error{w.putBins, w.putPointers, w.putRoles, w.putRoots, w.commit} {
		if err := put(ctx); err != nil {
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
func (w *writing) putBlobs(ctx context.Context) (int, error) {
	there := map[metadata.Digest]bool{}
	if w.live != nil {
		there[metadata.Sum(head.EmptyConfig())] = true
		for _, f := range head.Files(w.live.set) {
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
	for _, f := range head.Files(w.job.set) {
		add(f.Bytes)
	}
	for _, raw := range blobs {
		w.meter.expect(1, int64(len(raw)))
	}
	var sent atomic.Int64
	err := each(ctx, blobs, func(ctx context.Context, raw []byte) error {
		content, done := w.meter.item(registry.Bytes(raw))
		isNew, err := w.Registry.PutContent(ctx, content)
		if isNew {
			sent.Add(1)
		}
		if err == nil {
			done()
		}
		return err
	})
	if err == nil {
		w.Progress(fmt.Sprintf("blobs: %d sent, %d were there", sent.Load(), int64(len(there))-sent.Load()))
	}
	return int(sent.Load()), err
}

func (w *writing) putBins(ctx context.Context) error {
	bins := w.job.bins
	if len(bins) == 0 {
		return nil
	}
	w.Progress(fmt.Sprintf("delegated roles: too many for the head, kept alive by %d manifests of their own", len(bins)))
	return each(ctx, bins, func(ctx context.Context, b head.Bins) error { return w.freeze(ctx, b.Tag, b.Bytes) })
}

// putRoots puts each new root under its own tag, and the newest also under the
// alias that moves.
func (w *writing) putRoots(ctx context.Context) error {
	roots := w.job.set.Roots
	if w.live != nil && len(w.live.set.Roots) == len(roots) {
		return nil
	}
	var newest []byte
	for _, r := range roots {
		raw, err := head.EncodeRoot(w.trust, r.Version, r.Bytes)
		if err != nil {
			return err
		}
		newest = raw
		if w.live != nil && slices.Contains(w.live.set.Roots, r) {
			continue
		}
		if err := w.freeze(ctx, rootTag(w.trust, r.Version), raw); err != nil {
			return err
		}
	}
	if err := w.moveAlias(ctx, newest); err != nil {
		return err
	}
	w.Progress(fmt.Sprintf("roots: %d to %d", roots[0].Version, roots[len(roots)-1].Version))
	return nil
}

// moveAlias has the tag of the newest root name raw, unless something else
// stands there: a trust may bear the name of that tag.
func (w *writing) moveAlias(ctx context.Context, raw []byte) error {
	alias := newestRootTag(w.trust)
	if w.absent(ctx, alias) {
		return w.put(ctx, alias, raw)
	}
	there, err := w.Registry.Manifest(ctx, alias, head.MaxSize)
	switch {
	case errors.Is(err, registry.ErrNotFound):
	case err != nil:
		return err
	case there.Digest == metadata.Sum(raw):
		return nil
	case !head.IsRootOf(w.trust, there.Bytes):
		return &MovedError{Tag: alias}
	}
	return w.put(ctx, alias, raw)
}
