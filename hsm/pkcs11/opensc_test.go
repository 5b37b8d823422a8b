//go:build linux && cgo

package pkcs11_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/pkcs11"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// yubikey is a virtual one in the reader that OpenSC sees, with what its
// enrolment gave.
func yubikey(t *testing.T) (*virtual.Card, token.Enrolment) {
	t.Helper()
	card, err := virtual.NewCard(virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574})
	if err != nil {
		t.Fatal(err)
	}
	e, err := virtual.NewToken(card).Enrol(t.Context(), hsmtest.Request("wabbit Ada"))
	if err != nil {
		t.Fatal(err)
	}
	pull := station.Insert(t, 0, &virtual.Applet{Card: card})
	piv := hsm.NewReader()
	inReader := func(want int) func() bool {
		return func() bool {
			tokens, err := piv.Tokens(context.Background())
			return err == nil && len(tokens) == want
		}
	}
	hsmtest.Await(t, "the token to be in its reader", inReader(1))
	t.Cleanup(func() {
		pull()
		hsmtest.Await(t, "the token to be out of its reader", inReader(0))
	})
	return card, e
}

// A key that our enrolment made on a YubiKey signs through OpenSC's module.
// The key asks for the PIN with each use, so the module shows it twice: once
// to log in, and once for the signature. (Pulling the token is tested in
// package hsm alone: OpenSC 0.23 does not return from asking about one that
// was taken from under it.)
func TestOpenSC(t *testing.T) {
	card, e := yubikey(t)
	r := pkcs11.NewReader(pkcs11.Options{Module: need(t, "OpenSC", find("opensc-pkcs11.so"))})
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	tok := only(t, r)
	want := card.Counts()
	info, err := tok.Info(t.Context())
	if err != nil || info.Key == nil || info.Key.ID() != e.Key.ID() {
		t.Fatalf("info: %+v, %v", info, err)
	}
	asked := func(what string) {
		t.Helper()
		if got := card.Counts(); got != want {
			t.Errorf("%s: the card was asked %+v, want %+v", what, got, want)
		}
	}
	sign := func(pin string) ([]byte, error) {
		return tok.Sign(t.Context(), hsmtest.PIN(pin), []byte("x"))
	}
	asked("info")

	if sig, err := sign(hsmtest.GoodPIN); err != nil || e.Key.Verify([]byte("x"), sig) != nil {
		t.Errorf("sign: %v", err)
	}
	want.Verify += 2
	want.Sign++
	asked("one signature")

	for _, tries := range []int{-1, 1} { // it tells of the final try alone
		var wrong *token.WrongPINError
		if _, err := sign("000000"); !errors.As(err, &wrong) || wrong.Tries != tries {
			t.Errorf("a wrong PIN: %v, want %d tries left", err, tries)
		}
		want.Verify++
		asked("a wrong PIN")
	}
	if _, err := sign("000000"); !errors.Is(err, token.ErrPINBlocked) {
		t.Errorf("the try that blocks: %v", err)
	}
	want.Verify++
	asked("the try that blocks")
	if _, err := sign(hsmtest.GoodPIN); !errors.Is(err, token.ErrPINBlocked) {
		t.Errorf("once blocked: %v", err)
	}
	asked("once blocked")
}

// pkcs11-tool signs with a key that our enrolment made, and OpenSSL accepts
// what it signed.
func TestPKCS11ToolSigns(t *testing.T) {
	module := need(t, "OpenSC", find("opensc-pkcs11.so"))
	_, e := yubikey(t)
	dir := t.TempDir()
	sig, key, data := filepath.Join(dir, "sig"), filepath.Join(dir, "key"), filepath.Join(dir, "payload")
	for path, b := range map[string]string{key: e.Key.Public, data: "signed by another program"} {
		if err := os.WriteFile(path, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	say(t, "pkcs11-tool", "--module", module, "--login", "--pin", hsmtest.GoodPIN, "--sign", "--id", "02",
		"--mechanism", "ECDSA-SHA256", "--signature-format", "openssl", "--input-file", data, "--output-file", sig)
	if out := say(t, "openssl", "dgst", "-sha256", "-verify", key, "-signature", sig, data); !strings.Contains(out, "Verified OK") {
		t.Error(out)
	}
}
