package rendezvous_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/rendezvous"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func encode(t *testing.T, c trust.Contents) *bundles.Bundle {
	t.Helper()
	b, err := bundles.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func collect(t *testing.T, r rendezvous.Registry, trust string, live *metadata.Set) (trust.Contents, string) {
	t.Helper()
	var mu sync.Mutex
	var told []string
	c, err := rendezvous.Collect(t.Context(), r, trust, live, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, line)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, strings.Join(told, "\n")
}

// TestTwentySigners share at once, each what it has; nothing of it is lost, and
// the bundle that comes back is the one that a single site would have.
func TestTwentySigners(t *testing.T) {
	registrytest.Every(t, twentySigners)
}

// TestTwentySignersThroughFaults: neither is what a registry breaks off.
func TestTwentySignersThroughFaults(t *testing.T) {
	registrytest.EveryFault(t, func(t *testing.T, s registrytest.Served, f *registrytest.Faults, _ *registrytest.Waits) {
		twentySigners(t, s)
		if len(f.Injected()) == 0 {
			t.Error("no fault befell them")
		}
	})
}

func twentySigners(t *testing.T, s registrytest.Served) {
	x := trusttest.NewHeld(t, "wabbit", 20)
	var all sync.WaitGroup
	for _, keyid := range x.Holders() {
		r, b := s.Open(t, nil), encode(t, x.By(keyid))
		all.Go(func() {
			if shared, err := rendezvous.Share(t.Context(), r, b, nil); err != nil || shared.Signatures != 2 {
				t.Errorf("%+v, %v", shared, err)
			}
		})
	}
	all.Wait()
	got, told := collect(t, s.Open(t, nil), "wabbit", nil)
	if told != "" {
		t.Error(told)
	}
	if want := encode(t, x.Contents); encode(t, got).Digest != want.Digest {
		t.Errorf("%d proposals and %d signatures came back, want %d and %d", len(got.Proposals), len(got.Signatures), len(x.Contents.Proposals), len(x.Contents.Signatures))
	}
}

// TestParallel holds back what a collector asks for until eight requests are
// there: it sends so many by itself, and no more.
func TestParallel(t *testing.T) {
	host := registrytest.Embedded(t).Host()
	x := trusttest.NewHeld(t, "wabbit", 20)
	if _, err := rendezvous.Share(t.Context(), registrytest.Open(t, host, registry.Options{}), encode(t, x.Contents), nil); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var here, most int
	var once sync.Once
	eight := make(chan struct{})
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		here += n
		if most = max(most, here); here == registry.Parallel {
			once.Do(func() { close(eight) })
		}
	}
	r := registrytest.Open(t, registrytest.Through(t, host, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			count(+1)
			defer count(-1)
			if strings.Contains(q.URL.Path, "/manifests/") {
				select {
				case <-eight:
				case <-q.Context().Done():
				}
			}
			next.ServeHTTP(w, q)
		})
	}), registry.Options{})
	if got, _ := collect(t, r, "wabbit", nil); len(got.Signatures) != 40 || most != registry.Parallel {
		t.Errorf("%d signatures, and at most %d requests at a time", len(got.Signatures), most)
	}
}

// TestShareAgain adds nothing; a second signature by the same key leaves the first.
func TestShareAgain(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x := trusttest.New(t, "wabbit")
	b := encode(t, x.Contents)
	for i, want := range []int{8, 0} {
		if shared, err := rendezvous.Share(t.Context(), r, b, nil); err != nil || shared.New != want {
			t.Errorf("time %d: %+v, %v", i+1, shared, err)
		}
	}
	again := x.Contents
	again.Signatures = append([]trust.ProposalSignature{}, x.Contents.Signatures...)
	again.Signatures[0].Sig = "3045" + again.Signatures[0].Sig[4:]
	if shared, err := rendezvous.Share(t.Context(), r, encode(t, again), nil); err != nil || shared.New != 0 {
		t.Errorf("another signature by the same key: %+v, %v", shared, err)
	}
}

