//go:build linux && cgo

package pkcs11_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/pkcs11"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// fresh is a token without a key in a SoftHSM of its own.
func fresh(t *testing.T, o pkcs11.Options) (*soft, *pkcs11.Token) {
	t.Helper()
	s := newSoft(t)
	s.add(t, "wabbit")
	return s, only(t, s.reader(t, o))
}

func TestTokenLaws(t *testing.T) {
	hsmtest.Laws(t, hsmtest.Kind{
		Fresh: func(t *testing.T) hsmtest.Subject {
			s, token := fresh(t, pkcs11.Options{})
			return hsmtest.Subject{
				Token:  token,
				Counts: func() virtual.Counts { return counts(t) },
				Remove: func() {
					if err := os.RemoveAll(filepath.Join(s.dir, "tokens")); err != nil {
						t.Fatal(err)
					}
				},
			}
		},
		Algorithms: []token.Algorithm{token.P256, token.P384, token.Ed25519},
		BadPINs:    []string{"", "123", "12345\n", "12345\r\n", "pässword", strings.Repeat("1", 256)},
		PINPolicy:  token.PINOnce,
	})
}

func TestTellsOfItself(t *testing.T) {
	_, tok := fresh(t, pkcs11.Options{})
	info, err := tok.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Kind != "PKCS#11" || len(info.Serial) != 16 || !strings.HasPrefix(info.Reader, "wabbit, SoftHSM slot") ||
		info.FormFactor != "SoftHSM v2 (software)" || info.Key != nil || info.PINTries != -1 || info.PUKTries != -1 || info.Virtual {
		t.Errorf("got %+v", info)
	}
	r := request("Ada of wabbit")
	e, err := tok.Enrol(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if e.Attestation != nil {
		t.Error("it attests")
	}
	if !strings.HasPrefix(e.Info.Slot, "conclave: Ada of wabbit (") || e.Info.PINPolicy != token.PINOnce || e.Info.Touch != token.TouchUnknown {
		t.Errorf("enrolled: %+v", e.Info)
	}
	if info, err = tok.Info(t.Context()); err != nil || info.Key == nil || info.Slot != e.Info.Slot {
		t.Errorf("afterwards: %+v, %v", info, err)
	}
}

// What another program says of the key: it was made on the token, and stays there.
func TestKeyStaysOnTheToken(t *testing.T) {
	_, token := fresh(t, pkcs11.Options{})
	if _, err := token.Enrol(t.Context(), request("Ada of wabbit")); err != nil {
		t.Fatal(err)
	}
	out := say(t, "pkcs11-tool", "--module", os.Getenv("PKCS11SPY"), "--login", "--pin", hsmtest.GoodPIN, "--list-objects", "--type", "privkey")
	if !strings.Contains(out, "conclave: Ada of wabbit") || !strings.Contains(out, "sensitive, always sensitive, never extractable, local") {
		t.Error(out)
	}
}

// A key that asks for the PIN with each use is shown it twice: to log in, and
// for the signature. A wrong one is shown once.
func TestPINForEachUse(t *testing.T) {
	_, tok := fresh(t, pkcs11.Options{})
	e, err := tok.Enrol(t.Context(), hsmtest.Request("Ada of wabbit"))
	if err != nil || e.Info.PINPolicy != token.PINAlways {
		t.Fatalf("got %+v, %v", e.Info, err)
	}
	want := counts(t)
	if sig, err := tok.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x")); err != nil || e.Key.Verify([]byte("x"), sig) != nil {
		t.Errorf("got %v", err)
	}
	want.Verify += 2
	want.Sign++
	var wrong *token.WrongPINError
	if _, err := tok.Sign(t.Context(), hsmtest.PIN("000000"), []byte("x")); !errors.As(err, &wrong) {
		t.Errorf("got %v", err)
	}
	want.Verify++
	if got := counts(t); got != want {
		t.Errorf("the token was asked %+v, want %+v", got, want)
	}
}

