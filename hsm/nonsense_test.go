//go:build linux && cgo

package hsm_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// enrolled is a card with a key, in reader 0.
func enrolled(t testing.TB) (*virtual.Applet, *seat, token.Enrolment) {
	t.Helper()
	a := card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574})
	s := insert(t, 0, a)
	e, err := s.Enrol(t.Context(), hsmtest.Request("wabbit Ada"))
	if err != nil {
		t.Fatal(err)
	}
	return a, s, e
}

// Every error that a card can answer with, to the commands that show a secret
// or sign: each has its meaning, and none leads to a second try by itself.
func TestEveryCardError(t *testing.T) {
	a, s, _ := enrolled(t)
	tok := is[*token.Error]
	kinds := []struct {
		name     string
		is       func(wire.Command) bool
		do       func() error
		meanings map[status.Word]func(error) bool
		other    func(error) bool
	}{
		{
			name: "VERIFY",
			is:   func(c wire.Command) bool { return c.INS == wire.InsVerify && len(c.Data) > 0 },
			do: func() error {
				_, err := s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x"))
				return err
			},
			meanings: map[status.Word]func(error) bool{
				0x63c0: only(token.ErrPINBlocked), status.Blocked: only(token.ErrPINBlocked),
				0x63c1: is[*token.WrongPINError], 0x63c2: is[*token.WrongPINError], 0x63cf: is[*token.WrongPINError],
			},
			other: tok,
		},
		{
			name: "sign",
			is:   func(c wire.Command) bool { return c.INS == wire.InsAuthenticate },
			do: func() error {
				_, err := s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x"))
				return err
			},
			meanings: map[status.Word]func(error) bool{
				status.SecurityNotSatisfied: only(token.ErrNoTouch),
				status.NotFound:             only(token.ErrNoKey), status.ReferenceNotFound: only(token.ErrNoKey),
			},
			other: tok,
		},
		{
			name: "RESET RETRY COUNTER",
			is:   func(c wire.Command) bool { return c.INS == wire.InsResetRetry },
			do: func() error {
				return s.Unblock(t.Context(), hsmtest.PIN(hsmtest.GoodPUK), hsmtest.PIN(hsmtest.GoodPIN))
			},
			meanings: map[status.Word]func(error) bool{
				0x63c0: only(token.ErrPUKBlocked), status.Blocked: only(token.ErrPUKBlocked),
				0x63c1: is[*token.WrongPUKError], 0x63c2: is[*token.WrongPUKError], 0x63cf: is[*token.WrongPUKError],
			},
			other: tok,
		},
	}
	statuses := []status.Word{
		0x6200, 0x6281, 0x6282, 0x6300, 0x63c0, 0x63c1, 0x63c2, 0x63cf, 0x6400, 0x6500, status.MemoryFailure,
		status.WrongLength, 0x6800, 0x6881, 0x6882, 0x6883, status.ChainNotSupported, 0x6900, 0x6981, status.SecurityNotSatisfied,
		status.Blocked, 0x6984, status.ConditionsNotMet, 0x6986, 0x6987, 0x6988, status.WrongData, status.NotSupported, status.NotFound,
		0x6a84, status.WrongParameters, 0x6a87, status.ReferenceNotFound, 0x6b00, 0x6c00, status.UnknownInstruction,
		status.UnknownClass, 0x6f00, 0x6f42, 0x9100, 0xffff, 0x0000,
	}
	for _, k := range kinds {
		for _, status := range statuses {
			t.Run(fmt.Sprintf("%s %04x", k.name, uint16(status)), func(t *testing.T) {
				start := a.Card.Counts()
				a.Tamper(func(c wire.Command, b []byte) []byte {
					if k.is(c) {
						return []byte{byte(status >> 8), byte(status)}
					}
					return b
				})
				defer a.Tamper(nil)
				means := k.meanings[status]
				if means == nil {
					means = k.other
				}
				if err := k.do(); !means(err) {
					t.Errorf("got %T: %v", err, err)
				}
				oneTry(t, a, start)
			})
		}
	}
}

