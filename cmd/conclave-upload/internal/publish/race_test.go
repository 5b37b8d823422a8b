package publish_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"pgregory.net/rapid"
)

// TestRace publishes from two machines at once, with their requests in every
// order that chance finds. A machine that was told "done" finds its update in
// what is live in the end; the other was told otherwise.
func TestRace(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	base := newMemory()
	x.Publish(base, trusttest.Start)
	x.Vouch("one", []byte("one"), "")
	steps := []*trust.Set{x.Offline()}
	x.Vouch("two", []byte("two"), "")
	steps = append(steps, x.Offline())
	x.Root(func(*metadata.Root) {})
	steps = append(steps, x.Offline())
	at := trusttest.Start.Add(hour)

	rapid.Check(t, func(rt *rapid.T) {
		shared := newMemory()
		for reference, m := range base.manifests {
			shared.manifests[reference] = m
		}
		for sum, raw := range base.blobs {
			shared.blobs[sum] = raw
		}
		order := newTurns(func(waiting []int) int { return rapid.SampledFrom(waiting).Draw(rt, "next") })
		offered := make([]*trust.Set, 2)
		failed := make([]error, 2)
		for i := range offered {
			offered[i] = rapid.SampledFrom(steps).Draw(rt, "bundle")
			go func() {
				p := x.Publisher(ordered{shared, order, i}, at)
				p.Progress = func(string) {}
				_, failed[i] = p.Push(context.Background(), offered[i])
				order.leave(i)
			}()
		}
		order.run(len(offered))

		live := x.Verified(shared, at).Set
		for i, err := range failed {
			var moved *publish.MovedError
			var rollback *publish.RollbackError
			switch {
			case err == nil:
				if live.Targets.Version < offered[i].Targets.Version || len(live.Roots) < len(offered[i].Roots) {
					rt.Errorf("machine %d was told that it is done, and targets %d and root %d are live", i, live.Targets.Version, len(live.Roots))
				}
			case !errors.As(err, &moved) && !errors.As(err, &rollback):
				rt.Errorf("machine %d: %v", i, err)
			}
		}
	})
}

// TestFirstRace has two machines publish one founding at once, many times over,
// each with time to wait for the other, which passes in a bubble: one of them
// may be told that the other was first, and what is live is of one of them.
func TestFirstRace(t *testing.T) {
	for range 12 {
		synctest.Test(t, firstRace)
	}
}

func firstRace(t *testing.T) {
	x := trusttest.NewAt(t, "wabbit", time.Now())
	offered := x.Offline()
	r := newMemory()
	failed := make(chan error, 2)
	for range 2 {
		p := x.Publisher(r, trusttest.Start)
		p.Now, p.Patience, p.Progress = time.Now, time.Second, func(string) {}
		go func() {
			_, err := p.Push(t.Context(), offered)
			failed <- err
		}()
	}
	done := 0
	for range 2 {
		switch err := <-failed; {
		case err == nil:
			done++
		case !errors.As(err, new(*publish.MovedError)):
			t.Error(err)
		}
	}
	if done == 0 {
		t.Error("neither was called done")
	}
	x.Verified(r, time.Now())
}

// turns lets one of several machines at a time do something that others see.
type turns struct {
	choose func(waiting []int) int
	ask    chan int
	left   chan int
	grant  map[int]chan struct{}
}

func newTurns(choose func([]int) int) *turns {
	return &turns{choose, make(chan int), make(chan int), map[int]chan struct{}{0: make(chan struct{}), 1: make(chan struct{})}}
}

func (o *turns) take(machine int) {
	o.ask <- machine
	<-o.grant[machine]
}

func (o *turns) leave(machine int) { o.left <- machine }

// run gives turns until all machines have left.
func (o *turns) run(machines int) {
	var waiting []int
	for busy := machines; busy > 0 || len(waiting) > 0; {
		if busy == 0 {
			slices.Sort(waiting)
			next := o.choose(waiting)
			waiting = slices.DeleteFunc(waiting, func(m int) bool { return m == next })
			o.grant[next] <- struct{}{}
			busy++
		}
		select {
		case m := <-o.ask:
			waiting = append(waiting, m)
		case <-o.left:
		}
		busy--
	}
}

// ordered takes a turn for whatever moves or reads a tag.
type ordered struct {
	*memory
	order   *turns
	machine int
}

func (r ordered) Manifest(ctx context.Context, reference string, limit int64) (registry.Manifest, error) {
	r.order.take(r.machine)
	return r.memory.Manifest(ctx, reference, limit)
}

func (r ordered) Stat(ctx context.Context, reference string) (registry.Descriptor, error) {
	r.order.take(r.machine)
	return r.memory.Stat(ctx, reference)
}

func (r ordered) Put(ctx context.Context, p registry.Put, raw []byte) (bool, error) {
	r.order.take(r.machine)
	return r.memory.Put(ctx, p, raw)
}
