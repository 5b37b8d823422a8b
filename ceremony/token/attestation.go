package token

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// PEM is the attestation as it travels: the key's certificate, then the token's.
func (a Attestation) PEM() []byte {
	return append(certPEM(a.Leaf), certPEM(a.Device)...)
}

func certPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// ParseAttestation reads what PEM writes, and nothing else. It judges nothing.
func ParseAttestation(text []byte) (Attestation, error) {
	var certs []*x509.Certificate
	for rest := text; len(rest) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" || len(certs) == 2 {
			return Attestation{}, errors.New("an attestation is two certificates in PEM")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Attestation{}, fmt.Errorf("attestation: %w", err)
		}
		certs = append(certs, c)
	}
	if len(certs) != 2 {
		return Attestation{}, errors.New("an attestation is two certificates in PEM")
	}
	a := Attestation{Leaf: certs[0], Device: certs[1]}
	if !bytes.Equal(a.PEM(), text) {
		return Attestation{}, errors.New("the attestation's PEM holds more than its two certificates")
	}
	return a, nil
}

// Authentic says why a token did not make what is said to be its attestation of
// the key with that keyid, whatever a plan may demand of that token. It was made
// before it came here, so a certificate that has ended since, or a clock that is
// wrong, is nothing against it. Without a judge only its form is looked at.
func Authentic(judge Attestations, keyid string, text []byte, rehearsal bool, at time.Time) error {
	a, err := ParseAttestation(text)
	if err != nil {
		return err
	}
	key, err := metadata.NewKey(a.Leaf.PublicKey)
	if err != nil {
		return err
	}
	if key.ID() != keyid {
		return errors.New("it attests another key")
	}
	if judge == nil {
		return nil
	}
	for _, certificate := range []*x509.Certificate{a.Device, a.Leaf} {
		if at.After(certificate.NotAfter) {
			at = certificate.NotAfter
		}
		if at.Before(certificate.NotBefore) {
			at = certificate.NotBefore
		}
	}
	var failed []Check
	for _, check := range judge.Check(a, key, "", Policy{Rehearsal: rehearsal}, at).Checks {
		if !check.Pass && slices.Contains([]string{"chain", "issuer", "key"}, check.Name) {
			failed = append(failed, check)
		}
	}
	if failed == nil {
		return nil
	}
	return &VerdictError{Failed: failed}
}
