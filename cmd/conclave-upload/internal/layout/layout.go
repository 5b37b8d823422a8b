package layout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/durable"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxIndex is the longest index.json, in bytes, that is read.
const maxIndex = 16 << 20

// Layout is an OCI image layout. It is safe for concurrent use in one process.
type Layout struct {
	dir  string
	root *os.Root

	mu    sync.Mutex
	index ocispec.Index
}

// Open opens the layout in dir. Where there is none, it makes one if create
// says so, and is fs.ErrNotExist otherwise.
func Open(dir string, create bool) (*Layout, error) {
	if create {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	l := &Layout{dir: dir, root: root}
	if err := l.load(create); err != nil {
		return nil, errors.Join(fmt.Errorf("the image layout %s: %w", dir, err), root.Close())
	}
	return l, nil
}

// Close releases the directory.
func (l *Layout) Close() error { return l.root.Close() }

func (l *Layout) load(create bool) error {
	raw, err := l.file(ocispec.ImageIndexFile, maxIndex)
	if errors.Is(err, fs.ErrNotExist) && create {
		l.index = ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{}}
		return durable.Replace(l.root, ocispec.ImageLayoutFile, []byte(`{"imageLayoutVersion":"`+ocispec.ImageLayoutVersion+`"}`))
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &l.index); err != nil {
		return fmt.Errorf("%s: %w", ocispec.ImageIndexFile, err)
	}
	return nil
}

func (l *Layout) file(name string, limit int64) ([]byte, error) {
	f, err := l.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return raw, err
}

func blobName(sum metadata.Digest) string {
	return path.Join(ocispec.ImageBlobsDir, "sha256", sum.String())
}

// fail is the error of a repository, whatever the repository is.
func (l *Layout) fail(op string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		err = registry.ErrNotFound
	}
	return &registry.Error{Op: op, In: "oci:" + l.dir, Err: err}
}

// Only is the digest of the manifest in a layout that lists one alone; "" in
// others.
func (l *Layout) Only() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.index.Manifests) != 1 {
		return ""
	}
	return string(l.index.Manifests[0].Digest)
}

// find is the entry of a tag, or of a digest.
func (l *Layout) find(reference string) (ocispec.Descriptor, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range l.index.Manifests {
		if named(d, reference) || string(d.Digest) == reference {
			return d, nil
		}
	}
	return ocispec.Descriptor{}, registry.ErrNotFound
}

// named says whether a descriptor bears the tag. Some tools write a whole
// reference where the tag should be.
func named(d ocispec.Descriptor, tag string) bool {
	name := d.Annotations[ocispec.AnnotationRefName]
	return tag != "" && (name == tag || strings.HasSuffix(name, ":"+tag))
}

// Manifest gets the manifest that reference, a tag or a digest, names, of at
// most limit bytes.
func (l *Layout) Manifest(_ context.Context, reference string, limit int64) (registry.Manifest, error) {
	op := "get the manifest " + reference
	d, err := l.find(reference)
	sum, byDigest := metadata.Digest{}, strings.Contains(reference, ":")
	switch {
	case err == nil:
		sum, err = metadata.ParseDigest(string(d.Digest))
	case byDigest: // a manifest that another one names is in no index
		sum, err = metadata.ParseDigest(reference)
	}
	if err != nil {
		return registry.Manifest{}, l.fail(op, err)
	}
	raw, err := l.file(blobName(sum), limit)
	if err != nil {
		return registry.Manifest{}, l.fail(op, err)
	}
	if got := metadata.Sum(raw); got != sum {
		return registry.Manifest{}, &registry.DigestError{What: "manifest " + reference, Want: sum, Got: got}
	}
	return registry.Manifest{MediaType: d.MediaType, Digest: sum, Bytes: raw}, nil
}

// Stat asks what a tag or a digest names.
func (l *Layout) Stat(ctx context.Context, reference string) (registry.Descriptor, error) {
	m, err := l.Manifest(ctx, reference, maxIndex)
	return registry.Descriptor{MediaType: m.MediaType, Digest: m.Digest, Size: int64(len(m.Bytes))}, err
}

