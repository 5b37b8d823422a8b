package metadata_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	tuf "github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

func TestNewKey(t *testing.T) {
	for _, c := range []struct {
		name         string
		curve        elliptic.Curve // nil: Ed25519
		kind, scheme string
		begins       string
		asGoTUF      bool // go-tuf calls every ECDSA key nistp256
	}{
		{"P-256", elliptic.P256(), "ecdsa", "ecdsa-sha2-nistp256", "-----BEGIN PUBLIC KEY-----\nMFkw", true},
		{"P-384", elliptic.P384(), "ecdsa", "ecdsa-sha2-nistp384", "-----BEGIN PUBLIC KEY-----\nMHYw", false},
		{"Ed25519", nil, "ed25519", "ed25519", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSigner(t, c.curve)
			if s.Type != c.kind || s.Scheme != c.scheme || !strings.HasPrefix(s.Public, c.begins) {
				t.Errorf("got %+v", s.Key)
			}
			theirs, err := tuf.KeyFromPublicKey(s.private.Public())
			must(t, err)
			id, err := theirs.ID()
			must(t, err)
			if (id == s.ID()) != c.asGoTUF {
				t.Errorf("keyid %s, go-tuf's %s", s.ID(), id)
			}
			pub, err := s.PublicKey()
			must(t, err)
			if !pub.(interface{ Equal(crypto.PublicKey) bool }).Equal(s.private.Public()) {
				t.Error("PublicKey is another key")
			}
			b, err := json.Marshal(s.Key)
			must(t, err)
			var back metadata.Key
			must(t, json.Unmarshal(b, &back))
			if back != s.Key {
				t.Errorf("through JSON: got %+v, want %+v", back, s.Key)
			}
		})
	}
}

func TestNewKeyRefuses(t *testing.T) {
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	must(t, err)
	for name, pub := range map[string]any{
		"P-521":         p521.Public(),
		"short Ed25519": ed25519.PublicKey(make([]byte, 31)),
		"no key":        nil,
		"a string":      "key",
	} {
		if k, err := metadata.NewKey(pub); err == nil {
			t.Errorf("%s: made %+v", name, k)
		}
	}
}

func TestVerify(t *testing.T) {
	for name, s := range map[string]signer{
		"P-256": newSigner(t, elliptic.P256()), "P-384": newSigner(t, elliptic.P384()), "Ed25519": newSigner(t, nil),
	} {
		payload := []byte("payload")
		sig, err := hex.DecodeString(s.sign(t, payload).Sig)
		must(t, err)
		must(t, s.Verify(payload, sig))
		for what, err := range map[string]error{
			"another payload": s.Verify([]byte("payloae"), sig),
			"half of it":      s.Verify(payload, sig[:len(sig)/2]),
			"nothing":         s.Verify(payload, nil),
			"more of it":      s.Verify(payload, append(sig[:len(sig):len(sig)], 0)),
		} {
			if !errors.Is(err, metadata.ErrSignature) {
				t.Errorf("%s, %s: got %v", name, what, err)
			}
		}
	}
}

