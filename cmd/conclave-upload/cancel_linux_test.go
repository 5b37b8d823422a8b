package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"golang.org/x/sys/unix"
)

// stuck is a registry that leaves one request without an answer.
type stuck struct {
	host    string
	at      atomic.Pointer[string] // method and beginning of the path; nil: at none
	arrived chan struct{}
}

func newStuck(t *testing.T) *stuck {
	t.Helper()
	x := &stuck{arrived: make(chan struct{}, 1)}
	x.host = registrytest.Before(t, registrytest.Embedded(t).Host(), func(_ http.ResponseWriter, r *http.Request) bool {
		at := x.at.Load()
		if at == nil || !strings.HasPrefix(r.Method+" "+r.URL.Path, *at) || !x.at.CompareAndSwap(at, nil) {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body) // so that the end of the connection is seen
		x.arrived <- struct{}{}
		<-r.Context().Done()
		return true
	})
	return x
}

// interrupt starts a command, presses Ctrl-C when the request has arrived, and
// returns what it printed.
func (x *stuck) interrupt(t *testing.T, request string, args []string) string {
	t.Helper()
	x.at.Store(&request)
	var printed bytes.Buffer
	c := exec.Command("conclave-upload", args...)
	c.Stdout, c.Stderr = &printed, &printed
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-x.arrived:
	case err := <-ended:
		t.Fatalf("it ended before: %v\n%s", err, printed.String())
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var failed *exec.ExitError
	if err := <-ended; !errors.As(err, &failed) || failed.ExitCode() != cli.Cancelled {
		t.Errorf("it ended with %v", err)
	}
	return printed.String()
}

// TestCtrlC interrupts each command in the middle. Nothing half written is
// left, and running it again completes it.
func TestCtrlC(t *testing.T) {
	x := newStuck(t)
	s := vouching(t, x.host)
	for _, step := range [][2]string{
		{"share", "PUT /v2/org/tuf/manifests/wabbit-sig-"},
		{"collect", "GET /v2/org/tuf/manifests/wabbit-sig-"},
		{"push", "PUT /v2/org/tuf/manifests/wabbit-ts-1"},
		{"verify", "GET /v2/org/tuf/manifests/wabbit"},
		{"fetch", "GET /v2/org/tuf/tags/list"},
		{"mirror", "GET /v2/org/tuf/manifests/sha256:"},
		{"prune", "GET /v2/org/tuf/tags/list"},
		{"refresh", "PUT /v2/org/tuf/manifests/wabbit-ts-2"},
	} {
		command, request := step[0], step[1]
		t.Run(command, func(t *testing.T) {
			args := s.commands(s.ref)[command]
			if printed := x.interrupt(t, request, args); !strings.Contains(printed, "next:  Run it again: that completes what was begun.") {
				t.Errorf("it printed %s", printed)
			}
			for _, path := range s.wrote() {
				if command != "mirror" || filepath.Base(path) == "timestamp.json" {
					t.Errorf("it left %s", path)
				}
			}
			if code, printed := s.exits(nil, args...); code != cli.Done {
				t.Errorf("once more: exit code %d\n%s", code, printed)
			}
			if err := os.RemoveAll(s.path("out")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFullDisk: what does not fit is not there, and the disk is said to be full.
func TestFullDisk(t *testing.T) {
	s := ready(t, registrytest.Embedded(t).Host(), func(x *trusttest.Trust) {
		x.Vouch("large", []byte("x"), strings.Repeat("x", 64<<10))
	})
	s.run("push", s.path("bundle.tar"), s.ref, "--online-key", s.path("online.pem"), "--passphrase-file", s.path("passphrase"), "--targets-elsewhere")
	disk := s.path("out")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=32k"); err != nil {
		registrytest.Lacks(t, "nothing can be mounted here:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	for _, args := range [][]string{
		{"fetch", s.ref, "-o", filepath.Join(disk, "room.tar")},
		{"mirror", s.ref, disk, "--root", s.path("root.json")},
	} {
		code, printed := s.exits(nil, args...)
		if code != cli.Refused || !strings.Contains(printed, "no space left on device") {
			t.Errorf("%s: exit code %d\n%s", args[0], code, printed)
		}
		for _, path := range s.wrote() {
			if args[0] == "fetch" || filepath.Base(path) == "timestamp.json" || strings.Contains(path, "unfinished") {
				t.Errorf("%s left %s", args[0], path)
			}
		}
	}
}
