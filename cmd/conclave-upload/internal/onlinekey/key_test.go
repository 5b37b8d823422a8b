package onlinekey_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
)

func TestSealAndOpen(t *testing.T) {
	payload, passphrase := []byte("payload"), []byte("correct horse battery")
	for _, a := range []onlinekey.Algorithm{onlinekey.P256, onlinekey.Ed25519} {
		t.Run(string(a), func(t *testing.T) {
			k, err := onlinekey.New(a, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := k.Seal(passphrase, onlinekey.Strong)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := onlinekey.Open(sealed, passphrase)
			if err != nil {
				t.Fatal(err)
			}
			if opened.Public().ID() != k.Public().ID() {
				t.Error("another key came back")
			}
			signature, err := opened.Sign(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			if err := k.Public().Verify(payload, signature); err != nil {
				t.Error(err)
			}
			public, err := k.PublicPEM()
			if err != nil {
				t.Fatal(err)
			}
			block, rest := pem.Decode(public)
			if block == nil || len(rest) != 0 {
				t.Fatalf("public key: %q", public)
			}
			if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
				t.Error(err)
			}
			if _, err := onlinekey.Open(sealed, []byte("swordfish")); !errors.Is(err, onlinekey.ErrPassphrase) {
				t.Errorf("a wrong passphrase: %v", err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	k, err := onlinekey.New(onlinekey.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	passphrase := []byte("correct horse battery")
	sealed, err := k.Seal(passphrase, onlinekey.Weak)
	if err != nil {
		t.Fatal(err)
	}
	public, err := k.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		is   error
	}{
		"nothing":           {nil, nil},
		"no PEM":            {[]byte("<html>"), nil},
		"a public key":      {public, nil},
		"two keys":          {append(bytes.Clone(sealed), sealed...), nil},
		"a key in clear":    {[]byte("-----BEGIN EC PRIVATE KEY-----\nMA==\n-----END EC PRIVATE KEY-----\n"), onlinekey.ErrNotEncrypted},
		"a torn key":        {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: []byte(`{"kdf":`)}), onlinekey.ErrPassphrase},
		"a costly scrypt":   {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: []byte(`{"kdf":{"name":"scrypt","params":{"N":1073741824,"r":8,"p":1}},"cipher":{"name":"nacl/secretbox"}}`)}), onlinekey.ErrPassphrase},
		"an unknown cipher": {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: []byte(`{"kdf":{"name":"scrypt"},"cipher":{"name":"rot13"}}`)}), onlinekey.ErrPassphrase},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := onlinekey.Open(c.file, passphrase); err == nil || (c.is != nil && !errors.Is(err, c.is)) {
				t.Errorf("got %v", err)
			}
		})
	}
}
