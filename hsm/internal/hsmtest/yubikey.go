package hsmtest

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// YubiKey is all that a YubiKey can do here.
type YubiKey interface {
	token.Enroller
	token.Attester
	token.Unblocker
	token.Resetter
}

// Yubi is a YubiKey under test, and the virtual card it is made of.
type Yubi struct {
	Token  YubiKey
	Card   *virtual.Card
	Applet *virtual.Applet // nil for the face that has no commands
	Remove func()          // takes the token out; it is not used afterwards
}

// makeYubi makes a token fresh from the factory.
type makeYubi func(t *testing.T, c virtual.Config) Yubi

func (fresh makeYubi) enrolled(t *testing.T, c virtual.Config) (Yubi, token.Enrolment) {
	t.Helper()
	s := fresh(t, c)
	e, err := s.Token.Enrol(t.Context(), Request("wabbit Ada"))
	if err != nil {
		t.Fatal(err)
	}
	return s, e
}

// YubiKeyLaws holds both faces of a YubiKey to what its interfaces promise.
// subject makes a token fresh from the factory.
func YubiKeyLaws(t *testing.T, subject func(t *testing.T, c virtual.Config) Yubi) {
	fresh := makeYubi(func(t *testing.T, c virtual.Config) Yubi {
		t.Helper()
		if c.Serial == 0 {
			c.Serial = 5417533
		}
		if c.Firmware == "" {
			c.Firmware = virtual.Firmware574
		}
		return subject(t, c)
	})
	Laws(t, Kind{
		Fresh: func(t *testing.T) Subject {
			s := fresh(t, virtual.Config{})
			return Subject{Token: s.Token, Remove: s.Remove, Counts: s.Card.Counts}
		},
		Algorithms: []token.Algorithm{token.P256, token.P384, token.Ed25519},
		BadPINs:    []string{"", "12345", "123456789", "1234567\n", "12345\n", "12345\r\n", "pässword", "päss12", "1234\x00567"},
		PINs:       []string{"718293", "7182930", "71829304", "~!p {}\\ "},
		PINPolicy:  token.PINAlways,
	})
	secretLaws(t, fresh)

	for _, law := range []law{
		{"tells of itself", fresh.tellsOfItself},
		{"is enrolled, whatever its firmware", fresh.isEnrolledWhateverItsFirmware},
		{"counts wrong PINs until it is blocked", fresh.countsWrongPINsUntilItIsBlocked},
		{"says what went wrong", fresh.saysWhatWentWrong},
		{"says when it was pulled", fresh.saysWhenItWasPulled},
		{"never overwrites a key", fresh.neverOverwritesAKey},
		{"refuses what everybody knows", fresh.refusesWhatEverybodyKnows},
		{"leaves tries to a stranger's token", fresh.leavesTriesToAStrangersToken},
		{"signs nothing that anyone sees once it was cancelled", fresh.signsNothingThatAnyoneSeesOnceItWasCancelled},
		{"limits what an Ed25519 key is sent", fresh.limitsWhatAnEd25519KeyIsSent},
	} {
		t.Run(law.name, law.hold)
	}
}

func (fresh makeYubi) tellsOfItself(t *testing.T) {
	for _, c := range []struct {
		firmware string
		pukTries int
		factory  bool
	}{
		{virtual.Firmware52, -1, false}, // has no GET METADATA, so that is not known
		{virtual.Firmware543, 3, true},
		{virtual.Firmware574, 3, true},
	} {
		s := fresh(t, virtual.Config{Firmware: c.firmware})
		info := infoOf(t, s.Token)
		if info.Reader == "" {
			t.Error("no reader is named")
		}
		info.Reader = ""
		want := token.Info{
			Kind: "YubiKey", Serial: "5417533", Firmware: c.firmware, FormFactor: "USB-C keychain",
			Slot: "9c", PINTries: 3, PUKTries: c.pukTries, Factory: c.factory, Virtual: true,
		}
		if !reflect.DeepEqual(info, want) {
			t.Errorf("firmware %s: got %+v, want %+v", c.firmware, info, want)
		}
		s.Remove()
	}
}

