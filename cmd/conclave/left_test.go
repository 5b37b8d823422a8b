package main

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/offline"
)

// TestWhatACutLeftIsSaid: whoever opens a workspace after a power cut is told on
// the first page what was cut off and swept away, and status says it too.
func TestWhatACutLeftIsSaid(t *testing.T) {
	for _, begun := range []bool{false, true} {
		dir := t.TempDir()
		ws, stick := filepath.Join(dir, "workspace"), filepath.Join(dir, "stick")
		w, err := offline.OpenWorkspace(ws)
		if err != nil {
			t.Fatal(err)
		}
		if begun {
			c, err := ceremony.Open(ceremony.Deps{Workspace: w, Now: time.Now, Rand: rand.Reader, Attestations: hsm.Checker{}, Tool: "conclave test"})
			if err == nil {
				err = c.ConfirmClock(time.Now(), "wall clock")
			}
			if err == nil {
				err = c.Begin(ceremony.Founding, "oslo", false)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		sum := metadata.Sum(nil).String()
		blob := filepath.Join(ws, "blobs", "sha256", "."+sum+"17")
		bundle := filepath.Join(stick, ".wabbit-root-1-0a1b2c3d.tar42")
		theirs := filepath.Join(stick, ".holiday.tar42")
		if err := os.Mkdir(stick, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{blob, bundle, theirs} {
			if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		whole, err := os.ReadFile(filepath.Join(ws, journalName))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(ws, journalName), append(whole, `{"n":`...), 0o600); err != nil {
			t.Fatal(err)
		}
		torn := "5 bytes after entry 0 don't count"
		if begun {
			torn = "5 bytes after entry 2 don't count"
		}
		said := func(args ...string) string {
			t.Helper()
			out, _ := exec.CommandContext(t.Context(), "conclave", args...).CombinedOutput() // it ends where nobody answers
			return strings.Join(strings.Fields(string(out)), "")                             // however it is broken into lines
		}
		if out := said("status", ws); !strings.Contains(out, strings.ReplaceAll(torn, " ", "")) {
			t.Errorf("status says nothing of the journal: %s", out)
		}
		out := said("--plain", "--workspace", ws, "--place", stick)
		for _, want := range []string{torn, "Nothing that was acknowledged is lost", blob, bundle} {
			if !strings.Contains(out, strings.ReplaceAll(want, " ", "")) {
				t.Errorf("begun %v: %q is not said: %s", begun, want, out)
			}
		}
		for _, name := range []string{blob, bundle} {
			if _, err := os.Lstat(name); err == nil {
				t.Errorf("%s is still there", name)
			}
		}
		if _, err := os.Lstat(theirs); err != nil {
			t.Error(err)
		}
		if out := said("--plain", "--workspace", ws, "--place", stick); strings.Contains(out, "Removedwas") || strings.Contains(out, "don'tcount") {
			t.Errorf("it is said again: %s", out)
		}
	}
}
