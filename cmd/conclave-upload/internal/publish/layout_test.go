package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// manifestAt reads a manifest and the file names of its layers.
func manifestAt(t *testing.T, r *registry.Repository, reference string) (m ocispec.Manifest, names []string) {
	t.Helper()
	raw, err := r.Manifest(t.Context(), reference, head.MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw.Bytes, &m); err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Layers {
		names = append(names, l.Annotations["tuf.io/filename"])
	}
	return m, names
}

// TestRoleTags: a delegated role stands under a tag of its own, as docker/attest's
// client reads it, the live version beside the new one.
func TestRoleTags(t *testing.T) {
	registrytest.Every(t, func(t *testing.T, s registrytest.Served) {
		r := s.Open(t, nil)
		x := trusttest.New(t, "wabbit")
		x.Delegate("team", "team/*")
		for i, want := range [][]string{{"1.team.json"}, {"1.team.json", "2.team.json"}, {"2.team.json", "3.team.json"}} {
			if i > 0 {
				x.Update("team")
			}
			x.Publish(r, trusttest.Start)
			m, names := manifestAt(t, r, "team")
			if !slices.Equal(names, want) || m.MediaType != head.ManifestType || m.Layers[0].MediaType != "application/vnd.tuf.metadata+json" ||
				m.Config.MediaType != "application/vnd.oci.empty.v1+json" {
				t.Errorf("version %d: %v, %+v", i+1, names, m)
			}
		}
	})
}

// TestRoleTagsLeftAlone: where the repository holds another trust, or something
// else under the role's name, the name stays what it is.
func TestRoleTagsLeftAlone(t *testing.T) {
	t.Run("two trusts", func(t *testing.T) {
		r := newMemory()
		trusttest.New(t, "other").Publish(r, trusttest.Start)
		x := trusttest.New(t, "wabbit")
		x.Delegate("team", "team/*")
		x.Publish(r, trusttest.Start)
		if _, err := r.Stat(t.Context(), "team"); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an image", func(t *testing.T) {
		r := newMemory()
		if _, err := r.Put(t.Context(), registry.Put{Reference: "team", MediaType: imageType}, []byte(image)); err != nil {
			t.Fatal(err)
		}
		x := trusttest.New(t, "wabbit")
		x.Delegate("team", "team/*")
		x.Publish(r, trusttest.Start)
		if d, err := r.Stat(t.Context(), "team"); err != nil || d.Digest != metadata.Sum([]byte(image)) {
			t.Errorf("it holds %v, %v", d, err)
		}
	})
	t.Run("an image, under a tag that the delegation names", func(t *testing.T) {
		r := newMemory()
		if _, err := r.Put(t.Context(), registry.Put{Reference: "wabbit-team", MediaType: imageType}, []byte(image)); err != nil {
			t.Fatal(err)
		}
		x := trusttest.New(t, "wabbit")
		x.Delegate("team", "team/*")
		x.Targets(func(targets *metadata.Targets) { targets.Delegations.Roles[0].Tag = "wabbit-team" })
		before := len(r.manifests) + len(r.blobs)
		var foreign *publish.ForeignTagError
		if _, err := x.Publisher(r, trusttest.Start).Push(t.Context(), x.Offline()); !errors.As(err, &foreign) || len(r.manifests)+len(r.blobs) != before {
			t.Errorf("got %v", err)
		}
	})
}

// TestDeclaredTag: a delegation says which tag holds its role, however many
// trusts the repository holds.
func TestDeclaredTag(t *testing.T) {
	r := newMemory()
	trusttest.New(t, "other").Publish(r, trusttest.Start)
	x := trusttest.New(t, "wabbit")
	x.Delegate("team", "team/*")
	x.Targets(func(targets *metadata.Targets) { targets.Delegations.Roles[0].Tag = "wabbit-team" })
	x.Publish(r, trusttest.Start)
	m, err := r.Manifest(t.Context(), "wabbit-team", head.MaxSize)
	if err != nil || !head.IsRoleOf("wabbit", "team", m.Bytes) {
		t.Errorf("%s, %v", m.Bytes, err)
	}
}

// TestTagsOfTheTrust: a role takes no tag that the trust itself uses, whatever
// its name is or its delegation says.
func TestTagsOfTheTrust(t *testing.T) {
	for _, name := range []string{"wabbit", "wabbit-root", "wabbit-root-1", "wabbit-ts-1"} {
		r := newMemory()
		x := trusttest.New(t, "wabbit")
		x.Delegate(name, "team/*")
		x.Publish(r, trusttest.Start)
		x.Update(name)
		x.Publish(r, trusttest.Start)
		x.Verified(r, trusttest.Start)
	}
	for _, tag := range []string{"wabbit", "wabbit-root", "wabbit-ts-7"} {
		r := newMemory()
		x := trusttest.New(t, "wabbit")
		x.Delegate("team", "team/*")
		x.Targets(func(targets *metadata.Targets) { targets.Delegations.Roles[0].Tag = tag })
		var refused *publish.TagError
		if _, err := x.Publisher(r, trusttest.Start).Push(t.Context(), x.Offline()); !errors.As(err, &refused) || len(r.manifests) != 0 {
			t.Errorf("%s: %v, %d manifests", tag, err, len(r.manifests))
		}
	}
}

