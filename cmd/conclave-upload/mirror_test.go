package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	tuf "github.com/theupdateframework/go-tuf/v2/metadata"
)

// foreign is a repository that somebody else publishes with another program: it
// names no trust, and one key signs everything.
type foreign struct {
	t       *testing.T
	dir     string
	private ed25519.PrivateKey
	key     *tuf.Key
	expires time.Time // of what was published last
	hashes  []string  // of targets; what stands for the first is in the name of the file
}

func newForeign(t *testing.T) *foreign {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tuf.KeyFromPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return &foreign{t, t.TempDir(), private, key, time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second), []string{"sha256"}}
}

// publish writes the next version of everything, with one file more. A version
// that is published twice says something else the second time.
func (f *foreign) publish(version int64) {
	f.t.Helper()
	f.expires = f.expires.Add(time.Second)
	expires := f.expires
	if version == 1 {
		root := tuf.Root(expires)
		for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
			if err := root.Signed.AddKey(f.key, role); err != nil {
				f.t.Fatal(err)
			}
		}
		sign(f, "1.root.json", root)
	}
	targets := tuf.Targets(expires)
	for n := range version {
		name := fmt.Sprintf("file-%d", n)
		content := []byte(name)
		file, err := tuf.TargetFile().FromBytes(name, content, f.hashes...)
		if err != nil {
			f.t.Fatal(err)
		}
		targets.Signed.Targets["docs/"+name] = file
		f.write("targets/docs/"+file.Hashes[f.hashes[0]].String()+"."+name, content)
	}
	targets.Signed.Version = version
	snapshot, timestamp := tuf.Snapshot(expires), tuf.Timestamp(expires)
	snapshot.Signed.Version, timestamp.Signed.Version = version, version
	snapshot.Signed.Meta["targets.json"] = tuf.MetaFile(version)
	timestamp.Signed.Meta["snapshot.json"] = tuf.MetaFile(version)
	sign(f, fmt.Sprintf("%d.targets.json", version), targets)
	sign(f, fmt.Sprintf("%d.snapshot.json", version), snapshot)
	sign(f, "timestamp.json", timestamp)
}

func sign[T tuf.Roles](f *foreign, name string, m *tuf.Metadata[T]) {
	f.t.Helper()
	payload, err := cjson.EncodeCanonical(m.Signed)
	if err != nil {
		f.t.Fatal(err)
	}
	id, err := f.key.ID()
	if err != nil {
		f.t.Fatal(err)
	}
	m.Signatures = []tuf.Signature{{KeyID: id, Signature: ed25519.Sign(f.private, payload)}}
	raw, err := m.ToBytes(false)
	if err != nil {
		f.t.Fatal(err)
	}
	f.write("metadata/"+name, raw)
}

func (f *foreign) write(name string, content []byte) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *foreign) root() string { return filepath.Join(f.dir, "metadata", "1.root.json") }

// sameFiles expects that each file of got is in want, byte for byte, and that
// there are n.
func sameFiles(t *testing.T, n int, got, want string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(got, "*.json"))
	if err != nil || len(found) != n {
		t.Errorf("%s holds %v, want %d files", got, found, n)
	}
	for _, path := range found {
		a, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(want, filepath.Base(path))); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s is another one: %v", filepath.Base(path), err)
		}
	}
}

