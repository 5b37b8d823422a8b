//go:build linux && cgo

package hsm_test

import (
	"bytes"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// A virtual token behind a real daemon is known for one: a real ceremony
// refuses it before it is asked for anything, and a rehearsal takes it.
func TestVirtualTokenBehindPCSC(t *testing.T) {
	a := card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574})
	s := insert(t, 0, a)
	pin, puk := hsmtest.PIN(hsmtest.GoodPIN), hsmtest.PIN(hsmtest.GoodPUK)

	_, err := hsmtest.Ceremony(t, hsm.Checker{}, "wabbit", "").Enrol(t.Context(), "Ada", s.Token, pin, puk)
	var refused *token.PolicyError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "virtual") {
		t.Errorf("a real ceremony: %v", err)
	}
	if got := a.Card.Counts(); got != (virtual.Counts{}) {
		t.Errorf("the token was asked: %+v", got)
	}
	e, err := hsmtest.Ceremony(t, hsm.Checker{}, "rehearsal-wabbit", "").Enrol(t.Context(), "Ada", s.Token, pin, puk)
	if err != nil || e.Verdict.Err() != nil {
		t.Errorf("a rehearsal: %v, %v", err, e.Verdict.Err())
	}
}

// Whether a token is virtual is read off its certificate once while it is
// there, and again when it was away.
func TestVirtualIsRemembered(t *testing.T) {
	a := card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574})
	s := insert(t, 0, a)
	var seen atomic.Int32
	a.Tamper(func(c wire.Command, b []byte) []byte {
		if c.INS == wire.InsGetData && bytes.Contains(c.Data, []byte{0x5f, 0xff, 0x01}) {
			seen.Add(1)
		}
		return b
	})
	for range 3 {
		info, err := s.Info(t.Context())
		if err != nil || !info.Virtual {
			t.Fatalf("got %+v, %v", info, err)
		}
	}
	if n := seen.Load(); n != 0 { // it was read when the token was found
		t.Errorf("its certificate was read %d times more", n)
	}
	s.pull()
	again := insert(t, 0, a)
	if _, err := s.reader.Tokens(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen.Store(0)
	if info, err := again.Info(t.Context()); err != nil || !info.Virtual {
		t.Errorf("got %+v, %v", info, err)
	}
	if info, err := s.Info(t.Context()); err != nil || !info.Virtual || seen.Load() != 1 {
		t.Errorf("once it was away: %+v, %v, read %d times", info, err, seen.Load())
	}
}