// StatBlob asks whether the layout holds a blob.
func (l *Layout) StatBlob(_ context.Context, sum metadata.Digest) (registry.Descriptor, error) {
	info, err := l.root.Stat(blobName(sum))
	if err != nil {
		return registry.Descriptor{}, l.fail("look for the blob "+sum.OCI(), err)
	}
	return registry.Descriptor{Digest: sum, Size: info.Size()}, nil
}

// Blob gets the blob with that digest and exactly size bytes.
func (l *Layout) Blob(ctx context.Context, sum metadata.Digest, size int64) ([]byte, error) {
	r, err := l.OpenBlob(ctx, sum, size)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// OpenBlob is Blob, to be read as it comes.
func (l *Layout) OpenBlob(_ context.Context, sum metadata.Digest, size int64) (io.ReadCloser, error) {
	f, err := l.root.Open(blobName(sum))
	if err != nil {
		return nil, l.fail("get the blob "+sum.OCI(), err)
	}
	return registry.Checked(f, sum, size), nil
}

// Tags lists the tags that begin with prefix.
func (l *Layout) Tags(_ context.Context, prefix string) (tags []string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range l.index.Manifests {
		if name := d.Annotations[ocispec.AnnotationRefName]; name != "" && strings.HasPrefix(name, prefix) {
			tags = append(tags, name)
		}
	}
	return tags, nil
}

// PutContent stores a blob, and says whether it was not there.
func (l *Layout) PutContent(ctx context.Context, c registry.Content) (sent bool, err error) {
	if _, err := l.StatBlob(ctx, c.Digest); err == nil {
		return false, nil
	}
	r, err := c.Open()
	if err != nil {
		return false, err
	}
	defer r.Close()
	if err := durable.ReplaceFrom(l.root, blobName(c.Digest), registry.Checked(r, c.Digest, c.Size)); err != nil {
		return false, l.fail("put the blob "+c.Digest.OCI(), err)
	}
	return true, nil
}

// Put stores a manifest under its tag or digest. Whoever else writes to the
// directory meanwhile is not seen: p's condition is held against what this
// process knows.
func (l *Layout) Put(_ context.Context, p registry.Put, raw []byte) (listed bool, err error) {
	op, sum := "put the manifest "+p.Reference, metadata.Sum(raw)
	if err := durable.ReplaceFrom(l.root, blobName(sum), bytes.NewReader(raw)); err != nil {
		return false, l.fail(op, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	d := ocispec.Descriptor{MediaType: p.MediaType, Digest: digest.Digest(sum.OCI()), Size: int64(len(raw))}
	next := l.index
	next.Manifests = slices.Clone(l.index.Manifests)
	if strings.Contains(p.Reference, ":") {
		if slices.ContainsFunc(next.Manifests, func(o ocispec.Descriptor) bool { return o.Digest == d.Digest }) {
			return false, nil
		}
	} else {
		d.Annotations = map[string]string{ocispec.AnnotationRefName: p.Reference}
		was := slices.IndexFunc(next.Manifests, func(o ocispec.Descriptor) bool { return o.Annotations[ocispec.AnnotationRefName] == p.Reference })
		if p.Was != nil && (was < 0) != p.Was.IsZero() || p.Was != nil && was >= 0 && string(next.Manifests[was].Digest) != p.Was.OCI() {
			return false, l.fail(op, registry.ErrChanged)
		}
		if was >= 0 {
			next.Manifests = slices.Delete(next.Manifests, was, was+1)
		}
	}
	next.Manifests = append(next.Manifests, d)
	text, err := json.Marshal(next)
	if err == nil {
		err = durable.Replace(l.root, ocispec.ImageIndexFile, text)
	}
	if err != nil {
		return false, l.fail(op, err)
	}
	l.index = next
	return false, nil
}
