package publish_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// publishes is how many publications TestUploaders makes; CONCLAVE_PUBLISHES
// asks for more, such as 1000.
func publishes(t *testing.T) int {
	t.Helper()
	text := os.Getenv("CONCLAVE_PUBLISHES")
	if text == "" {
		return 16
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 2 {
		t.Fatalf("CONCLAVE_PUBLISHES is %q", text)
	}
	return n
}

// TestUploaders has two uploaders race through a registry on which little can be
// relied, and four readers that remember run beside them at full speed. No
// reader finds a set torn or older than one it has seen, no update that was
// called done is lost, and no credential goes to another host.
//
// Where the registry honours no conditions, a write that is on its way for
// longer than an uploader is patient may set the tag back until its own
// uploader has looked again: that is counted, and has to be over at once.
func TestUploaders(t *testing.T) {
	for name, c := range map[string]struct {
		conditions bool
		patience   time.Duration
	}{"without conditions": {false, 200 * time.Millisecond}, "with conditions": {true, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			real := registrytest.Embedded(t).Host()
			if c.conditions {
				real = registrytest.Modern(t, real)
			}
			x := trusttest.New(t, "wabbit")
			x.Vouch("large", []byte("x"), strings.Repeat("x", head.InlineBudget)) // so that there is something to be torn
			x.Publish(registrytest.Open(t, real, registry.Options{}), trusttest.Start)
			r := &race{t: t, x: x, real: real, faults: registrytest.StartFaults(t, real, 1, 0.04), root: x.Offline().Roots[0].Bytes, patience: c.patience}
			for n := range publishes(t) {
				r.offered = append(r.offered, x.Ahead(int64(n+1)))
			}
			r.run()
			if c.conditions && r.setBack.Load() != 0 {
				t.Errorf("the tag was set back %d times", r.setBack.Load())
			}
		})
	}
}

type race struct {
	t        *testing.T
	x        *trusttest.Trust
	real     string
	faults   *registrytest.Faults
	root     []byte
	offered  []*trust.Set
	patience time.Duration

	taken, done, told atomic.Int64
	reads, news, torn atomic.Int64
	promised          atomic.Int64 // the newest targets that somebody called done
	setBack           atomic.Int64 // how often they were not live right after that
	begun, ended      atomic.Int64 // publications
}

// run lets uploaders and readers run to the end, and looks at what is live then.
func (r *race) run() {
	var readers, uploaders sync.WaitGroup
	finished := make(chan struct{})
	for range 4 {
		readers.Go(func() { r.read(finished) })
	}
	for i := range 2 {
		uploaders.Go(func() { r.upload(i) })
	}
	uploaders.Wait()
	close(finished)
	readers.Wait()

	live := r.x.Verified(registrytest.Open(r.t, r.real, registry.Options{}), r.at()).Set
	lost := max(0, r.promised.Load()-live.Targets.Version)
	if lost > 0 {
		r.t.Errorf("targets %d were called done, and %d are live", r.promised.Load(), live.Targets.Version)
	}
	if n := r.faults.Leaked(); n != 0 {
		r.t.Errorf("%d credentials came to another host", n)
	}
	if r.reads.Load() == 0 || r.done.Load() == 0 {
		r.t.Error("nothing was read, or nothing published")
	}
	r.t.Logf("%d publications: %d done, %d told that another was first; lost: %d; set back for a moment: %d; %d reads by four readers, %d of them of a new set; torn or older: %d; credentials leaked: %d; faults: %v",
		len(r.offered), r.done.Load(), r.told.Load(), lost, r.setBack.Load(), r.reads.Load(), r.news.Load(), r.torn.Load(), r.faults.Leaked(), r.faults.Injected())
}

func (r *race) at() time.Time { return trusttest.Start.Add(hour) }

// upload publishes whatever is next, as long as there is something.
func (r *race) upload(machine int) {
	repository := r.through()
	for {
		n := int(r.taken.Add(1)) - 1
		if n >= len(r.offered) {
			return
		}
		p := r.x.Publisher(repository, r.at())
		p.Progress = func(string) {}
		p.Patience = r.patience
		r.begun.Add(1)
		_, err := p.Push(r.t.Context(), r.offered[n])
		r.ended.Add(1)
		var moved *publish.MovedError
		var rollback *publish.RollbackError
		switch {
		case err == nil:
			r.done.Add(1)
			r.promise(r.offered[n].Targets.Version)
		case errors.As(err, &moved), errors.As(err, &rollback):
			r.told.Add(1)
		default:
			r.t.Errorf("machine %d, publication %d: %v", machine, n, err)
		}
	}
}

// promise notes that targets were called done, and looks whether they are live.
// Where they are not, an uploader has to be on its way who puts that right.
func (r *race) promise(version int64) {
	for {
		now := r.promised.Load()
		if now >= version || r.promised.CompareAndSwap(now, version) {
			break
		}
	}
	repository := registrytest.Open(r.t, r.real, registry.Options{})
	for ; ; r.setBack.Add(1) {
		ended, begun := r.ended.Load(), r.begun.Load()
		published, err := client.Read(r.t.Context(), repository, "wabbit", nil)
		if err != nil {
			r.t.Error(err)
			return
		}
		set, err := head.Set(published.Files)
		switch {
		case err != nil:
			r.t.Error(err)
			return
		case set.Targets.Version >= version:
			return
		case ended == begun && begun == r.begun.Load(): // nobody was, all the while
			r.t.Errorf("targets %d were called done, and with nobody on the way %d are live", version, set.Targets.Version)
			return
		}
	}
}

// through is the repository behind the faults, with a credential.
func (r *race) through() *registry.Repository {
	return registrytest.Open(r.t, r.faults.Host, registry.Options{Credentials: func(context.Context, string) (auth.Credential, error) {
		return auth.Credential{Username: registrytest.User, Password: registrytest.Secret}, nil
	}})
}

// read is a client that remembers.
func (r *race) read(finished <-chan struct{}) {
	repository := registrytest.Open(r.t, r.real, registry.Options{})
	var last *client.Published
	for {
		select {
		case <-finished:
			return
		default:
		}
		var known client.Known
		if last != nil {
			known = filesOf(last)
		}
		now, err := client.ReadSince(r.t.Context(), repository, "wabbit", last, known)
		r.reads.Add(1)
		if err == nil && now != last {
			r.news.Add(1)
			if err = r.believe(last, now); err != nil {
				r.torn.Add(1)
			}
		}
		if err != nil {
			r.t.Errorf("a reader: %v", err)
			return
		}
		last = now
	}
}

// believe verifies a set as a client does that has last.
func (r *race) believe(last, now *client.Published) error {
	if _, err := client.Verify(now.Files, r.root, r.at()); err != nil {
		return fmt.Errorf("torn: %w", err)
	}
	if last == nil {
		return nil
	}
	if err := client.GoesOn(last, now); err != nil {
		return fmt.Errorf("older: %w", err)
	}
	return nil
}
