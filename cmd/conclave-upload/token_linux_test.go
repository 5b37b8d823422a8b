//go:build cgo

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/hsm/virtual/pcscd"
	"github.com/conclave-tuf/conclave/hsm/virtual/vpcd"
)

// cardService starts a card service of the test's own, which package hsm finds.
func cardService(t *testing.T) *pcscd.Service {
	t.Helper()
	short, err := os.MkdirTemp("", "pcscd") // a socket's name is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	service, err := pcscd.Start(t.Context(), short, 1, nil)
	var missing *pcscd.MissingError
	if errors.As(err, &missing) {
		registrytest.Lacks(t, missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := service.Stop(); err != nil {
			t.Error(err)
		}
	})
	name, value, _ := strings.Cut(service.Environment(), "=")
	t.Setenv(name, value)
	return service
}

// insert puts a card into the reader, and returns once package hsm sees it. It
// returns how to take it out again.
func insert(t *testing.T, s *pcscd.Service, card *virtual.Card) (remove func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = vpcd.Serve(ctx, s.Readers[0].Address, &virtual.Applet{Card: card})
	}()
	remove = func() { cancel(); <-gone }
	t.Cleanup(remove)
	patience, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	for patience.Err() == nil { // a reader tells nobody that a card has come
		tokens, err := hsm.NewReader().Tokens(patience)
		if err != nil {
			t.Fatal(err)
		}
		if len(tokens) == 1 {
			return remove
		}
	}
	t.Fatal("the card was never seen")
	return nil
}

// TestTokenInReader publishes with a key on a token that is reached as a real
// one is: through package hsm, PC/SC and a reader. The PIN comes from a
// descriptor; a wrong one leaves two tries, and the last one is never spent.
func TestTokenInReader(t *testing.T) {
	const serial, pin = "5417501", "471147"
	card, err := virtual.NewCard(virtual.Config{Serial: 5417501, Firmware: virtual.Firmware574})
	if err != nil {
		t.Fatal(err)
	}
	enrolled, err := virtual.NewToken(card).Enrol(t.Context(), token.EnrolRequest{
		PIN: token.NewPIN([]byte(pin)), PUK: token.NewPIN([]byte("81547114")), Algorithm: token.P256,
		Touch: token.TouchNever, PINPolicy: token.PINOnce, Subject: "online", Now: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	service := cardService(t)
	remove := insert(t, service, card)
	s := ready(t, registrytest.Embedded(t).Host(), func(x *trusttest.Trust) { x.NewForeignKey(enrolled.Key) })

	// push runs the program itself, with the PIN on a descriptor of its own.
	push := func(pin string) (code int, printed string) {
		t.Helper()
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer read.Close()
		if _, err := write.WriteString(pin + "\n"); err != nil {
			t.Fatal(err)
		}
		write.Close()
		c := exec.Command("conclave-upload", "push", s.path("bundle.tar"), s.ref, "--online-key", "yubikey:"+serial, "--pin-fd", "3", "--trace")
		c.ExtraFiles = []*os.File{read}
		out, err := c.CombinedOutput()
		if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
			t.Fatal(err)
		}
		if strings.Contains(string(out), pin) {
			t.Errorf("the PIN was printed: %s", out)
		}
		return c.ProcessState.ExitCode(), string(out)
	}
	for _, says := range []string{"", "", "one try for the PIN is left"} {
		if code, printed := push("999999"); code != cli.Token || !strings.Contains(printed, says) {
			t.Errorf("a wrong PIN: exit code %d\n%s", code, printed)
		}
	}
	if code, printed := push(pin); code != cli.Token || !strings.Contains(printed, "one try for the PIN is left") {
		t.Errorf("with one try left: exit code %d\n%s", code, printed)
	}
	if _, err := virtual.NewToken(card).Sign(t.Context(), token.NewPIN([]byte(pin)), []byte("a person types the PIN once")); err != nil {
		t.Fatal(err)
	}
	if code, printed := push(pin); code != cli.Done {
		t.Fatalf("exit code %d\n%s", code, printed)
	}
	if code, printed := s.exits(nil, "verify", s.ref, "--root", s.path("root.json")); code != cli.Done {
		t.Errorf("exit code %d\n%s", code, printed)
	}
	remove()
	if code, printed := s.exits(hsm.NewReader(), "refresh", s.ref, "--every", "2d", "--timestamp-expires", "3d", "--online-key", "yubikey:"+serial); code != cli.Token {
		t.Errorf("without the token: exit code %d\n%s", code, printed)
	}
}
