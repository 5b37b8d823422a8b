package registrytest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/internal/embedded"
)

// Embedded starts a registry in this process.
func Embedded(t testing.TB) *embedded.Registry {
	t.Helper()
	r, err := embedded.Start(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Debian starts the docker-registry program and returns its host. Where it is
// not installed the test is skipped, but in CI it fails.
func Debian(t testing.TB) string {
	t.Helper()
	program := Tool(t, "docker-registry")
	dir := inMemory(t)
	config := filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %q}, delete: {enabled: true}}\nhttp: {addr: \"127.0.0.1:0\", secret: test}\n", filepath.Join(dir, "data"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "serve", config)
	c.Env = []string{"OTEL_TRACES_EXPORTER=none"}
	logged, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	})
	listening := regexp.MustCompile(`listening on (127\.0\.0\.1:\d+)`)
	lines := bufio.NewScanner(logged)
	for lines.Scan() {
		if m := listening.FindSubmatch(lines.Bytes()); m != nil {
			go func() {
				for lines.Scan() { // a full pipe would stop the registry
				}
			}()
			return string(m[1])
		}
	}
	t.Fatal("docker-registry ended before it listened")
	return ""
}

// inMemory is a directory for what need not outlive the test: where there is
// one, in a file system that keeps nothing on disk, for a registry syncs a lot.
func inMemory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "conclave-registry-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Lacks ends a test that needs something this machine doesn't have: skipped,
// saying what, but in CI a failure, for there everything is to be installed.
func Lacks(t testing.TB, what ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what...)
	}
	t.Skip(append([]any{"skipped:"}, what...)...)
}

// Tool finds a program; the test Lacks it where it is not installed.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Lacks(t, name, "is not installed")
	}
	return path
}

// Open opens a repository of a registry on this machine.
func Open(t testing.TB, host string, o registry.Options) *registry.Repository {
	t.Helper()
	ref, err := registry.ParseReference(host + "/org/tuf")
	if err != nil {
		t.Fatal(err)
	}
	o.PlainHTTP = true
	r, err := registry.Open(ref, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
