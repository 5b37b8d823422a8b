package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry/remote"
)

// The tests in this file have programs that nobody here wrote read what the
// commands have published.

const (
	imageType = "application/vnd.oci.image.manifest.v1+json"
	image     = `{"schemaVersion":2,"mediaType":"` + imageType + `","config":{"mediaType":"application/vnd.oci.empty.v1+json",` +
		`"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}`
)

// site is a machine from which a trust is published.
type site struct {
	t    *testing.T
	dir  string
	host string
	ref  string
	now  func() time.Time // nil: the clock
}

// time is that of the machine.
func (s *site) time() time.Time {
	if s.now != nil {
		return s.now()
	}
	return time.Now()
}

// publishing pushes an image and publishes a trust that vouches for it.
func publishing(t *testing.T, host string) *site {
	t.Helper()
	s := vouching(t, host)
	s.run("push", s.path("bundle.tar"), s.ref, "--online-key", s.path("online.pem"), "--passphrase-file", s.path("passphrase"))
	return s
}

// vouching pushes an image, and has a bundle of a trust that vouches for it.
func vouching(t *testing.T, host string) *site {
	t.Helper()
	s := ready(t, host, func(x *trusttest.Trust) { x.Vouch("app:1.0", []byte(image), imageType) })
	r := registrytest.Open(t, host, registry.Options{})
	if _, err := r.PutBlob(t.Context(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := r.PutManifest(t.Context(), "image", imageType, []byte(image)); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) write(name string, content []byte) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// run runs a command that has to work and returns what it printed.
func (s *site) run(args ...string) []byte {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{stdin: os.Stdin, stdout: &stdout, stderr: &stderr, now: s.time}
	if code := p.run(s.t.Context(), args); code != cli.Done {
		s.t.Fatalf("%v: exit code %d\n%s", args, code, stderr.String())
	}
	return stdout.Bytes()
}

// registries are the registries that each of these tests runs against.
func registries(t *testing.T, test func(t *testing.T, s *site)) {
	t.Run("distribution 3", func(t *testing.T) { test(t, publishing(t, registrytest.Embedded(t).Host())) })
	t.Run("docker-registry", func(t *testing.T) { test(t, publishing(t, registrytest.Debian(t))) })
}

func TestTUFJS(t *testing.T) {
	registries(t, func(t *testing.T, s *site) {
		s.run("mirror", s.ref, s.path("mirror"), "--root", s.path("root.json"))
		server := httptest.NewServer(http.FileServer(http.Dir(s.path("mirror"))))
		t.Cleanup(server.Close)
		out := tufJS(t, s.path("root.json"), server.URL, server.URL+"/targets", "app:1.0")
		var found struct {
			Versions map[string]int64
			Targets  []struct{ Path, SHA256 string }
		}
		if err := json.Unmarshal(out, &found); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if v := found.Versions; v["root"] != 1 || v["targets"] != 2 || v["snapshot"] != 1 || v["timestamp"] != 1 {
			t.Errorf("it found the versions %v", v)
		}
		if len(found.Targets) != 1 || found.Targets[0].Path != "app:1.0" {
			t.Errorf("it found the targets %v", found.Targets)
		}
	})
}

// tufJS runs the client in .ci/tuf-js. Where it is not installed the test is
// skipped, but in CI it fails.
func tufJS(t *testing.T, args ...string) []byte {
	t.Helper()
	node := registrytest.Tool(t, "node")
	client := filepath.Join("..", "..", ".ci", "tuf-js")
	if _, err := os.Stat(filepath.Join(client, "node_modules", "tuf-js")); err != nil {
		registrytest.Lacks(t, "tuf-js is not installed: npm ci in .ci/tuf-js does it")
	}
	c := exec.Command(node, append([]string{filepath.Join(client, "verify.mjs")}, args...)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("tuf-js: %v\n%s", err, stderr.String())
	}
	return out
}

func TestSkopeo(t *testing.T) {
	skopeo := registrytest.Tool(t, "skopeo")
	registries(t, func(t *testing.T, s *site) {
		out, err := exec.Command(skopeo, "inspect", "--raw", "--tls-verify=false", "docker://"+s.ref).Output()
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			ArtifactType string
			Layers       []struct{ Annotations map[string]string }
		}
		if err := json.Unmarshal(out, &m); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, l := range m.Layers {
			names = append(names, l.Annotations["tuf.io/filename"])
		}
		if want := []string{"1.root.json", "timestamp.json", "1.snapshot.json", "2.targets.json"}; !slices.Equal(names, want) {
			t.Errorf("it lists %v, want %v", names, want)
		}
		if m.ArtifactType != "application/vnd.conclave.head.v1+json" {
			t.Errorf("artifact type %q", m.ArtifactType)
		}
		copied := "oci:" + s.path("copied") + ":wabbit"
		there := s.host + "/elsewhere/tuf:wabbit"
		for _, copy := range [][2]string{{"docker://" + s.ref, copied}, {copied, "docker://" + there}} {
			c := exec.Command(skopeo, "copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--preserve-digests", "--insecure-policy", copy[0], copy[1])
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("skopeo copy: %v\n%s", err, out)
			}
		}
		s.run("verify", there, "--root", s.path("root.json"))
	})
}

