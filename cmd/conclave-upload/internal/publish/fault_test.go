package publish_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// faulty fails at one of its writes, before it is done or after.
type faulty struct {
	publish.Registry
	writes *atomic.Int64
	at     int64
	after  bool
}

func (f faulty) write(do func() error) error {
	if f.writes.Add(1) != f.at {
		return do()
	}
	if f.after {
		if err := do(); err != nil {
			return err
		}
	}
	return &registry.Error{Op: "write", In: "a test", Err: errors.New("the cable was pulled")}
}

func (f faulty) Put(ctx context.Context, p registry.Put, raw []byte) (listed bool, err error) {
	err = f.write(func() error {
		var inner error
		listed, inner = f.Registry.Put(ctx, p, raw)
		return inner
	})
	return listed, err
}

func (f faulty) PutContent(ctx context.Context, c registry.Content) (sent bool, err error) {
	err = f.write(func() error {
		var inner error
		sent, inner = f.Registry.PutContent(ctx, c)
		return inner
	})
	return sent, err
}

// TestInterrupted cuts a push short at every write, and runs it again. A client
// finds the old set or the new one in between, and no timestamp is signed twice
// under one version.
func TestInterrupted(t *testing.T) {
	later := trusttest.Start.Add(hour)
	for at := int64(1); ; at++ {
		done := false
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, done %v", at, after), func(t *testing.T) {
				r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
				x := trusttest.New(t, "wabbit")
				x.Publish(r, trusttest.Start)
				x.Vouch("file", []byte("content"), "")
				cut := faulty{r, new(atomic.Int64), at, after}
				_, err := x.Publisher(cut, later).Push(t.Context(), x.Offline())
				var failed *registry.Error
				if done = err == nil; !done && !errors.As(err, &failed) {
					t.Fatal(err)
				}
				between := x.Verified(r, later)
				entry, tagged := logEntry(t, r)
				x.Publish(r, later.Add(hour))
				now := x.Verified(r, later.Add(hour))
				if v := between.Set.Targets.Version; v != 1 && v != 2 {
					t.Errorf("targets %d were live in between", v)
				}
				if now.Set.Targets.Version != 2 || now.Set.Timestamp.Version != 2 {
					t.Errorf("targets %d and timestamp %d are live, want 2 and 2", now.Set.Targets.Version, now.Set.Timestamp.Version)
				}
				if again, _ := logEntry(t, r); tagged && again.Head.Digest != entry.Head.Digest {
					t.Error("timestamp 2 was signed twice")
				}
			})
		}
		if done || t.Failed() {
			return
		}
	}
}

func logEntry(t *testing.T, r client.Store) (*client.Published, bool) {
	t.Helper()
	p, err := client.Read(t.Context(), r, "wabbit-ts-2", nil)
	if errors.Is(err, registry.ErrNotFound) {
		return nil, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return p, true
}

// moved lets somebody else publish right before one write of a tag.
type moved struct {
	publish.Registry
	tag  string
	then func()
	done *bool
}

func (m moved) Put(ctx context.Context, p registry.Put, raw []byte) (bool, error) {
	if p.Reference == m.tag && !*m.done {
		*m.done = true
		m.then()
	}
	return m.Registry.Put(ctx, p, raw)
}

// TestTagMoves has somebody else publish between reading and writing.
func TestTagMoves(t *testing.T) {
	for _, tag := range []string{"wabbit-root-1", "wabbit-ts-1", "wabbit"} {
		t.Run(tag, func(t *testing.T) {
			r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
			x := trusttest.New(t, "wabbit")
			other := func() {
				_, err := x.Publisher(r, trusttest.Start.Add(hour)).Push(t.Context(), x.Offline())
				if told := new(publish.MovedError); err != nil && !errors.As(err, &told) {
					t.Error(err)
				}
			}
			_, err := x.Publisher(moved{r, tag, other, new(bool)}, trusttest.Start).Push(t.Context(), x.Offline())
			var told *publish.MovedError
			if err != nil && !errors.As(err, &told) {
				t.Fatal(err)
			}
			x.Verified(r, trusttest.Start.Add(hour))
			x.Publish(r, trusttest.Start.Add(2*hour))
		})
	}
}
