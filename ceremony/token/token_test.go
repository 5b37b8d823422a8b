package token_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// TestPINIsNotPrinted: by no verb, alone, by pointer or in something else, and
// in no JSON.
func TestPINIsNotPrinted(t *testing.T) {
	const secret = "86420975"
	p := token.NewPIN([]byte(secret))
	inside := token.EnrolRequest{PIN: p, PUK: p}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v"} {
		for _, v := range []any{p, &p, inside, &inside, []token.PIN{p}, map[string]token.PIN{"pin": p}} {
			said := fmt.Sprintf(verb, v)
			for _, leak := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprint([]byte(secret)), "56 54 52"} {
				if strings.Contains(said, leak) {
					t.Errorf("%s of %T: %s", verb, v, said)
				}
			}
		}
	}
	if err := fmt.Errorf("no PIN: %v, %w", p, errors.New(p.String())); strings.Contains(err.Error(), secret) {
		t.Error(err)
	}
	text, err := json.Marshal(map[string]any{"pin": p, "all": inside})
	if err != nil || bytes.Contains(text, []byte(secret)) || !bytes.Contains(text, []byte("hidden")) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestWipe: copies share the bytes, and none is left.
func TestWipe(t *testing.T) {
	b := []byte("123456")
	p := token.NewPIN(b)
	other := p
	if p.Len() != 6 || string(other.Bytes()) != "123456" {
		t.Fatalf("it holds %d bytes", p.Len())
	}
	p.Wipe()
	if !bytes.Equal(b, make([]byte, 6)) || !bytes.Equal(other.Bytes(), b) {
		t.Error("something of it is left")
	}
	token.PIN{}.Wipe()
}

func TestCheckPIN(t *testing.T) {
	long := token.Info{MinPIN: 8, MaxPIN: 12}
	for _, tt := range []struct {
		pin        string
		piv, other string // what is wrong with it for PIV, and for long
	}{
		{"123456", "", "shortest allowed has 8"},
		{"12345678", "", ""},
		{"a !~Z09x", "", ""},
		{"123456789012", "longest allowed has 8", ""},
		{"1234567890123", "longest allowed has 8", "longest allowed has 12"},
		{"12345", "shortest allowed has 6", "shortest allowed has 8"},
		{"", "shortest allowed has 6", "shortest allowed has 8"},
		{"1234567\n", "printable", "printable"},
		{"12345\x7f78", "printable", "printable"},
		{"pässw0r", "printable", "printable"}, // 8 bytes
	} {
		for name, got := range map[string]error{
			tt.piv + "|PIV": token.CheckPIN([]byte(tt.pin)), tt.piv + "|info": token.Info{}.CheckPIN([]byte(tt.pin)), tt.other + "|long": long.CheckPIN([]byte(tt.pin)),
		} {
			want, who, _ := strings.Cut(name, "|")
			if want == "" && got == nil {
				continue
			}
			if _, ok := errors.AsType[*token.PINFormatError](got); !ok || want == "" || !strings.Contains(got.Error(), want) {
				t.Errorf("%q, %s: got %v, want %q", tt.pin, who, got, want)
			}
			if got != nil && len(tt.pin) > 1 && strings.Contains(got.Error(), tt.pin) {
				t.Errorf("the error shows %q", tt.pin)
			}
		}
	}
}

// certificate is one of a new key, with that serial number.
func certificate(t *testing.T, n int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(n), NotAfter: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestParseAttestation(t *testing.T) {
	a := token.Attestation{Leaf: certificate(t, 1), Device: certificate(t, 2)}
	text := a.PEM()
	got, err := token.ParseAttestation(text)
	if err != nil || !got.Leaf.Equal(a.Leaf) || !got.Device.Equal(a.Device) || !bytes.Equal(got.PEM(), text) {
		t.Fatalf("it is not what was written: %v", err)
	}
	key, err := metadata.NewKey(a.Leaf.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Authentic(nil, key.ID(), text, false, time.Time{}); err != nil {
		t.Errorf("of its own key: %v", err)
	}
	if err := token.Authentic(nil, strings.ToUpper(key.ID()), text, false, time.Time{}); err == nil {
		t.Error("of another keyid: nothing is wrong")
	}
	leaf := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Leaf.Raw})
	for name, bad := range map[string][]byte{
		"nothing":               nil,
		"one certificate":       leaf,
		"three":                 append(bytes.Clone(text), leaf...),
		"text before":           append([]byte("serial 1\n"), text...),
		"text between":          append(append(bytes.Clone(leaf), '\n'), text[len(leaf):]...),
		"text after":            append(bytes.Clone(text), "x"...),
		"a header":              bytes.Replace(text, []byte("CERTIFICATE-----\n"), []byte("CERTIFICATE-----\nserial: 1\n\n"), 1),
		"a key":                 bytes.ReplaceAll(text, []byte("CERTIFICATE"), []byte("PUBLIC KEY")),
		"no certificate inside": append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), leaf...),
		"other line ends":       bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")),
	} {
		if _, err := token.ParseAttestation(bad); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

func TestVerdict(t *testing.T) {
	pass, fail := token.Check{Name: "chain", Pass: true, Reason: "it is Yubico's"}, token.Check{Name: "touch policy", Reason: "never"}
	for _, tt := range []struct {
		checks []token.Check
		want   string
	}{
		{nil, "nothing was checked"},
		{[]token.Check{pass}, ""},
		{[]token.Check{pass, fail, fail}, "the attestation was refused: touch policy: never; touch policy: never"},
	} {
		err := token.Verdict{Checks: tt.checks}.Err()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: got %v, want %q", tt.checks, err, tt.want)
		}
	}
}

func TestWeaknesses(t *testing.T) {
	p := token.DefaultPolicy(false)
	if list := p.Weaknesses(); list != nil {
		t.Errorf("the usual policy: %q", list)
	}
	p.WithoutAttestation, p.MinFirmware, p.Touch = true, "5.4.0", []token.TouchPolicy{token.TouchAlways, token.TouchNever}
	if list := p.Weaknesses(); len(list) != 3 {
		t.Errorf("three are there: %q", list)
	}
}
