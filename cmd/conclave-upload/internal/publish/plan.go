package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// Plan is a Registry that reads from another and writes nothing: it notes what
// would be sent, and answers as if it had been.
type Plan struct {
	Registry

	mu        sync.Mutex
	manifests map[string]registry.Manifest // by tag and by digest
	blobs     map[metadata.Digest][]byte
	steps     []Step
}

// Step is one thing that would be stored.
type Step struct {
	What   string          `json:"what"` // "blob", "manifest"
	Name   string          `json:"name"` // of a manifest: its tag or digest; of a blob: its digest
	Digest metadata.Digest `json:"digest"`
	Size   int             `json:"size"`
}

func (s Step) String() string {
	if s.What == "blob" {
		return fmt.Sprintf("POST and PUT %s %s, %d bytes", s.What, s.Name, s.Size)
	}
	return fmt.Sprintf("PUT %s %s, %d bytes, %s", s.What, s.Name, s.Size, s.Digest.OCI())
}

// NewPlan makes a plan over what r holds.
func NewPlan(r Registry) *Plan {
	return &Plan{Registry: r, manifests: map[string]registry.Manifest{}, blobs: map[metadata.Digest][]byte{}}
}

// Steps lists what would be stored, in order.
func (p *Plan) Steps() []Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Step{}, p.steps...)
}

// Put notes a manifest.
func (p *Plan) Put(_ context.Context, put registry.Put, raw []byte) (bool, error) {
	m := registry.Manifest{MediaType: put.MediaType, Digest: metadata.Sum(raw), Bytes: raw}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.manifests[put.Reference], p.manifests[m.Digest.OCI()] = m, m
	p.steps = append(p.steps, Step{"manifest", put.Reference, m.Digest, len(raw)})
	return false, nil
}

// PutBlob notes a blob that is not there.
func (p *Plan) PutBlob(ctx context.Context, raw []byte) (sent bool, err error) {
	sum := metadata.Sum(raw)
	switch _, err := p.StatBlob(ctx, sum); {
	case err == nil:
		return false, nil
	case !errors.Is(err, registry.ErrNotFound):
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blobs[sum] = raw
	p.steps = append(p.steps, Step{"blob", sum.OCI(), sum, len(raw)})
	return true, nil
}

func (p *Plan) planned(reference string) (registry.Manifest, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.manifests[reference]
	return m, ok
}

func (p *Plan) plannedBlob(sum metadata.Digest) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	raw, ok := p.blobs[sum]
	return raw, ok
}

// Manifest gets what was noted, or else what is there.
func (p *Plan) Manifest(ctx context.Context, reference string, limit int64) (registry.Manifest, error) {
	if m, ok := p.planned(reference); ok {
		return m, nil
	}
	return p.Registry.Manifest(ctx, reference, limit)
}

// Stat is Manifest without the content.
func (p *Plan) Stat(ctx context.Context, reference string) (registry.Descriptor, error) {
	if m, ok := p.planned(reference); ok {
		return registry.Descriptor{MediaType: m.MediaType, Digest: m.Digest, Size: int64(len(m.Bytes))}, nil
	}
	return p.Registry.Stat(ctx, reference)
}

// Blob gets what was noted, or else what is there.
func (p *Plan) Blob(ctx context.Context, sum metadata.Digest, size int64) ([]byte, error) {
	if raw, ok := p.plannedBlob(sum); ok {
		return raw, nil
	}
	return p.Registry.Blob(ctx, sum, size)
}

// StatBlob is Blob without the content.
func (p *Plan) StatBlob(ctx context.Context, sum metadata.Digest) (registry.Descriptor, error) {
	if raw, ok := p.plannedBlob(sum); ok {
		return registry.Descriptor{Digest: sum, Size: int64(len(raw))}, nil
	}
	return p.Registry.StatBlob(ctx, sum)
}

// Tags lists those that were noted, too.
func (p *Plan) Tags(ctx context.Context, prefix string) ([]string, error) {
	tags, err := p.Registry.Tags(ctx, prefix)
	p.mu.Lock()
	defer p.mu.Unlock()
	for reference := range p.manifests {
		if strings.HasPrefix(reference, prefix) && !strings.Contains(reference, ":") && !slices.Contains(tags, reference) {
			tags = append(tags, reference)
		}
	}
	return tags, err
}
