package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestClockBeforeTheBuild: the program knows when it was built, and takes no
// clock that is before that, whoever says that it is right.
func TestClockBeforeTheBuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, workspace := filepath.Join(dir, "conclave"), filepath.Join(dir, "workspace")
	build := exec.Command("go", "build", "-ldflags", "-X main.committed=2999-12-31T00:00:00Z", "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.Command(program, "version").Output(); err != nil || !strings.Contains(string(out), "of 2999-12-31") {
		t.Errorf("%s, %v", out, err)
	}
	cmd := exec.Command(program, "rehearse", "--workspace", workspace)
	cmd.Stdin = strings.NewReader("found\nvienna\nc\n")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(strings.Join(strings.Fields(string(out)), " "), "before this program was built (2999-12-31 00:00 UTC)") {
		t.Errorf("%v\n%s", err, out)
	}
	if lines, err := os.ReadFile(filepath.Join(workspace, journalName)); err != nil && !os.IsNotExist(err) || len(lines) > 0 {
		t.Errorf("the journal has begun: %s, %v", lines, err)
	}
}
