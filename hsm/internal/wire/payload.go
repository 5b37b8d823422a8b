package wire

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
)

// messageLimit is the longest message that an Ed25519 key on a YubiKey signs,
// as all of it goes to the card: its buffer of 3072 bytes less the template.
const messageLimit = 3000

// ToSign is what a card is given to sign payload: the digest that goes with an
// ECDSA key's curve (SHA-256 for P-256, SHA-384 for P-384), or the payload
// itself for Ed25519.
func ToSign(pub crypto.PublicKey, payload []byte) ([]byte, error) {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			d := sha256.Sum256(payload)
			return d[:], nil
		case elliptic.P384():
			d := sha512.Sum384(payload)
			return d[:], nil
		}
	case ed25519.PublicKey:
		if len(payload) > messageLimit {
			return nil, fmt.Errorf("the payload has %d bytes, and a token's Ed25519 key signs %d at most: not signed, and no try was used (P-256 and P-384 keys have no limit)", len(payload), messageLimit)
		}
		return payload, nil
	}
	return nil, fmt.Errorf("the key in the token's slot (%T) makes no signatures for TUF", pub)
}
