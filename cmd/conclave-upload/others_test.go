package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
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
}

// publishing pushes an image and publishes a trust that vouches for it.
func publishing(t *testing.T, host string) *site {
	t.Helper()
	s := ready(t, host, func(x *trusttest.Trust) { x.Vouch("app:1.0", []byte(image), imageType) })
	r := registrytest.Open(t, host, registry.Options{})
	if _, err := r.PutBlob(t.Context(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := r.PutManifest(t.Context(), "image", imageType, []byte(image)); err != nil {
		t.Fatal(err)
	}
	s.run("push", s.path("bundle.tar"), s.ref, "--online-key", s.path("online.pem"), "--passphrase-file", s.path("passphrase"))
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
	p := &program{stdin: os.Stdin, stdout: &stdout, stderr: &stderr, now: time.Now}
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
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("skipped: tuf-js is not installed: npm ci in .ci/tuf-js does it")
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
		if out, err := exec.Command(skopeo, "copy", "--src-tls-verify=false", "--insecure-policy", "docker://"+s.ref, copied).CombinedOutput(); err != nil {
			t.Errorf("skopeo copy: %v\n%s", err, out)
		}
	})
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
