package wire

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Instructions (SP 800-73-4 part 2, 3; the last ones from Yubico's PIV extensions).
const (
	InsVerify          = 0x20
	InsChangeReference = 0x24
	InsResetRetry      = 0x2c
	InsGenerate        = 0x47
	InsAuthenticate    = 0x87
	InsSelect          = 0xa4
	InsGetResponse     = 0xc0
	InsGetData         = 0xcb
	InsPutData         = 0xdb
	InsGetMetadata     = 0xf7
	InsGetSerial       = 0xf8
	InsAttest          = 0xf9
	InsSetRetries      = 0xfa
	InsReset           = 0xfb
	InsGetVersion      = 0xfd
	InsImport          = 0xfe
	InsSetManagement   = 0xff
	InsReadConfig      = 0x1d // management application
)

// Key references (SP 800-73-4 part 1, 5.1).
const (
	RefPIN        = 0x80
	RefPUK        = 0x81
	RefManagement = 0x9b
)

// AIDPIV selects the PIV application (SP 800-73-4 part 1, 2.2), AIDManagement
// Yubico's management application.
func AIDPIV() []byte        { return []byte{0xa0, 0x00, 0x00, 0x03, 0x08} }
func AIDManagement() []byte { return []byte{0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17} }

// Slot is a key reference that holds an asymmetric key (SP 800-73-4 part 1, 5.1).
type Slot byte

const (
	Authentication     Slot = 0x9a
	Signature          Slot = 0x9c
	KeyManagement      Slot = 0x9d
	CardAuthentication Slot = 0x9e
	Attestation        Slot = 0xf9
)

func (s Slot) String() string { return fmt.Sprintf("%02x", byte(s)) }

// Valid says whether a key can be in s: the four slots of the standard, the
// twenty retired ones, and Yubico's attestation slot.
func (s Slot) Valid() bool { return s.Object() != 0 }

// Objects of the data model (SP 800-73-4 part 1, 4.3).
const (
	ObjectDiscovery uint32 = 0x7e
	ObjectPrinted   uint32 = 0x5fc109 // read only under PIN; keeps a protected management key
)

// Object is the data object with the slot's certificate; 0 where s is no slot.
func (s Slot) Object() uint32 {
	switch {
	case s == Authentication:
		return 0x5fc105
	case s == Signature:
		return 0x5fc10a
	case s == KeyManagement:
		return 0x5fc10b
	case s == CardAuthentication:
		return 0x5fc101
	case s == Attestation:
		return 0x5fff01
	case s >= 0x82 && s <= 0x95:
		return 0x5fc10d + uint32(s-0x82)
	}
	return 0
}

// Algorithm is an algorithm identifier (SP 800-78-4, 6.2; Yubico's for
// Ed25519 and long RSA keys).
type Algorithm byte

const (
	TripleDES Algorithm = 0x03
	RSA3072   Algorithm = 0x05
	RSA1024   Algorithm = 0x06
	RSA2048   Algorithm = 0x07
	AES128    Algorithm = 0x08
	AES192    Algorithm = 0x0a
	AES256    Algorithm = 0x0c
	P256      Algorithm = 0x11
	P384      Algorithm = 0x14
	RSA4096   Algorithm = 0x16
	Ed25519   Algorithm = 0xe0
)

// KeyBytes is the length of a management key of that algorithm, 0 where it is none.
func (a Algorithm) KeyBytes() int {
	switch a {
	case AES128:
		return 16
	case TripleDES, AES192:
		return 24
	case AES256:
		return 32
	}
	return 0
}

// Bits is the length of an RSA key of that algorithm, 0 where it is none.
func (a Algorithm) Bits() int {
	switch a {
	case RSA1024:
		return 1024
	case RSA2048:
		return 2048
	case RSA3072:
		return 3072
	case RSA4096:
		return 4096
	}
	return 0
}

// AlgorithmOf is the algorithm of a public key; ok is false where a card has none.
func AlgorithmOf(pub crypto.PublicKey) (a Algorithm, ok bool) {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return P256, true
		case elliptic.P384():
			return P384, true
		}
	case ed25519.PublicKey:
		return Ed25519, true
	case *rsa.PublicKey:
		for _, a := range []Algorithm{RSA1024, RSA2048, RSA3072, RSA4096} {
			if k.N.BitLen() == a.Bits() {
				return a, true
			}
		}
	}
	return 0, false
}

// Of is the identifier of an algorithm of the rules.
func Of(a token.Algorithm) (Algorithm, bool) {
	switch a {
	case token.P256:
		return P256, true
	case token.P384:
		return P384, true
	case token.Ed25519:
		return Ed25519, true
	}
	return 0, false
}

// Name is the name that the rules have for the algorithm, "" for none.
func (a Algorithm) Name() token.Algorithm {
	switch a {
	case P256:
		return token.P256
	case P384:
		return token.P384
	case Ed25519:
		return token.Ed25519
	}
	return ""
}
