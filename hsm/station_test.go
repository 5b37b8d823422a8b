//go:build linux && cgo

package hsm_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/hsm/virtual/pcscd"
	"github.com/conclave-tuf/conclave/hsm/virtual/vpcd"
)

// The PC/SC library knows one daemon in the life of a process, so all tests
// share one, with two readers.
var daemon struct {
	*pcscd.Service
	err error
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv(pcscd.SocketVariable) != "" { // a test in a process of its own
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "pcscd")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if daemon.Service, daemon.err = pcscd.Start(context.Background(), dir, 2, nil); daemon.err == nil {
		defer daemon.Stop()
		os.Setenv(pcscd.SocketVariable, daemon.Socket)
	}
	return m.Run()
}

// seat is a card in a reader of the daemon.
type seat struct {
	*hsm.Token
	reader *hsm.Reader
	pull   func() // returns once PC/SC knows
}

// insert puts a card into reader number n, and returns once PC/SC knows.
func insert(t testing.TB, n int, a *virtual.Applet) *seat {
	t.Helper()
	if daemon.err != nil {
		hsmtest.Missing(t, daemon.err.Error())
	}
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = vpcd.Serve(ctx, daemon.Readers[n].Address, a)
	}()
	s := &seat{reader: hsm.NewReader()}
	hsmtest.Await(t, "the token to be in its reader", func() bool {
		s.Token = find(t, s.reader, a.Card.Serial())
		return s.Token != nil
	})
	s.pull = func() {
		cancel()
		<-gone
		hsmtest.Await(t, "the token to be out of its reader", func() bool { return find(t, s.reader, a.Card.Serial()) == nil })
	}
	t.Cleanup(s.pull)
	return s
}

// find looks for a token by its serial, nil where it isn't there.
func find(t testing.TB, r *hsm.Reader, serial string) *hsm.Token {
	t.Helper()
	tokens, err := r.Tokens(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(tokens, func(k ceremony.Token) bool {
		info, err := k.Info(context.Background())
		return err == nil && info.Serial == serial
	})
	if i < 0 {
		return nil
	}
	return tokens[i].(*hsm.Token)
}
