package metadata_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

func TestParsePublicKey(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	must(t, err)
	good := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if key, err := metadata.ParsePublicKey(append(bytes.Clone(good), '\n')); err != nil || key.ID() == "" {
		t.Errorf("a good one: %v", err)
	}
	for name, text := range map[string][]byte{
		"nothing": nil, "junk": []byte("junk"), "two": append(bytes.Clone(good), good...), "cut": good[:len(good)/2],
		"a private key": bytes.ReplaceAll(good, []byte("PUBLIC"), []byte("PRIVATE")),
	} {
		if _, err := metadata.ParsePublicKey(text); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzParsePublicKey(f *testing.F) {
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := metadata.ParsePublicKey(text)
		if err != nil {
			return
		}
		if _, err := key.PublicKey(); err != nil {
			t.Errorf("a key that can't be read back: %v", err)
		}
	})
}
