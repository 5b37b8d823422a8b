package virtual

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// seed is all that a virtual key comes from: it is public, and so are the keys.
const seed = "conclave rehearsal: these keys are public, never trust them"

// Labels of what is derived, HKDF's info. They are part of the format: a
// stored token finds its keys by them.
const (
	labelCA     = "conclave/virtual/v1/ca"
	labelDevice = "conclave/virtual/v1/device/%d"         // serial
	labelKey    = "conclave/virtual/v1/key/%d/%s/%02x/%d" // serial, slot, algorithm, number
)

// derived is the key of that algorithm behind label. Signatures by ECDSA keys
// are deterministic (RFC 6979) as long as they are made without randomness.
func derived(a wire.Algorithm, label string) (crypto.Signer, error) {
	switch a {
	case wire.P256:
		return scalar(elliptic.P256(), 32, label)
	case wire.P384:
		return scalar(elliptic.P384(), 48, label)
	case wire.Ed25519:
		s, err := expand(label, ed25519.SeedSize)
		if err != nil {
			return nil, err
		}
		return ed25519.NewKeyFromSeed(s), nil
	}
	return nil, status.NotSupported
}

// scalar takes the first candidate that is a private key of the curve;
// nearly always that is candidate 0.
func scalar(curve elliptic.Curve, size int, label string) (*ecdsa.PrivateKey, error) {
	for try := 0; ; try++ {
		b, err := expand(fmt.Sprintf("%s/candidate/%d", label, try), size)
		if err != nil {
			return nil, err
		}
		if k, err := ecdsa.ParseRawPrivateKey(curve, b); err == nil {
			return k, nil
		}
	}
}

func expand(label string, size int) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(seed), nil, label, size)
}
