package seen_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/seen"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// TestRemember: what was verified comes back, from disk alone, and what is not
// needed any more is gone.
func TestRemember(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x := trusttest.New(t, "wabbit")
	dir := t.TempDir()
	files := 0
	for n := range 3 {
		at := trusttest.Start.Add(time.Duration(n) * 20 * time.Hour)
		x.Publish(r, at)
		now, err := client.Read(t.Context(), r, "wabbit", nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := seen.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if last, err := d.Last(t.Context(), "wabbit"); (last == nil) != (n == 0) || err != nil {
			t.Errorf("before time %d: %v, %v", n+1, last, err)
		}
		if err := d.Remember("wabbit", now.Head, now.Files); err != nil {
			t.Fatal(err)
		}
		last, err := d.Last(t.Context(), "wabbit")
		if err != nil || last.Head.Digest != now.Head.Digest || len(last.Files) != len(now.Files) {
			t.Fatalf("%+v, %v", last, err)
		}
		if _, err := client.Verify(last.Files, x.Offline().Roots[0].Bytes, at); err != nil {
			t.Error(err)
		}
		files = len(now.Files)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "wabbit", "blobs", "*")); err != nil || len(left) != files {
		t.Errorf("%d files are left of %d: %v", len(left), files, err)
	}
}

// TestDamaged: a memory that was damaged is no memory, and is not taken for "nothing seen".
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	d, err := seen.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Remember("wabbit", registry.Manifest{Bytes: []byte("{}")}, []trust.NamedFile{{Name: "1.root.json", Bytes: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	if last, err := d.Last(t.Context(), "wabbit"); err == nil {
		t.Errorf("it remembers %+v", last)
	}
	if err := os.WriteFile(filepath.Join(dir, "wabbit", "head.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if last, err := d.Last(t.Context(), "wabbit"); err == nil {
		t.Errorf("it remembers %+v", last)
	}
}
