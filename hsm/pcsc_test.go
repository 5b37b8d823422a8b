//go:build linux && cgo

package hsm_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/internal/scard"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/hsm/virtual/pcscd"
)

// The same dialogues as in package virtual, through the daemon and the driver.
func TestExchanges(t *testing.T) {
	hsmtest.Exchanges(t, func(t *testing.T, c *virtual.Card) func([]byte) ([]byte, error) {
		insert(t, 0, &virtual.Applet{Card: c})
		open, err := scard.Open(station.Readers[0].Name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(open.Close)
		if _, _, err := open.Do(wire.Short(wire.InsSelect, 4, 0, wire.AIDManagement()...)); err != nil {
			t.Fatal(err)
		}
		return func(command []byte) ([]byte, error) {
			answer, status, err := open.Do(command)
			return append(answer, byte(status>>8), byte(status)), err
		}
	})
}

func TestTokensAreSorted(t *testing.T) {
	a := insert(t, 0, card(t, virtual.Config{Serial: 9000000, Firmware: virtual.Firmware574}))
	insert(t, 1, card(t, virtual.Config{Serial: 10000001, Firmware: virtual.Firmware543}))
	serials := func() []string {
		tokens, err := a.reader.Tokens(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var s []string
		for _, k := range tokens {
			info, err := k.Info(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s = append(s, info.Serial)
		}
		return s
	}
	if got, want := serials(), []string{"9000000", "10000001"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	a.pull()
	if got, want := serials(), []string{"10000001"}; !slices.Equal(got, want) {
		t.Errorf("after one was pulled: got %v, want %v", got, want)
	}
}

// A handle is of one token: it never speaks to another one in its reader.
func TestAnotherTokenInTheReader(t *testing.T) {
	first := insert(t, 0, card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574}))
	first.pull()
	other := card(t, virtual.Config{Serial: 5417999, Firmware: virtual.Firmware574})
	insert(t, 0, other)
	var removed *token.RemovedError
	if _, err := first.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x")); !errors.As(err, &removed) {
		t.Errorf("got %v", err)
	}
	if got := other.Card.Counts(); got != (virtual.Counts{}) {
		t.Errorf("the other token was asked: %+v", got)
	}
}

// A handle outlives its token's leaving: put back, it signs again.
func TestReinserted(t *testing.T) {
	a := card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574})
	s := insert(t, 0, a)
	if _, err := s.Enrol(t.Context(), hsmtest.Request("wabbit Ada")); err != nil {
		t.Fatal(err)
	}
	start := a.Card.Counts()
	a.Card.Script(virtual.RemovedAtSign)
	var removed *token.RemovedError
	if _, err := s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x")); !errors.As(err, &removed) {
		t.Fatalf("got %v", err)
	}
	s.pull()
	insert(t, 0, a)
	if _, err := s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x")); err != nil {
		t.Errorf("once it is back: %v", err)
	}
	start.Verify += 2
	start.Sign += 2
	if got := a.Card.Counts(); got != start {
		t.Errorf("two calls: the token was asked %+v, want %+v", got, start)
	}
}

// Another program holds the token.
func TestBusy(t *testing.T) {
	a := card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574})
	s := insert(t, 0, a)
	yk, err := piv.Open(station.Readers[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	var busy *token.BusyError
	if _, err := s.Info(t.Context()); !errors.As(err, &busy) {
		t.Errorf("info: got %v", err)
	}
	if _, err := s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x")); !errors.As(err, &busy) {
		t.Errorf("sign: got %v", err)
	}
	if _, err := s.reader.Tokens(t.Context()); !errors.As(err, &busy) {
		t.Errorf("tokens: got %v", err)
	}
	if err := yk.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Info(t.Context()); err != nil {
		t.Errorf("once it is free: %v", err)
	}
	if got := a.Card.Counts(); got != (virtual.Counts{}) {
		t.Errorf("the token was asked: %+v", got)
	}
}

// While one call has the token, another one waits, and gives up when told to.
func TestOneAtATime(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	a := card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574, Touch: func(context.Context) bool {
		close(asked)
		<-release
		return true
	}})
	s := insert(t, 0, a)
	if _, err := s.Enrol(t.Context(), hsmtest.Request("wabbit Ada")); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x"))
		done <- err
	}()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Info(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := s.Info(t.Context()); err != nil {
		t.Error(err)
	}
}