// TestORAS has oras's own library copy the head to a directory and from there
// into another repository, where a client verifies it.
func TestORAS(t *testing.T) {
	registries(t, func(t *testing.T, s *site) {
		repository := func(name string) *remote.Repository {
			r, err := remote.NewRepository(s.host + name)
			if err != nil {
				t.Fatal(err)
			}
			r.PlainHTTP = true
			return r
		}
		layout, err := oci.New(s.path("layout"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := oras.Copy(t.Context(), repository("/org/tuf"), "wabbit", layout, "wabbit", oras.DefaultCopyOptions); err != nil {
			t.Fatal(err)
		}
		if _, err := oras.Copy(t.Context(), layout, "wabbit", repository("/elsewhere/tuf"), "wabbit", oras.DefaultCopyOptions); err != nil {
			t.Fatal(err)
		}
		s.run("verify", s.host+"/elsewhere/tuf:wabbit", "--root", s.path("root.json"))
	})
}

// TestBundleByOthers: what fetch writes for the locked room is an image layout
// in a tar to skopeo and to oras's library: both read every item that is in it,
// and take it to a registry and back.
func TestBundleByOthers(t *testing.T) {
	s := publishing(t, registrytest.Embedded(t).Host())
	s.run("fetch", s.ref, "-o", s.path("room.tar"))
	dir := s.path("layout")
	if err := os.CopyFS(dir, untarred(t, s.read("room.tar"))); err != nil {
		t.Fatal(err)
	}
	layout, err := oci.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	var index ocispec.Index
	if err := json.Unmarshal(s.read("layout/index.json"), &index); err != nil || len(index.Manifests) == 0 {
		t.Fatalf("%d items, %v", len(index.Manifests), err)
	}
	registry, err := remote.NewRepository(s.host + "/room")
	if err != nil {
		t.Fatal(err)
	}
	registry.PlainHTTP = true
	for _, d := range index.Manifests {
		name := d.Annotations[ocispec.AnnotationRefName]
		copied, err := oras.Copy(t.Context(), layout, name, registry, name, oras.DefaultCopyOptions)
		if err != nil || copied.Digest != d.Digest {
			t.Errorf("%s: %v, %v", name, copied, err)
		}
	}
	skopeo := registrytest.Tool(t, "skopeo")
	for _, d := range index.Manifests {
		name := d.Annotations[ocispec.AnnotationRefName]
		c := exec.Command(skopeo, "copy", "--src-tls-verify=false", "--insecure-policy", "--preserve-digests", "oci-archive:"+s.path("room.tar")+":"+name, "oci:"+s.path("again")+":"+name)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("skopeo copy %s: %v\n%s", name, err, out)
		}
	}
}

// untarred is the files of an archive.
func untarred(t *testing.T, archive []byte) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = &fstest.MapFile{Data: content}
	}
}

// TestRequests counts what the commands ask of a registry.
func TestRequests(t *testing.T) {
	host := registrytest.Embedded(t)
	s := publishing(t, host.Host())
	count := func(args ...string) int {
		host.Forget()
		s.run(args...)
		return len(host.Requests())
	}
	if n := count("verify", s.ref, "--root", s.path("root.json")); n != 1 {
		t.Errorf("verify took %d requests: %v", n, host.Requests())
	}
	if n := count("verify", s.ref, "--root", s.path("root.json"), "--target", "app:1.0"); n != 2 {
		t.Errorf("verify with one target took %d requests: %v", n, host.Requests())
	}
	if n := count("push", s.path("bundle.tar"), s.ref, "--online-key", s.path("online.pem")); n != 1 {
		t.Errorf("a push of what is live took %d requests: %v", n, host.Requests())
	}
}
