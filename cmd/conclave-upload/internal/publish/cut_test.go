package publish_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// cable is a connection that breaks at one of its requests, and stays broken
// until it is mended: before the request arrives, or before its answer does.
type cable struct {
	host     string
	requests atomic.Int64
	at       atomic.Int64 // 0: it holds
	answered bool         // the request at which it breaks is still done
}

func newCable(t *testing.T, real string, answered bool) *cable {
	t.Helper()
	c := &cable{answered: answered}
	c.host = registrytest.Before(t, real, func(w http.ResponseWriter, r *http.Request) bool {
		n, at := c.requests.Add(1), c.at.Load()
		if at == 0 || n < at {
			return false
		}
		if n == at && c.answered {
			again := r.Clone(r.Context())
			again.URL.Scheme, again.URL.Host, again.RequestURI = "http", real, ""
			if resp, err := http.DefaultTransport.RoundTrip(again); err == nil {
				resp.Body.Close()
			}
		}
		registrytest.HangUp(t, w)
		return true
	})
	return c
}

// TestCut breaks the connection at every request of a first publication with
// files and a role. Run again, it is completed; in between a client finds
// nothing, or all of it.
func TestCut(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	x.Vouch("a.txt", []byte("a"), "")
	x.Delegate("team", "team/*")
	offered := x.Offline()
	for _, answered := range []bool{false, true} {
		t.Run(fmt.Sprintf("answered %v", answered), func(t *testing.T) {
			t.Parallel()
			for at := int64(1); cutAt(t, x, offered, at, answered) && !t.Failed(); at++ {
				continue
			}
		})
	}
}

// cutAt publishes with the connection broken at that request, and then again.
// It says whether there was such a request.
func cutAt(t *testing.T, x *trusttest.Trust, offered *trust.Set, at int64, answered bool) (broke bool) {
	t.Helper()
	real := registrytest.Embedded(t).Host()
	c := newCable(t, real, answered)
	direct := registrytest.Open(t, real, registry.Options{})
	r := registrytest.Open(t, c.host, registry.Options{Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	push := func() error {
		p := x.Publisher(r, trusttest.Start)
		p.Files, p.Elsewhere, p.Progress = fstest.MapFS{"a.txt": {Data: []byte("a")}}, false, func(string) {}
		_, err := p.Push(t.Context(), offered)
		return err
	}
	c.at.Store(at)
	err := push()
	c.at.Store(0)
	if failed, moved := new(registry.Error), new(publish.MovedError); err != nil && !errors.As(err, &failed) && !errors.As(err, &moved) {
		t.Errorf("request %d: %v", at, err)
	}
	if between, err := client.Read(t.Context(), direct, "wabbit", nil); err == nil {
		_, err = client.Verify(between.Files, offered.Roots[0].Bytes, trusttest.Start)
		if err != nil {
			t.Errorf("cut at request %d: a client refuses what is live: %v", at, err)
		}
	} else if !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("cut at request %d: %v", at, err)
	}
	if again := push(); again != nil {
		t.Errorf("cut at request %d, and run again: %v", at, again)
		return false
	}
	if set := x.Verified(direct, trusttest.Start).Set; set.Targets.Version != offered.Targets.Version || set.Timestamp.Version != 1 {
		t.Errorf("cut at request %d, and run again: targets %d, timestamp %d", at, set.Targets.Version, set.Timestamp.Version)
	}
	for _, tag := range []string{"team", "wabbit-root", "wabbit-root-1", "wabbit-ts-1", metadata.Sum([]byte("a")).String() + ".a.txt"} {
		if _, err := direct.Stat(t.Context(), tag); err != nil {
			t.Errorf("cut at request %d, and run again: %v", at, err)
		}
	}
	return err != nil
}
