//go:build linux && cgo

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/cmd/internal/people"
	"github.com/conclave-tuf/conclave/cmd/internal/player"
	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/hsm/virtual/pcscd"
	"github.com/conclave-tuf/conclave/hsm/virtual/vpcd"
)

// The token that most of the tests are about, and its holder's PIN.
const (
	serial = "5417533"
	pin    = "718293"
)

// desk is a table with a card service of its own, two readers and a holder,
// who keeps the papers with the PUKs.
type desk struct {
	*pcscd.Service
	holder people.Site
	dir    string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	short, err := os.MkdirTemp("", "pcscd") // a socket's name is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	service, err := pcscd.Start(context.Background(), short, 2, nil)
	if missing, ok := errors.AsType[*pcscd.MissingError](err); ok {
		needs(t, missing.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := service.Stop(); err != nil {
			t.Error(err)
		}
	})
	d := &desk{Service: service, dir: t.TempDir()}
	d.holder.PINs = map[string]string{serial: pin}
	return d
}

// needs ends a test that this machine can't run: skipped, but in CI a failure,
// for there everything is to be installed.
func needs(t *testing.T, missing string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: %s", missing)
	}
	t.Skipf("missing: %s", missing)
}

// insert puts a new token into reader number n, and returns once it is seen.
func (d *desk) insert(t *testing.T, n int, serial uint32, firmware string) *virtual.Card {
	t.Helper()
	card, err := virtual.NewCard(virtual.Config{Serial: serial, Firmware: firmware})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = vpcd.Serve(ctx, d.Readers[n].Address, &virtual.Applet{Card: card})
	}()
	t.Cleanup(func() { cancel(); <-gone })
	deadline := time.Now().Add(2 * time.Minute) // for what never comes, not for what is slow
	for !strings.Contains(d.run(t, cli.Done, "token", "list", "--output", "json"), card.Serial()) {
		if time.Now().After(deadline) {
			t.Fatalf("token %d is not seen in its reader", serial)
		}
	}
	return card
}

// command is another program, or this one, that finds the tokens of the desk.
func (d *desk) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	// A program with the race detector else sleeps for a second when it ends.
	cmd.Dir, cmd.Env = d.dir, append(os.Environ(), d.Environment(), "GORACE=atexit_sleep_ms=0")
	return cmd
}

// run runs this program without a person, and returns what it says.
func (d *desk) run(t *testing.T, code int, args ...string) string {
	t.Helper()
	out, err := d.command("conclave", args...).CombinedOutput()
	exitedWith(t, code, err, out)
	return string(out)
}

// sit runs this program with the holder at its keyboard, and returns what it
// says. The pages whose titles begin as in instead are answered so, and not as
// a careful holder would; no answer is to leave.
func (d *desk) sit(t *testing.T, code int, instead map[string]people.Answer, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d.holder.Log = &bytes.Buffer{}
	d.holder.Instead = func(title, _ string) (people.Answer, bool, error) {
		for page, a := range instead {
			if strings.HasPrefix(strings.TrimSpace(title), page) {
				if a == (people.Answer{}) {
					return a, false, errors.Join(d.leave(), people.ErrStop)
				}
				return a, true, nil
			}
		}
		return people.Answer{}, false, nil
	}
	var err error
	start := func(cmd *exec.Cmd) (*player.Program, error) { return player.OnLines(cmd, nil) }
	if d.holder.Terminal {
		start = func(cmd *exec.Cmd) (*player.Program, error) {
			return player.OnTerminal(cmd, player.Smallest(), nil)
		}
	}
	if d.holder.Program, err = start(d.command("conclave", args...)); err != nil {
		t.Fatal(err)
	}
	defer context.AfterFunc(ctx, func() { _ = d.holder.Program.Kill() })() // or a wait has no end
	err = d.holder.Hold(ctx)
	if errors.Is(err, people.ErrStop) {
		err = d.holder.Program.Wait()
	}
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		err = errors.Join(err, d.holder.Program.Kill())
	}
	out := d.holder.Program.Output()
	exitedWith(t, code, err, out)
	if bytes.Contains(out, []byte(d.holder.PINs[serial])) {
		t.Errorf("the PIN is shown:\n%s", out)
	}
	return string(out)
}

// leave ends the input, or does what a terminal does that goes away.
func (d *desk) leave() error {
	if d.holder.Terminal {
		return d.holder.Program.Signal(syscall.SIGHUP)
	}
	return d.holder.Program.EndInput()
}

func exitedWith(t *testing.T, code int, err error, out []byte) {
	t.Helper()
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got, err = exit.ExitCode(), nil
	}
	if err != nil || got != code {
		t.Fatalf("it ended with %d (%v), want %d\n%s", got, err, code, out)
	}
}

// other runs a program that is not of this project.
func (d *desk) other(t *testing.T, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		needs(t, program)
	}
	out, err := d.command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// list is what `token list` tells about a token.
func (d *desk) list(t *testing.T, serial string) tokenReport {
	t.Helper()
	var r listReport
	if err := json.Unmarshal([]byte(d.run(t, cli.Done, "token", "list", "--output", "json")), &r); err != nil {
		t.Fatal(err)
	}
	for _, token := range r.Tokens {
		if token.Serial == serial {
			return token
		}
	}
	t.Fatalf("token %s is not listed: %+v", serial, r)
	return tokenReport{}
}

// enrol is the command line that enrols the token.
func enrol(out string, more ...string) []string {
	return append([]string{"token", "enrol", "--serial", serial, "--subject", "Ada of wabbit", "--rehearsal", "--out", out}, more...)
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *desk) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) exists(name string) bool {
	_, err := os.Lstat(d.path(name))
	return err == nil
}

// mentions fails the test unless text says all of want.
func mentions(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("it does not say %q:\n%s", w, text)
		}
	}
}

// lenientPlan is one that allows the older firmware.
func (d *desk) lenientPlan(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile("testdata/plan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d.write(t, "plan.yaml", fmt.Sprintf("%s\ntokens:\n  min-firmware: 5.4.0\n  pin: always\n", text))
	d.write(t, "online.pub", string(publicKey(t)))
}
