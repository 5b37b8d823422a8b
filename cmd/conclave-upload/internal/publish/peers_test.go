package publish_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/layout"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/google/go-containerregistry/pkg/name"
	cranelayout "github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"oras.land/oras-go/v2"
	orasmemory "oras.land/oras-go/v2/content/memory"
	"oras.land/oras-go/v2/content/oci"
	orasremote "oras.land/oras-go/v2/registry/remote"
)

// cost is what one way of publishing or reading took, as the server counts it.
type cost struct {
	requests, sent int64 // sent: bytes of bodies to the registry
	took           time.Duration
}

func (c cost) String() string {
	return fmt.Sprintf("%4d requests, %7d bytes sent", c.requests, c.sent)
}

// tariff is a registry that counts.
type tariff struct {
	host           string
	requests, sent atomic.Int64
}

func newTariff(t testing.TB) *tariff {
	t.Helper()
	c := &tariff{}
	c.host = registrytest.Before(t, registrytest.Embedded(t).Host(), func(_ http.ResponseWriter, r *http.Request) bool {
		c.requests.Add(1)
		c.sent.Add(max(0, r.ContentLength))
		return false
	})
	return c
}

func (c *tariff) of(t testing.TB, do func() error) cost {
	t.Helper()
	c.requests.Store(0)
	c.sent.Store(0)
	began := time.Now()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	return cost{c.requests.Load(), c.sent.Load(), time.Since(began)}
}

// peers publishes one set with 50 files by each program, to a registry of its
// own, and has each read the head back: ours, and oras and crane, which copy
// what ours has written to an image layout, tag by tag.
func peers(t testing.TB) (wrote, read map[string]cost) {
	t.Helper()
	x := trusttest.New(t, "wabbit")
	files := fstest.MapFS{}
	for n := range 50 {
		name := fmt.Sprintf("file-%d", n)
		files[name] = &fstest.MapFile{Data: []byte(name)}
		x.Vouch(name, []byte(name), "")
	}
	push := func(r publish.Registry) error {
		p := x.Publisher(r, trusttest.Start)
		p.Files, p.Elsewhere, p.Progress, p.Patience = files, false, func(string) {}, 20*time.Millisecond
		_, err := p.Push(t.Context(), x.Offline())
		return err
	}
	dir := t.TempDir()
	l, err := layout.Open(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := push(l); err != nil {
		t.Fatal(err)
	}
	tags, err := l.Tags(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	wrote, read = map[string]cost{}, map[string]cost{}
	ours, with, crane := newTariff(t), newTariff(t), newTariff(t)
	wrote["ours"] = ours.of(t, func() error { return push(registrytest.Open(t, ours.host, registry.Options{})) })
	read["ours"] = ours.of(t, func() error {
		_, err := client.Read(t.Context(), registrytest.Open(t, ours.host, registry.Options{}), "wabbit", nil)
		return err
	})
	repository := func() *orasremote.Repository {
		r, err := orasremote.NewRepository(with.host + "/org/tuf")
		if err != nil {
			t.Fatal(err)
		}
		r.PlainHTTP = true
		return r
	}
	wrote["oras"] = with.of(t, func() error { return copyOras(t.Context(), dir, repository(), tags) })
	read["oras"] = with.of(t, func() error {
		_, err := oras.Copy(t.Context(), repository(), "wabbit", orasmemory.New(), "wabbit", oras.DefaultCopyOptions)
		return err
	})
	wrote["crane"] = crane.of(t, func() error { return copyCrane(t.Context(), dir, crane.host+"/org/tuf") })
	read["crane"] = crane.of(t, func() error { return readCrane(t.Context(), crane.host+"/org/tuf:wabbit") })
	return wrote, read
}

func copyOras(ctx context.Context, dir string, to *orasremote.Repository, tags []string) error {
	from, err := oci.New(dir)
	if err != nil {
		return err
	}
	for _, tag := range tags {
		if _, err := oras.Copy(ctx, from, tag, to, tag, oras.DefaultCopyOptions); err != nil {
			return fmt.Errorf("oras, %s: %w", tag, err)
		}
	}
	return nil
}

func copyCrane(ctx context.Context, dir, repository string) error {
	index, err := cranelayout.ImageIndexFromPath(dir)
	if err != nil {
		return err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range list.Manifests {
		image, err := index.Image(d.Digest)
		if err != nil {
			return err
		}
		tag, err := name.NewTag(repository+":"+d.Annotations["org.opencontainers.image.ref.name"], name.Insecure)
		if err != nil {
			return err
		}
		if err := remote.Write(tag, image, remote.WithContext(ctx)); err != nil {
			return fmt.Errorf("crane, %s: %w", tag, err)
		}
	}
	return nil
}

func readCrane(ctx context.Context, reference string) error {
	tag, err := name.NewTag(reference, name.Insecure)
	if err != nil {
		return err
	}
	image, err := remote.Image(tag, remote.WithContext(ctx))
	if err != nil {
		return err
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, l := range layers {
		r, err := l.Compressed()
		if err != nil {
			return err
		}
		r.Close()
	}
	return nil
}

// TestPeers prints what a publication and a read cost beside what they cost by
// oras and crane, which neither look before they write nor read back.
func TestPeers(t *testing.T) {
	wrote, read := peers(t)
	for _, who := range []string{"ours", "oras", "crane"} {
		t.Logf("50 files and the set: %-5s %s; a cold read of the head: %d requests", who, wrote[who], read[who].requests)
	}
	for _, who := range []string{"oras", "crane"} {
		if wrote["ours"].requests > wrote[who].requests || read["ours"].requests > read[who].requests {
			t.Errorf("%s takes fewer requests", who)
		}
	}
}

// BenchmarkPeers reports requests, and the time of each peer as a multiple of ours.
func BenchmarkPeers(b *testing.B) {
	for b.Loop() {
		wrote, read := peers(b)
		for _, who := range []string{"ours", "oras", "crane"} {
			b.ReportMetric(float64(wrote[who].requests), who+"-requests")
			b.ReportMetric(float64(wrote[who].sent), who+"-bytes")
			b.ReportMetric(float64(read[who].requests), who+"-read-requests")
			if who != "ours" {
				b.ReportMetric(wrote[who].took.Seconds()/wrote["ours"].took.Seconds(), who+"/ours-time")
			}
		}
	}
}