// TestOnlyWhatIsOpen: what is live is neither shared nor collected.
func TestOnlyWhatIsOpen(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x := trusttest.New(t, "wabbit")
	if _, err := rendezvous.Share(t.Context(), r, encode(t, x.Contents), nil); err != nil {
		t.Fatal(err)
	}
	x.Publish(r, trusttest.Start)
	live := x.Verified(r, trusttest.Start).Set
	if got, _ := collect(t, r, "wabbit", live); len(got.Proposals) != 0 || len(got.Signatures) != 0 {
		t.Errorf("collected %d proposals", len(got.Proposals))
	}
	x.Vouch("file", []byte("content"), "")
	shared, err := rendezvous.Share(t.Context(), r, encode(t, x.Contents), live)
	if err != nil || shared.Proposals != 1 || shared.Signatures != 3 {
		t.Errorf("%+v, %v", shared, err)
	}
	got, _ := collect(t, r, "wabbit", live)
	if len(got.Proposals) != 1 || got.Proposals[0].Role != "targets" || got.Proposals[0].Version != 2 || len(got.Signatures) != 3 {
		t.Errorf("collected %+v", got)
	}
}

// TestJunk: what strangers leave under our tags is passed over and told.
func TestJunk(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x := trusttest.New(t, "wabbit")
	if _, err := rendezvous.Share(t.Context(), r, encode(t, x.Contents), nil); err != nil {
		t.Fatal(err)
	}
	other := trusttest.New(t, "other")
	if _, err := rendezvous.Share(t.Context(), r, encode(t, other.Contents), nil); err != nil {
		t.Fatal(err)
	}
	tags, err := r.Tags(t.Context(), "other-")
	if err != nil {
		t.Fatal(err)
	}
	for i, tag := range tags { // of another trust, and then with a lie about that
		m, err := r.Manifest(t.Context(), tag, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for n, raw := range []string{string(m.Bytes), strings.ReplaceAll(string(m.Bytes), `"other"`, `"wabbit"`)} {
			if err := r.PutManifest(t.Context(), fmt.Sprintf("wabbit-prop-%011x%d", i, n), ocispec.MediaTypeImageManifest, []byte(raw)); err != nil {
				t.Fatal(err)
			}
		}
	}
	empty, err := json.Marshal(ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Config: ocispec.DescriptorEmptyJSON, Layers: []ocispec.Descriptor{}})
	if err != nil {
		t.Fatal(err)
	}
	empty = []byte(strings.Replace(string(empty), "{", `{"schemaVersion":2,`, 1))
	empty = []byte(strings.Replace(string(empty), `"schemaVersion":0,`, "", 1))
	if err := r.PutManifest(t.Context(), "wabbit-sig-000000000000-000000000000", ocispec.MediaTypeImageManifest, empty); err != nil {
		t.Fatal(err)
	}
	got, told := collect(t, r, "wabbit", nil)
	if encode(t, got).Digest != encode(t, x.Contents).Digest {
		t.Errorf("%d proposals, %d signatures", len(got.Proposals), len(got.Signatures))
	}
	if !strings.Contains(told, "is of another trust") || !strings.Contains(told, "it has 0 layers") {
		t.Errorf("it told: %s", told)
	}
}

// TestTaken: a tag that never moves is not moved.
func TestTaken(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x, other := trusttest.New(t, "wabbit"), trusttest.New(t, "other")
	if _, err := rendezvous.Share(t.Context(), r, encode(t, other.Contents), nil); err != nil {
		t.Fatal(err)
	}
	tags, err := r.Tags(t.Context(), "other-prop-")
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.Manifest(t.Context(), tags[0], 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	body, err := metadata.ParseSigned(x.Contents.Proposals[0].Signed, metadata.Strict)
	if err != nil {
		t.Fatal(err)
	}
	tag := fmt.Sprintf("wabbit-prop-%.12s", body.Digest())
	if err := r.PutManifest(t.Context(), tag, m.MediaType, m.Bytes); err != nil {
		t.Fatal(err)
	}
	var taken *rendezvous.TakenError
	if _, err := rendezvous.Share(t.Context(), r, encode(t, x.Contents), nil); !errors.As(err, &taken) || taken.Tag != tag {
		t.Errorf("got %v", err)
	}
}
