package virtual

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// RehearsalCA is the certificate that the attestations of all virtual tokens
// chain to. Its key is public (see the package's documentation), so it proves
// nothing: only a rehearsal may accept it. It is the same bytes everywhere.
func RehearsalCA() (*x509.Certificate, error) {
	key, err := derived(wire.P256, labelCA)
	if err != nil {
		return nil, err
	}
	t := template("Conclave Rehearsal CA (not for production)", labelCA)
	t.IsCA, t.MaxPathLen = true, 1
	t.KeyUsage = x509.KeyUsageCertSign
	return issue(t, t, key.Public(), key)
}

// Attest returns a certificate over the key in a slot, signed by the token
// (Yubico PIV attestation). A key that was not made on the token has none.
func (c *Card) Attest(slot wire.Slot) (*x509.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, s, err := c.signer(slot)
	if err != nil || r.Imported {
		return nil, status.WrongData
	}
	device, err := deviceCertificate(c.cfg.Serial, c.firmware)
	if err != nil {
		return nil, err
	}
	key, err := deviceKey(c.cfg.Serial)
	if err != nil {
		return nil, err
	}
	t := template(wire.AttestationName+slot.String(), fmt.Sprintf(labelKey, c.cfg.Serial, slot, byte(r.Algorithm), r.Number))
	t.BasicConstraintsValid = false
	t.ExtraExtensions = wire.Statement{
		Firmware: c.firmware, Serial: c.cfg.Serial, PIN: r.PIN, Touch: r.Touch, Form: c.cfg.Form,
	}.Extensions()
	return issue(t, device, s.Public(), key)
}

// deviceKey is the key in slot f9.
func deviceKey(serial uint32) (crypto.Signer, error) {
	return derived(wire.P256, fmt.Sprintf(labelDevice, serial))
}

// deviceCertificate is the token's own, by the Rehearsal CA.
func deviceCertificate(serial uint32, firmware wire.Version) (*x509.Certificate, error) {
	ca, err := RehearsalCA()
	if err != nil {
		return nil, err
	}
	caKey, err := derived(wire.P256, labelCA)
	if err != nil {
		return nil, err
	}
	key, err := deviceKey(serial)
	if err != nil {
		return nil, err
	}
	label := fmt.Sprintf(labelDevice, serial)
	t := template(fmt.Sprintf("Conclave Rehearsal PIV Attestation %d", serial), label)
	t.IsCA, t.MaxPathLenZero = true, true
	t.ExtraExtensions = []pkix.Extension{wire.FirmwareExtension(firmware)}
	return issue(t, ca, key.Public(), caKey)
}

// template is a certificate with the validity of Yubico's own, and a serial
// number that follows from label.
func template(name, label string) *x509.Certificate {
	h := sha256.Sum256([]byte(label))
	h[0] = h[0]&0x7f | 0x40
	return &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(h[:16]),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Date(2016, 3, 14, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2052, 4, 17, 0, 0, 0, 0, time.UTC),
		BasicConstraintsValid: true,
	}
}

// issue signs without randomness, so that the bytes are always the same.
func issue(t, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(nil, t, parent, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
