package hsmtest

import (
	"context"
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// Subject is a token of any kind under test. Its PIN, once it is enrolled, is
// that of the request.
type Subject struct {
	Token  token.Enroller
	Counts func() virtual.Counts // what the token was asked for so far
	Remove func()                // takes the token out; the subject is not used afterwards
}

// Kind is a kind of tokens, and in what they differ from others.
type Kind struct {
	Fresh      func(t *testing.T) Subject // a token without a key
	Algorithms []token.Algorithm          // that it makes
	BadPINs    []string                   // that it must not even be shown
	PINs       []string                   // that it can have; nil: only GoodPIN
	PINPolicy  token.PINPolicy            // under which one PIN is one signature
}

func (kind Kind) request(subject string) token.EnrolRequest {
	r := Request(subject)
	r.PINPolicy = kind.PINPolicy
	return r
}

func (kind Kind) enrolled(t *testing.T) (Subject, token.Enrolment) {
	t.Helper()
	s := kind.Fresh(t)
	e, err := s.Token.Enrol(t.Context(), kind.request("wabbit Ada"))
	if err != nil {
		t.Fatal(err)
	}
	return s, e
}

// law is one promise, and what holds a token to it.
type law struct {
	name string
	hold func(t *testing.T)
}

// Laws holds every kind of token to what token.Token and token.Enroller
// promise.
func Laws(t *testing.T, kind Kind) {
	for _, law := range []law{
		{"signs once for each PIN", kind.signsOnceForEachPIN},
		{"takes a wrong PIN once", kind.takesAWrongPINOnce},
		{"reads a PIN before the token does", kind.readsAPINBeforeTheTokenDoes},
		{"takes PINs of every form that it allows", kind.takesPINsOfEveryFormThatItAllows},
		{"keeps its key", kind.keepsItsKey},
		{"has no key to sign with", kind.hasNoKeyToSignWith},
		{"is not asked once it was cancelled", kind.isNotAskedOnceItWasCancelled},
		{"is gone when it was taken out", kind.isGoneWhenItWasTakenOut},
	} {
		t.Run(law.name, law.hold)
	}
}

func (kind Kind) signsOnceForEachPIN(t *testing.T) {
	for _, algorithm := range kind.Algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			s := kind.Fresh(t)
			r := kind.request("wabbit Ada")
			r.Algorithm = algorithm
			e, err := s.Token.Enrol(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if info := infoOf(t, s.Token); info.Key == nil || info.Key.ID() != e.Key.ID() || e.Info.Key.ID() != e.Key.ID() {
				t.Errorf("the token tells of key %+v, the enrolment of %s", info.Key, e.Key.ID())
			}
			before := s.Counts()
			payload := []byte(`{"_type":"root"}`)
			sig, err := s.Token.Sign(t.Context(), PIN(GoodPIN), payload)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Key.Verify(payload, sig); err != nil {
				t.Error(err)
			}
			before.Verify++
			before.Sign++
			if got := s.Counts(); got != before {
				t.Errorf("one signature: the token was asked %+v, want %+v", got, before)
			}
		})
	}
}

func (kind Kind) takesAWrongPINOnce(t *testing.T) {
	s, e := kind.enrolled(t)
	want := s.Counts()
	sig, err := s.Token.Sign(t.Context(), PIN("000000"), []byte("x"))
	var wrong *token.WrongPINError
	if !errors.As(err, &wrong) || sig != nil {
		t.Errorf("got %x, %v", sig, err)
	}
	want.Verify++
	if got := s.Counts(); got != want {
		t.Errorf("the token was asked %+v, want %+v", got, want)
	}
	if sig, err := s.Token.Sign(t.Context(), PIN(GoodPIN), []byte("x")); err != nil || e.Key.Verify([]byte("x"), sig) != nil {
		t.Errorf("with the right one afterwards: %v", err)
	}
}

