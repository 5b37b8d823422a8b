//go:build unix

package ui_test

import (
	"context"
	"io"
	"reflect"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/conclave-tuf/conclave/ui/page"
	"github.com/conclave-tuf/conclave/ui/terminal"
)

// A signal in the middle of a question leaves the terminal as it was.
func TestRealTerminalIsRestored(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal("no pseudo terminal can be had: ", err)
	}
	defer master.Close() // and not tty: after a signal a last read of it may still be ending
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, master) }()

	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	ended := make(chan error, 1)
	go func() {
		terminal := terminal.Driver{In: tty, Out: tty, Env: utf8Env, Now: time.Now}
		ended <- terminal.Run(ctx, func(ctx context.Context, p page.Person) error {
			return p.Wait(ctx, somePage("Touch the token"), func(ctx context.Context) error {
				raw, err := term.GetState(int(tty.Fd()))
				if err != nil || reflect.DeepEqual(raw, before) {
					t.Errorf("the terminal is not raw while keys are read: %v", err)
				}
				hangUp()
				<-ctx.Done()
				return context.Cause(ctx)
			})
		})
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("Run returned no error after a signal")
		}
	case <-time.After(patience):
		t.Fatal("Run did not return")
	}
	after, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, after) {
		t.Error("the terminal is not as it was")
	}
}
