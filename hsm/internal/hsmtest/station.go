package hsmtest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/hsm/virtual/pcscd"
	"github.com/conclave-tuf/conclave/hsm/virtual/vpcd"
)

// Station is a PC/SC daemon with readers for virtual tokens. The PC/SC library
// knows one daemon in the life of a process, so the tests of a package share one.
type Station struct {
	Readers []pcscd.Reader
	err     error // why there is none
}

// Main runs the tests of a package with a daemon of their own, unless one is
// set in the environment already: then this is a process that a test started.
func (s *Station) Main(m *testing.M, readers int) int {
	if os.Getenv(pcscd.SocketVariable) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "pcscd")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	daemon, err := pcscd.Start(context.Background(), dir, readers, nil)
	if s.err = err; err == nil {
		defer daemon.Stop()
		s.Readers = daemon.Readers
		os.Setenv(pcscd.SocketVariable, daemon.Socket)
	}
	return m.Run()
}

// Insert puts a card into reader number n, where PC/SC sees it soon. Before
// the test ends, or when pull is called, it is taken out.
func (s *Station) Insert(t testing.TB, n int, a *virtual.Applet) (pull func()) {
	t.Helper()
	if s.err != nil {
		Missing(t, s.err.Error())
	}
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = vpcd.Serve(ctx, s.Readers[n].Address, a)
	}()
	pull = func() {
		cancel()
		<-gone
	}
	t.Cleanup(pull)
	return pull
}
