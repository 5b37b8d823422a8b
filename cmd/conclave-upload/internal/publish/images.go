package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Images is a repository from which images are copied.
type Images interface {
	Manifest(ctx context.Context, reference string, limit int64) (registry.Manifest, error)
	OpenBlob(ctx context.Context, sum metadata.Digest, size int64) (io.ReadCloser, error)
}

// Origin is where targets are copied from which the repository lacks. Both may
// be nil.
type Origin struct {
	// Open opens a file; what it reads is what the target says, or an error.
	// Where the origin lacks it, it is fs.ErrNotExist.
	Open   func(ctx context.Context, t client.Target) (io.ReadCloser, error)
	Images Images
}

// has says whether a target can be copied.
func (o Origin) has(ctx context.Context, t client.Target) bool {
	if t.IsManifest() {
		if o.Images == nil {
			return false
		}
		_, err := o.Images.Manifest(ctx, "sha256:"+t.SHA256, min(t.Length, head.MaxSize))
		return err == nil
	}
	if o.Open == nil {
		return false
	}
	f, err := o.Open(ctx, t)
	if err == nil {
		f.Close()
	}
	return err == nil
}

// maxNesting is how deep indexes may be nested in an image.
const maxNesting = 4

// putImages copies images with all that they consist of, what others refer to
// first.
func (w *writing) putImages(ctx context.Context, images []client.Target) error {
	for _, t := range images {
		if err := w.putImage(ctx, t.SHA256, t.Length, maxNesting); err != nil {
			return err
		}
		w.Progress(fmt.Sprintf("image %s: copied", t.Path))
	}
	return nil
}

func (w *writing) putImage(ctx context.Context, sha256 string, size int64, nesting int) error {
	sum, err := metadata.ParseDigest(sha256)
	if err != nil {
		return err
	}
	m, err := w.From.Images.Manifest(ctx, sum.OCI(), min(size, head.MaxSize))
	if err != nil {
		return err
	}
	var image struct {
		MediaType string               `json:"mediaType"`
		Config    *ocispec.Descriptor  `json:"config"`
		Layers    []ocispec.Descriptor `json:"layers"`
		Manifests []ocispec.Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(m.Bytes, &image); err != nil {
		return fmt.Errorf("the image %s: %w", sum.OCI(), err)
	}
	if nesting == 0 {
		return fmt.Errorf("the image %s: indexes are nested too deep", sum.OCI())
	}
	for _, child := range image.Manifests {
		if err := w.putImage(ctx, string(child.Digest), child.Size, nesting-1); err != nil {
			return err
		}
	}
	blobs := image.Layers
	if image.Config != nil {
		blobs = append(blobs, *image.Config)
	}
	err = each(ctx, blobs, func(ctx context.Context, d ocispec.Descriptor) error {
		sum, err := metadata.ParseDigest(string(d.Digest))
		if err != nil {
			return err
		}
		content := registry.Content{Digest: sum, Size: d.Size, Open: func() (io.ReadCloser, error) { return w.From.Images.OpenBlob(ctx, sum, d.Size) }}
		w.meter.expect(1, d.Size)
		content, done := w.meter.item(content)
		if _, err := w.Registry.PutContent(ctx, content); err != nil {
			return err
		}
		done()
		return nil
	})
	if err != nil {
		return err
	}
	mediaType := m.MediaType
	if image.MediaType != "" {
		mediaType = image.MediaType
	}
	_, err = w.Registry.Put(ctx, registry.Put{Reference: sum.OCI(), MediaType: mediaType}, m.Bytes)
	return err
}
