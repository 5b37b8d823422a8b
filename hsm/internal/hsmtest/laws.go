package hsmtest

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// Token is all that tokens here can do.
type Token interface {
	ceremony.Enroller
	Attestation(ctx context.Context) (*ceremony.Attestation, error)
	Unblock(ctx context.Context, puk, pin ceremony.PIN) error
}

// Subject is a token under test, and the virtual card it is made of.
type Subject struct {
	Token  Token
	Card   *virtual.Card
	Remove func() // takes the token out; the subject is not used afterwards
}

// Laws holds every token to what ceremony.Token and ceremony.Enroller
// promise. subject makes a token fresh from the factory.
func Laws(t *testing.T, subject func(t *testing.T, c virtual.Config) Subject) {
	fresh := func(t *testing.T, c virtual.Config) Subject {
		t.Helper()
		if c.Serial == 0 {
			c.Serial = 5417533
		}
		if c.Firmware == "" {
			c.Firmware = virtual.Firmware574
		}
		return subject(t, c)
	}
	enrolled := func(t *testing.T, c virtual.Config) (Subject, ceremony.Enrolment) {
		t.Helper()
		s := fresh(t, c)
		e, err := s.Token.Enrol(t.Context(), Request("wabbit Ada"))
		if err != nil {
			t.Fatal(err)
		}
		return s, e
	}

	t.Run("tells of itself", func(t *testing.T) {
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
			info := infoOf(t, s)
			if info.Reader == "" {
				t.Error("no reader is named")
			}
			info.Reader = ""
			want := ceremony.TokenInfo{
				Kind: "YubiKey", Serial: "5417533", Firmware: c.firmware, FormFactor: "USB-C keychain",
				Slot: "9c", PINTries: 3, PUKTries: c.pukTries, Factory: c.factory, Virtual: true,
			}
			if !reflect.DeepEqual(info, want) {
				t.Errorf("firmware %s: got %+v, want %+v", c.firmware, info, want)
			}
			s.Remove()
		}
	})

	t.Run("enrols and signs", func(t *testing.T) {
		for _, c := range []struct {
			firmware  string
			algorithm ceremony.Algorithm
		}{
			{virtual.Firmware52, ceremony.P256},
			{virtual.Firmware543, ceremony.P384},
			{virtual.Firmware574, ceremony.P256},
			{virtual.Firmware574, ceremony.Ed25519},
		} {
			t.Run(c.firmware+" "+string(c.algorithm), func(t *testing.T) {
				s := fresh(t, virtual.Config{Firmware: c.firmware})
				r := Request("wabbit Ada")
				r.Algorithm = c.algorithm
				e, err := s.Token.Enrol(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				info := infoOf(t, s)
				if info.Key == nil || info.Key.ID() != e.Key.ID() || e.Info.Key.ID() != e.Key.ID() {
					t.Errorf("the token tells of key %+v, the enrolment of %s", info.Key, e.Key.ID())
				}
				if info.Factory || info.Touch != ceremony.TouchAlways || info.PINPolicy != ceremony.PINAlways {
					t.Errorf("after the enrolment: %+v", info)
				}
				if info := s.Card.ManagementInfo(); info.Factory {
					t.Error("the management key is the factory's")
				}
				before := s.Card.Counts()
				payload := []byte(`{"_type":"root"}`)
				sig, err := s.Token.Sign(t.Context(), PIN(GoodPIN), payload)
				if err != nil {
					t.Fatal(err)
				}
				if err := e.Key.Verify(payload, sig); err != nil {
					t.Error(err)
				}
				if got, want := s.Card.Counts(), (virtual.Counts{Verify: before.Verify + 1, Sign: before.Sign + 1}); got != want {
					t.Errorf("one signature took %+v, from %+v", got, before)
				}
			})
		}
	})

	t.Run("counts wrong PINs until it is blocked", func(t *testing.T) {
		s, _ := enrolled(t, virtual.Config{})
		start := s.Card.Counts()
		for _, left := range []int{2, 1} {
			_, err := s.Token.Sign(t.Context(), PIN("000000"), []byte("x"))
			var wrong *ceremony.WrongPINError
			if !errors.As(err, &wrong) || wrong.Tries != left {
				t.Fatalf("got %v, want a wrong PIN with %d tries left", err, left)
			}
			if got := infoOf(t, s).PINTries; got != left {
				t.Fatalf("the token tells of %d tries, want %d", got, left)
			}
		}
		for range 2 { // the try that blocks it, and the next one, which the card isn't asked for
			if _, err := s.Token.Sign(t.Context(), PIN("000000"), []byte("x")); !errors.Is(err, ceremony.ErrPINBlocked) {
				t.Fatalf("got %v, want %v", err, ceremony.ErrPINBlocked)
			}
		}
		if got := s.Card.Counts(); got.Verify-start.Verify > 4 || got.Sign != start.Sign {
			t.Errorf("four wrong PINs took %+v, from %+v", got, start)
		}
		if got := infoOf(t, s).PINTries; got != 0 {
			t.Errorf("the token tells of %d tries, want 0", got)
		}
	})

	t.Run("is unblocked by its PUK", func(t *testing.T) {
		s, e := enrolled(t, virtual.Config{})
		for range 3 {
			if _, err := s.Token.Sign(t.Context(), PIN("000000"), []byte("x")); err == nil {
				t.Fatal("a wrong PIN was taken")
			}
		}
		var failed *ceremony.TokenError
		if err := s.Token.Unblock(t.Context(), PIN("000000"), PIN("556677")); !errors.As(err, &failed) {
			t.Errorf("a wrong PUK: %v", err)
		}
		if got := infoOf(t, s); got.PUKTries != 2 || got.PINTries != 0 {
			t.Errorf("after a wrong PUK: %+v", got)
		}
		if err := s.Token.Unblock(t.Context(), PIN(GoodPUK), PIN("556677")); err != nil {
			t.Fatal(err)
		}
		if got := infoOf(t, s); got.PUKTries != 3 || got.PINTries != 3 {
			t.Errorf("afterwards: %+v", got)
		}
		if sig, err := s.Token.Sign(t.Context(), PIN("556677"), []byte("x")); err != nil || e.Key.Verify([]byte("x"), sig) != nil {
			t.Errorf("with the new PIN: %v", err)
		}
		for range 2 {
			_ = s.Token.Unblock(t.Context(), PIN("000000"), PIN("556677"))
		}
		if err := s.Token.Unblock(t.Context(), PIN("000000"), PIN("556677")); !errors.Is(err, ceremony.ErrPUKBlocked) {
			t.Errorf("with no try of the PUK left: %v", err)
		}
	})

	t.Run("attests its key again", func(t *testing.T) {
		s := fresh(t, virtual.Config{})
		if _, err := s.Token.Attestation(t.Context()); !errors.Is(err, ceremony.ErrNoKey) {
			t.Errorf("an empty slot: %v", err)
		}
		e, err := s.Token.Enrol(t.Context(), Request("wabbit Ada"))
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.Token.Attestation(t.Context())
		if err != nil || !a.Leaf.Equal(e.Attestation.Leaf) || !a.Device.Equal(e.Attestation.Device) {
			t.Errorf("got another attestation than the enrolment, or %v", err)
		}
	})

	t.Run("reads a PIN before the card does", func(t *testing.T) {
		s, _ := enrolled(t, virtual.Config{})
		start := s.Card.Counts()
		for _, bad := range []string{"", "12345", "123456789", "12345\n", "pässword"} {
			var format *ceremony.PINFormatError
			if _, err := s.Token.Sign(t.Context(), PIN(bad), []byte("x")); !errors.As(err, &format) {
				t.Errorf("%q: got %v", bad, err)
			}
		}
		if got := s.Card.Counts(); got != start {
			t.Errorf("the card was asked: %+v, from %+v", got, start)
		}
	})

	t.Run("says what went wrong", func(t *testing.T) {
		s, e := enrolled(t, virtual.Config{})
		for _, c := range []struct {
			fault virtual.Fault
			is    func(error) bool
		}{
			{virtual.NoTouch, func(err error) bool { return errors.Is(err, ceremony.ErrNoTouch) }},
			{virtual.WrongSignature, func(err error) bool { var e *ceremony.TokenError; return errors.As(err, &e) && e.Op == "sign" }},
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
		if got := infoOf(t, s).PINTries; got != 3 {
			t.Errorf("%d tries are left", got)
		}
	})

	t.Run("says when it was pulled", func(t *testing.T) {
		for fault, during := range map[virtual.Fault]string{
			virtual.RemovedAtVerify: "before the PIN",
			virtual.RemovedAtSign:   "between PIN and signature",
		} {
			s, _ := enrolled(t, virtual.Config{})
			start := s.Card.Counts()
			s.Card.Script(fault)
			_, err := s.Token.Sign(t.Context(), PIN(GoodPIN), []byte("x"))
			var removed *ceremony.RemovedError
			if !errors.As(err, &removed) || removed.During != during {
				t.Errorf("got %v, want it removed %s", err, during)
			}
			if got := s.Card.Counts(); got.Verify != start.Verify+1 {
				t.Errorf("pulled %s: %+v, from %+v", during, got, start)
			}
			s.Remove()
		}
	})

	t.Run("is gone when it was taken out", func(t *testing.T) {
		s, _ := enrolled(t, virtual.Config{})
		s.Remove()
		var removed *ceremony.RemovedError
		if _, err := s.Token.Info(t.Context()); !errors.As(err, &removed) {
			t.Errorf("info: %v", err)
		}
		if _, err := s.Token.Sign(t.Context(), PIN(GoodPIN), []byte("x")); !errors.As(err, &removed) {
			t.Errorf("sign: %v", err)
		}
	})

	t.Run("never overwrites a key", func(t *testing.T) {
		s, e := enrolled(t, virtual.Config{})
		start := s.Card.Counts()
		for name, change := range map[string]func(*ceremony.EnrolRequest){
			"another subject":      func(r *ceremony.EnrolRequest) { r.Subject = "wabbit Bo" },
			"another algorithm":    func(r *ceremony.EnrolRequest) { r.Algorithm = ceremony.P384 },
			"another touch policy": func(r *ceremony.EnrolRequest) { r.Touch = ceremony.TouchCached },
		} {
			r := Request("wabbit Ada")
			r.PIN, r.PUK = PIN("111222"), PIN("33344455")
			change(&r)
			_, err := s.Token.Enrol(t.Context(), r)
			var occupied *ceremony.OccupiedError
			if !errors.As(err, &occupied) || occupied.Serial != "5417533" || occupied.Slot != "9c" {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if got := s.Card.Counts(); got != start {
			t.Errorf("the card was asked for more: %+v, from %+v", got, start)
		}
		if info := infoOf(t, s); info.Key == nil || info.Key.ID() != e.Key.ID() {
			t.Error("the key changed")
		}
	})

	t.Run("takes a repeated enrolment", func(t *testing.T) {
		s, e := enrolled(t, virtual.Config{})
		again, err := s.Token.Enrol(t.Context(), Request("wabbit Ada"))
		if err != nil || again.Key.ID() != e.Key.ID() {
			t.Errorf("got %v, %v", again.Key, err)
		}
	})

	t.Run("refuses what everybody knows", func(t *testing.T) {
		s := fresh(t, virtual.Config{})
		for _, change := range []func(*ceremony.EnrolRequest){
			func(r *ceremony.EnrolRequest) { r.PIN = PIN("123456") },
			func(r *ceremony.EnrolRequest) { r.PUK = PIN("12345678") },
			func(r *ceremony.EnrolRequest) { r.PIN = PIN("12345") },
		} {
			r := Request("wabbit Ada")
			change(&r)
			var format *ceremony.PINFormatError
			if _, err := s.Token.Enrol(t.Context(), r); !errors.As(err, &format) {
				t.Errorf("got %v", err)
			}
		}
		if !infoOf(t, s).Factory {
			t.Error("something was changed")
		}
	})

	t.Run("leaves tries to a stranger's token", func(t *testing.T) {
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
				var wrong *ceremony.WrongPINError
				if _, err := s.Token.Enrol(t.Context(), Request("wabbit Ada")); !errors.As(err, &wrong) || wrong.Tries != left {
					t.Errorf("firmware %s, %d tries used before: got %v, want %d left", firmware, used, err, left)
				}
			}
			s.Remove()
		}
	})

	t.Run("has no key to sign with", func(t *testing.T) {
		s := fresh(t, virtual.Config{})
		if _, err := s.Token.Sign(t.Context(), PIN("123456"), []byte("x")); !errors.Is(err, ceremony.ErrNoKey) {
			t.Errorf("got %v", err)
		}
		if got := s.Card.Counts(); got != (virtual.Counts{}) {
			t.Errorf("the card was asked: %+v", got)
		}
	})

	t.Run("signs nothing that anyone sees once it was cancelled", func(t *testing.T) {
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
		s, _ := enrolled(t, virtual.Config{Touch: touch})
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
	})

	t.Run("limits what an Ed25519 key is sent", func(t *testing.T) {
		s := fresh(t, virtual.Config{})
		r := Request("wabbit Ada")
		r.Algorithm = ceremony.Ed25519
		e, err := s.Token.Enrol(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		start := s.Card.Counts()
		var failed *ceremony.TokenError
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
	})
}

func infoOf(t *testing.T, s Subject) ceremony.TokenInfo {
	t.Helper()
	info, err := s.Token.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info
}