// TestMirrorForeign takes a repository of other people's from a directory into a
// registry, on to another repository and an image layout, and back to a
// directory, without a key; everywhere it is what its owners signed.
func TestMirrorForeign(t *testing.T) {
	f := newForeign(t)
	f.publish(1)
	s := &site{t: t, dir: t.TempDir(), host: registrytest.Embedded(t).Host()}
	t.Setenv("DOCKER_CONFIG", s.dir)
	first, second, oci := s.host+"/org/tuf:theirs", s.host+"/other/tuf:theirs", "oci:"+s.path("layout")+":theirs"
	round := func(files int) {
		t.Helper()
		for _, hop := range [][2]string{{f.dir, first}, {first, second}, {second, oci}, {oci, s.path("out")}} {
			s.run("mirror", hop[0], hop[1], "--root", f.root())
		}
		sameFiles(t, files, s.path("out"), filepath.Join(f.dir, "metadata"))
		s.run("verify", second, "--root", f.root(), "--target", "docs/file-0")
		if got := s.read("out/targets/docs/" + metadata.Sum([]byte("file-0")).String() + ".file-0"); string(got) != "file-0" {
			t.Errorf("the target is %q", got)
		}
	}
	round(4)
	// As docker/attest's client has it: the metadata as the layers of an image.
	image := s.image("latest", filepath.Join(f.dir, "metadata", "*.json"))
	s.run("mirror", image, s.path("docker"), "--root", f.root(), "--targets-elsewhere")
	sameFiles(t, 4, s.path("docker"), filepath.Join(f.dir, "metadata"))
	old := t.TempDir()
	if err := os.CopyFS(old, os.DirFS(f.dir)); err != nil {
		t.Fatal(err)
	}
	f.publish(2)
	f.publish(5)
	round(6)

	// The row of the head alone: the others say how many days are left.
	head := func() []byte {
		return bytes.Split(s.run("status", first, "--online-within", "1m", "--within", "1m"), []byte("\n"))[1]
	}
	refused := func(want int, args ...string) {
		t.Helper()
		before := head()
		if code, printed := s.exits(nil, append([]string{"mirror"}, args...)...); code != want {
			t.Errorf("%v: exit code %d, want %d\n%s", args, code, want, printed)
		}
		if !bytes.Equal(before, head()) {
			t.Errorf("%v: what is live was changed", args)
		}
	}
	// What is older, what is another's, and what claims to be the same.
	refused(cli.Refused, old, first, "--root", f.root())
	other := newForeign(t)
	other.publish(9)
	refused(cli.Refused, other.dir, first, "--root", f.root())
	other.publish(1)
	refused(cli.Refused, other.dir, first, "--root", other.root())
	f.publish(5)
	refused(cli.Refused, f.dir, first, "--root", f.root())
	// No name, no root, no targets.
	f.publish(6)
	refused(cli.Usage, f.dir, s.host+"/org/tuf", "--root", f.root())
	refused(cli.Usage, f.dir, s.host+"/new/tuf:theirs")
	if err := os.RemoveAll(filepath.Join(f.dir, "targets")); err != nil {
		t.Fatal(err)
	}
	refused(cli.Refused, f.dir, first, "--root", f.root())
	s.run("mirror", f.dir, first, "--root", f.root(), "--targets-elsewhere")
	// From what is live, no root need be given.
	s.run("mirror", f.dir, first)
}

// image pushes the files as the layers of an image that is no head of ours.
func (s *site) image(tag string, patterns ...string) (ref string) {
	s.t.Helper()
	r, err := registry.Open(registry.Reference{Host: s.host, Repository: "org/image"}, registry.Options{PlainHTTP: true})
	if err != nil {
		s.t.Fatal(err)
	}
	put := func(content []byte) digest.Digest {
		if _, err := r.PutBlob(s.t.Context(), content); err != nil {
			s.t.Fatal(err)
		}
		return digest.FromBytes(content)
	}
	put([]byte("{}"))
	m := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: imageType, Config: ocispec.DescriptorEmptyJSON}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			s.t.Fatalf("%s: %v", pattern, err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				s.t.Fatal(err)
			}
			m.Layers = append(m.Layers, ocispec.Descriptor{MediaType: "application/vnd.tuf.metadata+json", Digest: put(content), Size: int64(len(content)),
				Annotations: map[string]string{"tuf.io/filename": filepath.Base(path)}})
		}
	}
	raw, err := json.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := r.PutManifest(s.t.Context(), tag, imageType, raw); err != nil {
		s.t.Fatal(err)
	}
	return s.host + "/org/image:" + tag
}