// referrersOf lists what the registry knows to refer to the image, by its own
// list or at the fallback tag.
func referrersOf(t *testing.T, r *registry.Repository, sum metadata.Digest) (list []ocispec.Descriptor) {
	t.Helper()
	raw, err := r.Manifest(t.Context(), "sha256-"+sum.String(), head.MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	var index ocispec.Index
	if err := json.Unmarshal(raw.Bytes, &index); err != nil {
		t.Fatal(err)
	}
	return index.Manifests
}

// TestPointers: an image leads to the trust, the role and the path that vouch
// for it; a second push adds nothing.
func TestPointers(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	putImage(t, r)
	x := trusttest.New(t, "wabbit")
	x.Vouch("app:1.0", []byte(image), imageType)
	x.Vouch("app:latest", []byte(image), imageType)
	for range 2 {
		p := x.Publisher(r, trusttest.Start)
		p.Pointers = true
		if _, err := p.Push(t.Context(), x.Offline()); err != nil {
			t.Fatal(err)
		}
	}
	list := referrersOf(t, r, metadata.Sum([]byte(image)))
	if len(list) != 2 {
		t.Fatalf("%d pointers: %+v", len(list), list)
	}
	for _, d := range list {
		m, _ := manifestAt(t, r, string(d.Digest))
		if m.Subject == nil || m.Subject.Digest.String() != metadata.Sum([]byte(image)).OCI() || d.ArtifactType != head.PointerArtifactType ||
			m.Annotations["io.conclave.trust"] != "wabbit" || m.Annotations["io.conclave.role"] != "targets" || !strings.HasPrefix(m.Annotations["io.conclave.path"], "app:") {
			t.Errorf("%+v", m)
		}
	}
}

// TestPointersByRegistry: one that lists referrers by itself gets no fallback tag.
func TestPointersByRegistry(t *testing.T) {
	r := registrytest.Open(t, registrytest.Modern(t, registrytest.Embedded(t).Host()), registry.Options{})
	putImage(t, r)
	x := trusttest.New(t, "wabbit")
	x.Vouch("app:1.0", []byte(image), imageType)
	p := x.Publisher(r, trusttest.Start)
	p.Pointers = true
	if _, err := p.Push(t.Context(), x.Offline()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Stat(t.Context(), "sha256-"+metadata.Sum([]byte(image)).String()); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("the fallback tag: %v", err)
	}
}

// TestPointersRace has many trusts link one image at once; none is lost as long
// as each comes back to look.
func TestPointersRace(t *testing.T) {
	const trusts = 6
	r := registrytest.Open(t, registrytest.Modern(t, registrytest.Embedded(t).Host()), registry.Options{})
	putImage(t, r)
	deaf := unlisted{r}
	var all sync.WaitGroup
	for i := range trusts {
		x := trusttest.New(t, fmt.Sprintf("trust-%d", i))
		x.Vouch("app:1.0", []byte(image), imageType)
		p := x.Publisher(deaf, trusttest.Start)
		p.Pointers, p.Progress = true, func(string) {}
		offline := x.Offline()
		all.Go(func() {
			if _, err := p.Push(t.Context(), offline); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list := referrersOf(t, r, metadata.Sum([]byte(image))); len(list) != trusts {
		t.Errorf("%d of %d pointers are listed", len(list), trusts)
	}
}

// unlisted honours conditions, and lists no referrers.
type unlisted struct{ *registry.Repository }

func (u unlisted) Put(ctx context.Context, p registry.Put, raw []byte) (bool, error) {
	_, err := u.Repository.Put(ctx, p, raw)
	return false, err
}

// TestForeignConditions: a registry that refuses every condition, whatever it
// may understand by it, is published to without.
func TestForeignConditions(t *testing.T) {
	host := registrytest.Before(t, registrytest.Embedded(t).Host(), func(w http.ResponseWriter, r *http.Request) bool {
		conditional := r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != ""
		if conditional {
			w.WriteHeader(http.StatusPreconditionFailed)
		}
		return conditional
	})
	r := registrytest.Open(t, host, registry.Options{})
	putImage(t, r)
	x := trusttest.New(t, "wabbit")
	x.Vouch("app:1.0", []byte(image), imageType)
	for n := range 2 {
		p := x.Publisher(r, trusttest.Start.Add(time.Duration(n)*20*hour))
		p.Pointers = true
		if _, err := p.Push(t.Context(), x.Offline()); err != nil {
			t.Fatal(err)
		}
	}
	if list := referrersOf(t, r, metadata.Sum([]byte(image))); len(list) != 1 {
		t.Errorf("%d pointers", len(list))
	}
	x.Verified(r, trusttest.Start.Add(20*hour))
}
