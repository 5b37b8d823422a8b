//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"math/big"
	"testing"
)

func TestPublicKey(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point := func(k *ecdsa.PrivateKey) []byte {
		b, err := k.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	wrap := func(b []byte) []byte {
		der, err := asn1.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for name, c := range map[string]struct {
		params, point []byte
		want          any // nil: refused
	}{
		"P-256":                     {paramsP256(), wrap(point(p256)), &p256.PublicKey},
		"P-256, not wrapped":        {paramsP256(), point(p256), &p256.PublicKey},
		"P-384":                     {paramsP384(), wrap(point(p384)), &p384.PublicKey},
		"Ed25519 by name":           {paramsEd25519(), wrap(ed), ed},
		"Ed25519 by OID":            {paramsEd25519OID(), ed, ed},
		"of another curve":          {paramsP256(), wrap(point(p384)), nil},
		"not on the curve":          {paramsP256(), append([]byte{4}, make([]byte, 64)...), nil},
		"wrapped, and more":         {paramsP256(), append(wrap(point(p256)), 0), nil},
		"a curve that nobody knows": {[]byte{6, 1, 1}, point(p256), nil},
		"nothing":                   {paramsP256(), nil, nil},
		"no curve":                  {nil, point(p256), nil},
	} {
		got, err := publicKey(c.params, c.point)
		if (err == nil) != (c.want != nil) || err == nil && !equalKeys(got, c.want) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func equalKeys(a, b any) bool {
	switch a := a.(type) {
	case *ecdsa.PublicKey:
		b, ok := b.(*ecdsa.PublicKey)
		return ok && a.Equal(b)
	case ed25519.PublicKey:
		b, ok := b.(ed25519.PublicKey)
		return ok && a.Equal(b)
	}
	return false
}

// Whatever a module tells of a key, it is a point of a curve that is known
// here, or refused.
func FuzzPublicKey(f *testing.F) {
	f.Add(paramsP256(), append([]byte{4, 65, 4}, make([]byte, 64)...))
	f.Add(paramsEd25519(), append([]byte{4, 32}, make([]byte, 32)...))
	f.Fuzz(func(t *testing.T, params, point []byte) {
		pub, err := publicKey(params, point)
		if err != nil {
			return
		}
		switch k := pub.(type) {
		case *ecdsa.PublicKey:
			b, err := k.Bytes()
			if err != nil || !bytes.HasSuffix(point, b) {
				t.Fatalf("%x, %x: got %x, %v", params, point, b, err)
			}
		case ed25519.PublicKey:
			if len(k) != ed25519.PublicKeySize || !bytes.HasSuffix(point, k) {
				t.Fatalf("%x, %x: got %x", params, point, k)
			}
		default:
			t.Fatalf("%x, %x: got %T", params, point, pub)
		}
	})
}

// r and s come back as they were; other lengths are refused.
func FuzzSignature(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0x80}, 64))
	f.Add(make([]byte, 64))
	f.Add(make([]byte, 96))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		sig, err := signature(&ecdsa.PublicKey{Curve: elliptic.P256()}, raw)
		if (err == nil) != (len(raw) == 64) {
			t.Fatalf("%x: got %x, %v", raw, sig, err)
		}
		if err != nil {
			return
		}
		var both struct{ R, S *big.Int }
		if rest, err := asn1.Unmarshal(sig, &both); err != nil || len(rest) > 0 {
			t.Fatalf("%x: got %x, %v", raw, sig, err)
		}
		if again := append(both.R.FillBytes(make([]byte, 32)), both.S.FillBytes(make([]byte, 32))...); !bytes.Equal(again, raw) {
			t.Fatalf("%x became %x", raw, again)
		}
	})
}
