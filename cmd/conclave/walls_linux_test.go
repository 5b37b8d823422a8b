//go:build amd64 || arm64

package main

import (
	"bytes"
	"context"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/conclave-tuf/conclave/cmd/internal/player"
)

// commandLines has a line for each command. What it is given, foreign by name,
// need not be good: it has to be opened.
var commandLines = map[string]string{
	"conclave":                       "--workspace foreign --place .",
	"conclave rehearse":              "--workspace foreign --place .",
	"conclave inspect":               "foreign.tar",
	"conclave status":                "foreign.tar",
	"conclave script":                "foreign.tar",
	"conclave record":                "foreign.tar -o record.md",
	"conclave record sign":           "foreign.json --serial 1",
	"conclave record verify":         "foreign.json",
	"conclave attestation":           "foreign.json",
	"conclave extract":               "foreign.tar out",
	"conclave merge":                 "foreign.tar foreign.tar -o merged.tar",
	"conclave export":                "foreign -o .",
	"conclave token":                 "",
	"conclave token list":            "",
	"conclave token verify":          "--serial 1",
	"conclave token enrol":           "--serial 1 --subject Ada --plan foreign.json --out ada.pem",
	"conclave token unblock":         "--serial 1",
	"conclave token reset":           "--serial 1",
	"conclave version":               "",
	"conclave help":                  "",
	"conclave completion":            "",
	"conclave completion bash":       "",
	"conclave completion fish":       "",
	"conclave completion powershell": "",
	"conclave completion zsh":        "",
}

// TestWalledIn has the kernel's calls of every command told: the program is
// hardened, can write to nothing but its places, and has neither network nor
// other programs before it opens a file of somebody else's or asks the card
// service, and it never was another program than at its start.
func TestWalledIn(t *testing.T) {
	t.Parallel()
	traced(t)
	lines := maps.Clone(commandLines)
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		path := c.CommandPath()
		line, known := lines[path]
		if !known {
			t.Errorf("%s has no line here: nobody knows whether it is walled in", path)
			return
		}
		delete(lines, path)
		t.Run(path, func(t *testing.T) { holdWalls(t, path+" "+line) })
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(rootCommand())
	if len(lines) > 0 {
		t.Errorf("these are no commands: %v", slices.Sorted(maps.Keys(lines)))
	}
}

// traced makes sure that calls can be told here.
func traced(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("strace", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		needs(t, "strace (Debian: strace) that may trace: "+string(out)+err.Error())
	}
}

// trace is the line that has calls told into a file.
func trace(to string, line ...string) *exec.Cmd {
	return exec.Command("strace", append([]string{"-f", "-o", to, "-s", "256",
		"-e", "trace=execve,execveat,open,openat,openat2,connect,seccomp,prctl,landlock_restrict_self"}, line...)...)
}

func holdWalls(t *testing.T, line string) {
	dir := t.TempDir()
	for _, name := range []string{"foreign.tar", "foreign.json", "foreign/journal.jsonl"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	service, err := net.Listen("unix", filepath.Join(dir, "foreign.comm")) // which hangs up
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	go func() {
		for c, err := service.Accept(); err == nil; c, err = service.Accept() {
			_ = c.Close()
		}
	}()
	to := filepath.Join(t.TempDir(), "trace")
	cmd := trace(to, strings.Fields(line)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PCSCLITE_CSOCK_NAME="+service.Addr().String())
	said, _ := cmd.CombinedOutput() // most refuse what they are given
	foreign := holdTrace(t, to)
	if asks := strings.Contains(line, "foreign") || strings.Contains(line, " token ") && !strings.HasSuffix(line, " token "); asks && foreign == 0 {
		t.Errorf("it touched nothing foreign, which shows nothing:\n%s", said)
	}
}

var (
	touches = regexp.MustCompile(`(open\w*|connect)\(.*foreign`)
	starts  = regexp.MustCompile(`execve(at)?\(`)
)

// holdTrace reads what was told, and returns how often what is foreign was touched.
func holdTrace(t *testing.T, path string) (foreign int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	walls := []string{"prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE", "seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC"}
	if version, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION); e == 0 && version > 0 {
		walls = append(walls, "landlock_restrict_self(")
	}
	started := 0
	for call := range strings.Lines(string(text)) {
		walls = slices.DeleteFunc(walls, func(wall string) bool { return strings.Contains(call, wall) && !strings.Contains(call, "= -1") })
		switch {
		case touches.MatchString(call) && !strings.Contains(call, "O_PATH"): // which reads nothing: the walls are built around it
			if foreign++; len(walls) > 0 {
				t.Errorf("before %v: %s", walls, call)
			}
		case starts.MatchString(call) && !strings.Contains(call, "execve(NULL, NULL, NULL"): // which asks whether the wall stands
			if started++; started > 1 {
				t.Errorf("another program was started, or tried to: %s", call)
			}
		}
	}
	if len(walls) > 0 || started != 1 {
		t.Errorf("these walls were never put up: %v; the program was started %d times", walls, started)
	}
	return foreign
}

// TestNoProgramIsAsked: on a terminal inside tmux too nobody is asked for its
// colours who is first in PATH under that name.
func TestNoProgramIsAsked(t *testing.T) {
	t.Parallel()
	traced(t)
	dir := planned(t)
	to := filepath.Join(t.TempDir(), "trace")
	// A terminal that says by COLORTERM what it can is not asked at all.
	cmd := trace(to, append([]string{"-E", "COLORTERM", "-E", "TMUX=" + filepath.Join(dir, "tmux,1,0")}, newSite(dir, "vienna").command().Args...)...)
	cmd.Dir = dir
	p, err := player.OnTerminal(cmd, player.Smallest(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	shown := func(words string) {
		t.Helper()
		if _, err := p.Await(ctx, func(screen string) bool { return strings.Contains(screen, words) }); err != nil {
			t.Fatal(err)
		}
	}
	shown("Found")
	if err := p.Type(ctx, "\x03", 0); err != nil {
		t.Fatal(err)
	}
	shown("Leave")
	if !bytes.Contains(p.Output(), []byte("\x1b[")) {
		t.Error("nothing was drawn")
	}
	holdTrace(t, to)
}
