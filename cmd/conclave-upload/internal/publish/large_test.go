package publish_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// distant is a store that answers after a second: in a bubble, where time passes
// only when everybody waits, that many seconds are that many round trips.
type distant struct {
	*memory
	requests *atomic.Int64
}

func (d distant) Manifest(ctx context.Context, reference string, limit int64) (registry.Manifest, error) {
	d.requests.Add(1)
	time.Sleep(time.Second)
	return d.memory.Manifest(ctx, reference, limit)
}

func (d distant) Blob(ctx context.Context, sum metadata.Digest, size int64) ([]byte, error) {
	d.requests.Add(1)
	time.Sleep(time.Second)
	return d.memory.Blob(ctx, sum, size)
}

// reads gets what is live, and says in how many round trips and requests.
func reads(t *testing.T, r *memory, known client.Known) (p *client.Published, trips, requests int) {
	t.Helper()
	asked := new(atomic.Int64)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var err error
		if p, err = client.Read(t.Context(), distant{r, asked}, "wabbit", known); err != nil {
			t.Fatal(err)
		}
		trips = int(time.Since(began) / time.Second)
	})
	return p, trips, int(asked.Load())
}

// TestRoundTrips: a client that knows nothing needs one round trip for a usual
// trust and two for any other, and few requests; one that has the last state
// gets a new timestamp in one request of 100 KiB at most, whatever the size.
func TestRoundTrips(t *testing.T) {
	for name, c := range map[string]struct {
		offered func(x *trusttest.Trust) *trust.Set
		trips   int
		most    int // requests
	}{
		"usual": {(*trusttest.Trust).Offline, 1, 1},
		"80 teams": {func(x *trusttest.Trust) *trust.Set {
			x.Teams(80)
			return x.Offline()
		}, 2, 4},
		"2000 targets": {func(x *trusttest.Trust) *trust.Set {
			x.Targets(func(targets *metadata.Targets) {
				for n := range 2000 {
					targets.Targets[fmt.Sprintf("file-%d", n)] = metadata.Target{Length: 1, Hashes: map[string]string{"sha256": metadata.Sum([]byte{byte(n)}).String()}}
				}
			})
			return x.Offline()
		}, 2, 2},
		"28 roots": {func(x *trusttest.Trust) *trust.Set {
			for range 27 {
				x.Root(func(*metadata.Root) {})
			}
			return x.Offline()
		}, 2, 9},
		"succinct hash bins":     {func(x *trusttest.Trust) *trust.Set { return x.Bins(9, true) }, 2, 4},
		"hash bins, by prefixes": {func(x *trusttest.Trust) *trust.Set { return x.Bins(9, false) }, 2, 4},
	} {
		t.Run(name, func(t *testing.T) {
			r := newMemory()
			x := trusttest.New(t, "wabbit")
			offered := c.offered(x)
			push := func(at time.Time) {
				t.Helper()
				if _, err := x.Publisher(r, at).Push(t.Context(), offered); err != nil {
					t.Fatal(err)
				}
			}
			push(trusttest.Start)
			cold, trips, requests := reads(t, r, nil)
			if trips > c.trips || requests > c.most {
				t.Errorf("cold: %d round trips, %d requests", trips, requests)
			}
			if _, err := client.Verify(cold.Files, offered.Roots[0].Bytes, trusttest.Start); err != nil {
				t.Error(err)
			}
			push(trusttest.Start.Add(20 * hour))
			t.Logf("cold: %d round trips, %d requests; the head has %d bytes", trips, requests, len(cold.Head.Bytes))
			now, trips, requests := reads(t, r, filesOf(cold))
			if trips != 1 || requests != 1 || len(now.Head.Bytes) > 100<<10 || now.Head.Digest == cold.Head.Digest {
				t.Errorf("after a new timestamp: %d round trips, %d requests, %d bytes", trips, requests, len(now.Head.Bytes))
			}
			if err := client.GoesOn(cold, now); err != nil {
				t.Error(err)
			}

			// The same set, in another repository, without any key.
			set, err := x.Publisher(newMemory(), trusttest.Start).Mirror(t.Context(), "wabbit", x.Verified(r, trusttest.Start.Add(20*hour)).Set)
			if err != nil || set.Head != now.Head.Digest {
				t.Errorf("mirrored: %+v, %v", set, err)
			}
		})
	}
}
