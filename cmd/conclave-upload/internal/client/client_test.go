package client_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/internal/embedded"
)

const day = 24 * time.Hour

// published starts a registry that holds x.
func published(t *testing.T, x *trusttest.Trust) (*registry.Repository, *embedded.Registry) {
	t.Helper()
	host := registrytest.Embedded(t)
	r := registrytest.Open(t, host.Host(), registry.Options{})
	x.Publish(r, trusttest.Start)
	host.Forget()
	return r, host
}

func read(t *testing.T, r client.Store, trust string) *client.Published {
	t.Helper()
	p, err := client.Read(t.Context(), r, trust, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRequests counts at the registry: one request while everything is inline,
// and one more for each file that is not.
func TestRequests(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	x.Delegate("team", "team/*")
	r, host := published(t, x)
	p := read(t, r, x.Name)
	if _, err := client.Verify(p.Files, x.Offline().Roots[0].Bytes, trusttest.Start); err != nil {
		t.Fatal(err)
	}
	if got := host.Requests(); len(got) != 1 || got[0].String() != "GET /v2/org/tuf/manifests/wabbit 200" {
		t.Errorf("a usual trust took %v", got)
	}

	x.Vouch("big", []byte("x"), base64.StdEncoding.EncodeToString(noise(t, head.InlineBudget)))
	x.Publish(r, trusttest.Start.Add(time.Hour))
	host.Forget()
	p = read(t, r, x.Name)
	if _, err := client.Verify(p.Files, x.Offline().Roots[0].Bytes, trusttest.Start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := host.Requests(); len(got) != 2 {
		t.Errorf("a trust with one large file took %v", got)
	}
}

func noise(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestVerifyRefuses what a client must not believe.
func TestVerifyRefuses(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	x.Root(func(*metadata.Root) {})
	r, _ := published(t, x)
	files := read(t, r, x.Name).Files
	roots := x.Offline().Roots
	other := trusttest.New(t, "other")
	change := func(name string, edit func(b []byte) []byte) []trust.NamedFile {
		changed := slices.Clone(files)
		i := slices.IndexFunc(changed, func(f trust.NamedFile) bool { return f.Name == name })
		changed[i].Bytes = edit(bytes.Clone(changed[i].Bytes))
		return changed
	}
	for name, c := range map[string]struct {
		files  []trust.NamedFile
		pinned []byte
		at     time.Time
	}{
		"a timestamp that expired":     {files, roots[0].Bytes, trusttest.Start.Add(2 * day)},
		"the root of another trust":    {files, other.Offline().Roots[0].Bytes, trusttest.Start},
		"no root as the root":          {files, x.Offline().Targets.Bytes, trusttest.Start},
		"no metadata as the root":      {files, []byte("<html>"), trusttest.Start},
		"a targets with another byte":  {change("1.targets.json", func(b []byte) []byte { return append(b, '\n') }), roots[0].Bytes, trusttest.Start},
		"a root with another byte":     {change("2.root.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"sig":"30`), []byte(`"sig":"31`), 3) }), roots[0].Bytes, trusttest.Start},
		"a set without a snapshot":     {slices.DeleteFunc(slices.Clone(files), func(f trust.NamedFile) bool { return f.Name == "1.snapshot.json" }), roots[0].Bytes, trusttest.Start},
		"a set without its root":       {slices.DeleteFunc(slices.Clone(files), func(f trust.NamedFile) bool { return f.Name == "2.root.json" }), roots[1].Bytes, trusttest.Start},
		"a file under another version": {change("1.targets.json", func([]byte) []byte { return roots[0].Bytes }), roots[0].Bytes, trusttest.Start},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := client.Verify(c.files, c.pinned, c.at); err == nil {
				t.Error("it was believed")
			} else {
				t.Log(err)
			}
		})
	}
	for _, pinned := range roots {
		if _, err := client.Verify(files, pinned.Bytes, trusttest.Start); err != nil {
			t.Errorf("from root %d: %v", pinned.Version, err)
		}
	}
}

// TestForeignFiles: go-tuf looks for older metadata in the current directory
// unless it is kept from it.
func TestForeignFiles(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	r, _ := published(t, x)
	old := read(t, r, x.Name).Files
	t.Chdir(t.TempDir())
	x.Publish(r, trusttest.Start.Add(2*day))
	later := read(t, r, x.Name).Files
	for _, f := range later {
		if err := os.WriteFile(f.Name, f.Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Verify(old, x.Offline().Roots[0].Bytes, trusttest.Start); err != nil {
		t.Errorf("what lies in the current directory was looked at: %v", err)
	}
}

func TestTargets(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	image := []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`)
	content := []byte("content")
	x.Vouch("app:1.0", image, "application/vnd.oci.image.index.v1+json")
	x.Vouch("file", content, "")
	x.Vouch("missing", []byte("missing"), "")
	host := registrytest.Embedded(t)
	r := registrytest.Open(t, host.Host(), registry.Options{})
	if err := r.PutManifest(t.Context(), "app", "application/vnd.oci.image.index.v1+json", image); err != nil {
		t.Fatal(err)
	}
	if _, err := r.PutBlob(t.Context(), content); err != nil {
		t.Fatal(err)
	}
	x.Publish(r, trusttest.Start)
	v, err := client.Verify(read(t, r, x.Name).Files, x.Offline().Roots[0].Bytes, trusttest.Start)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]byte{"app:1.0": image, "file": content} {
		target, err := v.Find(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := client.Content(t.Context(), r, target); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
		target.Length++
		if _, err := client.Content(t.Context(), r, target); err == nil {
			t.Errorf("%s was taken with another length", path)
		}
	}
	missing, err := v.Find("missing")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Content(t.Context(), r, missing); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a target that is not there: %v", err)
	}
	if _, err := v.Find("nothing"); err == nil {
		t.Error("a target that nobody vouches for was found")
	}
}

// TestMissingBin: a large trust whose repository lost a delegated role is broken,
// and not taken for one without it; what a client has it need not get.
func TestMissingBin(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	x.Teams(80)
	r, _ := published(t, x)
	whole := read(t, r, x.Name)
	if len(whole.Bins) == 0 || len(whole.Files) != 84 {
		t.Fatalf("%d manifests of bins, %d files", len(whole.Bins), len(whole.Files))
	}
	lost := metadata.Sum(x.Offline().Delegated["team-007"].Bytes)
	var broken *client.IncompleteError
	if _, err := client.Read(t.Context(), without{r, lost}, x.Name, nil); !errors.As(err, &broken) || broken.Digest != lost {
		t.Errorf("got %v", err)
	}
	known := func(sum metadata.Digest) []byte {
		if sum != lost {
			return nil
		}
		return x.Offline().Delegated["team-007"].Bytes
	}
	if again, err := client.Read(t.Context(), without{r, lost}, x.Name, known); err != nil || len(again.Files) != len(whole.Files) {
		t.Errorf("with the file at hand: %v", err)
	}
	lie := func(metadata.Digest) []byte { return []byte("something else") }
	if again, err := client.Read(t.Context(), r, x.Name, lie); err != nil || len(again.Files) != len(whole.Files) {
		t.Errorf("a file at hand was not checked: %v", err)
	}
}

// without is a store that has lost a blob, and the manifests that carry it.
type without struct {
	client.Store
	lost metadata.Digest
}

func (w without) Manifest(ctx context.Context, reference string, limit int64) (registry.Manifest, error) {
	if strings.HasPrefix(reference, "sha256:") {
		return registry.Manifest{}, registry.ErrNotFound
	}
	return w.Store.Manifest(ctx, reference, limit)
}

func (w without) Blob(ctx context.Context, sum metadata.Digest, size int64) ([]byte, error) {
	if sum == w.lost {
		return nil, registry.ErrNotFound
	}
	return w.Store.Blob(ctx, sum, size)
}