// Without a daemon. The PC/SC library finds its daemon once, hence a process
// of its own.
func TestNoService(t *testing.T) {
	if os.Getenv(pcscd.SocketVariable) == "/nowhere" {
		var none *token.NoServiceError
		if _, err := hsm.NewReader().Tokens(t.Context()); !errors.As(err, &none) {
			t.Errorf("got %v", err)
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestNoService$")
	cmd.Env = append(os.Environ(), pcscd.SocketVariable+"=/nowhere")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A token that talks nonsense: errors, at most one PIN, and no crash.
func TestNonsense(t *testing.T) {
	for name, tamper := range map[string]virtual.Tampering{
		"no serial": func(c wire.Command, b []byte) []byte {
			if c.INS == wire.InsGetSerial {
				return []byte{0x90, 0}
			}
			return b
		},
		"a version of one byte": func(c wire.Command, b []byte) []byte {
			if c.INS == wire.InsGetVersion {
				return []byte{5, 0x90, 0}
			}
			return b
		},
		"metadata cut short": func(c wire.Command, b []byte) []byte {
			if c.INS == wire.InsGetMetadata && len(b) > 8 {
				return append(slices.Clone(b[:7]), 0x90, 0)
			}
			return b
		},
		"metadata without a key": func(c wire.Command, b []byte) []byte {
			if c.INS == wire.InsGetMetadata && c.P2 == 0x9c {
				return []byte{1, 1, 0x11, 0x90, 0}
			}
			return b
		},
		"an empty signature": func(c wire.Command, b []byte) []byte {
			if c.INS == wire.InsAuthenticate {
				return []byte{0x7c, 0x02, 0x82, 0x00, 0x90, 0}
			}
			return b
		},
		"a signature that is no TLV": func(c wire.Command, b []byte) []byte {
			if c.INS == wire.InsAuthenticate {
				return []byte{0x7c, 0x84, 0xff, 0xff, 0xff, 0xff, 0x90, 0}
			}
			return b
		},
		"a status that nobody knows": func(c wire.Command, b []byte) []byte {
			if c.INS == wire.InsVerify && len(c.Data) > 0 {
				return []byte{0x6f, 0x42}
			}
			return b
		},
		"nothing but a byte": func(c wire.Command, b []byte) []byte {
			if c.INS == wire.InsAuthenticate {
				return []byte{0x90}
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574})
			s := insert(t, 0, a)
			if _, err := s.Enrol(t.Context(), hsmtest.Request("wabbit Ada")); err != nil {
				t.Fatal(err)
			}
			start := a.Card.Counts()
			a.Tamper(tamper)
			sig, err := s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x"))
			if err == nil || sig != nil {
				t.Errorf("got %x, %v", sig, err)
			}
			if strings.Contains(err.Error(), hsmtest.GoodPIN) {
				t.Errorf("the error tells the PIN: %v", err)
			}
			if got := a.Card.Counts(); got.Verify > start.Verify+1 || got.Sign > start.Sign+1 {
				t.Errorf("the token was asked: %+v, from %+v", got, start)
			}
			a.Tamper(nil)
			if _, err := s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x")); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// An enrolment that is cut short at some command is taken up by the next one.
func TestEnrolCutShort(t *testing.T) {
	for after := int32(20); after < 70; after += 7 {
		a := card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574})
		s := insert(t, 0, a)
		var commands atomic.Int32
		a.Tamper(func(_ wire.Command, b []byte) []byte {
			if commands.Add(1) > after {
				return []byte{0x6f, 0x00} // it is done, but nobody hears of it
			}
			return b
		})
		_, err := s.Enrol(t.Context(), hsmtest.Request("wabbit Ada"))
		a.Tamper(nil)
		if err == nil {
			t.Logf("an enrolment takes %d commands", commands.Load())
			return
		}
		r := hsmtest.Request("wabbit Ada")
		r.Resume = true
		e, err := s.Enrol(t.Context(), r)
		if err != nil {
			t.Fatalf("cut after %d commands, then: %v", after, err)
		}
		if e.Info.PINTries != 3 || e.Info.PUKTries != 3 || e.Info.Factory {
			t.Errorf("cut after %d commands: %+v", after, e.Info)
		}
		s.pull()
	}
	t.Error("an enrolment never ended")
}