// Several keys are named, and one of them has to be.
func TestWhichKey(t *testing.T) {
	s, tok := fresh(t, pkcs11.Options{})
	mine, err := tok.Enrol(t.Context(), request("Ada of wabbit"))
	if err != nil {
		t.Fatal(err)
	}
	say(t, "pkcs11-tool", "--module", os.Getenv("PKCS11SPY"), "--login", "--pin", hsmtest.GoodPIN,
		"--keypairgen", "--key-type", "EC:secp384r1", "--id", "0a0b", "--label", "other")
	say(t, "pkcs11-tool", "--module", os.Getenv("PKCS11SPY"), "--login", "--pin", hsmtest.GoodPIN,
		"--keypairgen", "--key-type", "rsa:2048", "--id", "0c", "--label", "never for TUF")

	_, err = tok.Info(t.Context())
	var several *pkcs11.AmbiguousError
	if !errors.As(err, &several) || len(several.Keys) != 2 || !slices.Contains(several.Keys, "other (0a0b)") {
		t.Fatalf("got %v", err)
	}
	start := counts(t)
	if _, err := tok.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x")); !errors.As(err, &several) {
		t.Errorf("sign: %v", err)
	}
	if got := counts(t); got != start {
		t.Errorf("the token was asked %+v, from %+v", got, start)
	}
	for name, c := range map[string]struct {
		options pkcs11.Options
		mine    bool
		none    bool
	}{
		"by label":                {pkcs11.Options{Label: pkcs11.Label("Ada of wabbit")}, true, false},
		"by ID":                   {pkcs11.Options{ID: []byte{0x0a, 0x0b}}, false, false},
		"by both":                 {pkcs11.Options{ID: []byte{0x0a, 0x0b}, Label: "other"}, false, false},
		"by both that don't meet": {pkcs11.Options{ID: []byte{0x0a, 0x0b}, Label: "another"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			tok := only(t, s.reader(t, c.options))
			info, err := tok.Info(t.Context())
			if err != nil || (info.Key == nil) != c.none {
				t.Fatalf("got %+v, %v", info, err)
			}
			sig, err := tok.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x"))
			switch {
			case c.none:
				if !errors.Is(err, token.ErrNoKey) {
					t.Errorf("got %v", err)
				}
			case err != nil:
				t.Error(err)
			case (info.Key.ID() == mine.Key.ID()) != c.mine:
				t.Errorf("it is another key: %+v", info)
			case info.Key.Verify([]byte("x"), sig) != nil:
				t.Error("another key signed")
			}
		})
	}
}

