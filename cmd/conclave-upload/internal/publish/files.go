package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// files is the repository that holds the file targets.
func (p *Publisher) files() Registry {
	if p.FilesIn != nil {
		return p.FilesIn
	}
	return p.Registry
}

// putFiles uploads file targets, each as a blob, and a manifest that keeps the
// blob alive. In a repository of their own they are where docker/attest's
// client finds them.
func (w *writing) putFiles(ctx context.Context, uploads []client.Target) error {
	if len(uploads) == 0 {
		return nil
	}
	if w.FilesIn != nil {
		if _, err := w.FilesIn.PutContent(ctx, registry.Bytes(head.EmptyConfig())); err != nil {
			return err
		}
	}
	var mu sync.Mutex
	below := map[string][]ocispec.Descriptor{} // by directory
	err := each(ctx, uploads, func(ctx context.Context, t client.Target) error {
		listing, err := w.putFile(ctx, t)
		if dir, _, ok := strings.Cut(t.Path, "/"); ok && err == nil {
			mu.Lock()
			defer mu.Unlock()
			below[dir] = append(below[dir], listing)
		}
		return err
	})
	if err == nil && w.FilesIn != nil {
		err = w.putIndexes(ctx, below)
	}
	if err == nil {
		w.Progress(fmt.Sprintf("targets: %d files are in the repository now", len(uploads)))
	}
	return err
}

// putFile uploads one file and returns its entry in the index of its directory.
func (w *writing) putFile(ctx context.Context, t client.Target) (listing ocispec.Descriptor, err error) {
	sum, err := t.Digest()
	if err != nil {
		return listing, err
	}
	content := registry.Content{Digest: sum, Size: t.Length, Open: func() (io.ReadCloser, error) { return w.open(ctx, t) }}
	content, done := w.meter.item(content)
	if _, err := w.files().PutContent(ctx, content); err != nil {
		if _, changed := w.atHand(t); changed != nil {
			return listing, &TargetError{t.Path, true, errors.New("the file was changed while it was published")}
		}
		return listing, err
	}
	done()
	tag, raw, listing, err := head.EncodeTarget(t.Path, sum, t.Length)
	if err != nil {
		return listing, err
	}
	_, err = w.files().Put(ctx, registry.Put{Reference: tag, MediaType: head.ManifestType}, raw)
	return listing, err
}

// open opens a file that was found to be at hand, or at the origin.
func (p *Publisher) open(ctx context.Context, t client.Target) (io.ReadCloser, error) {
	if p.Files != nil {
		f, err := p.Files.Open(t.Path)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	if p.From.Open == nil {
		return nil, fs.ErrNotExist
	}
	return p.From.Open(ctx, t)
}

// putIndexes lists the files below each directory under the tag of its name,
// which is that of the role where a role vouches for one directory. What the
// live set vouches for stays listed for those who have not seen the new one.
func (w *writing) putIndexes(ctx context.Context, below map[string][]ocispec.Descriptor) error {
	vouched := map[string]bool{}
	for _, s := range []*metadata.Set{w.live.metadata(), w.job.set} {
		if s == nil {
			continue
		}
		for _, t := range client.Targets(s) {
			vouched[head.HashedName(t.Path, t.SHA256)] = true
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(below)) {
		if !isTag(dir) {
			continue
		}
		there, err := w.FilesIn.Manifest(ctx, dir, head.MaxSize)
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			return err
		}
		raw, ours, err := head.EncodeTargets(there.Bytes, below[dir], func(name string) bool { return vouched[name] })
		switch {
		case err != nil:
			return err
		case !ours:
			w.Progress(fmt.Sprintf("directory %s: the tag of its name holds something else, and was left alone", dir))
			continue
		case metadata.Sum(raw) == there.Digest:
			continue
		}
		if _, err := w.FilesIn.Put(ctx, registry.Put{Reference: dir, MediaType: ocispec.MediaTypeImageIndex}, raw); err != nil {
			return err
		}
	}
	return nil
}
