//go:build unix

package bundles

import (
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe would keep a careless reader waiting for ever.
func TestOpenDoesNotBlock(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.tar")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		lacks(t, "no pipes here:", err)
	}
	_, err := Open(pipe)
	refused(t, err, "no regular file")
}
