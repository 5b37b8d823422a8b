package publish_test

import (
	"context"
	"io"
	"strings"
	"sync"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// memory is a registry whose answers are at once: where a test needs to say in
// which order things happen, a real one would be in the way.
type memory struct {
	mu        sync.Mutex
	blobs     map[metadata.Digest][]byte
	manifests map[string]registry.Manifest // by tag and by digest
}

func newMemory() *memory {
	return &memory{blobs: map[metadata.Digest][]byte{}, manifests: map[string]registry.Manifest{}}
}

func (m *memory) Manifest(_ context.Context, reference string, _ int64) (registry.Manifest, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, ok := m.manifests[reference]
	if !ok {
		return found, notFound("get " + reference)
	}
	return found, nil
}

func (m *memory) Stat(ctx context.Context, reference string) (registry.Descriptor, error) {
	found, err := m.Manifest(ctx, reference, 0)
	return registry.Descriptor{MediaType: found.MediaType, Digest: found.Digest, Size: int64(len(found.Bytes))}, err
}

func (m *memory) Put(_ context.Context, p registry.Put, raw []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	put := registry.Manifest{MediaType: p.MediaType, Digest: metadata.Sum(raw), Bytes: raw}
	m.manifests[p.Reference] = put
	m.manifests[put.Digest.OCI()] = put
	return false, nil
}

func (m *memory) Tags(_ context.Context, prefix string) (tags []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for reference := range m.manifests {
		if strings.HasPrefix(reference, prefix) && !strings.Contains(reference, ":") {
			tags = append(tags, reference)
		}
	}
	return tags, nil
}

func (m *memory) StatBlob(ctx context.Context, sum metadata.Digest) (registry.Descriptor, error) {
	raw, err := m.Blob(ctx, sum, 0)
	return registry.Descriptor{Digest: sum, Size: int64(len(raw))}, err
}

func (m *memory) Blob(_ context.Context, sum metadata.Digest, _ int64) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	raw, ok := m.blobs[sum]
	if !ok {
		return nil, notFound("get " + sum.OCI())
	}
	return raw, nil
}

func (m *memory) PutContent(_ context.Context, c registry.Content) (bool, error) {
	r, err := c.Open()
	if err != nil {
		return false, err
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	m.mu.Lock()
	defer m.mu.Unlock()
	_, there := m.blobs[c.Digest]
	m.blobs[c.Digest] = raw
	return !there, err
}

func notFound(op string) error {
	return &registry.Error{Op: op, In: "memory", Err: registry.ErrNotFound}
}
