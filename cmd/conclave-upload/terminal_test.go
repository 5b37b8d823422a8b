//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// terminal runs the program at a terminal of its own.
type terminal struct {
	t       *testing.T
	pty     *os.File
	command *exec.Cmd
	seen    *bufio.Reader
	text    bytes.Buffer
}

func atTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, "conclave-upload", args...)
	p, err := pty.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return &terminal{t: t, pty: p, command: c, seen: bufio.NewReader(p)}
}

// expect waits until the terminal shows text.
func (x *terminal) expect(text string) {
	x.t.Helper()
	for !strings.HasSuffix(x.text.String(), text) {
		b, err := x.seen.ReadByte()
		if err != nil {
			x.t.Fatalf("the terminal ended before %q: %v\n%s", text, err, x.text.String())
		}
		x.text.WriteByte(b)
	}
}

func (x *terminal) enter(keys string) {
	x.t.Helper()
	if _, err := io.WriteString(x.pty, keys); err != nil {
		x.t.Fatal(err)
	}
}

// end waits for the program and returns its exit code.
func (x *terminal) end() int {
	x.t.Helper()
	_, _ = io.Copy(&x.text, x.seen) // ends with an error where the other side closes
	var failed *exec.ExitError
	if err := x.command.Wait(); err != nil && !errors.As(err, &failed) {
		x.t.Fatal(err)
	}
	return x.command.ProcessState.ExitCode()
}

// awaitNoEcho waits until the terminal shows nothing of what is typed.
func (x *terminal) awaitNoEcho() {
	x.t.Helper()
	for x.echoes() {
		if x.t.Context().Err() != nil {
			x.t.Fatal("the terminal still echoes")
		}
		time.Sleep(time.Millisecond) // a terminal tells nobody that its settings change
	}
}

func (x *terminal) echoes() bool {
	x.t.Helper()
	state, err := unix.IoctlGetTermios(int(x.pty.Fd()), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func TestPassphraseAtTerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "online.pem")
	x := atTerminal(t, "key", "new", file)
	x.expect("Passphrase for the new key: ")
	x.awaitNoEcho()
	x.enter(passphrase + "\n")
	x.expect("The same again: ")
	x.awaitNoEcho()
	x.enter(passphrase + "\n")
	if code := x.end(); code != cli.Done {
		t.Errorf("exit code %d\n%s", code, x.text.String())
	}
	if strings.Contains(x.text.String(), passphrase) {
		t.Error("the passphrase was shown")
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

func TestPassphrasesDiffer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "online.pem")
	x := atTerminal(t, "key", "new", file)
	x.expect("Passphrase for the new key: ")
	x.awaitNoEcho()
	x.enter(passphrase + "\n")
	x.expect("The same again: ")
	x.awaitNoEcho()
	x.enter("swordfish\n")
	if code := x.end(); code != cli.Refused {
		t.Errorf("exit code %d\n%s", code, x.text.String())
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was written: %v", err)
	}
}

// TestCancelledPassphrase: Ctrl-C and Ctrl-\ at the prompt end the program and
// give the terminal back.
func TestCancelledPassphrase(t *testing.T) {
	for name, key := range map[string]string{"Ctrl-C": "\x03", `Ctrl-\`: "\x1c"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "online.pem")
			x := atTerminal(t, "key", "new", file)
			x.expect("Passphrase for the new key: ")
			x.awaitNoEcho()
			x.enter(key)
			x.expect("error: It was stopped before it was done.")
			if !x.echoes() {
				t.Error("the terminal was left without echo")
			}
			if code := x.end(); code != cli.Cancelled {
				t.Errorf("exit code %d\n%s", code, x.text.String())
			}
			if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a key was written: %v", err)
			}
		})
	}
}

// TestHardened: where a passphrase is typed the program can leave no dump of
// it, and nothing of the same user may look into it.
func TestHardened(t *testing.T) {
	x := atTerminal(t, "key", "new", filepath.Join(t.TempDir(), "online.pem"))
	x.expect("Passphrase for the new key: ")
	x.awaitNoEcho()
	proc := filepath.Join("/proc", strconv.Itoa(x.command.Process.Pid))
	limits, err := os.ReadFile(filepath.Join(proc, "limits"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).Match(limits) {
		t.Errorf("core dumps are allowed:\n%s", limits)
	}
	out, err := exec.Command("strace", "-f", "-e", "trace=prctl", "conclave-upload", "version").CombinedOutput()
	if err != nil {
		registrytest.Lacks(t, "strace (Debian: strace) that may trace:", err)
	}
	if !strings.Contains(string(out), "prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0") {
		t.Errorf("it stays dumpable:\n%s", out)
	}
	x.enter("\x03")
	x.end()
}
