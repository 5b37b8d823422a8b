package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// Plan is a Registry that reads from another and writes nothing: it notes what
// would be asked and sent, and answers as if it had been.
type Plan struct {
	Registry

	mu        sync.Mutex
	manifests map[string]registry.Manifest // by tag and by digest
	blobs     map[metadata.Digest]bool
	steps     []Step
}

// Step is one request that would be made.
type Step struct {
	Method string           `json:"method"`
	What   string           `json:"what"`             // "blob", "manifest", "tags"
	Name   string           `json:"name,omitempty"`   // of a manifest: its tag or digest; of a blob: its digest
	Digest *metadata.Digest `json:"digest,omitempty"` // of what would be sent
	Size   int64            `json:"size,omitempty"`   // of what would be sent, in bytes
}

// Stores says whether the request would store something.
func (s Step) Stores() bool { return s.Method == http.MethodPut }

func (s Step) String() string {
	text := strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Method, s.What, s.Name))
	switch {
	case !s.Stores():
		return text
	case s.What == "blob":
		return fmt.Sprintf("%s, %d bytes", text, s.Size)
	}
	return fmt.Sprintf("%s, %d bytes, %s", text, s.Size, s.Digest.OCI())
}

// NewPlan makes a plan over what r holds.
func NewPlan(r Registry) *Plan {
	return &Plan{Registry: r, manifests: map[string]registry.Manifest{}, blobs: map[metadata.Digest]bool{}}
}

// Steps lists the requests, in order. A registry that takes small blobs in one
// request is sent their PUT with the POST before it.
func (p *Plan) Steps() []Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Step{}, p.steps...)
}

func (p *Plan) note(steps ...Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = append(p.steps, steps...)
}

// Put notes a manifest.
func (p *Plan) Put(_ context.Context, put registry.Put, raw []byte) (bool, error) {
	m := registry.Manifest{MediaType: put.MediaType, Digest: metadata.Sum(raw), Bytes: raw}
	p.note(Step{http.MethodPut, "manifest", put.Reference, &m.Digest, int64(len(raw))})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.manifests[put.Reference], p.manifests[m.Digest.OCI()] = m, m
	return false, nil
}

// PutContent notes a blob: a POST asks for it and opens its upload, and a PUT
// sends it where it is not there.
func (p *Plan) PutContent(ctx context.Context, c registry.Content) (sent bool, err error) {
	steps := []Step{{Method: http.MethodPost, What: "blob", Name: c.Digest.OCI()}}
	if !p.plannedBlob(c.Digest) {
		switch _, err = p.Registry.StatBlob(ctx, c.Digest); {
		case errors.Is(err, registry.ErrNotFound):
			sent = true
			steps = append(steps, Step{http.MethodPut, "blob", c.Digest.OCI(), &c.Digest, c.Size})
		case err != nil:
			return false, err
		}
	}
	p.note(steps...)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blobs[c.Digest] = true
	return sent, nil
}

func (p *Plan) planned(reference string) (registry.Manifest, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.manifests[reference]
	return m, ok
}

func (p *Plan) plannedBlob(sum metadata.Digest) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.blobs[sum]
}

// Manifest gets what was noted, or else what is there.
func (p *Plan) Manifest(ctx context.Context, reference string, limit int64) (registry.Manifest, error) {
	p.note(Step{Method: http.MethodGet, What: "manifest", Name: reference})
	if m, ok := p.planned(reference); ok {
		return m, nil
	}
	return p.Registry.Manifest(ctx, reference, limit)
}

// Stat is Manifest without the content.
func (p *Plan) Stat(ctx context.Context, reference string) (registry.Descriptor, error) {
	p.note(Step{Method: http.MethodHead, What: "manifest", Name: reference})
	if m, ok := p.planned(reference); ok {
		return registry.Descriptor{MediaType: m.MediaType, Digest: m.Digest, Size: int64(len(m.Bytes))}, nil
	}
	return p.Registry.Stat(ctx, reference)
}

// Blob gets what is there: nothing that was noted is asked for again.
func (p *Plan) Blob(ctx context.Context, sum metadata.Digest, size int64) ([]byte, error) {
	p.note(Step{Method: http.MethodGet, What: "blob", Name: sum.OCI()})
	return p.Registry.Blob(ctx, sum, size)
}

// StatBlob is Blob without the content.
func (p *Plan) StatBlob(ctx context.Context, sum metadata.Digest) (registry.Descriptor, error) {
	p.note(Step{Method: http.MethodHead, What: "blob", Name: sum.OCI()})
	return p.Registry.StatBlob(ctx, sum)
}

// Tags lists those that were noted, too.
func (p *Plan) Tags(ctx context.Context, prefix string) ([]string, error) {
	p.note(Step{Method: http.MethodGet, What: "tags"})
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