// TestMirrorImages copies images and files from registry to registry.
func TestMirrorImages(t *testing.T) {
	s := publishing(t, registrytest.Embedded(t).Host())
	far := registrytest.Embedded(t).Host() + "/far/tuf:wabbit"
	s.run("mirror", s.ref, far, "--root", s.path("root.json"))
	s.run("verify", far, "--root", s.path("root.json"), "--target", "app:1.0")
	if out := s.run("mirror", s.ref, far); !bytes.Contains(out, []byte("unchanged")) {
		t.Errorf("again: %s", out)
	}
	// A mirror of a mirror is the same head.
	ref, err := registry.ParseReference(far)
	if err != nil {
		t.Fatal(err)
	}
	there, err := registry.Open(ref, registry.Options{PlainHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	a, err := there.Stat(t.Context(), "wabbit")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := registrytest.Open(t, s.host, registry.Options{}).Stat(t.Context(), "wabbit"); err != nil || a.Digest != b.Digest {
		t.Errorf("the heads are %s and %s, %v", a.Digest, b.Digest, err)
	}
}

// TestMirrorByAnyHash: a target may have a sha512, with a sha256 or without: it is
// found by either, is where clients ask for it by either, and one that is missing
// is no success.
func TestMirrorByAnyHash(t *testing.T) {
	content := []byte("file-0")
	by256, long := metadata.Sum(content).String(), sha512.Sum512(content)
	by512 := hex.EncodeToString(long[:])
	for _, c := range []struct {
		hashes, there []string
	}{
		{[]string{"sha512"}, []string{by512}},
		{[]string{"sha512", "sha256"}, []string{by256, by512}},
		{[]string{"sha256", "sha512"}, []string{by256, by512}},
	} {
		t.Run(strings.Join(c.hashes, " and "), func(t *testing.T) {
			f := newForeign(t)
			f.hashes = c.hashes
			f.publish(1)
			s := &site{t: t, dir: t.TempDir(), host: registrytest.Embedded(t).Host()}
			t.Setenv("DOCKER_CONFIG", s.dir)
			for range 2 { // what is there already is no matter
				s.run("mirror", f.dir, s.path("out"), "--root", f.root())
			}
			for _, sum := range c.there {
				if got := s.read("out/targets/docs/" + sum + ".file-0"); !bytes.Equal(got, content) {
					t.Errorf("by %.8s the target is %q", sum, got)
				}
			}
			// A registry keeps it by the sha256 of what was verified.
			s.run("mirror", f.dir, s.host+"/org/tuf:theirs", "--root", f.root())
			held := registrytest.Open(t, s.host, registry.Options{})
			if _, err := held.StatBlob(t.Context(), metadata.Sum(content)); err != nil {
				t.Errorf("the registry lacks it: %v", err)
			}
			file := filepath.Join(f.dir, "targets", "docs", map[string]string{"sha256": by256, "sha512": by512}[c.hashes[0]]+".file-0")
			damaged := s.path("damaged")
			if err := os.WriteFile(file, []byte("file-X"), 0o600); err != nil {
				t.Fatal(err)
			}
			if code, printed := s.exits(nil, "mirror", f.dir, damaged, "--root", f.root()); code != cli.Refused {
				t.Errorf("another file under its name: exit code %d\n%s", code, printed)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if code, printed := s.exits(nil, "mirror", f.dir, s.path("missing"), "--root", f.root()); code != cli.Incomplete {
				t.Errorf("no such file: exit code %d\n%s", code, printed)
			}
			s.run("mirror", f.dir, s.path("elsewhere"), "--root", f.root(), "--targets-elsewhere")
			if code, printed := s.exits(nil, "mirror", f.dir, s.host+"/new/tuf:theirs", "--root", f.root()); code != cli.Refused {
				t.Errorf("no such file, for a registry: exit code %d\n%s", code, printed)
			}
		})
	}
}

// TestMirrorCorpora takes published repositories of other projects through a
// registry.
func TestMirrorCorpora(t *testing.T) {
	theirs := corpora.Dir(t)
	for name, at := range map[string]time.Time{
		"go-tuf-mirror":              time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		"tough/consistent-snapshots": time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			s := &site{t: t, dir: t.TempDir(), host: registrytest.Embedded(t).Host(), now: func() time.Time { return at }}
			t.Setenv("DOCKER_CONFIG", s.dir)
			src := filepath.Join(theirs, name)
			root := filepath.Join(src, "metadata", "1.root.json")
			s.run("mirror", src, s.host+"/org/tuf:theirs", "--root", root)
			s.run("mirror", s.host+"/org/tuf:theirs", s.path("out"), "--root", root)
			files, err := filepath.Glob(filepath.Join(src, "metadata", "*.json"))
			if err != nil {
				t.Fatal(err)
			}
			sameFiles(t, len(files), s.path("out"), filepath.Join(src, "metadata"))
			if roles, _ := filepath.Glob(filepath.Join(src, "metadata", "*.test-role.json")); len(roles) == 0 {
				return
			}
			top := []string{"*.root.json", "*.snapshot.json", "*.targets.json", "timestamp.json"}
			for i := range top {
				top[i] = filepath.Join(src, "metadata", top[i])
			}
			s.image("test-role", filepath.Join(src, "metadata", "*.test-role.json"))
			s.run("mirror", s.image("latest", top...), s.path("docker"), "--root", root, "--targets-elsewhere")
			sameFiles(t, len(files), s.path("docker"), filepath.Join(src, "metadata"))
		})
	}
}

// TestMirrorReports takes small repositories through a registry that went wrong,
// each after a public report, and others with plain names.
func TestMirrorReports(t *testing.T) {
	theirs := corpora.Dir(t)
	for name, files := range map[string][]string{
		"reports/json-targets":     {"1.targets.json", "targets/015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862.trusted_root.json"},
		"reports/stale-role":       {"2.targets.json"},
		"reports/unlisted-role":    {"1.targets.json"},
		"reports/escaped-role":     {"1.targets%2Freleases.json", "1.targets/releases.json"},
		"tough/tuf-reference-impl": {"1.role2.json", "role2.json", "targets/file3.txt"},
		"tough/dubious-role-names": {"3...%2F..%2Fpath%2Flike%2Fdubious.json", "..%2F..%2Fpath%2Flike%2Fdubious.json"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &site{t: t, dir: t.TempDir(), host: registrytest.Embedded(t).Host(), now: func() time.Time { return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) }}
			t.Setenv("DOCKER_CONFIG", s.dir)
			src := filepath.Join(theirs, name)
			root := filepath.Join(src, "1.root.json")
			if _, err := os.Stat(root); err != nil {
				root = filepath.Join(src, "metadata", "1.root.json")
			}
			s.run("mirror", src, s.host+"/org/tuf:theirs", "--root", root, "--targets-elsewhere")
			s.run("mirror", s.host+"/org/tuf:theirs", s.path("out"), "--root", root)
			s.run("mirror", s.path("out"), s.path("again"), "--root", root)
			for _, file := range append(files, "1.root.json") {
				a, err := os.ReadFile(s.path("out/" + file))
				if err != nil {
					t.Fatal(err)
				}
				if b, err := os.ReadFile(s.path("again/" + file)); err != nil || !bytes.Equal(a, b) {
					t.Errorf("%s, mirrored again: %v", file, err)
				}
			}
			if _, err := os.Stat(s.path("out/1.team.json")); err == nil {
				t.Error("the file of a role that is gone was mirrored")
			}
		})
	}
	s := &site{t: t, dir: t.TempDir()}
	if code, printed := s.exits(nil, "mirror", filepath.Join(theirs, "reports/length-zero"), s.path("out")); code != cli.Refused || !strings.Contains(string(printed), "snapshot 1 lists 0") {
		t.Errorf("exit code %d: %s", code, printed)
	}
}
