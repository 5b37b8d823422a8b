//go:build cgo

package hsm

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
)

func TestCulprits(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		hsmtest.Missing(t, "sleep")
	}
	suspect := filepath.Join(t.TempDir(), "scdaemon")
	if err := os.Symlink(sleep, suspect); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(suspect, "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	if got := culprits(); !slices.Contains(got, "scdaemon") {
		t.Errorf("got %v", got)
	}
}
