package provision

import (
	"crypto"
	"crypto/x509"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// What a YubiKey is shipped with (Yubico PIV, "Default values").
const (
	FactoryPIN = "123456"
	FactoryPUK = "12345678"
)

// FactoryManagementKey is the management key that a YubiKey is shipped with.
func FactoryManagementKey() []byte {
	return []byte{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8}
}

// Secret is a PIN or a PUK as a card tells about it.
type Secret struct {
	Tries   int // left; -1: not known
	Factory Fact
}

// Fact is what may be so, or not, or not be known.
type Fact int

const (
	Unknown Fact = iota
	Yes
	No
)

// Is gives the fact for something that is known.
func Is(b bool) Fact {
	if b {
		return Yes
	}
	return No
}

// Card is an open card, with its signing slot. Its methods return the typed
// errors of the ceremony; what a refused PIN, PUK or management key is, package
// refusal says.
type Card interface {
	Serial() string
	Secrets() (pin, puk Secret, err error) // costs no try
	Key() (*Key, error)                    // nil: the slot is empty
	Certificate() (*x509.Certificate, error)

	VerifyPIN(pin []byte) error
	ChangePIN(old, fresh []byte) error
	ChangePUK(old, fresh []byte) error

	// ProtectedKey reads the management key that is kept under the PIN, nil for none.
	ProtectedKey(pin []byte) ([]byte, error)
	// Protect keeps key under the PIN. It is authorised by the management key old.
	Protect(old, key []byte) error
	SetManagementKey(old, fresh []byte) error

	Generate(management []byte, a wire.Algorithm, p wire.PINPolicy, t wire.TouchPolicy) (crypto.PublicKey, error)
	PutCertificate(management []byte, c *x509.Certificate) error
	Attest() (*token.Attestation, error) // nil: the key was not made on the card

	// Reset makes the card as it was shipped. It needs PIN and PUK blocked.
	Reset() error
}

// Key is the key in the signing slot.
type Key struct {
	Public    crypto.PublicKey
	PIN       wire.PINPolicy
	Touch     wire.TouchPolicy
	Generated bool // on the token, not imported
}
