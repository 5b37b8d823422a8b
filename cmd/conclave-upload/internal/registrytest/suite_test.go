package registrytest_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/mirror"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/rendezvous"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/upkeep"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"
)

const (
	imageType = ocispec.MediaTypeImageManifest
	image     = `{"schemaVersion":2,"mediaType":"` + imageType + `","config":{"mediaType":"application/vnd.oci.empty.v1+json",` +
		`"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}`
	file = "content of a file"
)

// TestSuite does the whole job of the online half on each kind of registry.
func TestSuite(t *testing.T) {
	registrytest.Every(t, func(t *testing.T, s registrytest.Served) { (&suite{T: t, Served: s}).run() })
}

// TestSuiteThroughFaults does the same behind each kind of fault. A registry
// that asks to be left alone for a time is; no credential leaves for elsewhere.
func TestSuiteThroughFaults(t *testing.T) {
	registrytest.EveryFault(t, func(t *testing.T, s registrytest.Served, f *registrytest.Faults, waits *registrytest.Waits) {
		(&suite{T: t, Served: s}).run()
		injected, full := 0, 0
		for _, n := range f.Injected() {
			injected += n
		}
		for _, d := range waits.List() {
			if d == registrytest.AskedFor {
				full++
			}
		}
		asked := f.Injected()[registrytest.TooMany] + f.Injected()[registrytest.TooManyAt]
		if injected == 0 || full != asked {
			t.Errorf("%v befell it; it was asked to wait %d times, and did %d times", f.Injected(), asked, full)
		}
		if n := f.Leaked(); n != 0 {
			t.Errorf("%d credentials came to another host", n)
		}
	})
}

// suite is the whole job, on one registry.
type suite struct {
	*testing.T
	registrytest.Served
	x *trusttest.Trust
	r *registry.Repository
}

func (s *suite) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) run() {
	s.x = trusttest.New(s, "wabbit")
	s.r = s.Open(s, nil)
	s.images()
	s.x.Vouch("app:1.0", []byte(image), imageType)
	s.x.Vouch("doc/file", []byte(file), "")
	s.x.Vouch("large", []byte(file), strings.Repeat("x", head.InlineBudget)) // so that targets are a blob of their own
	s.x.Delegate("team", "team/*")

	s.share()
	s.publish(trusttest.Start, false)
	s.publish(trusttest.Start, true)
	s.linked()
	s.x.Update("team")
	s.publish(trusttest.Start.Add(time.Hour), false)
	s.refresh(trusttest.Start.Add(12 * time.Hour))
	s.x.Vouch("next", []byte(file), "")
	s.share()
	s.fetch(trusttest.Start.Add(12 * time.Hour))
	s.mirror(trusttest.Start.Add(12 * time.Hour))
	s.prune(trusttest.Start.Add(36 * time.Hour))
}

// images: somebody pushes what the trust vouches for.
func (s *suite) images() {
	_, err := s.r.PutBlob(s.Context(), []byte("{}"))
	s.check(err)
	s.check(s.r.PutManifest(s.Context(), "image", imageType, []byte(image)))
}

func (s *suite) publish(at time.Time, unchanged bool) {
	s.Helper()
	p := s.x.Publisher(s.r, at)
	p.Progress = func(string) {}
	p.Pointers, p.Elsewhere = true, false
	p.Files = fstest.MapFS{"doc/file": {Data: []byte(file)}, "large": {Data: []byte(file)}}
	result, err := p.Push(s.Context(), s.x.Offline())
	s.check(err)
	if result.Unchanged != unchanged {
		s.Errorf("unchanged %v: %+v", result.Unchanged, result)
	}
	role, err := s.r.Manifest(s.Context(), "team", head.MaxSize)
	s.check(err)
	live := s.x.Verified(s.r, at).Set
	name := head.FileName("team", live.Delegated["team"].Version)
	if !head.IsRoleOf("wabbit", "team", role.Bytes) || !bytes.Contains(role.Bytes, []byte(name)) {
		s.Errorf("the tag of the role team does not hold %s: %s", name, role.Bytes)
	}
}