func (fresh makeYubi) isEnrolledWhateverItsFirmware(t *testing.T) {
	for _, c := range []struct {
		firmware  string
		algorithm token.Algorithm
	}{
		{virtual.Firmware52, token.P256},
		{virtual.Firmware543, token.P384},
		{virtual.Firmware574, token.Ed25519},
	} {
		t.Run(c.firmware+" "+string(c.algorithm), func(t *testing.T) {
			s := fresh(t, virtual.Config{Firmware: c.firmware})
			r := Request("wabbit Ada")
			r.Algorithm = c.algorithm
			e, err := s.Token.Enrol(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			info := infoOf(t, s.Token)
			if info.Factory || info.Touch != token.TouchAlways || info.PINPolicy != token.PINAlways {
				t.Errorf("after the enrolment: %+v", info)
			}
			if info := s.Card.ManagementInfo(); info.Factory {
				t.Error("the management key is the factory's")
			}
			sig, err := s.Token.Sign(t.Context(), PIN(GoodPIN), []byte("x"))
			if err != nil || e.Key.Verify([]byte("x"), sig) != nil {
				t.Errorf("sign: %v", err)
			}
		})
	}
}

func (fresh makeYubi) countsWrongPINsUntilItIsBlocked(t *testing.T) {
	s, _ := fresh.enrolled(t, virtual.Config{})
	start := s.Card.Counts()
	for _, left := range []int{2, 1} {
		_, err := s.Token.Sign(t.Context(), PIN("000000"), []byte("x"))
		var wrong *token.WrongPINError
		if !errors.As(err, &wrong) || wrong.Tries != left {
			t.Fatalf("got %v, want a wrong PIN with %d tries left", err, left)
		}
		if got := infoOf(t, s.Token).PINTries; got != left {
			t.Fatalf("the token tells of %d tries, want %d", got, left)
		}
	}
	for range 2 { // the try that blocks it, and the next one, which the card isn't asked for
		if _, err := s.Token.Sign(t.Context(), PIN("000000"), []byte("x")); !errors.Is(err, token.ErrPINBlocked) {
			t.Fatalf("got %v, want %v", err, token.ErrPINBlocked)
		}
	}
	if got := s.Card.Counts(); got.Verify-start.Verify > 4 || got.Sign != start.Sign {
		t.Errorf("four wrong PINs took %+v, from %+v", got, start)
	}
	if got := infoOf(t, s.Token).PINTries; got != 0 {
		t.Errorf("the token tells of %d tries, want 0", got)
	}
}

func (fresh makeYubi) saysWhatWentWrong(t *testing.T) {
	s, e := fresh.enrolled(t, virtual.Config{})
	for _, c := range []struct {
		fault virtual.Fault
		is    func(error) bool
	}{
		{virtual.NoTouch, func(err error) bool { return errors.Is(err, token.ErrNoTouch) }},
		{virtual.WrongSignature, func(err error) bool { var e *token.Error; return errors.As(err, &e) && e.Op == "sign" }},
	} {
		start := s.Card.Counts()
		s.Card.Script(c.fault)
		sig, err := s.Token.Sign(t.Context(), PIN(GoodPIN), []byte("x"))
		if !c.is(err) || sig != nil {
			t.Errorf("fault %d: got %x, %v", c.fault, sig, err)
		}
		if got := s.Card.Counts(); got.Verify != start.Verify+1 || got.Sign != start.Sign+1 {
			t.Errorf("fault %d: took %+v, from %+v", c.fault, got, start)
		}
	}
	if sig, err := s.Token.Sign(t.Context(), PIN(GoodPIN), []byte("x")); err != nil || e.Key.Verify([]byte("x"), sig) != nil {
		t.Errorf("afterwards: %v", err)
	}
	if got := infoOf(t, s.Token).PINTries; got != 3 {
		t.Errorf("%d tries are left", got)
	}
}

func (fresh makeYubi) saysWhenItWasPulled(t *testing.T) {
	for fault, during := range map[virtual.Fault]string{
		virtual.RemovedAtVerify: "before the PIN",
		virtual.RemovedAtSign:   "between PIN and signature",
		virtual.RemovedSigned:   "between PIN and signature",
	} {
		s, _ := fresh.enrolled(t, virtual.Config{})
		start := s.Card.Counts()
		s.Card.Script(fault)
		sig, err := s.Token.Sign(t.Context(), PIN(GoodPIN), []byte("x"))
		var removed *token.RemovedError
		if !errors.As(err, &removed) || removed.During != during || sig != nil {
			t.Errorf("got %x, %v, want it removed %s", sig, err, during)
		}
		if got := s.Card.Counts(); got.Verify != start.Verify+1 || got.Sign > start.Sign+1 {
			t.Errorf("pulled %s: %+v, from %+v", during, got, start)
		}
		s.Remove()
	}
}

func (fresh makeYubi) neverOverwritesAKey(t *testing.T) {
	s, e := fresh.enrolled(t, virtual.Config{})
	start := s.Card.Counts()
	for name, change := range map[string]func(*token.EnrolRequest){
		"another subject":      func(r *token.EnrolRequest) { r.Subject = "wabbit Bo" },
		"another algorithm":    func(r *token.EnrolRequest) { r.Algorithm = token.P384 },
		"another touch policy": func(r *token.EnrolRequest) { r.Touch = token.TouchCached },
	} {
		r := Request("wabbit Ada")
		r.PIN, r.PUK, r.Resume = PIN("111222"), PIN("33344455"), true
		change(&r)
		_, err := s.Token.Enrol(t.Context(), r)
		var occupied *token.OccupiedError
		if !errors.As(err, &occupied) || occupied.Serial != "5417533" || occupied.Slot != "9c" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got := s.Card.Counts(); got != start {
		t.Errorf("the card was asked for more: %+v, from %+v", got, start)
	}
	if info := infoOf(t, s.Token); info.Key == nil || info.Key.ID() != e.Key.ID() {
		t.Error("the key changed")
	}
}

func (fresh makeYubi) refusesWhatEverybodyKnows(t *testing.T) {
	s := fresh(t, virtual.Config{})
	for _, change := range []func(*token.EnrolRequest){
		func(r *token.EnrolRequest) { r.PIN = PIN("123456") },
		func(r *token.EnrolRequest) { r.PUK = PIN("12345678") },
		func(r *token.EnrolRequest) { r.PIN = PIN("12345") },
	} {
		r := Request("wabbit Ada")
		change(&r)
		var format *token.PINFormatError
		if _, err := s.Token.Enrol(t.Context(), r); !errors.As(err, &format) {
			t.Errorf("got %v", err)
		}
	}
	if !infoOf(t, s.Token).Factory {
		t.Error("something was changed")
	}
}

func (fresh makeYubi) leavesTriesToAStrangersToken(t *testing.T) {
	for _, firmware := range []string{virtual.Firmware52, virtual.Firmware574} {
		s := fresh(t, virtual.Config{Firmware: firmware})
		if err := s.Card.ChangePIN([]byte("123456"), []byte("999999")); err != nil {
			t.Fatal(err)
		}
		// With GET METADATA one guess is enough. Without, a second one is
		// made, but not where it would be the last.
		want := map[string][]int{virtual.Firmware52: {1, 1}, virtual.Firmware574: {2, 1}}[firmware]
		for used, left := range want {
			if err := s.Card.VerifyPIN([]byte("999999")); err != nil { // all tries are back
				t.Fatal(err)
			}
			for range used {
				_ = s.Card.VerifyPIN([]byte("000000"))
			}
			var wrong *token.WrongPINError
			if _, err := s.Token.Enrol(t.Context(), Request("wabbit Ada")); !errors.As(err, &wrong) || wrong.Tries != left {
				t.Errorf("firmware %s, %d tries used before: got %v, want %d left", firmware, used, err, left)
			}
		}
		s.Remove()
	}
}

func (fresh makeYubi) signsNothingThatAnyoneSeesOnceItWasCancelled(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	touch := func(ctx context.Context) bool {
		close(asked)
		select {
		case <-release:
			return true
		case <-ctx.Done():
			return false
		}
	}
	s, _ := fresh.enrolled(t, virtual.Config{Touch: touch})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		sig, err := s.Token.Sign(ctx, PIN(GoodPIN), []byte("x"))
		if sig != nil {
			t.Errorf("got a signature")
		}
		done <- err
	}()
	<-asked
	cancel()
	close(release)
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func (fresh makeYubi) limitsWhatAnEd25519KeyIsSent(t *testing.T) {
	s := fresh(t, virtual.Config{})
	r := Request("wabbit Ada")
	r.Algorithm = token.Ed25519
	e, err := s.Token.Enrol(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	start := s.Card.Counts()
	var failed *token.Error
	if _, err := s.Token.Sign(t.Context(), PIN(GoodPIN), make([]byte, 3001)); !errors.As(err, &failed) {
		t.Errorf("3001 bytes: %v", err)
	}
	if got := s.Card.Counts(); got != start {
		t.Errorf("the card was asked: %+v, from %+v", got, start)
	}
	long := make([]byte, 3000)
	if sig, err := s.Token.Sign(t.Context(), PIN(GoodPIN), long); err != nil || e.Key.Verify(long, sig) != nil {
		t.Errorf("3000 bytes: %v", err)
	}
}
