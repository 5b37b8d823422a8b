package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// state is a set with its head. A nil state is that of a trust of which nothing
// was published yet.
type state struct {
	set  *metadata.Set
	head registry.Manifest
	bins []head.Bins // of a head that was made here
}

func (s *state) metadata() *metadata.Set {
	if s == nil {
		return nil
	}
	return s.set
}

// version is that of the timestamp, by which heads are numbered.
func (s *state) version() int64 {
	if s == nil {
		return 0
	}
	return s.set.Timestamp.Version
}

func (s *state) digest() metadata.Digest {
	if s == nil {
		return metadata.Digest{}
	}
	return s.head.Digest
}

// The tags of a trust.
func timestampTag(trust string, version int64) string { return fmt.Sprintf("%s-ts-%d", trust, version) }
func rootTag(trust string, version int64) string      { return fmt.Sprintf("%s-root-%d", trust, version) }
func newestRootTag(trust string) string               { return trust + "-root" }

// live reads what the trust's tag names. It is nil where there is no such tag.
func (p *Publisher) live(ctx context.Context, trust string) (*state, error) {
	s, err := p.read(ctx, trust, trust)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		if p.Seen != nil {
			return nil, &LiveError{trust, fmt.Errorf("nothing is there, and this machine has seen timestamp %d: %v", p.Seen.Timestamp.Version, err)}
		}
		p.Progress("live: nothing yet")
		return nil, nil
	case err != nil:
		return nil, err
	}
	if p.Seen != nil {
		if err := metadata.VerifyUpdate(p.Seen, s.set); err != nil {
			return nil, &LiveError{trust, fmt.Errorf("the registry has gone back behind what this machine has seen there: %w", err)}
		}
	}
	p.Progress(fmt.Sprintf("live: root %d, targets %d, snapshot %d, timestamp %d",
		s.set.Roots[len(s.set.Roots)-1].Version, s.set.Targets.Version, s.set.Snapshot.Version, s.set.Timestamp.Version))
	return s, nil
}

// read gets a set and verifies it in everything but its expiry. It returns
// *LiveError where there is a set that does not verify.
func (p *Publisher) read(ctx context.Context, trust, tag string) (*state, error) {
	published, err := client.Read(ctx, p.Registry, tag, p.Known)
	var failed *registry.Error
	switch {
	case errors.As(err, &failed):
		return nil, err
	case err != nil:
		return nil, &LiveError{tag, err}
	}
	set, err := head.Set(published.Files)
	if err == nil {
		err = published.IsOf(trust, set)
	}
	if err == nil {
		err = metadata.VerifySet(set, time.Time{})
	}
	if err != nil {
		return nil, &LiveError{tag, err}
	}
	return &state{set: set, head: published.Head}, nil
}

// maxTail is how far the log of heads may run ahead of the trust's tag.
const maxTail = 64

// tail is what follows a state in the log of heads, and the first free number.
type tail func(ctx context.Context, trust string, s *state) (log []*state, free int64, err error)

// tail follows the log of heads beyond s. A publication leaves its head at
// TRUST-ts-N before it moves the trust's tag, so these tags are a log, and the
// trust's tag names its end unless an uploader was interrupted or is at work
// now. What follows s validly is built on, so that no update is lost; what does
// not has taken its number, and no second timestamp is ever signed under it.
// tail returns what follows s, and the first free number.
func (p *Publisher) tail(ctx context.Context, trust string, s *state) (log []*state, free int64, err error) {
	return p.tailAt(ctx, trust, s, s.version()+1)
}

// tailAt is tail where the log goes on at number first, which is not s's next
// one where new online keys begin anew.
func (p *Publisher) tailAt(ctx context.Context, trust string, s *state, first int64) (log []*state, free int64, err error) {
	for n := first; n < first+maxTail; n++ {
		switch entry, err := p.entry(ctx, trust, n); {
		case errors.Is(err, registry.ErrNotFound):
			return log, n, nil
		case err != nil:
			return nil, 0, err
		case entry != nil && follows(end(s, log), entry):
			log = append(log, entry)
		}
	}
	if named, err := p.names(ctx, trust); err != nil || named != s.digest() {
		return nil, 0, cmp.Or[error](err, &MovedError{Tag: trust}) // others publish faster than this reads
	}
	return nil, 0, &LiveError{trust, fmt.Errorf("the tags of %d timestamps after it are taken", maxTail)}
}

// entry is the head with that number in the log; nil where there is something
// else.
func (p *Publisher) entry(ctx context.Context, trust string, n int64) (*state, error) {
	entry, err := p.read(ctx, trust, timestampTag(trust, n))
	if _, invalid := errors.AsType[*LiveError](err); invalid {
		p.Progress(fmt.Sprintf("timestamp %d was taken by something that does not verify: it is passed over", n))
		return nil, nil
	}
	if err != nil || entry.version() != n {
		return nil, err
	}
	return entry, nil
}

// end is where a log ends that follows s.
func end(s *state, log []*state) *state {
	if len(log) > 0 {
		return log[len(log)-1]
	}
	return s
}

// follows says whether next takes nothing back of what s holds.
func follows(s, next *state) bool {
	offered := &trust.Set{Roots: next.set.Roots, Targets: next.set.Targets, Delegated: next.set.Delegated}
	joined, err := chain(s.metadata(), offered)
	if err != nil || s == nil {
		return err == nil
	}
	return len(joined.Roots) == len(next.set.Roots) && len(joined.Delegated) == len(next.set.Delegated) &&
		(next.set.Snapshot.Version >= s.set.Snapshot.Version || anew(s.set, next.set))
}
