package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// commit makes job live. A registry has no compare-and-swap on tags, so of two
// uploaders that meet each may write over the other. Both write the log tag of
// the same number first, and the one that wrote it last has the update that
// counts: whoever has moved the trust's tag reads the log again and moves the
// tag to its end, wherever that is. So that clients don't see two sets of one
// number, an uploader lets its log tag stand for a while, and goes on only if
// nobody who had looked before has written after. That tags are moved under a
// condition, too, helps where the registry honours it; nothing depends on it.
func (p *Publisher) commit(ctx context.Context, trust string, live, job *state) error {
	log := timestampTag(trust, job.version())
	if err := p.freeze(ctx, log, job.head.Bytes); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(p.Patience):
	}
	switch there, err := p.Registry.Manifest(ctx, log, head.MaxSize); {
	case err != nil:
		return fmt.Errorf("read the head back: %w", err)
	case there.Digest != job.digest():
		return &MovedError{log, false}
	}
	p.Progress("head: " + job.digest().OCI() + ", read back at the tag " + log)
	err := p.move(ctx, trust, live.digest(), job.head.Bytes)
	if errors.Is(err, registry.ErrChanged) {
		return &MovedError{trust, false}
	}
	if err == nil {
		err = p.settle(ctx, trust, live, job)
	}
	if err == nil {
		p.Progress("tag: " + trust + ", read back: live")
	}
	return err
}

// move has a tag name raw, if it names was: zero for nothing. It looks right
// before each attempt, and never repeats a write after a wait without looking:
// others may have gone on meanwhile. The error wraps registry.ErrChanged where
// the tag names something else. A registry that says so where it does not is
// one that understands something else by the condition: it is sent none then.
func (p *Publisher) move(ctx context.Context, tag string, was metadata.Digest, raw []byte) error {
	put := registry.Put{Reference: tag, MediaType: head.ManifestType, Was: &was, Once: true}
	for attempt := 0; ; attempt++ {
		switch named, err := p.names(ctx, tag); {
		case err != nil:
			return err
		case named == metadata.Sum(raw):
			return nil // it was there, or the answer to the write was lost
		case named != was:
			return fmt.Errorf("the tag %s: %w", tag, registry.ErrChanged)
		}
		_, err := p.Registry.Put(ctx, put, raw)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, registry.ErrChanged) && put.Was != nil:
			put.Was = nil
		case !registry.Again(ctx, attempt, err):
			return err
		}
	}
}

// settle has the trust's tag name the end of the log that follows live, of
// which job has to be a part. The tag is read before the log, so that what
// others add is never taken for what they left behind.
func (p *Publisher) settle(ctx context.Context, trust string, live, job *state) error {
	for {
		named, err := p.names(ctx, trust)
		if err != nil {
			return err
		}
		log, _, err := p.tail(ctx, trust, live)
		if moved := (*MovedError)(nil); errors.As(err, &moved) {
			return &MovedError{moved.Tag, true}
		}
		if err != nil {
			return err
		}
		last := end(live, log)
		if last.version() < job.version() {
			return &MovedError{timestampTag(trust, job.version()), true}
		}
		if named == last.digest() {
			if !slices.ContainsFunc(log, func(s *state) bool { return s.digest() == job.digest() }) {
				return &MovedError{timestampTag(trust, job.version()), true}
			}
			return nil
		}
		p.Progress(fmt.Sprintf("timestamp %d of someone else is the newest: the tag %s is moved to it", last.version(), trust))
		if err := p.move(ctx, trust, named, last.head.Bytes); err != nil && !errors.Is(err, registry.ErrChanged) {
			return err
		}
	}
}
