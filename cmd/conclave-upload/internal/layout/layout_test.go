package layout_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/layout"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

func open(t *testing.T, dir string) *layout.Layout {
	t.Helper()
	l, err := layout.Open(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// TestPublish publishes to a layout, and again after it was opened anew.
func TestPublish(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layout")
	x := trusttest.New(t, "wabbit")
	x.Publish(open(t, dir), trusttest.Start)
	if again := x.Publish(open(t, dir), trusttest.Start.Add(time.Hour)); !again.Unchanged {
		t.Errorf("the same again: %+v", again)
	}
	x.Delegate("team", "team/*")
	x.Publish(open(t, dir), trusttest.Start.Add(time.Hour))
	if v := x.Verified(open(t, dir), trusttest.Start.Add(time.Hour)).Set.Timestamp.Version; v != 2 {
		t.Errorf("timestamp %d is live", v)
	}
}

func TestMissing(t *testing.T) {
	if _, err := layout.Open(t.TempDir(), false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	l := open(t, t.TempDir())
	if _, err := l.Manifest(t.Context(), "wabbit", 100); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a tag: %v", err)
	}
	if _, err := l.Blob(t.Context(), metadata.Sum(nil), 0); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a blob: %v", err)
	}
}

// TestConditions: a tag is moved only from where the writer has seen it.
func TestConditions(t *testing.T) {
	l := open(t, t.TempDir())
	put := func(content string, was *metadata.Digest) error {
		_, err := l.Put(t.Context(), registry.Put{Reference: "tag", MediaType: "application/json", Was: was}, []byte(content))
		return err
	}
	nothing, first := metadata.Digest{}, metadata.Sum([]byte("first"))
	if err := put("first", &first); !errors.Is(err, registry.ErrChanged) {
		t.Errorf("nothing was there: %v", err)
	}
	if err := errors.Join(put("first", &nothing), put("second", &first)); err != nil {
		t.Error(err)
	}
	for _, was := range []metadata.Digest{nothing, first} {
		if err := put("third", &was); !errors.Is(err, registry.ErrChanged) {
			t.Errorf("the tag had moved: %v", err)
		}
	}
	if d, err := l.Stat(t.Context(), "tag"); err != nil || d.Digest != metadata.Sum([]byte("second")) {
		t.Errorf("it names %v, %v", d, err)
	}
}

// TestHostile: what a layout holds is not believed, nothing outside of it is
// read, and nothing is read without end.
func TestHostile(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	sum := metadata.Sum([]byte("content"))
	if _, err := l.PutContent(t.Context(), registry.Bytes([]byte("content"))); err != nil {
		t.Fatal(err)
	}
	blob := filepath.Join(dir, "blobs", "sha256", sum.String())
	var wrong *registry.DigestError
	for name, change := range map[string]func() error{
		"other content": func() error { return os.WriteFile(blob, []byte("Content"), 0o600) },
		"longer":        func() error { return os.WriteFile(blob, []byte("content and more"), 0o600) },
		"shorter":       func() error { return os.WriteFile(blob, []byte("cont"), 0o600) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if raw, err := l.Blob(t.Context(), sum, 7); !errors.As(err, &wrong) {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
	}
	outside := filepath.Join(t.TempDir(), "secret")
	if err := errors.Join(os.WriteFile(outside, []byte("content"), 0o600), os.Remove(blob), os.Symlink(outside, blob)); err != nil {
		t.Fatal(err)
	}
	if raw, err := l.Blob(t.Context(), sum, 7); err == nil {
		t.Errorf("a link out of the directory was followed: %q", raw)
	}
	lie := registry.Bytes([]byte("something else"))
	lie.Digest = metadata.Sum([]byte("else"))
	if _, err := l.PutContent(t.Context(), lie); !errors.As(err, &wrong) {
		t.Errorf("a blob under another digest: %v", err)
	}
	for name, index := range map[string]string{"no JSON": "{", "endless": strings.Repeat(" ", 17<<20)} {
		if err := os.WriteFile(filepath.Join(dir, "index.json"), []byte(index), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := layout.Open(dir, true); err == nil {
			t.Errorf("%s: it was opened", name)
		}
	}
}
