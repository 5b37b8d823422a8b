package seen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/durable"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

const (
	headFile = "head.json"
	rootFile = "root.json"
	blobDir  = "blobs"
)

// Dir is a directory that holds, for each trust, the set that was live when
// this machine looked last.
type Dir struct{ root *os.Root }

// Open opens the directory, and makes it where it is missing.
func Open(dir string) (*Dir, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{root}, nil
}

// Close releases the directory.
func (d *Dir) Close() error { return d.root.Close() }

// Last is the set of a trust that was seen last; nil where none was.
func (d *Dir) Last(ctx context.Context, trust string) (*client.Published, error) {
	raw, err := d.root.ReadFile(path.Join(trust, headFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m := registry.Manifest{MediaType: head.ManifestType, Digest: metadata.Sum(raw), Bytes: raw}
	last, err := client.ReadHead(ctx, nothing{}, trust, m, d.Known(trust))
	if err != nil {
		return nil, fmt.Errorf("what this machine remembers of %s can't be read: %w", trust, err)
	}
	return last, nil
}

// Root is the root of a trust that verified last, although the rest of its set may
// have been refused (TUF 1.0, 5.3.8); nil where none was kept.
func (d *Dir) Root(trust string) ([]byte, error) {
	raw, err := d.root.ReadFile(path.Join(trust, rootFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return raw, err
}

// KeepRoot keeps a root that verified. It returns once that is durable.
func (d *Dir) KeepRoot(trust string, root []byte) error {
	return durable.Replace(d.root, path.Join(trust, rootFile), root)
}

// Known gives the files that are at hand for a trust.
func (d *Dir) Known(trust string) client.Known {
	return func(sum metadata.Digest) []byte {
		raw, err := d.root.ReadFile(path.Join(trust, blobDir, sum.String()))
		if err != nil {
			return nil
		}
		return raw
	}
}

// Remember keeps a set that was verified, and drops what it does not need of
// the one before. It returns once that is durable.
func (d *Dir) Remember(trust string, m registry.Manifest, files []trust.NamedFile) error {
	needed := map[string]bool{}
	for _, f := range files {
		sum := metadata.Sum(f.Bytes).String()
		needed[sum] = true
		name := path.Join(trust, blobDir, sum)
		if _, err := d.root.Stat(name); err == nil {
			continue
		}
		if err := durable.Replace(d.root, name, f.Bytes); err != nil {
			return err
		}
	}
	if err := durable.Replace(d.root, path.Join(trust, headFile), m.Bytes); err != nil {
		return err
	}
	old, err := fs.ReadDir(d.root.FS(), path.Join(trust, blobDir))
	if err != nil {
		return err
	}
	for _, e := range old {
		if !needed[e.Name()] {
			err = errors.Join(err, d.root.Remove(path.Join(trust, blobDir, e.Name())))
		}
	}
	return err
}

// nothing is a repository that holds nothing.
type nothing struct{}

func (nothing) Manifest(context.Context, string, int64) (registry.Manifest, error) {
	return registry.Manifest{}, registry.ErrNotFound
}

func (nothing) Blob(context.Context, metadata.Digest, int64) ([]byte, error) {
	return nil, registry.ErrNotFound
}
