package offline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a write that was cut short left is removed. Nothing else is: no other
// name, no directory or link of such a name, and nothing that is being written.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	ours := func(name string) bool { return name == "a.tar" }
	kept := []string{"a.tar", "a.tar123", ".a.tar", ".a.tar12x", ".a.tar-12", ".b.tar12", ".a.tar" + strings.Repeat("1", 20), "..a.tar1", ".1"}
	gone := []string{".a.tar0", ".a.tar123", ".a.tar" + strings.Repeat("1", 19)}
	for _, name := range append(slices.Clone(kept), gone...) {
		if err := os.WriteFile(at(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(at(".a.tar7"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.tar", at(".a.tar8")); err != nil {
		t.Fatal(err)
	}
	begun, err := osDisk{}.Replace(at("a.tar"))
	if err != nil {
		t.Fatal(err)
	}
	got := Sweep(dir, ours)
	var want []string
	for _, name := range gone {
		want = append(want, at(name))
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("removed: %q", got)
	}
	if err := begun.CloseAtomicallyReplace(); err != nil {
		t.Errorf("what was being written: %v", err)
	}
	for _, name := range append(kept, ".a.tar7", ".a.tar8") {
		if _, err := os.Lstat(at(name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range gone {
		if _, err := os.Lstat(at(name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

func TestWorkspaceIsSwept(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	sum, err := w.Put([]byte("blob"))
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(w.blobDir(), "."+sum.String()+"4711")
	if err := os.WriteFile(left, []byte("bl"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = open(t, dir)
	if got := w.Swept(); !slices.Equal(got, []string{left}) {
		t.Errorf("removed: %q", got)
	}
	if _, err := w.Get(sum); err != nil {
		t.Error(err)
	}
}
