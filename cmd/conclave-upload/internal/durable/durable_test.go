package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/durable"
)

func open(t *testing.T) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func TestReplace(t *testing.T) {
	root := open(t)
	for _, content := range []string{"old", "new"} {
		if err := durable.Replace(root, "a/b/file", []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := root.ReadFile("a/b/file"); err != nil || string(got) != content {
			t.Errorf("%q, %v", got, err)
		}
	}
	if entries, err := fs.ReadDir(root.FS(), "a/b"); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if err := durable.Replace(root, "../file", nil); err == nil {
		t.Error("it wrote outside of its directory")
	}
}

func TestCreate(t *testing.T) {
	root := open(t)
	if err := durable.Create(root, "key", []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.Create(root, "key", []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if got, err := root.ReadFile("key"); err != nil || string(got) != "first" {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := root.Stat("key"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
