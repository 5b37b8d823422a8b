//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"reflect"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/ui/page"
)

// tty is a terminal, with what was drawn on it and how it was at first.
type tty struct {
	*os.File
	before *term.State
	drawn  func() []byte // to the end, once the terminal is closed
}

func newTTY(t *testing.T) tty {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal("no pseudo terminal can be had: ", err)
	}
	if err := pty.Setsize(slave, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	before, err := term.GetState(int(slave.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&all, master) }) // ends with an error where the other side closes
	t.Cleanup(func() { _ = master.Close() })
	return tty{slave, before, func() []byte { reading.Wait(); return all.Bytes() }}
}

// asBefore says whether the terminal is as it was at first.
func (x tty) asBefore(t *testing.T) bool {
	t.Helper()
	now, err := term.GetState(int(x.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(now, x.before)
}

// awaitChange waits until the program has taken the terminal over.
func (x tty) awaitChange(ctx context.Context, t *testing.T) {
	t.Helper()
	for x.asBefore(t) {
		if ctx.Err() != nil {
			t.Fatal("the terminal stayed as it was")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestQuit: each signal that asks a program to end leaves the terminal as it
// was, and no stacks on it, which hold what the program holds.
func TestQuit(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"SIGQUIT": syscall.SIGQUIT, "SIGTERM": syscall.SIGTERM, "SIGHUP": syscall.SIGHUP, "SIGINT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTTY(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			dir := planned(t)
			cmd := exec.CommandContext(ctx, "conclave", newSite(dir, "vienna").command().Args[1:]...)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = x.File, x.File, x.File
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			x.awaitChange(ctx, t)
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			ended, ok := errors.AsType[*exec.ExitError](cmd.Wait())
			if !ok || ended.ExitCode() != cli.Cancelled {
				t.Errorf("it ended with %v", ended)
			}
			if !x.asBefore(t) {
				t.Error("the terminal is not as it was")
			}
			_ = x.Close()
			if drawn := x.drawn(); bytes.Contains(drawn, []byte("goroutine ")) || !bytes.Contains(drawn, []byte("It was stopped")) {
				t.Errorf("it said:\n%s", drawn)
			}
		})
	}
}

// TestHiddenLineEndsWithItsEcho: what ends a conversation in lines while a
// secret is typed ends the hiding too.
func TestHiddenLineEndsWithItsEcho(t *testing.T) {
	x := newTTY(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := &cobra.Command{}
	c.SetContext(ctx)
	c.SetIn(x.File)
	c.SetOut(x.File)
	ended := make(chan error, 1)
	go func() {
		ended <- converse(c, true, false, func(ctx context.Context, p page.Person) error {
			_, err := p.Secret(ctx, page.Page{Title: "PIN"}, page.Field{Label: "PIN"})
			return err
		})
	}()
	x.awaitChange(ctx, t)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if !x.asBefore(t) {
		t.Error("the terminal is not as it was")
	}
}
