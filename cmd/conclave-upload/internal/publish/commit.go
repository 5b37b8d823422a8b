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
//
// On a first publication there was nothing at the trust's tag, and it is not
// looked at again: whoever goes on from the log of somebody who is not done
// waits twice, so nobody else can have moved the tag within that time.
func (w *writing) commit(ctx context.Context) error {
	log, began := timestampTag(w.trust, w.job.version()), w.Now()
	if err := w.freeze(ctx, log, w.job.head.Bytes); err != nil {
		return err
	}
	if err := w.wait(ctx); err != nil {
		return err
	}
	switch there, err := w.Registry.Manifest(ctx, log, head.MaxSize); {
	case err != nil:
		return fmt.Errorf("read the head back: %w", err)
	case there.Digest != w.job.digest():
		return &MovedError{log, false}
	}
	w.Progress("head: " + w.job.digest().OCI() + ", read back at the tag " + log)
	err := w.move(ctx, w.trust, w.live.digest(), w.job.head.Bytes, w.live == nil && w.within(began, 2))
	if errors.Is(err, registry.ErrChanged) {
		return &MovedError{w.trust, false}
	}
	if err == nil {
		err = w.settle(ctx)
	}
	if err == nil {
		w.Progress("tag: " + w.trust + ", read back: live")
	}
	return err
}

// wait lets a write of another uploader arrive that may be on its way.
func (p *Publisher) wait(ctx context.Context) error {
	timer := time.NewTimer(p.Patience)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// move has a tag name raw, if it names was: zero for nothing. It looks right
// before each attempt, but for the first where it is sure, and never repeats a write after a wait without looking:
// others may have gone on meanwhile. The error wraps registry.ErrChanged where
// the tag names something else. A registry that says so where it does not is
// one that understands something else by the condition: it is sent none then.
func (p *Publisher) move(ctx context.Context, tag string, was metadata.Digest, raw []byte, sure bool) error {
	put := registry.Put{Reference: tag, MediaType: head.ManifestType, Was: &was, Once: true}
	for attempt := 0; ; attempt++ {
		if attempt > 0 || !sure {
			switch named, err := p.names(ctx, tag); {
			case err != nil:
				return err
			case named == metadata.Sum(raw):
				return nil // it was there, or the answer to the write was lost
			case named != was:
				return fmt.Errorf("the tag %s: %w", tag, registry.ErrChanged)
			}
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
func (w *writing) settle(ctx context.Context) error {
	trust, live, job := w.trust, w.live, w.job
	for {
		named, err := w.names(ctx, trust)
		if err != nil {
			return err
		}
		log, _, err := w.tail(ctx, trust, live)
		if err == nil && named != live.digest() && !slices.ContainsFunc(log, func(s *state) bool { return s.digest() == named }) {
			// Somebody has left numbers out, because clients hold higher ones.
			log, _, err = w.signedElsewhere(ctx, trust, live, job.version())
		}
		if moved := (*MovedError)(nil); errors.As(err, &moved) {
			return &MovedError{moved.Tag, true}
		}
		if err != nil {
			return err
		}
		last := end(live, log)
		if len(log) == 0 || last.version() < job.version() {
			return &MovedError{timestampTag(trust, job.version()), true}
		}
		if named == last.digest() {
			if !slices.ContainsFunc(log, func(s *state) bool { return s.digest() == job.digest() }) {
				return &MovedError{timestampTag(trust, job.version()), true}
			}
			return nil
		}
		w.Progress(fmt.Sprintf("timestamp %d of someone else is the newest: the tag %s is moved to it", last.version(), trust))
		if err := w.move(ctx, trust, named, last.head.Bytes, false); err != nil && !errors.Is(err, registry.ErrChanged) {
			return err
		}
	}
}
