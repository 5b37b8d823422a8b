//go:build linux

package pcscd_test

import (
	"errors"
	"os"
	"testing"

	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/virtual/pcscd"
)

func start(t *testing.T) *pcscd.Service {
	t.Helper()
	dir, err := os.MkdirTemp("", "pcscd") // a socket's name must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := pcscd.Start(t.Context(), dir, 2, nil)
	var missing *pcscd.MissingError
	if errors.As(err, &missing) {
		hsmtest.Missing(t, missing.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Two daemons run side by side, and ending one leaves the other.
func TestSideBySide(t *testing.T) {
	a, b := start(t), start(t)
	if a.Socket == b.Socket || a.Readers[0].Address == b.Readers[0].Address || len(a.Readers) != 2 {
		t.Errorf("got %+v and %+v", a.Readers, b.Readers)
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := a.Stop(); err != nil {
		t.Errorf("ended twice: %v", err)
	}
	if _, err := os.Stat(b.Socket); err != nil {
		t.Error(err)
	}
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
}
