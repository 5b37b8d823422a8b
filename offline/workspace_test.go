package offline

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// childEnv makes the test binary play another process: its value says which.
const childEnv = "OFFLINE_TEST_CHILD"

// child runs one test of this binary in another process.
func child(t *testing.T, test, arg string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"="+arg)
	return cmd
}

func open(t *testing.T, dir string) *Workspace {
	t.Helper()
	w, err := OpenWorkspace(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func journalOf(t *testing.T, w *Workspace) string {
	t.Helper()
	b, err := w.Lines()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWorkspaceKeeps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	w := open(t, dir)
	for _, line := range []string{"one\n", "two\n"} {
		if err := w.Append([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := w.Put([]byte("blob"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	w = open(t, dir)
	if got := journalOf(t, w); got != "one\ntwo\n" {
		t.Errorf("got %q", got)
	}
	if b, err := w.Get(d); err != nil || string(b) != "blob" {
		t.Errorf("got %q, %v", b, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestJournalTakesWholeLinesOnly(t *testing.T) {
	w := open(t, t.TempDir())
	for _, bad := range []string{"", "\n", "no newline", "two\nlines\n", "a zero\x00byte\n"} {
		if w.Append([]byte(bad)) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if got := journalOf(t, w); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestTornLastLine(t *testing.T) {
	for _, tc := range []struct {
		name, found, want string
	}{
		{"nothing", "", ""},
		{"half a first line", "{\"n\":1", ""},
		{"half a line", "one\ntw", "one\n"},
		{"zeros", "one\n\x00\x00\x00\x00", "one\n"},
		{"zeros and an end", "one\n\x00\x00\x00\n", "one\n"},
		{"whole", "one\ntwo\n", "one\ntwo\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "journal.jsonl")
			if err := os.WriteFile(path, []byte(tc.found), 0o600); err != nil {
				t.Fatal(err)
			}
			w := open(t, dir)
			if got := journalOf(t, w); got != tc.want || w.Torn().Bytes != len(tc.found)-len(tc.want) {
				t.Errorf("got %q, torn: %+v", got, w.Torn())
			}
			if err := w.Append([]byte("next\n")); err != nil {
				t.Fatal(err)
			}
			if b, err := os.ReadFile(path); err != nil || string(b) != tc.want+"next\n" {
				t.Errorf("the file holds %q, %v", b, err)
			}
		})
	}
}

func TestClosedWorkspaceTakesNothing(t *testing.T) {
	w := open(t, t.TempDir())
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Error(err)
	}
	if err := w.Append([]byte("one\n")); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, err := w.Put([]byte("blob")); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// A journal that changes under the program's feet is an alarm, not a base.
func TestJournalChangedByOthers(t *testing.T) {
	m := newModel()
	w, err := openWorkspace(m, workdir)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append([]byte("one\n")); err != nil {
		t.Fatal(err)
	}
	m.failAt, m.err = m.step+1, errors.New("a passing fault")
	if w.Append([]byte("two\n")) == nil {
		t.Fatal("the fault was not noticed")
	}
	_ = w.journal.Close()
	w.journal = nil
	m.names[w.journalPath()].disk[0] = 'X'
	var damaged *DamagedError
	if err := w.Append([]byte("two\n")); !errors.As(err, &damaged) {
		t.Errorf("got %v", err)
	}
}

func TestBlobDamaged(t *testing.T) {
	w := open(t, t.TempDir())
	d, err := w.Put([]byte("blob"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.blobPath(d), []byte("blot"), 0o600); err != nil {
		t.Fatal(err)
	}
	var damaged *DamagedError
	if _, err := w.Get(d); !errors.As(err, &damaged) {
		t.Errorf("got %v", err)
	}
	if _, err := w.Put([]byte("blob")); err != nil {
		t.Fatal(err)
	}
	if b, err := w.Get(d); err != nil || string(b) != "blob" {
		t.Errorf("putting it again did not repair it: %q, %v", b, err)
	}
	if _, err := w.Get(metadata.Digest{1}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// Two programs never write one journal; a killed one does not lock others out.
func TestWorkspaceIsForOneProcess(t *testing.T) {
	if dir := os.Getenv(childEnv); dir != "" {
		open(t, dir)
		os.Stdout.WriteString("open\n")
		_, _ = os.Stdin.Read(make([]byte, 1)) // until killed
		return
	}
	dir := t.TempDir()
	other := child(t, t.Name(), dir)
	if _, err := other.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.Contains(lines.Text(), "open"); {
	}
	var locked *LockedError
	if _, err := OpenWorkspace(dir); !errors.As(err, &locked) || locked.PID != other.Process.Pid {
		t.Errorf("got %v, want process %d named", err, other.Process.Pid)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait()
	open(t, dir)
}