func (kind Kind) readsAPINBeforeTheTokenDoes(t *testing.T) {
	s, _ := kind.enrolled(t)
	start := s.Counts()
	for _, bad := range kind.BadPINs {
		var format *token.PINFormatError
		if _, err := s.Token.Sign(t.Context(), PIN(bad), []byte("x")); !errors.As(err, &format) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
	if got := s.Counts(); got != start {
		t.Errorf("the token was asked: %+v, from %+v", got, start)
	}
}

func (kind Kind) takesPINsOfEveryFormThatItAllows(t *testing.T) {
	for _, pin := range kind.PINs {
		s := kind.Fresh(t)
		r := kind.request("wabbit Ada")
		r.PIN = PIN(pin)
		e, err := s.Token.Enrol(t.Context(), r)
		if err != nil {
			t.Fatalf("%q: %v", pin, err)
		}
		if sig, err := s.Token.Sign(t.Context(), PIN(pin), []byte("x")); err != nil || e.Key.Verify([]byte("x"), sig) != nil {
			t.Errorf("%q: %v", pin, err)
		}
		s.Remove()
	}
}

func (kind Kind) keepsItsKey(t *testing.T) {
	s, e := kind.enrolled(t)
	start := s.Counts()
	other := kind.request("wabbit Bo")
	other.PIN, other.PUK = PIN("111222"), PIN("33344455")
	resumed := other
	resumed.Resume = true
	for name, r := range map[string]token.EnrolRequest{
		"for somebody else": other, "for somebody else, resumed": resumed, "once more": kind.request("wabbit Ada"),
	} {
		var occupied *token.OccupiedError
		if _, err := s.Token.Enrol(t.Context(), r); !errors.As(err, &occupied) || occupied.Serial != e.Info.Serial || occupied.Slot != e.Info.Slot {
			t.Errorf("an enrolment %s: %v", name, err)
		}
	}
	if got := s.Counts(); got != start {
		t.Errorf("the token was asked: %+v, from %+v", got, start)
	}
	r := kind.request("wabbit Ada")
	r.Resume = true
	again, err := s.Token.Enrol(t.Context(), r)
	if err != nil || again.Key.ID() != e.Key.ID() {
		t.Errorf("an enrolment that is resumed: %v, %v", again.Key, err)
	}
	if info := infoOf(t, s.Token); info.Key == nil || info.Key.ID() != e.Key.ID() {
		t.Error("the key changed")
	}
}

func (kind Kind) hasNoKeyToSignWith(t *testing.T) {
	s := kind.Fresh(t)
	start := s.Counts()
	if _, err := s.Token.Sign(t.Context(), PIN(GoodPIN), []byte("x")); !errors.Is(err, token.ErrNoKey) {
		t.Errorf("got %v", err)
	}
	if info := infoOf(t, s.Token); info.Key != nil {
		t.Errorf("it tells of a key: %+v", info)
	}
	if got := s.Counts(); got != start {
		t.Errorf("the token was asked: %+v, from %+v", got, start)
	}
}

func (kind Kind) isNotAskedOnceItWasCancelled(t *testing.T) {
	s, _ := kind.enrolled(t)
	start := s.Counts()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Token.Sign(ctx, PIN(GoodPIN), []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := s.Counts(); got != start {
		t.Errorf("the token was asked: %+v, from %+v", got, start)
	}
}

func (kind Kind) isGoneWhenItWasTakenOut(t *testing.T) {
	s, _ := kind.enrolled(t)
	if _, err := s.Token.Sign(t.Context(), PIN(GoodPIN), []byte("x")); err != nil {
		t.Fatal(err)
	}
	start := s.Counts()
	s.Remove()
	var removed *token.RemovedError
	if _, err := s.Token.Info(t.Context()); !errors.As(err, &removed) {
		t.Errorf("info: %v", err)
	}
	if _, err := s.Token.Sign(t.Context(), PIN(GoodPIN), []byte("x")); !errors.As(err, &removed) {
		t.Errorf("sign: %v", err)
	}
	if got := s.Counts(); got != start {
		t.Errorf("the token was asked: %+v, from %+v", got, start)
	}
}

func infoOf(t *testing.T, token token.Token) token.Info {
	t.Helper()
	info, err := token.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info
}