// Keys that can't be used are errors, never a panic, and never a vote.
func TestUnusableKeys(t *testing.T) {
	good := newSigner(t, elliptic.P256())
	var oidc, empty metadata.Key
	must(t, json.Unmarshal([]byte(`{"keytype":"sigstore-oidc","keyval":{"identity":"ada@example.org"},"scheme":"Fulcio"}`), &oidc))
	must(t, json.Unmarshal([]byte(`{"keytype":"ecdsa","keyval":{},"scheme":"ecdsa-sha2-nistp256"}`), &empty))
	for _, c := range []struct {
		name string
		key  metadata.Key
		why  string
	}{
		{"Ed25519 of 31 bytes", metadata.Key{Type: "ed25519", Scheme: "ed25519", Public: strings.Repeat("ab", 31)}, "31 bytes instead of 32"},
		{"Ed25519 of no bytes", metadata.Key{Type: "ed25519", Scheme: "ed25519"}, "0 bytes instead of 32"},
		{"Ed25519 that is not hex", metadata.Key{Type: "ed25519", Scheme: "ed25519", Public: "zz"}, "not written in hex"},
		{"Ed25519 in PEM", metadata.Key{Type: "ed25519", Scheme: "ed25519", Public: good.Public}, "not written in hex"},
		{"ECDSA in no form", metadata.Key{Type: "ecdsa", Scheme: "ecdsa-sha2-nistp256", Public: "key"}, "not in PEM"},
		{"a point off the curve", metadata.Key{Type: "ecdsa", Scheme: "ecdsa-sha2-nistp256", Public: "04" + strings.Repeat("01", 64)}, "no uncompressed point"},
		{"two PEM blocks", metadata.Key{Type: "ecdsa", Scheme: "ecdsa-sha2-nistp256", Public: good.Public + good.Public}, "other data follows"},
		{"text before the PEM", metadata.Key{Type: "ecdsa", Scheme: "ecdsa-sha2-nistp256", Public: "x\n" + good.Public}, "other data precedes"},
		{"a certificate", metadata.Key{Type: "ecdsa", Scheme: "ecdsa-sha2-nistp256", Public: strings.ReplaceAll(good.Public, "PUBLIC KEY", "CERTIFICATE")}, "PEM is a CERTIFICATE"},
		{"ECDSA as RSA", metadata.Key{Type: "rsa", Scheme: "rsassa-pss-sha256", Public: good.Public}, "not an RSA key"},
		{"a type of tomorrow", metadata.Key{Type: "ml-dsa", Scheme: "ml-dsa-65", Public: "00"}, "not supported"},
		{"a type that steers a terminal", metadata.Key{Type: "\x1b[2J", Scheme: "x", Public: "00"}, `"\x1b[2J"`},
		{"a key of 5 MB", metadata.Key{Type: "ecdsa", Scheme: "ecdsa-sha2-nistp256", Public: strings.Repeat("00", 2_500_000)}, "5000000 bytes, more than"},
		{"no key", metadata.Key{}, "not supported"},
		{"an identity instead of a key", oidc, "not supported"},
		{"nothing in keyval", empty, "no uncompressed point"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.key.PublicKey()
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("PublicKey: got %v, want %q", err, c.why)
			}
			if _, err := c.key.Fingerprint(); err == nil {
				t.Error("it has a fingerprint")
			}
			if err := c.key.Verify([]byte("p"), []byte("s")); err == nil {
				t.Error("it verifies")
			}
		})
	}
}

// One public key has one fingerprint, under all its names and in all its forms.
func TestFingerprint(t *testing.T) {
	s := newSigner(t, elliptic.P256())
	want, err := s.Fingerprint()
	must(t, err)
	for _, k := range []metadata.Key{
		{Type: "ecdsa-sha2-nistp256", Scheme: s.Scheme, Public: s.Public},
		{Type: "ecdsa", Scheme: s.Scheme, Public: pointOf(t, s)},
		{Type: "ecdsa", Scheme: s.Scheme, Public: strings.TrimSpace(s.Public)},
		{Type: "ecdsa", Scheme: "ecdsa-sha2-nistp384", Public: s.Public},
	} {
		if got, err := k.Fingerprint(); err != nil || got != want {
			t.Errorf("%+v: got %v, %v", k, got, err)
		}
		if k.ID() == s.ID() {
			t.Errorf("%+v has the same keyid", k)
		}
	}
}

