package offline

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A file is replaced as a whole, and only where it is the one that is meant.
func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.json")
	if _, err := Replace(t.Context(), path, nil, []byte("new")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w, err := Replace(t.Context(), path, []byte("old"), []byte("new")); err != nil || w.Size != 3 {
		t.Errorf("%+v, %v", w, err)
	}
	if _, err := Replace(t.Context(), path, []byte("old"), []byte("newer")); !isExists(err) {
		t.Errorf("a file that was changed meanwhile: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "new" {
		t.Errorf("it holds %q, %v", b, err)
	}
}

func isExists(err error) bool { _, ok := errors.AsType[*ExistsError](err); return ok }
