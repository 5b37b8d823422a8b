package hsmtest

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// block uses up the tries of the PIN.
func (s Yubi) block(t *testing.T) {
	t.Helper()
	for infoOf(t, s.Token).PINTries > 0 {
		if _, err := s.Token.Sign(t.Context(), PIN("000000"), []byte("x")); err == nil {
			t.Fatal("a wrong PIN was taken")
		}
	}
}

// secretLaws are those of PUK, attestation and reset.
func secretLaws(t *testing.T, fresh makeYubi) {
	for _, law := range []law{
		{"is unblocked by its PUK", fresh.isUnblockedByItsPUK},
		{"attests its key again", fresh.attestsItsKeyAgain},
		{"does not attest a key that was brought to it", fresh.doesNotAttestAKeyThatWasBroughtToIt},
	} {
		t.Run(law.name, law.hold)
	}
	for name, c := range map[string]struct {
		firmware string
		tries    int // of the PIN that are left
	}{
		"is reset":                          {virtual.Firmware574, 3},
		"is reset with old firmware":        {virtual.Firmware52, 3},
		"is reset when its PIN is blocked":  {virtual.Firmware543, 0},
		"is reset when one try is left yet": {virtual.Firmware574, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, e := fresh.enrolled(t, virtual.Config{Firmware: c.firmware})
			for range 3 - c.tries {
				_ = s.Card.VerifyPIN([]byte("000000"))
			}
			start := s.Card.Counts()
			seen := s.watch()
			if err := s.Token.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
			// piv-go shows one more of each, to a card that looks at neither.
			extra := 0
			if s.Applet != nil {
				extra = 1
			}
			start.Verify += c.tries + extra
			start.PUK += 3 + extra
			if got := s.Card.Counts(); got != start {
				t.Errorf("the card was asked %+v, want %+v", got, start)
			}
			seen.onlyPIV(t)
			info := infoOf(t, s.Token)
			if info.Key != nil || info.PINTries != 3 || info.Serial != e.Info.Serial || info.Firmware != c.firmware {
				t.Errorf("afterwards: %+v", info)
			}
			if i := s.Card.PINInfo(); !i.Factory {
				t.Errorf("the PIN is not the factory's")
			}
			again, err := s.Token.Enrol(t.Context(), Request("wabbit Ada"))
			if err != nil || again.Key.ID() == e.Key.ID() {
				t.Errorf("enrolled again: %v, with the key of before: %v", err, again.Key.ID() == e.Key.ID())
			}
		})
	}
}