// An enrolment does not take what is not its own, and changes nothing then.
func TestEnrolRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		options pkcs11.Options
		change  func(*token.EnrolRequest)
		is      func(error) bool
	}{
		"a wrong PIN":           {pkcs11.Options{Label: "new"}, func(r *token.EnrolRequest) { r.PIN = hsmtest.PIN("000000") }, as[*token.WrongPINError]},
		"what is no PIN":        {pkcs11.Options{Label: "new"}, func(r *token.EnrolRequest) { r.PIN = hsmtest.PIN("1") }, as[*token.PINFormatError]},
		"an unknown algorithm":  {pkcs11.Options{Label: "new"}, func(r *token.EnrolRequest) { r.Algorithm = "rsa" }, as[*token.Error]},
		"another key":           {pkcs11.Options{}, func(r *token.EnrolRequest) { r.Subject = "Bo of wabbit" }, as[*token.OccupiedError]},
		"another key, resumed":  {pkcs11.Options{}, func(r *token.EnrolRequest) { r.Subject, r.Resume = "Bo of wabbit", true }, as[*token.OccupiedError]},
		"its own, not resumed":  {pkcs11.Options{}, func(*token.EnrolRequest) {}, as[*token.OccupiedError]},
		"another curve":         {pkcs11.Options{}, func(r *token.EnrolRequest) { r.Algorithm, r.Resume = token.P384, true }, as[*token.OccupiedError]},
		"another PIN policy":    {pkcs11.Options{}, func(r *token.EnrolRequest) { r.PINPolicy, r.Resume = token.PINAlways, true }, as[*token.OccupiedError]},
		"a label that is taken": {pkcs11.Options{Label: pkcs11.Label("Ada of wabbit")}, func(*token.EnrolRequest) {}, as[*token.OccupiedError]},
	} {
		t.Run(name, func(t *testing.T) {
			s, first := fresh(t, pkcs11.Options{})
			if _, err := first.Enrol(t.Context(), request("Ada of wabbit")); err != nil {
				t.Fatal(err)
			}
			r := request("Ada of wabbit")
			c.change(&r)
			if _, err := only(t, s.reader(t, c.options)).Enrol(t.Context(), r); !c.is(err) {
				t.Errorf("got %v", err)
			}
			if _, err := first.Info(t.Context()); err != nil {
				t.Errorf("the first key is not alone any more: %v", err)
			}
		})
	}
}

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// A second key may stand beside others under a label of its own.
func TestEnrolBesideOthers(t *testing.T) {
	s, first := fresh(t, pkcs11.Options{})
	a, err := first.Enrol(t.Context(), request("Ada of wabbit"))
	if err != nil {
		t.Fatal(err)
	}
	second := only(t, s.reader(t, pkcs11.Options{Label: "spare", ID: []byte{7}}))
	b, err := second.Enrol(t.Context(), request("Ada of wabbit"))
	if err != nil || a.Key.ID() == b.Key.ID() || b.Info.Slot != "spare (07)" {
		t.Fatalf("got %+v, %v", b, err)
	}
	if sig, err := second.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x")); err != nil || b.Key.Verify([]byte("x"), sig) != nil {
		t.Errorf("got %v", err)
	}
}

func TestTokensAreSorted(t *testing.T) {
	s := newSoft(t)
	r := s.reader(t, pkcs11.Options{})
	if tokens, err := r.Tokens(t.Context()); err != nil || len(tokens) != 0 {
		t.Fatalf("without a token: %d, %v", len(tokens), err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"a", "b", "c"} {
		s.add(t, label)
	}
	tokens, err := r.Tokens(t.Context())
	if err != nil || len(tokens) != 3 {
		t.Fatalf("%d tokens, %v", len(tokens), err)
	}
	var serials []string
	for _, k := range tokens {
		info, err := k.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		serials = append(serials, info.Serial)
	}
	if !slices.IsSorted(serials) || len(slices.Compact(serials)) != 3 {
		t.Errorf("got %v", serials)
	}
}

func TestNoModule(t *testing.T) {
	no := filepath.Join(t.TempDir(), "no.so")
	if err := os.WriteFile(no, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "/nowhere/module.so", no, find("libpcsclite.so.1")} {
		_, err := pkcs11.NewReader(pkcs11.Options{Module: path}).Tokens(t.Context())
		var module *pkcs11.ModuleError
		if !as[*token.NoServiceError](err) || !errors.As(err, &module) || module.Module != path {
			t.Errorf("%q: got %v", path, err)
		}
	}
}

// A ceremony takes such a token where its plan says so, and only there.
func TestInACeremony(t *testing.T) {
	for name, c := range map[string]struct {
		tokens string
		is     func(error) bool
	}{
		"allowed":     {"tokens: {without-attestation: true}\n", func(err error) bool { return err == nil }},
		"not allowed": {"", as[*token.PolicyError]},
	} {
		t.Run(name, func(t *testing.T) {
			_, token := fresh(t, pkcs11.Options{})
			held := hsmtest.Ceremony(t, hsm.Checker{}, "wabbit", c.tokens)
			e, err := held.Enrol(t.Context(), "Ada", token, hsmtest.PIN(hsmtest.GoodPIN), hsmtest.PIN(hsmtest.GoodPUK))
			if !c.is(err) {
				t.Errorf("got %+v, %v", e, err)
			}
		})
	}
}