// linked: another client finds the image's pointer in the registry itself,
// which lists it or has it listed at the fallback tag.
func (s *suite) linked() {
	other, err := remote.NewRepository(s.Itself + "/org/tuf")
	s.check(err)
	other.PlainHTTP = true
	found := 0
	subject := ocispec.Descriptor{MediaType: imageType, Digest: digest.FromString(image), Size: int64(len(image))}
	s.check(other.Referrers(s.Context(), subject,
		head.PointerArtifactType, func(list []ocispec.Descriptor) error {
			found += len(list)
			return nil
		}))
	if found != 1 {
		s.Errorf("%d pointers lead from the image", found)
	}
}

func (s *suite) refresh(at time.Time) {
	p := s.x.Publisher(s.r, at)
	p.Progress = func(string) {}
	result, err := p.Refresh(s.Context(), "wabbit", 20*time.Hour)
	s.check(err)
	if result.Unchanged || result.Roles[1].Version != 3 {
		s.Errorf("refreshed: %+v", result)
	}
}

// share: each holder shares at the same time as the others.
func (s *suite) share() {
	live := s.live()
	var all sync.WaitGroup
	for _, keyid := range s.x.Holders() {
		b, err := bundles.Encode(s.x.By(keyid))
		s.check(err)
		r := s.Open(s, nil)
		all.Go(func() {
			if _, err := rendezvous.Share(s.Context(), r, b, live); err != nil {
				s.Error(err)
			}
		})
	}
	all.Wait()
}

func (s *suite) live() *metadata.Set {
	published, err := client.Read(s.Context(), s.r, "wabbit", nil)
	if errors.Is(err, registry.ErrNotFound) {
		return nil
	}
	s.check(err)
	set, err := head.Set(published.Files)
	s.check(err)
	return set
}

// fetch: what goes into the locked room holds what is live and what is open.
func (s *suite) fetch(at time.Time) {
	published, err := client.Read(s.Context(), s.r, "wabbit", nil)
	s.check(err)
	live := s.x.Verified(s.r, at).Set
	contents, err := rendezvous.Collect(s.Context(), s.r, "wabbit", live, func(line string) { s.Error(line) })
	s.check(err)
	contents.Published = published.Files
	if len(contents.Proposals) != 1 || len(contents.Signatures) != len(s.x.Holders()) {
		s.Errorf("%d proposals and %d signatures", len(contents.Proposals), len(contents.Signatures))
	}
	_, err = bundles.Encode(contents)
	s.check(err)
}

func (s *suite) mirror(at time.Time) {
	dir := s.TempDir()
	m, err := mirror.Open(dir)
	s.check(err)
	defer m.Close()
	verified := s.x.Verified(s.r, at)
	for _, t := range verified.Targets {
		content, err := client.Content(s.Context(), s.r, t)
		s.check(err)
		s.check(m.PutTarget(t, bytes.NewReader(content)))
	}
	s.check(m.PutMetadata(verified.Set))
	for name, want := range map[string][]byte{
		"timestamp.json": verified.Set.Timestamp.Bytes,
		"targets/doc/" + metadata.Sum([]byte(file)).String() + ".file": []byte(file),
	} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			s.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// prune: the head whose timestamp expired first goes, and what is live stays.
func (s *suite) prune(at time.Time) {
	pruned, err := upkeep.Prune(s.Context(), s.r, "wabbit", at, time.Hour, false)
	s.check(err)
	if len(pruned.Deleted)+len(pruned.Refused) == 0 || len(pruned.Kept) == 0 {
		s.Errorf("%+v", pruned)
	}
	s.x.Verified(s.r, trusttest.Start.Add(30*time.Hour))
}
