package publish

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"golang.org/x/sync/errgroup"
)

// parallel is how many requests are under way at once.
const parallel = 8

// write publishes job. What a reader needs is there before anything points to
// it, and the trust's tag comes last.
func (p *Publisher) write(ctx context.Context, trust string, live, job *state) (blobs int, err error) {
	if blobs, err = p.putBlobs(ctx, job); err != nil {
		return blobs, err
	}
	if err := p.putRoots(ctx, trust, job.set.Roots); err != nil {
		return blobs, err
	}
	digest := job.head.Digest.OCI()
	if err := p.Registry.PutManifest(ctx, digest, head.ManifestType, job.head.Bytes); err != nil {
		return blobs, err
	}
	if _, err := p.Registry.Manifest(ctx, digest, head.MaxSize); err != nil {
		return blobs, fmt.Errorf("read the head back: %w", err)
	}
	p.Progress("head: " + digest + ", read back")
	return blobs, p.commit(ctx, trust, live, job)
}

func (p *Publisher) putBlobs(ctx context.Context, job *state) (int, error) {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	var sent atomic.Int64
	put := func(raw []byte) {
		group.Go(func() error {
			isNew, err := p.Registry.PutBlob(inner, raw)
			if isNew {
				sent.Add(1)
			}
			return err
		})
	}
	files := head.Files(job.set)
	put(head.EmptyConfig())
	for _, f := range files {
		put(f.Bytes)
	}
	err := group.Wait()
	if err == nil {
		p.Progress(fmt.Sprintf("blobs: %d sent, %d were there", sent.Load(), int64(len(files)+1)-sent.Load()))
	}
	return int(sent.Load()), err
}

// putRoots puts each root under its own tag, and the newest also under the
// alias that moves.
func (p *Publisher) putRoots(ctx context.Context, trust string, roots []*metadata.File) error {
	var newest []byte
	for _, r := range roots {
		raw, err := head.EncodeRoot(trust, r.Version, r.Bytes)
		if err != nil {
			return err
		}
		if err := p.freeze(ctx, rootTag(trust, r.Version), raw); err != nil {
			return err
		}
		newest = raw
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
	return p.Registry.PutManifest(ctx, alias, head.ManifestType, raw)
}

// commit makes job live. A registry has no compare-and-swap on tags, so of two
// uploaders that meet each may write over the other. Both write the log tag of
// the same number first, and the one that wrote it last has the update that
// counts: whoever has moved the trust's tag reads the log again and moves the
// tag to its end, wherever that is.
func (p *Publisher) commit(ctx context.Context, trust string, live, job *state) error {
	log := timestampTag(trust, job.version())
	if err := p.freeze(ctx, log, job.head.Bytes); err != nil {
		return err
	}
	if err := p.expect(ctx, log, job.digest(), false); err != nil {
		return err
	}
	p.Progress("tag: " + log)
	if err := p.expect(ctx, trust, live.digest(), false); err != nil {
		return err
	}
	if err := p.Registry.PutManifest(ctx, trust, head.ManifestType, job.head.Bytes); err != nil {
		return err
	}
	if err := p.settle(ctx, trust, live, job); err != nil {
		return err
	}
	if err := p.expect(ctx, log, job.digest(), true); err != nil {
		return err
	}
	p.Progress("tag: " + trust + ", read back: live")
	return nil
}

// settle has the trust's tag name the end of the log that follows live, of
// which job is a part. The tag is read before the log, so that what others add
// is never taken for what they left behind.
func (p *Publisher) settle(ctx context.Context, trust string, live, job *state) error {
	for {
		named, err := p.names(ctx, trust)
		if err != nil {
			return err
		}
		end, _, err := p.tail(ctx, trust, live)
		switch {
		case err != nil:
			return err
		case end.version() < job.version():
			return &MovedError{timestampTag(trust, job.version()), true}
		case named == end.digest():
			return nil
		}
		p.Progress(fmt.Sprintf("timestamp %d of someone else is the newest: the tag %s is moved to it", end.version(), trust))
		if err := p.Registry.PutManifest(ctx, trust, head.ManifestType, end.head.Bytes); err != nil {
			return err
		}
	}
}

// freeze puts a manifest under a tag that never moves.
func (p *Publisher) freeze(ctx context.Context, tag string, raw []byte) error {
	switch named, err := p.names(ctx, tag); {
	case err != nil:
		return err
	case named == metadata.Sum(raw):
		return nil
	case !named.IsZero():
		return &MovedError{Tag: tag}
	}
	return p.Registry.PutManifest(ctx, tag, head.ManifestType, raw)
}

// expect returns *MovedError unless tag names want; zero: nothing.
func (p *Publisher) expect(ctx context.Context, tag string, want metadata.Digest, committed bool) error {
	named, err := p.names(ctx, tag)
	if err == nil && named != want {
		err = &MovedError{tag, committed}
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
