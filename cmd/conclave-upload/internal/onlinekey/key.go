package onlinekey

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
)

// Algorithm is a kind of key.
type Algorithm string

// Both verify in every TUF client that is known.
const (
	P256    Algorithm = "p256"
	Ed25519 Algorithm = "ed25519"
)

// ParseAlgorithm reads "p256" or "ed25519".
func ParseAlgorithm(s string) (Algorithm, error) {
	switch a := Algorithm(s); a {
	case P256, Ed25519:
		return a, nil
	}
	return "", fmt.Errorf("%q is no kind of online key: p256 and ed25519 are", s)
}

// PEM block types. The first is what cosign and its relatives write, too.
const (
	blockEncrypted = "ENCRYPTED SIGSTORE PRIVATE KEY"
	blockCosign    = "ENCRYPTED COSIGN PRIVATE KEY"
	blockPublic    = "PUBLIC KEY"
)

// Errors of opening a key.
var (
	ErrPassphrase   = errors.New("the passphrase does not open this key")
	ErrNotEncrypted = errors.New("this key is not encrypted, and a key in the clear is not used: nothing was signed")
)

// Key is an opened online key.
type Key struct {
	private crypto.Signer
	public  metadata.Key
	random  io.Reader
}

// New makes a key.
func New(a Algorithm, random io.Reader) (*Key, error) {
	var private crypto.Signer
	var err error
	switch a {
	case P256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), random)
	case Ed25519:
		_, private, err = ed25519.GenerateKey(random)
	default:
		_, err = ParseAlgorithm(string(a))
	}
	if err != nil {
		return nil, fmt.Errorf("make an online key: %w", err)
	}
	return of(private, random)
}

func of(private crypto.Signer, random io.Reader) (*Key, error) {
	public, err := metadata.NewKey(private.Public())
	if err != nil {
		return nil, err
	}
	return &Key{private, public, random}, nil
}

// Strength is what it costs to try a passphrase.
type Strength = encrypted.KDFParameterStrength

// Strong is the strength of keys that sign for a trust (scrypt, N=2^17, r=8,
// p=1). Weak takes a quarter of the time, for keys that are thrown away.
const (
	Strong = Strength(encrypted.OWASP)
	Weak   = Strength(encrypted.Legacy)
)

// Seal encrypts the key under passphrase, as PEM.
func (k *Key) Seal(passphrase []byte, strength Strength) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	sealed, err := encrypted.EncryptWithCustomKDFParameters(der, passphrase, strength)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockEncrypted, Bytes: sealed}), nil
}

// PublicPEM is the public key as a plan takes it: SubjectPublicKeyInfo in PEM.
func (k *Key) PublicPEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockPublic, Bytes: der}), nil
}

// Open decrypts what Seal made. It returns ErrPassphrase or ErrNotEncrypted
// where that is why it can't. Its signatures draw on crypto/rand.
func Open(sealed, passphrase []byte) (*Key, error) {
	block, rest := pem.Decode(sealed)
	switch {
	case block == nil:
		return nil, errors.New("this is no PEM file")
	case len(rest) != 0:
		return nil, errors.New("something follows the key in its file")
	case block.Type != blockEncrypted && block.Type != blockCosign:
		if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil || block.Type == "EC PRIVATE KEY" {
			return nil, ErrNotEncrypted
		}
		return nil, fmt.Errorf("the file holds a %q, not a %q", block.Type, blockEncrypted)
	}
	der, err := encrypted.Decrypt(block.Bytes, passphrase)
	if err != nil {
		return nil, fmt.Errorf("%w (%v): nothing was signed", ErrPassphrase, err)
	}
	defer clear(der)
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("what the passphrase opened is no key: %w", err)
	}
	switch p := private.(type) {
	case *ecdsa.PrivateKey:
		if p.Curve == elliptic.P256() {
			return of(p, rand.Reader)
		}
	case ed25519.PrivateKey:
		return of(p, rand.Reader)
	}
	return nil, errors.New("the key is neither P-256 nor Ed25519")
}

// Public is the key as metadata names it.
func (k *Key) Public() metadata.Key { return k.public }

// Sign signs payload: ECDSA over its SHA-256 in ASN.1, or Ed25519 (TUF 1.0,
// section 4.2, "ecdsa-sha2-nistp256" and "ed25519").
func (k *Key) Sign(_ context.Context, payload []byte) ([]byte, error) {
	if _, ok := k.private.(ed25519.PrivateKey); ok {
		return k.private.Sign(k.random, payload, crypto.Hash(0))
	}
	sum := sha256.Sum256(payload)
	return k.private.Sign(k.random, sum[:], crypto.SHA256)
}
