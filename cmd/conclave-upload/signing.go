package main

import (
	"context"
	"errors"
	"time"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/seen"
	"github.com/spf13/cobra"
)

// signing is what push and refresh have in common.
type signing struct {
	keys     keyFlags
	lives    publish.Lifetimes
	stateDir string
}

func (s *signing) register(c *cobra.Command) {
	s.lives = publish.Lifetimes{Snapshot: 7 * day, Timestamp: day}
	s.keys.register(c)
	c.Flags().Var((*days)(&s.lives.Snapshot), "snapshot-expires", "how long a new snapshot is good: 7d, 36h")
	c.Flags().Var((*days)(&s.lives.Timestamp), "timestamp-expires", "how long a new timestamp is good: 1d, 12h")
	c.Flags().StringVar(&s.stateDir, "state", "", "remember in this directory what is live, and refuse a registry that goes back behind it")
}

func (s *signing) check() error {
	if err := s.keys.check(); err != nil {
		return err
	}
	if s.lives.Timestamp > s.lives.Snapshot {
		return usagef("--timestamp-expires is longer than --snapshot-expires: a timestamp can't outlive the snapshot it speaks of")
	}
	return nil
}

// patience is longer than a small write is on its way to a registry.
const patience = 200 * time.Millisecond

// session is one run of push or refresh: its keys, and what this machine
// remembers of the trust.
type session struct {
	program   *program
	ref       registry.Reference
	keys      *keyring
	state     *seen.Dir // nil: nothing is remembered
	publisher *publish.Publisher
}

// session begins a run that publishes ref in r. The caller closes it.
func (p *program) session(ctx context.Context, ref registry.Reference, r publish.Registry, s signing) (*session, error) {
	x := &session{program: p, ref: ref, keys: p.keyring(s.keys)}
	x.publisher = &publish.Publisher{
		Registry:  r,
		Keys:      x.keys.signers,
		Lifetimes: s.lives,
		Now:       p.now,
		Progress:  p.progress,
		Patience:  patience,
	}
	if s.stateDir == "" {
		return x, nil
	}
	var err error
	if x.state, err = seen.Open(s.stateDir); err != nil {
		return nil, err
	}
	last, err := x.state.Last(ctx, ref.Tag)
	if err == nil && last != nil {
		x.publisher.Known = x.state.Known(ref.Tag)
		x.publisher.Seen, err = head.Set(last.Files)
	}
	if err != nil {
		return nil, errors.Join(err, x.state.Close())
	}
	return x, nil
}

func (x *session) close() {
	x.keys.close()
	if x.state != nil {
		x.state.Close() // nothing was written since it was last made durable
	}
}

// report remembers what is live now, and says it. A result may come with an
// error about what is due.
func (x *session) report(result *publish.Result, err error) error {
	if result == nil {
		return err
	}
	if x.state != nil {
		if failed := x.state.Remember(x.ref.Tag, result.Manifest, head.Files(result.Set)); failed != nil {
			return errors.Join(err, failed)
		}
	}
	return errors.Join(err, x.program.reportResult(x.ref.String(), "published", result))
}