func (fresh makeYubi) isUnblockedByItsPUK(t *testing.T) {
	s, e := fresh.enrolled(t, virtual.Config{})
	s.block(t)
	want := s.Card.Counts()
	asked := func(what string) {
		t.Helper()
		if got := s.Card.Counts(); got != want {
			t.Errorf("%s: the card was asked %+v, want %+v", what, got, want)
		}
	}
	for _, bad := range [][2]string{{"123", "556677"}, {GoodPUK, "5566"}, {GoodPUK, "556677\n"}, {"4152637\n", "556677"}, {GoodPUK, "pässwö"}} {
		var format *token.PINFormatError
		if err := s.Token.Unblock(t.Context(), PIN(bad[0]), PIN(bad[1])); !errors.As(err, &format) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
	asked("what can't be a PUK or a PIN")

	var wrong *token.WrongPUKError
	if err := s.Token.Unblock(t.Context(), PIN("000000"), PIN("556677")); !errors.As(err, &wrong) || wrong.Tries != 2 {
		t.Errorf("a wrong PUK: %v", err)
	}
	want.PUK++
	asked("a wrong PUK")
	if got := infoOf(t, s.Token); got.PUKTries != 2 || got.PINTries != 0 {
		t.Errorf("after a wrong PUK: %+v", got)
	}

	if err := s.Token.Unblock(t.Context(), PIN(GoodPUK), PIN("556677")); err != nil {
		t.Fatal(err)
	}
	want.PUK++
	asked("the PUK")
	if got := infoOf(t, s.Token); got.PUKTries != 3 || got.PINTries != 3 {
		t.Errorf("afterwards: %+v", got)
	}
	if sig, err := s.Token.Sign(t.Context(), PIN("556677"), []byte("x")); err != nil || e.Key.Verify([]byte("x"), sig) != nil {
		t.Errorf("with the new PIN: %v", err)
	}
	want = s.Card.Counts()

	for range 2 {
		_ = s.Token.Unblock(t.Context(), PIN("000000"), PIN("556677"))
	}
	if err := s.Token.Unblock(t.Context(), PIN("000000"), PIN("556677")); !errors.Is(err, token.ErrPUKBlocked) {
		t.Errorf("the try that blocks the PUK: %v", err)
	}
	want.PUK += 3
	asked("until the PUK was blocked")
	if err := s.Token.Unblock(t.Context(), PIN(GoodPUK), PIN("556677")); !errors.Is(err, token.ErrPUKBlocked) {
		t.Errorf("with the PUK blocked: %v", err)
	}
}

func (fresh makeYubi) attestsItsKeyAgain(t *testing.T) {
	s := fresh(t, virtual.Config{})
	if _, err := s.Token.Attestation(t.Context()); !errors.Is(err, token.ErrNoKey) {
		t.Errorf("an empty slot: %v", err)
	}
	e, err := s.Token.Enrol(t.Context(), Request("wabbit Ada"))
	if err != nil {
		t.Fatal(err)
	}
	start := s.Card.Counts()
	a, err := s.Token.Attestation(t.Context())
	if err != nil || !a.Leaf.Equal(e.Attestation.Leaf) || !a.Device.Equal(e.Attestation.Device) {
		t.Errorf("got another attestation than the enrolment, or %v", err)
	}
	if got := s.Card.Counts(); got != start {
		t.Errorf("the card was asked: %+v, from %+v", got, start)
	}
}

func (fresh makeYubi) doesNotAttestAKeyThatWasBroughtToIt(t *testing.T) {
	s := fresh(t, virtual.Config{})
	ImportKey(t, s.Card)
	if a, err := s.Token.Attestation(t.Context()); a != nil || err != nil {
		t.Errorf("got %v, %v", a, err)
	}
	var occupied *token.OccupiedError
	if _, err := s.Token.Enrol(t.Context(), Request("wabbit Ada")); !errors.As(err, &occupied) {
		t.Errorf("an enrolment over it: %v", err)
	}
}

// seen is what commands a card was sent.
type seen struct {
	mu           sync.Mutex
	watched      bool
	instructions []byte
	applications [][]byte
}

// watch notes the commands from now on, where the face has any.
func (s Yubi) watch() *seen {
	w := &seen{watched: s.Applet != nil}
	if w.watched {
		s.Applet.Tamper(func(c wire.Command, answer []byte) []byte {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.instructions = append(w.instructions, c.INS)
			if c.INS == wire.InsSelect {
				w.applications = append(w.applications, bytes.Clone(c.Data))
			}
			return answer
		})
	}
	return w
}

// onlyPIV sees to it that a reset touched no other application, that it was
// one, and that nothing was written.
func (w *seen) onlyPIV(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.watched {
		return
	}
	for _, aid := range w.applications {
		if !bytes.Equal(aid, wire.AIDPIV()) {
			t.Errorf("application %x was selected", aid)
		}
	}
	allowed := []byte{
		wire.InsSelect, wire.InsGetVersion, wire.InsGetSerial, wire.InsGetMetadata, wire.InsGetResponse,
		wire.InsVerify, wire.InsChangeReference, wire.InsReset,
	}
	resets := 0
	for _, ins := range w.instructions {
		if ins == wire.InsReset {
			resets++
		}
		if !slices.Contains(allowed, ins) {
			t.Errorf("instruction %02x was sent", ins)
		}
	}
	if resets != 1 {
		t.Errorf("%d resets were asked for", resets)
	}
}
