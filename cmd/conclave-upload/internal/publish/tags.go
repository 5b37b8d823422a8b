package publish

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// survey is what one request has told about the tags of a repository.
type survey struct {
	registry Registry
	now      func() time.Time

	mu    sync.Mutex
	asked bool
	at    time.Time // before it was asked for
	tags  []string
	err   error
}

func (s *survey) get(ctx context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.asked {
		s.asked, s.at = true, s.now()
		s.tags, s.err = s.registry.Tags(ctx, "")
	}
	return s.tags, s.err
}

// absent says whether a tag need not be looked at before it is written: on a
// first publication one listing answers for all tags. It does so only as long
// as others are waited for; after that, and where the registry lists nothing,
// each tag is looked at.
func (w *writing) absent(ctx context.Context, tag string) bool {
	if w.live != nil {
		return false
	}
	tags, err := w.survey.get(ctx)
	return err == nil && w.within(w.survey.at, 1) && !slices.Contains(tags, tag)
}

// within says whether less has passed since then than the time, or so many
// times that, for which others are waited for.
func (w *writing) within(since time.Time, times time.Duration) bool {
	return w.Now().Sub(since) < times*w.Patience
}

// put puts a manifest under a tag.
func (p *Publisher) put(ctx context.Context, tag string, raw []byte) error {
	_, err := p.Registry.Put(ctx, registry.Put{Reference: tag, MediaType: head.ManifestType}, raw)
	return err
}

// freeze puts a manifest under a tag that never moves.
func (w *writing) freeze(ctx context.Context, tag string, raw []byte) error {
	err := w.move(ctx, tag, metadata.Digest{}, raw, w.absent(ctx, tag))
	if errors.Is(err, registry.ErrChanged) {
		return &MovedError{Tag: tag}
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
