package metadata

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// Key types and signature schemes of TUF 1.0, 4.2, and the older names of
// ECDSA's key type.
const (
	typeECDSA   = "ecdsa"
	typeEd25519 = "ed25519"
	typeRSA     = "rsa"

	schemeP256    = "ecdsa-sha2-nistp256"
	schemeP384    = "ecdsa-sha2-nistp384"
	schemeEd25519 = "ed25519"
	schemeRSA     = "rsassa-pss-sha256"
)

// Key is a TUF key object (TUF 1.0, 4.2). It is a value: keys with the same
// fields are equal. A zero Key holds no key.
type Key struct {
	Type   string // keytype: ecdsa, ed25519, rsa
	Scheme string // ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ed25519, rsassa-pss-sha256
	Public string // keyval.public as it stands: PEM, or hex for ed25519

	object string // canonical key object, where it holds more than these three
}

// NewKey is the key object that every client reads: PEM for P-256 and P-384,
// hex for Ed25519. Other kinds of keys are an error.
func NewKey(pub crypto.PublicKey) (Key, error) {
	switch pub := pub.(type) {
	case *ecdsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			return Key{}, fmt.Errorf("no TUF key made: %w", err)
		}
		public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		switch pub.Curve {
		case elliptic.P256():
			return Key{Type: typeECDSA, Scheme: schemeP256, Public: public}, nil
		case elliptic.P384():
			return Key{Type: typeECDSA, Scheme: schemeP384, Public: public}, nil
		}
		return Key{}, fmt.Errorf("no TUF key made: TUF has no scheme for the curve %s", pub.Curve.Params().Name)
	case ed25519.PublicKey:
		if len(pub) != ed25519.PublicKeySize {
			return Key{}, fmt.Errorf("no TUF key made: an Ed25519 key has %d bytes, not %d", ed25519.PublicKeySize, len(pub))
		}
		return Key{Type: typeEd25519, Scheme: schemeEd25519, Public: hex.EncodeToString(pub)}, nil
	}
	return Key{}, fmt.Errorf("no TUF key made of a %T: it must be P-256, P-384 or Ed25519", pub)
}

// ID is the keyid as strict clients recompute it: the hex SHA-256 of the
// canonical form of the whole key object, unknown fields and all.
func (k Key) ID() string { return Sum([]byte(k.canonical())).String() }

func (k Key) canonical() string {
	if k.object != "" {
		return k.object
	}
	return `{"keytype":` + quote(k.Type) + `,"keyval":{"public":` + quote(k.Public) + `},"scheme":` + quote(k.Scheme) + `}`
}

// MarshalJSON gives the key object, in the form that a file has.
func (k Key) MarshalJSON() ([]byte, error) {
	return escapeControls([]byte(k.canonical())), nil
}

// UnmarshalJSON reads a key object, tolerant as in Adopted mode: whether its
// public key can be used, PublicKey says. It returns a *FieldError.
func (k *Key) UnmarshalJSON(b []byte) error {
	s, err := scan(b, "", false)
	if err != nil {
		return err
	}
	d := decoder{mode: Adopted}
	key := d.key(s.canonical())
	if d.err != nil {
		return d.err
	}
	*k = key
	return nil
}

// PublicKey is a *ecdsa.PublicKey, ed25519.PublicKey or *rsa.PublicKey.
func (k Key) PublicKey() (crypto.PublicKey, error) {
	if len(k.Public) > maxPublic {
		return nil, fmt.Errorf("the key has %d bytes, more than %d", len(k.Public), maxPublic)
	}
	switch {
	case k.isECDSA():
		return parseECDSA(k.Public)
	case k.Type == typeEd25519 && k.Scheme == schemeEd25519:
		return parseEd25519(k.Public)
	case k.Type == typeRSA && k.Scheme == schemeRSA:
		return parseRSA(k.Public)
	}
	return nil, fmt.Errorf("keys of type %s with scheme %s are not supported", printable(k.Type), printable(k.Scheme))
}

// isECDSA says whether type and scheme are names of ECDSA that clients know.
func (k Key) isECDSA() bool {
	return (k.Type == typeECDSA || k.Type == schemeP256 || k.Type == schemeP384) &&
		(k.Scheme == schemeP256 || k.Scheme == schemeP384)
}

// Strict is the key as new versions state it: as NewKey makes it. An RSA key stays
// as it stands, but for fields that TUF does not define and the form of PKCS #1,
// which tuf-js can't read: nobody here could sign anew under another keyid what it
// has signed. A key that can't be used is an error:
// go-tuf and python-tuf refuse every role that names one, so no new version does.
func (k Key) Strict() (Key, error) {
	pub, err := k.PublicKey()
	if err != nil {
		return Key{}, err
	}
	if _, ok := pub.(*rsa.PublicKey); !ok {
		return NewKey(pub)
	}
	strict := Key{Type: k.Type, Scheme: k.Scheme, Public: k.Public}
	if block, _ := pem.Decode([]byte(k.Public)); block != nil && block.Type == "RSA PUBLIC KEY" {
		der, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			return Key{}, err
		}
		strict.Public = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	return strict, nil
}

// CanSign says whether a token can hold the key: RSA keys only verify here, and
// what can't be used does neither.
func (k Key) CanSign() bool {
	pub, err := k.PublicKey()
	if err == nil {
		_, err = NewKey(pub)
	}
	return err == nil
}

// Fingerprint is the SHA-256 of the SubjectPublicKeyInfo: the identity of the
// key, whatever its keyid and key type are and however it is encoded.
func (k Key) Fingerprint() (Digest, error) {
	pub, err := k.PublicKey()
	if err != nil {
		return Digest{}, err
	}
	return fingerprint(pub)
}

func fingerprint(pub crypto.PublicKey) (Digest, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return Digest{}, err
	}
	return Sum(der), nil
}

// ErrSignature says that a signature is not by this key over this payload.
var ErrSignature = errors.New("the signature does not match the key and the payload")

// Verify checks sig over payload with the key's scheme. It returns
// ErrSignature, or an error where the key can't be used.
func (k Key) Verify(payload, sig []byte) error {
	pub, err := k.PublicKey()
	if err != nil {
		return err
	}
	return verify(pub, k.Scheme, payload, sig)
}

// verify checks sig with a key that PublicKey returned.
func verify(pub crypto.PublicKey, scheme string, payload, sig []byte) error {
	valid := false
	switch pub := pub.(type) {
	case *ecdsa.PublicKey:
		valid = ecdsa.VerifyASN1(pub, ecdsaHash(scheme, payload), sig)
	case ed25519.PublicKey:
		valid = ed25519.Verify(pub, payload, sig)
	case *rsa.PublicKey:
		hash := sha256.Sum256(payload)
		valid = rsa.VerifyPSS(pub, crypto.SHA256, hash[:], sig, nil) == nil
	}
	if !valid {
		return ErrSignature
	}
	return nil
}

// ecdsaHash follows the scheme, not the curve, as clients do.
func ecdsaHash(scheme string, payload []byte) []byte {
	if scheme == schemeP384 {
		hash := sha512.Sum384(payload)
		return hash[:]
	}
	hash := sha256.Sum256(payload)
	return hash[:]
}

// ParsePublicKey reads the public half of an online key: one block of PEM.
func ParsePublicKey(text []byte) (Key, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return Key{}, errors.New("it is not one public key in PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return Key{}, err
	}
	return NewKey(public)
}
