//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Values of CKA_EC_PARAMS (PKCS#11 2.40 mechanisms, 2.3.3): the curve's object
// identifier in DER. For Ed25519 there is a name as well (3.0, 2.3.5), which
// is what most modules take.
func paramsP256() []byte { return []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07} }
func paramsP384() []byte { return []byte{0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22} }
func paramsEd25519() []byte {
	return append([]byte{0x13, 0x0c}, "edwards25519"...)
}
func paramsEd25519OID() []byte { return []byte{0x06, 0x03, 0x2b, 0x65, 0x70} }

// params is CKA_EC_PARAMS of an algorithm; ok is false for an unknown one.
func params(a token.Algorithm) (der []byte, ok bool) {
	switch a {
	case token.P256:
		return paramsP256(), true
	case token.P384:
		return paramsP384(), true
	case token.Ed25519:
		return paramsEd25519(), true
	}
	return nil, false
}

// Mechanisms of PKCS#11 3.0 (2.3.14 and 2.3.16), which the binding doesn't name yet.
const (
	mechanismEdwardsPair = 0x1055 // CKM_EC_EDWARDS_KEY_PAIR_GEN
	mechanismEdDSA       = 0x1057 // CKM_EDDSA
)

var errNotForTUF = errors.New("a key of a kind that makes no signatures for TUF")

// publicKey reads CKA_EC_PARAMS and CKA_EC_POINT. The point ought to be
// wrapped in a DER OCTET STRING; some modules leave the wrapping out.
func publicKey(params, point []byte) (crypto.PublicKey, error) {
	var size int
	var curve elliptic.Curve
	switch {
	case bytes.Equal(params, paramsP256()):
		curve, size = elliptic.P256(), 65
	case bytes.Equal(params, paramsP384()):
		curve, size = elliptic.P384(), 97
	case bytes.Equal(params, paramsEd25519()), bytes.Equal(params, paramsEd25519OID()):
		size = ed25519.PublicKeySize
	default:
		return nil, errNotForTUF
	}
	if len(point) != size {
		var unwrapped []byte
		rest, err := asn1.Unmarshal(point, &unwrapped)
		if err != nil || len(rest) > 0 || len(unwrapped) != size {
			return nil, fmt.Errorf("a public key of %d bytes that is no point of its curve", len(point))
		}
		point = unwrapped
	}
	if curve == nil {
		return ed25519.PublicKey(bytes.Clone(point)), nil
	}
	return ecdsa.ParseUncompressedPublicKey(curve, point)
}

// signature turns what a token returns, r and s one after the other (PKCS#11
// 2.40 mechanisms, 2.3.1), into the form that TUF has: ASN.1 for ECDSA, as it
// is for Ed25519.
func signature(pub crypto.PublicKey, raw []byte) ([]byte, error) {
	k, ok := pub.(*ecdsa.PublicKey)
	if !ok {
		return raw, nil
	}
	size := (k.Curve.Params().BitSize + 7) / 8
	if len(raw) != 2*size {
		return nil, fmt.Errorf("the token returned a signature of %d bytes instead of %d", len(raw), 2*size)
	}
	return asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:]),
	})
}
