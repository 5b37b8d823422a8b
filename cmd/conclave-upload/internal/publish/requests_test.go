package publish_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

const (
	imageType = "application/vnd.oci.image.manifest.v1+json"
	image     = `{"schemaVersion":2,"mediaType":"` + imageType + `","config":{"mediaType":"application/vnd.oci.empty.v1+json",` +
		`"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}`
)

// counted is a registry that counts what it is asked, as its server sees it.
type counted struct {
	*registry.Repository
	mu   sync.Mutex
	list []string
}

func count(t testing.TB, host string) *counted {
	t.Helper()
	c := &counted{}
	c.Repository = registrytest.Open(t, registrytest.Before(t, host, func(_ http.ResponseWriter, r *http.Request) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.list = append(c.list, r.Method+" "+r.URL.Path)
		return false
	}), registry.Options{})
	return c
}

// take returns what was asked since the last time.
func (c *counted) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.list
	c.list = nil
	return list
}

func putImage(t testing.TB, r *registry.Repository) {
	t.Helper()
	if _, err := r.PutBlob(t.Context(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := r.PutManifest(t.Context(), "image", imageType, []byte(image)); err != nil {
		t.Fatal(err)
	}
}

// publication is one way to publish, and what it may cost.
type publication struct {
	name    string
	targets int
	// prepare has x vouch for the targets, and returns the files to upload.
	prepare func(t testing.TB, r *registry.Repository, x *trusttest.Trust) fstest.MapFS
}

func publications() []publication {
	return []publication{
		{"nothing", 0, func(testing.TB, *registry.Repository, *trusttest.Trust) fstest.MapFS { return nil }},
		{"5 images", 5, func(t testing.TB, r *registry.Repository, x *trusttest.Trust) fstest.MapFS {
			putImage(t, r)
			for n := range 5 {
				other := strings.Replace(image, "layers", fmt.Sprintf(`annotations":{"n":"%d"},"layers`, n), 1)
				if err := r.PutManifest(t.Context(), metadata.Sum([]byte(other)).OCI(), imageType, []byte(other)); err != nil {
					t.Fatal(err)
				}
				x.Vouch(fmt.Sprintf("app:1.%d", n), []byte(other), imageType)
			}
			return nil
		}},
		{"50 files", 50, func(_ testing.TB, _ *registry.Repository, x *trusttest.Trust) fstest.MapFS {
			files := fstest.MapFS{}
			for n := range 50 {
				name := fmt.Sprintf("file-%d", n)
				files[name] = &fstest.MapFile{Data: []byte(name)}
				x.Vouch(name, []byte(name), "")
			}
			return files
		}},
	}
}

// cost publishes three times, and counts: the first time, unchanged, and with a
// new timestamp.
func (p publication) cost(t testing.TB, c *counted) (fresh, unchanged, renewed []string) {
	t.Helper()
	x := trusttest.New(t, "wabbit")
	files := p.prepare(t, c.Repository, x)
	publish := func(at time.Time) []string {
		c.take()
		pub := x.Publisher(c, at)
		pub.Progress, pub.Pointers = func(string) {}, true
		pub.Patience = 20 * time.Millisecond // by a clock that stands still: never over
		pub.Elsewhere = false
		if files != nil {
			pub.Files = files
		}
		if _, err := pub.Push(t.Context(), x.Offline()); err != nil {
			t.Fatal(err)
		}
		return c.take()
	}
	return publish(trusttest.Start), publish(trusttest.Start.Add(hour)), publish(trusttest.Start.Add(20 * hour))
}

// TestRequestBudget: twenty requests for a set and four for each target, all in
// all; five where nothing is new.
func TestRequestBudget(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{
		"distribution 3":  func(t testing.TB) string { return registrytest.Embedded(t).Host() },
		"docker-registry": registrytest.Debian,
		"with referrers":  func(t testing.TB) string { return registrytest.Modern(t, registrytest.Embedded(t).Host()) },
	} {
		for _, p := range publications() {
			t.Run(name+", "+p.name, func(t *testing.T) {
				fresh, unchanged, renewed := p.cost(t, count(t, start(t)))
				t.Logf("fresh %d, unchanged %d, a new timestamp %d", len(fresh), len(unchanged), len(renewed))
				budget := 20 + 4*p.targets
				if len(fresh) > budget {
					t.Errorf("a fresh publication took %d requests, want %d at most: %v", len(fresh), budget, fresh)
				}
				if len(unchanged) > 5 || len(renewed) > 15 {
					t.Errorf("unchanged %v, a new timestamp %v", unchanged, renewed)
				}
			})
		}
	}
}

// BenchmarkPublish prints what a publication costs in requests.
func BenchmarkPublish(b *testing.B) {
	for _, kind := range []string{"distribution 3", "with referrers"} {
		for _, p := range publications() {
			b.Run(kind+", "+p.name, func(b *testing.B) {
				for b.Loop() {
					host := registrytest.Embedded(b).Host()
					if kind == "with referrers" {
						host = registrytest.Modern(b, host)
					}
					fresh, unchanged, renewed := p.cost(b, count(b, host))
					b.ReportMetric(float64(len(fresh)), "fresh-requests")
					b.ReportMetric(float64(len(unchanged)), "unchanged-requests")
					b.ReportMetric(float64(len(renewed)), "renewed-requests")
				}
			})
		}
	}
}

// TestReadBudget: a client that knows nothing needs one request for a usual
// trust, and two round trips for a large one; one that knows the last state asks
// whether it is new, and gets what is new in one request of 100 KiB at most,
// whatever the size of the trust.
func TestReadBudget(t *testing.T) {
	const kib = 1 << 10
	for name, grow := range map[string]func(x *trusttest.Trust){
		"usual": func(*trusttest.Trust) {},
		"large": func(x *trusttest.Trust) { x.Teams(80) },
	} {
		t.Run(name, func(t *testing.T) {
			c := count(t, registrytest.Embedded(t).Host())
			x := trusttest.New(t, "wabbit")
			grow(x)
			x.Publish(c, trusttest.Start)
			c.take()
			cold, err := client.Read(t.Context(), c, "wabbit", nil)
			if err != nil {
				t.Fatal(err)
			}
			asked := c.take()
			if name == "usual" && len(asked) != 1 {
				t.Errorf("cold: %v", asked)
			}
			if (len(cold.Bins) > 0) != (name == "large") {
				t.Errorf("%d manifests keep delegated roles alive", len(cold.Bins))
			}
			if asked[0] != "GET /v2/org/tuf/manifests/wabbit" || len(cold.Head.Bytes) > 100*kib {
				t.Errorf("cold: first %v, of %d bytes", asked[0], len(cold.Head.Bytes))
			}
			if _, err := client.Verify(cold.Files, x.Offline().Roots[0].Bytes, trusttest.Start); err != nil {
				t.Fatal(err)
			}
			warm := func() *client.Published {
				c.take()
				now, err := client.ReadSince(t.Context(), c, "wabbit", cold, filesOf(cold))
				if err != nil {
					t.Fatal(err)
				}
				return now
			}
			if warm() != cold {
				t.Error("nothing is new, and something else was read")
			}
			if asked := c.take(); len(asked) != 1 || asked[0] != "HEAD /v2/org/tuf/manifests/wabbit" {
				t.Errorf("warm and unchanged: %v", asked)
			}
			x.Publish(c, trusttest.Start.Add(20*hour))
			now := warm()
			if asked := c.take(); len(asked) != 2 || asked[1] != "GET /v2/org/tuf/manifests/wabbit" || len(now.Head.Bytes) > 100*kib {
				t.Errorf("after a new timestamp: %v, %d bytes", asked, len(now.Head.Bytes))
			}
			if err := client.GoesOn(cold, now); err != nil || now.Head.Digest == cold.Head.Digest {
				t.Errorf("the new timestamp was not seen: %v", err)
			}
			t.Logf("cold %d requests, the head has %d bytes", len(asked), len(now.Head.Bytes))
		})
	}
}
