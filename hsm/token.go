//go:build windows || (cgo && (linux || darwin))

package hsm

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// Token is a YubiKey in a reader: a name to find it by, not a connection.
type Token struct {
	reader *Reader
	name   string // of the PC/SC reader
	serial uint32
}

var (
	_ token.Enroller  = (*Token)(nil)
	_ token.Attester  = (*Token)(nil)
	_ token.Unblocker = (*Token)(nil)
	_ token.Resetter  = (*Token)(nil)
)

// Serial is the one that the token was found under, in reach or not.
func (t *Token) Serial() string { return decimal(t.serial) }

// card is an open connection to a token. Nobody else can use it meanwhile.
type card struct {
	*piv.YubiKey
	answers
	token *Token
}

// open opens the token for use, when it is this call's turn, and releases it
// afterwards. What it holds must be the token with that serial.
func (t *Token) open(ctx context.Context, use func(*card) error) error {
	return t.reader.turn.Take(ctx, func() (err error) {
		a, err := ask(t.name)
		if err != nil {
			return err
		}
		if err := t.same(a.serial); err != nil {
			return err
		}
		yk, err := piv.Open(t.name)
		if err != nil {
			return failure(err, "open", "before the PIN", refusal.Other, culprits)
		}
		defer yk.Close() // nothing depends on it: the daemon cleans up
		serial, err := yk.Serial()
		if err != nil {
			return failure(err, "open", "before the PIN", refusal.Other, culprits)
		}
		if err := t.same(serial); err != nil {
			return err
		}
		if v := yk.Version(); wire.V(byte(v.Major), byte(v.Minor), byte(v.Patch)) != a.firmware {
			return &token.Error{Op: "open", Err: fmt.Errorf("it tells of firmware %s, and then of %d.%d.%d", a.firmware, v.Major, v.Minor, v.Patch)}
		}
		return use(&card{yk, a, t})
	})
}

func (t *Token) same(serial uint32) error {
	if serial == t.serial {
		return nil
	}
	return &token.RemovedError{During: "before the PIN", Err: fmt.Errorf("token %d is in its reader now", serial)}
}

// Info asks the token for what it tells freely. It never costs a try.
func (t *Token) Info(ctx context.Context) (token.Info, error) {
	var info token.Info
	err := t.open(ctx, func(c *card) (err error) {
		info, err = c.Info()
		return err
	})
	return info, err
}

// Attestation asks the token to attest the key in its signing slot. It is
// ErrNoKey where the slot is empty, and nil where the key was imported; with
// firmware before 5.3, which doesn't tell, it is ErrNoKey for both.
func (t *Token) Attestation(ctx context.Context) (*token.Attestation, error) {
	var a *token.Attestation
	err := t.open(ctx, func(c *card) (err error) {
		a, err = c.Attest()
		return err
	})
	return a, err
}

// Info is TokenInfo of an open card.
func (c *card) Info() (token.Info, error) {
	info := token.Info{
		Kind:     "YubiKey",
		Serial:   decimal(c.serial),
		Reader:   c.token.name,
		Firmware: c.firmware.String(),
		Slot:     wire.Signature.String(),
		PINTries: c.pin.Tries,
		PUKTries: c.puk.Tries,
		Factory:  c.factory(),
	}
	if form, err := c.FormFactor(); err == nil { // not every token tells
		f := wire.FormFactor(form)
		info.FormFactor, info.FIPS = f.String(), f.FIPS()
	}
	var err error
	if info.Virtual, err = c.token.reader.rehearsal(c); err != nil {
		return info, err
	}
	key, err := c.Key()
	if err != nil || key == nil {
		return info, err
	}
	info.Touch, info.PINPolicy = key.Touch.Name(), key.PIN.Name()
	k, err := metadata.NewKey(key.Public)
	if err != nil {
		return info, &token.Error{Op: "read", Err: fmt.Errorf("the key in slot %s: %w", info.Slot, err)}
	}
	info.Key = &k
	return info, nil
}

// Key tells about the key in the signing slot, nil where it is empty. Firmware
// before 5.3 tells only about keys that it can attest.
func (c *card) Key() (*provision.Key, error) {
	if !c.firmware.AtLeast(wire.V(5, 3, 0)) {
		return c.attestedKey()
	}
	k, err := c.KeyInfo(piv.SlotSignature)
	if errors.Is(err, piv.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, failure(err, "read", "before the PIN", refusal.Other, culprits)
	}
	return &provision.Key{
		Public: k.PublicKey, PIN: wire.PINPolicy(k.PINPolicy), Touch: wire.TouchPolicy(k.TouchPolicy),
		Generated: k.Origin == piv.OriginGenerated,
	}, nil
}

func (c *card) attestedKey() (*provision.Key, error) {
	leaf, err := c.YubiKey.Attest(piv.SlotSignature)
	if errors.Is(err, piv.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, failure(err, "read", "before the PIN", refusal.Other, culprits)
	}
	said, err := wire.ParseStatement(leaf.Extensions)
	if err != nil {
		return nil, &token.Error{Op: "read", Err: err}
	}
	return &provision.Key{Public: leaf.PublicKey, PIN: said.PIN, Touch: said.Touch, Generated: true}, nil
}

// Attest returns the attestation of the key in the signing slot.
func (c *card) Attest() (*token.Attestation, error) {
	leaf, err := c.YubiKey.Attest(piv.SlotSignature)
	if errors.Is(err, piv.ErrNotFound) {
		key, err := c.Key()
		if err == nil && key == nil {
			err = token.ErrNoKey
		}
		return nil, err
	}
	if err != nil {
		return nil, failure(err, "attest", "", refusal.Other, culprits)
	}
	device, err := c.AttestationCertificate()
	if err != nil {
		return nil, failure(err, "attest", "", refusal.Other, culprits)
	}
	return &token.Attestation{Leaf: leaf, Device: device}, nil
}
