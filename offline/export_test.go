package offline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

func TestExport(t *testing.T) {
	dir := t.TempDir()
	data := []byte("bundle")
	for range 2 { // the same bytes again are fine
		got, err := Export(t.Context(), dir, "wabbit-root-1-00000000.tar", data)
		if err != nil {
			t.Fatal(err)
		}
		if want := (Written{Path: filepath.Join(dir, "wabbit-root-1-00000000.tar"), Digest: metadata.Sum(data), Size: 6}); got != want {
			t.Errorf("got %+v", got)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "wabbit-root-1-00000000.tar")); err != nil || string(b) != "bundle" {
		t.Errorf("got %q, %v", b, err)
	}
	if names, _ := (osDisk{}).Names(dir); len(names) != 1 {
		t.Errorf("something was left behind: %q", names)
	}
}

func TestExportRefuses(t *testing.T) {
	ctx := t.Context()
	for _, name := range []string{"a.tar", "A.TAR"} {
		m := newModel()
		m.names["/x"] = &node{dir: true}
		m.names["/x/a.tar"] = &node{data: []byte("other"), disk: []byte("other"), dirty: make([]bool, 5)}
		var exists *ExistsError
		if _, err := export(ctx, m, "/x", name, []byte("bundle")); !errors.As(err, &exists) || exists.Path != "/x/a.tar" || m.step != 0 {
			t.Errorf("%s: got %v after %d steps", name, err, m.step)
		}
	}

	full := withStick("old")
	full.free = reserve + 5
	var space *SpaceError
	if _, err := export(ctx, full, stick, "new.tar", []byte("bundle")); !errors.As(err, &space) || full.step != 0 {
		t.Errorf("got %v after %d steps", err, full.step)
	}

	liar := withStick("old")
	liar.corrupt = true
	var damaged *DamagedError
	if _, err := export(ctx, liar, stick, "new.tar", []byte("bundle")); !errors.As(err, &damaged) || liar.names[stick+"/new.tar"] != nil {
		t.Errorf("got %v, and the bad file is there: %v", err, liar.names[stick+"/new.tar"] != nil)
	}

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	idle := withStick("old")
	if _, err := export(cancelled, idle, stick, "new.tar", nil); !errors.Is(err, context.Canceled) || idle.step != 0 {
		t.Errorf("got %v after %d steps", err, idle.step)
	}

	if _, err := Export(ctx, filepath.Join(t.TempDir(), "none"), "new.tar", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestExportFollowsNoLink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no symbolic links without a privilege")
	}
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if err := errors.Join(os.WriteFile(target, []byte("bundle"), 0o600), os.Symlink(target, filepath.Join(dir, "new.tar"))); err != nil {
		t.Fatal(err)
	}
	var exists *ExistsError
	if _, err := Export(t.Context(), dir, "new.tar", []byte("bundle")); !errors.As(err, &exists) {
		t.Errorf("got %v", err)
	}
}

func TestCheckName(t *testing.T) {
	for _, good := range []string{"wabbit-root-1-0123abcd.tar", "rehearsal-wabbit-head-00000000.tar", "console.tar", "com10.tar", strings.Repeat("x", 255)} {
		if err := CheckName(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", ".", "..", "../x.tar", "/x.tar", `x\y.tar`, "c:x.tar", "CON", "con.tar", "nul .tar", "LPT1.tar", "com0.x.tar", "x.tar.", "x.tar ", " x.tar",
		"-rf.tar", ".x.tar", "x\x00.tar", "x\n.tar", "x\x1b[2J.tar", "wäbbit.tar", "x\u202e.tar", "a|b.tar", "a?.tar", "a*.tar", `a".tar`, "<a>.tar", strings.Repeat("x", 256)} {
		var e *NameError
		if err := CheckName(bad); !errors.As(err, &e) {
			t.Errorf("%q was taken", bad)
		} else if strings.ContainsAny(err.Error(), "\x00\x1b\n") {
			t.Errorf("%q is shown raw", bad)
		}
	}
}