// The keyid covers fields that TUF does not define, as strict clients have it.
func TestKeyIDWithUnknownFields(t *testing.T) {
	s := newSigner(t, elliptic.P256())
	public, err := json.Marshal(s.Public)
	must(t, err)
	text := fmt.Sprintf(`{"x-owner":"@ada", "scheme":"%s","keytype":"ecdsa","keyval":{"public":%s,"x":[1]}}`, s.Scheme, public)
	var ours metadata.Key
	must(t, json.Unmarshal([]byte(text), &ours))
	var theirs tuf.Key
	must(t, json.Unmarshal([]byte(text), &theirs))
	want, err := theirs.ID()
	must(t, err)
	if ours.ID() != want {
		t.Errorf("got %s, go-tuf has %s", ours.ID(), want)
	}
	b, err := json.Marshal(ours)
	must(t, err)
	var back metadata.Key
	must(t, json.Unmarshal(b, &back))
	if back != ours {
		t.Errorf("through JSON: got %+v, want %+v", back, ours)
	}
}

func TestKeyJSONRefused(t *testing.T) {
	for text, path := range map[string]string{
		`[]`: "",
		`{"keytype":"a","keytype":"a","scheme":"b","keyval":{"public":"c"}}`:     "keytype",
		`{"keytype":"a","Scheme":"x","scheme":"b","keyval":{"public":"c"}}`:      "Scheme",
		`{"keytype":"a","scheme":"b","keyval":{"public":"c","public":"d"}}`:      "keyval.public",
		`{"keytype":"a","scheme":"b","keyval":{"public":"c","private":1.0}}`:     "keyval.private",
		`{"keytype":"a","scheme":"b","keyval":{"public":"c","PUBLIC":"hidden"}}`: "keyval.PUBLIC",
	} {
		var k metadata.Key
		err := json.Unmarshal([]byte(text), &k)
		if field := wantAs[*metadata.FieldError](t, err); field.Path != path {
			t.Errorf("%s: got %v, want it at %q", text, err, path)
		}
	}
}

// FuzzKey: no key object panics, and what is read is written back the same.
func FuzzKey(f *testing.F) {
	for _, s := range []signer{newSigner(f, elliptic.P256()), newSigner(f, elliptic.P384()), newSigner(f, nil)} {
		b, err := json.Marshal(s.Key)
		must(f, err)
		f.Add(b)
	}
	f.Add([]byte(`{"keytype":"rsa","scheme":"rsassa-pss-sha256","keyval":{"public":"-----BEGIN RSA PUBLIC KEY-----\nAA==\n-----END RSA PUBLIC KEY-----"},"x":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var k metadata.Key
		if err := k.UnmarshalJSON(b); err != nil {
			return
		}
		_, _ = k.Fingerprint()
		_ = k.Verify(b, b)
		again, err := json.Marshal(k)
		must(t, err)
		var back metadata.Key
		must(t, json.Unmarshal(again, &back))
		if back != k || back.ID() != k.ID() {
			t.Fatalf("%q became %q", b, again)
		}
		canonical, err := metadata.Canonical(b)
		must(t, err)
		if k.ID() != metadata.Sum(canonical).String() {
			t.Fatalf("the keyid of %q is not the hash of the object", b)
		}
	})
}

// An RSA key stays in new versions as it stands, and signs nothing here.
func TestRSAKeysGoOnVerifying(t *testing.T) {
	tr := newTrust(t, "wabbit")
	body := tr.rootBody()
	k := newRSAKey(t)
	k.Public = strings.TrimSpace(k.Public) // as securesystemslib writes it
	strict, err := k.Strict()
	if err != nil || strict != k || k.CanSign() {
		t.Errorf("%+v, %v, signs: %v", strict, err, k.CanSign())
	}
	body.Keys[k.ID()] = k
	text := encoded(t)(metadata.EncodeRoot(tr.header(1), body))
	s, err := metadata.ParseSigned(text, metadata.Adopted)
	must(t, err)
	if codes(s.Findings)["rsa-key"] != 1 {
		t.Errorf("got %v", s.Findings)
	}
	for _, other := range []metadata.Key{newSigner(t, elliptic.P256()).Key, newSigner(t, elliptic.P384()).Key, newSigner(t, nil).Key} {
		if strict, err := other.Strict(); err != nil || strict != other || !other.CanSign() {
			t.Errorf("%+v, %v, signs: %v", strict, err, other.CanSign())
		}
	}
}
