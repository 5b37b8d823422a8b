package token

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

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

// KeyID is the keyid of the key that is attested.
func (a Attestation) KeyID() (string, error) {
	key, err := metadata.NewKey(a.Leaf.PublicKey)
	if err != nil {
		return "", err
	}
	return key.ID(), nil
}
