package virtual

import (
	"crypto"
	"crypto/rsa"
	"fmt"

	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// Generate makes a key in a slot and returns its public half (SP 800-73-4
// part 2, 3.3.2, with Yubico's policies). It replaces a key that is there, as
// a real token does. A policy of 0 is the slot's default.
func (c *Card) Generate(slot wire.Slot, a wire.Algorithm, pin wire.PINPolicy, touch wire.TouchPolicy) (crypto.PublicKey, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.session.management:
		return nil, status.SecurityNotSatisfied
	case !slot.Valid() || slot == wire.Attestation:
		return nil, status.WrongParameters
	case !c.makes(a), pin > wire.PINAlways, touch > wire.TouchCached:
		return nil, status.WrongData
	}
	r := c.record(slot, a, pin, touch)
	var signer crypto.Signer
	var err error
	if bits := a.Bits(); bits == 0 {
		signer, err = c.derive(slot, r)
	} else if c.store != nil {
		return nil, status.NotSupported // can't be derived, and no key is ever written
	} else {
		signer, err = rsa.GenerateKey(c.cfg.Rand, bits)
	}
	if err != nil {
		return nil, err
	}
	return signer.Public(), c.keep(slot, r, signer)
}

// Import puts a foreign key into a slot, for tests of those who must refuse
// it: it can't be attested. A stored card refuses.
func (c *Card) Import(slot wire.Slot, key crypto.Signer, pin wire.PINPolicy, touch wire.TouchPolicy) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := wire.AlgorithmOf(key.Public())
	switch {
	case !c.session.management:
		return status.SecurityNotSatisfied
	case !ok || !slot.Valid() || slot == wire.Attestation:
		return status.WrongData
	case c.store != nil:
		return status.NotSupported
	}
	r := c.record(slot, a, pin, touch)
	r.Imported = true
	return c.keep(slot, r, key)
}

// keep puts a key into a slot. Keys that can be derived again are not held.
func (c *Card) keep(slot wire.Slot, r record, signer crypto.Signer) error {
	if err := c.update(func(s *state) error {
		s.Made, s.Keys[slot] = r.Number, r
		return nil
	}); err != nil {
		return err
	}
	delete(c.signers, slot)
	if r.Imported || r.Algorithm.Bits() > 0 {
		c.signers[slot] = signer
	}
	return nil
}

func (c *Card) record(slot wire.Slot, a wire.Algorithm, pin wire.PINPolicy, touch wire.TouchPolicy) record {
	if pin == wire.PINDefault {
		switch slot {
		case wire.Signature:
			pin = wire.PINAlways
		case wire.CardAuthentication:
			pin = wire.PINNever
		default:
			pin = wire.PINOnce
		}
	}
	if touch == wire.TouchDefault {
		touch = wire.TouchNever
	}
	return record{Algorithm: a, Number: c.state.Made + 1, PIN: pin, Touch: touch}
}

// makes says which keys the firmware can make.
func (c *Card) makes(a wire.Algorithm) bool {
	switch a {
	case wire.P256, wire.P384, wire.RSA1024, wire.RSA2048:
		return true
	case wire.Ed25519, wire.RSA3072, wire.RSA4096:
		return c.firmware.AtLeast(wire.V(5, 7, 0))
	}
	return false
}

func (c *Card) derive(slot wire.Slot, r record) (crypto.Signer, error) {
	return derived(r.Algorithm, fmt.Sprintf(labelKey, c.cfg.Serial, slot, byte(r.Algorithm), r.Number))
}

// signer finds the key in a slot.
func (c *Card) signer(slot wire.Slot) (record, crypto.Signer, error) {
	r, ok := c.state.Keys[slot]
	if !ok {
		return record{}, nil, status.ReferenceNotFound
	}
	if s, held := c.signers[slot]; held {
		return r, s, nil
	}
	s, err := c.derive(slot, r)
	return r, s, err
}

// KeyInfo is what GET METADATA tells of the key in a slot.
type KeyInfo struct {
	Algorithm wire.Algorithm
	PIN       wire.PINPolicy
	Touch     wire.TouchPolicy
	Imported  bool
	Public    crypto.PublicKey
}

// KeyInfo tells about a key. The status is ReferenceNotFound where the slot is empty.
func (c *Card) KeyInfo(slot wire.Slot) (KeyInfo, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slot == wire.Attestation {
		key, err := deviceKey(c.cfg.Serial)
		if err != nil {
			return KeyInfo{}, err
		}
		return KeyInfo{Algorithm: wire.P256, PIN: wire.PINNever, Touch: wire.TouchNever, Public: key.Public()}, nil
	}
	r, s, err := c.signer(slot)
	if err != nil {
		return KeyInfo{}, err
	}
	return KeyInfo{r.Algorithm, r.PIN, r.Touch, r.Imported, s.Public()}, nil
}
