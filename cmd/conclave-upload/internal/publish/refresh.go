package publish

import (
	"context"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// Refresh signs the timestamp of what is live anew, and the snapshot where
// that is due too, so that both are good until the refresh after the next one
// is due: every says how often one comes. It returns *ScheduleError, before
// anything is signed, where the lifetimes are too short for that, and
// *DueError, after all is done, where holders have to sign before the next one
// comes.
func (p *Publisher) Refresh(ctx context.Context, name string, every time.Duration) (*Result, error) {
	for _, role := range []struct {
		name string
		life time.Duration
	}{{head.Timestamp, p.Lifetimes.Timestamp}, {head.Snapshot, p.Lifetimes.Snapshot}} {
		if role.life < late(every) {
			return nil, &ScheduleError{role.name, role.life, every}
		}
	}
	scheduled := *p
	scheduled.every = every
	live, err := scheduled.live(ctx, name)
	if err != nil {
		return nil, err
	}
	if live == nil {
		return nil, &registry.Error{Op: "refresh " + name, In: "the repository", Err: registry.ErrNotFound}
	}
	offered := &trust.Set{Trust: name, Roots: live.set.Roots, Targets: live.set.Targets, Delegated: live.set.Delegated}
	result, err := scheduled.publish(ctx, live, offered)
	if err != nil {
		return nil, err
	}
	return result, offlineDue(result.Set, p.Now().Add(late(every)))
}

// late is how long after this one the next refresh may come: timers drift, and
// machines are restarted.
func late(every time.Duration) time.Duration { return every + every/10 }
