package bundles

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// A bundle can be read without this program: with tar, jq and skopeo.
func TestOtherToolsReadIt(t *testing.T) {
	b := encode(t, sample(t))
	dir := t.TempDir()
	path := filepath.Join(dir, Name(b.Contents, b.Digest))
	write(t, path, b.Bytes)

	t.Run("tar", func(t *testing.T) {
		names := strings.Fields(run(t, "tar", "tf", path))
		if len(names) < 10 || names[len(names)-1] != layoutFile {
			t.Errorf("got %q", names)
		}
		out := filepath.Join(dir, "out")
		if err := os.Mkdir(out, 0o700); err != nil {
			t.Fatal(err)
		}
		run(t, "tar", "xf", path, "-C", out)
		t.Run("jq", func(t *testing.T) {
			list := run(t, "jq", "-r", `.manifests[] | select(.artifactType == "`+typeSignature+`") | .annotations["`+noteRole+`"]`, filepath.Join(out, indexFile))
			if got := strings.Count(list, "targets\n"); got != 3 {
				t.Errorf("got %d signatures over targets, want 3:\n%s", got, list)
			}
		})
	})
	t.Run("skopeo", func(t *testing.T) {
		var m ocispec.Manifest
		if err := json.Unmarshal([]byte(run(t, "skopeo", "inspect", "--raw", "oci-archive:"+path+":wabbit")), &m); err != nil {
			t.Fatal(err)
		}
		if m.ArtifactType != typeHead || len(m.Layers) != 3 {
			t.Errorf("got %+v", m)
		}
	})
}

// lacks ends a test that needs something this machine doesn't have: skipped,
// saying what, but in CI a failure.
func lacks(t *testing.T, what ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what...)
	}
	t.Skip(what...)
}

// run runs a program that may be missing on a developer's machine, but not
// where the project is built.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		lacks(t, name, "is not installed: not tested")
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, stderr.String())
	}
	return string(out)
}
