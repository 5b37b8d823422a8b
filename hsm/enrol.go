//go:build windows || (cgo && (linux || darwin))

package hsm

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

const enrol = "enrol"

// Enrol makes the token ready: its factory PIN, PUK and management key are
// replaced (the latter by 24 random bytes that the token keeps under its PIN),
// a key is made and attested in slot 9c, and a certificate put beside it. See
// token.Enroller for what it refuses, and when it may be repeated.
func (t *Token) Enrol(ctx context.Context, r token.EnrolRequest) (token.Enrolment, error) {
	var e token.Enrolment
	err := t.open(ctx, func(c *card) (err error) {
		e, err = provision.Run(ctx, c, r, rand.Reader)
		return err
	})
	if err != nil {
		return token.Enrolment{}, err
	}
	e.Info, err = t.Info(ctx) // the tries and secrets are others now
	return e, err
}

// Unblock sets a new PIN by showing the PUK once, which is how a blocked PIN
// takes tries again. A wrong PUK costs one of its own tries; with none left it
// is ErrPUKBlocked.
func (t *Token) Unblock(ctx context.Context, puk, pin token.PIN) error {
	for _, p := range []token.PIN{puk, pin} {
		if err := token.CheckPIN(p.Bytes()); err != nil {
			return err
		}
	}
	return t.open(ctx, func(c *card) error {
		err := c.YubiKey.Unblock(string(puk.Bytes()), string(pin.Bytes()))
		return failure(err, "unblock", "", refusal.PUK, culprits)
	})
}

// Reset makes the token's PIV application as it was shipped: its keys are
// destroyed, its PIN, PUK and management key are the factory's. The tries that
// PIN and PUK have left are used up first. What else is on the token (FIDO,
// OpenPGP, OTP) stays as it is.
func (t *Token) Reset(ctx context.Context) error {
	return t.open(ctx, func(c *card) error { return provision.Reset(ctx, c, rand.Reader) })
}

var _ provision.Card = (*card)(nil)

func (c *card) Serial() string { return decimal(c.serial) }

// Secrets is what the card told before it was opened: nothing but a run that
// looks at each secret once, before it changes it, may ask.
func (c *card) Secrets() (pin, puk provision.Secret, err error) { return c.pin, c.puk, nil }

func (c *card) Certificate() (*x509.Certificate, error) {
	cert, err := c.YubiKey.Certificate(piv.SlotSignature)
	if errors.Is(err, piv.ErrNotFound) {
		return nil, nil
	}
	return cert, failure(err, enrol, "", refusal.Other, culprits)
}

func (c *card) VerifyPIN(pin []byte) error {
	return failure(c.YubiKey.VerifyPIN(string(pin)), enrol, "", refusal.PIN, culprits)
}

func (c *card) ChangePIN(old, fresh []byte) error {
	return failure(c.SetPIN(string(old), string(fresh)), enrol, "", refusal.PIN, culprits)
}

func (c *card) ChangePUK(old, fresh []byte) error {
	return failure(c.SetPUK(string(old), string(fresh)), enrol, "", refusal.PUK, culprits)
}

func (c *card) ProtectedKey(pin []byte) ([]byte, error) {
	m, err := c.Metadata(string(pin))
	if err != nil {
		return nil, failure(err, enrol, "", refusal.PIN, culprits)
	}
	if m.ManagementKey == nil {
		return nil, nil
	}
	return *m.ManagementKey, nil
}

func (c *card) Protect(old, key []byte) error {
	return managed(c.SetMetadata(old, &piv.Metadata{ManagementKey: &key}))
}

func (c *card) SetManagementKey(old, fresh []byte) error {
	return managed(c.YubiKey.SetManagementKey(old, fresh))
}

func (c *card) Generate(management []byte, a wire.Algorithm, p wire.PINPolicy, t wire.TouchPolicy) (crypto.PublicKey, error) {
	algorithm := map[wire.Algorithm]piv.Algorithm{
		wire.P256: piv.AlgorithmEC256, wire.P384: piv.AlgorithmEC384, wire.Ed25519: piv.AlgorithmEd25519,
	}[a]
	pub, err := c.GenerateKey(management, piv.SlotSignature, piv.Key{
		Algorithm: algorithm, PINPolicy: piv.PINPolicy(p), TouchPolicy: piv.TouchPolicy(t),
	})
	return pub, managed(err)
}

func (c *card) PutCertificate(management []byte, cert *x509.Certificate) error {
	return managed(c.SetCertificate(management, piv.SlotSignature, cert))
}

// managed is the failure of a command under the management key.
func managed(err error) error {
	return failure(err, enrol, "", refusal.Management, culprits)
}

// Reset resets the card. piv-go shows one more wrong PIN and PUK before, which
// a card with both blocked does not even look at.
func (c *card) Reset() error {
	return failure(c.YubiKey.Reset(), "reset", "", refusal.Other, culprits)
}
