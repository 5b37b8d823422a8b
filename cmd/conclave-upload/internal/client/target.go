package client

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Target is a file or an image that a role vouches for.
type Target struct {
	Path      string `json:"path"`
	Role      string `json:"role,omitempty"`
	Length    int64  `json:"length"`           // bytes; of an image: of its manifest
	SHA256    string `json:"sha256,omitempty"` // hex; of an image: its digest. "" where its metadata has none
	SHA512    string `json:"sha512,omitempty"` // the same
	MediaType string `json:"media_type,omitempty"`
}

// targetOf reads a target's entry. The media type is the one that its custom
// object names, if any.
func targetOf(path, role string, t metadata.Target) Target {
	return Target{Path: path, Role: role, Length: t.Length, SHA256: t.Hashes["sha256"], SHA512: t.Hashes["sha512"], MediaType: mediaType(t.Custom)}
}

func mediaType(custom []byte) string {
	var c struct {
		MediaType string `json:"mediaType"`
	}
	if json.Unmarshal(custom, &c) != nil {
		return "" // custom is its author's: it need not be ours
	}
	return c.MediaType
}

// IsManifest says whether the target is an image: a manifest or an index, which
// a registry keeps apart from blobs.
func (t Target) IsManifest() bool {
	return strings.HasPrefix(t.MediaType, "application/vnd.oci.image.manifest.") ||
		strings.HasPrefix(t.MediaType, "application/vnd.oci.image.index.") ||
		strings.HasPrefix(t.MediaType, "application/vnd.docker.distribution.manifest.")
}

// Digest is the target's SHA-256.
func (t Target) Digest() (metadata.Digest, error) {
	d, err := metadata.ParseDigest(t.SHA256)
	if err != nil {
		return d, fmt.Errorf("target %q: it has no sha256: %w", t.Path, err)
	}
	return d, nil
}

// Content gets a target by its digest and checks its digest and length.
func Content(ctx context.Context, store Store, t Target) ([]byte, error) {
	sum, err := t.Digest()
	if err != nil {
		return nil, err
	}
	content, err := func() ([]byte, error) {
		if !t.IsManifest() {
			return store.Blob(ctx, sum, t.Length)
		}
		m, err := store.Manifest(ctx, sum.OCI(), t.Length)
		return m.Bytes, err
	}()
	if err != nil {
		return nil, fmt.Errorf("target %q: %w", t.Path, err)
	}
	if int64(len(content)) != t.Length {
		return nil, fmt.Errorf("target %q has %d bytes, and the metadata says %d", t.Path, len(content), t.Length)
	}
	return content, nil
}
