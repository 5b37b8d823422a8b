package virtual

import (
	"crypto"
	"crypto/x509"
	"errors"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// enrolling is a card as provisioning sees it.
type enrolling struct{ card *Card }

var _ provision.Card = (*enrolling)(nil)

const enrol = "enrol"

func (e *enrolling) meant(err error, meaning func(string, status.Word) error) error {
	if err == nil {
		return nil
	}
	return refused(err, "", func(s status.Word) error { return meaning(enrol, s) })
}

func (e *enrolling) Serial() string { return e.card.Serial() }

// Secrets tells as much as a client of that firmware could know.
func (e *enrolling) Secrets() (pin, puk provision.Secret, err error) {
	i, u := e.card.PINInfo(), e.card.PUKInfo()
	if !e.card.tells() {
		return provision.Secret{Tries: i.Tries}, provision.Secret{Tries: -1}, nil
	}
	return provision.Secret{Tries: i.Tries, Factory: provision.Is(i.Factory)},
		provision.Secret{Tries: u.Tries, Factory: provision.Is(u.Factory)}, nil
}

func (e *enrolling) Key() (*provision.Key, error) {
	k, err := e.card.KeyInfo(wire.Signature)
	if errors.Is(err, status.ReferenceNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, e.meant(err, refusal.Other)
	}
	return &provision.Key{Public: k.Public, PIN: k.PIN, Touch: k.Touch, Generated: !k.Imported}, nil
}

func (e *enrolling) Certificate() (*x509.Certificate, error) {
	return e.certificate(wire.Signature)
}

func (e *enrolling) certificate(slot wire.Slot) (*x509.Certificate, error) {
	b, err := e.card.GetData(slot.Object())
	if errors.Is(err, status.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, e.meant(err, refusal.Other)
	}
	der, _, err := wire.FindTLV(b, 0x70)
	if err != nil {
		return nil, &token.Error{Op: enrol, Err: err}
	}
	return x509.ParseCertificate(der)
}

func (e *enrolling) VerifyPIN(pin []byte) error {
	return e.meant(e.card.VerifyPIN(pin), refusal.PIN)
}

func (e *enrolling) ChangePIN(old, fresh []byte) error {
	return e.meant(e.card.ChangePIN(old, fresh), refusal.PIN)
}

func (e *enrolling) ChangePUK(old, fresh []byte) error {
	return e.meant(e.card.ChangePUK(old, fresh), refusal.PUK)
}

func (e *enrolling) ProtectedKey(pin []byte) ([]byte, error) {
	if err := e.VerifyPIN(pin); err != nil {
		return nil, err
	}
	b, err := e.card.GetData(wire.ObjectPrinted)
	if errors.Is(err, status.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, e.meant(err, refusal.Other)
	}
	return wire.ProtectedKey(b)
}

func (e *enrolling) Protect(old, key []byte) error {
	return e.managed(old, func() error {
		return e.card.PutData(wire.ObjectPrinted, wire.Protected(key))
	})
}

func (e *enrolling) SetManagementKey(old, fresh []byte) error {
	a := wire.TripleDES
	if e.card.firmware.AtLeast(wire.V(5, 4, 0)) {
		a = wire.AES192
	}
	return e.managed(old, func() error { return e.card.SetManagementKey(a, fresh, wire.TouchNever) })
}

func (e *enrolling) Generate(management []byte, a wire.Algorithm, p wire.PINPolicy, t wire.TouchPolicy) (pub crypto.PublicKey, err error) {
	err = e.managed(management, func() error {
		pub, err = e.card.Generate(wire.Signature, a, p, t)
		return err
	})
	return pub, err
}

func (e *enrolling) PutCertificate(management []byte, c *x509.Certificate) error {
	return e.managed(management, func() error {
		return e.card.PutData(wire.Signature.Object(), certificateObject(c.Raw))
	})
}

// managed shows the management key and then does what needs it.
func (e *enrolling) managed(key []byte, do func() error) error {
	if err := e.card.AuthenticateManagement(key); err != nil {
		return e.meant(err, refusal.Management)
	}
	return e.meant(do(), refusal.Other)
}

func (e *enrolling) Attest() (*token.Attestation, error) {
	leaf, err := e.card.Attest(wire.Signature)
	if errors.Is(err, status.WrongData) {
		key, err := e.Key()
		if err == nil && key == nil {
			err = token.ErrNoKey
		}
		return nil, err
	}
	if err != nil {
		return nil, e.meant(err, refusal.Other)
	}
	device, err := e.certificate(wire.Attestation)
	if err != nil {
		return nil, err
	}
	return &token.Attestation{Leaf: leaf, Device: device}, nil
}

func (e *enrolling) Reset() error {
	err := e.card.Reset()
	if err == nil {
		return nil
	}
	return refused(err, "", func(s status.Word) error { return refusal.Other("reset", s) })
}