func only(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// oneTry sees to it that a call showed each secret once at most, and asked for
// one signature at most.
func oneTry(t *testing.T, a *virtual.Applet, start virtual.Counts) {
	t.Helper()
	if got := a.Card.Counts(); got.Verify > start.Verify+1 || got.Change != start.Change || got.PUK > start.PUK+1 || got.Sign > start.Sign+1 {
		t.Errorf("the token was asked: %+v, from %+v", got, start)
	}
}

// Each answer of a signature's dialogue is cut short, emptied or replaced by
// garbage in turn. What comes of it is an error, or a signature that verifies.
// SELECT is left alone: where it fails, piv-go does not give the card back.
func TestGarbageAnswers(t *testing.T) {
	a, s, e := enrolled(t)
	sign := func() ([]byte, error) {
		return s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x"))
	}
	var answers atomic.Int32
	tamper := func(spoil func(n int32, b []byte) []byte) {
		answers.Store(0)
		a.Tamper(func(c wire.Command, b []byte) []byte {
			if c.INS == wire.InsSelect {
				return b
			}
			return spoil(answers.Add(1), b)
		})
	}
	tamper(func(_ int32, b []byte) []byte { return b })
	if _, err := sign(); err != nil {
		t.Fatal(err)
	}
	total := answers.Load()
	random := rand.New(rand.NewChaCha8([32]byte{}))
	for name, spoil := range map[string]func([]byte) []byte{
		"one byte":   func(b []byte) []byte { return b[:1] },
		"no data":    func([]byte) []byte { return []byte{0x90, 0} },
		"half of it": func(b []byte) []byte { return append(slices.Clone(b[:len(b)/2]), 0x90, 0) },
		"garbage": func(b []byte) []byte {
			b = slices.Clone(b)
			for i := range b[:len(b)-2] {
				b[i] = byte(random.Uint32())
			}
			return b
		},
		"too much": func(b []byte) []byte { return append(make([]byte, 300), 0x90, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			for n := int32(1); n <= total; n++ {
				start := a.Card.Counts()
				tamper(func(i int32, b []byte) []byte {
					if i == n {
						return spoil(b)
					}
					return b
				})
				sig, err := sign()
				if err == nil && e.Key.Verify([]byte("x"), sig) != nil {
					t.Errorf("answer %d: a signature that does not verify", n)
				}
				if err != nil && strings.Contains(err.Error(), hsmtest.GoodPIN) {
					t.Errorf("answer %d: the error tells the PIN: %v", n, err)
				}
				oneTry(t, a, start)
				a.Tamper(nil)
			}
			if _, err := sign(); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// A card that tells of another firmware each time it is asked is not used.
func TestAnotherVersionOnEachCall(t *testing.T) {
	a, s, _ := enrolled(t)
	var asked atomic.Int32
	a.Tamper(func(c wire.Command, b []byte) []byte {
		if c.INS == wire.InsGetVersion {
			return []byte{5, 7, byte(asked.Add(1)), 0x90, 0}
		}
		return b
	})
	start := a.Card.Counts()
	for name, do := range map[string]func() error{
		"info": func() error { _, err := s.Info(t.Context()); return err },
		"sign": func() error {
			_, err := s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x"))
			return err
		},
		"enrol": func() error {
			_, err := s.Enrol(t.Context(), hsmtest.Request("wabbit Ada"))
			return err
		},
		"attest": func() error { _, err := s.Attestation(t.Context()); return err },
		"unblock": func() error {
			return s.Unblock(t.Context(), hsmtest.PIN(hsmtest.GoodPUK), hsmtest.PIN(hsmtest.GoodPIN))
		},
		"reset": func() error { return s.Reset(t.Context()) },
	} {
		if err := do(); !is[*token.Error](err) || !strings.Contains(err.Error(), "firmware") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got := a.Card.Counts(); got != start {
		t.Errorf("the token was asked: %+v, from %+v", got, start)
	}
	a.Tamper(nil)
}
