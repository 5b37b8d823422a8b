//go:build windows || (cgo && (linux || darwin))

package hsm

import (
	"context"
	"crypto"
	"fmt"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// Sign verifies the PIN once and asks for one signature, once. Both go to the
// card in one exclusive transaction.
func (t *Token) Sign(ctx context.Context, pin token.PIN, payload []byte) ([]byte, error) {
	if err := token.CheckPIN(pin.Bytes()); err != nil {
		return nil, err
	}
	var sig []byte
	err := t.open(ctx, func(c *card) (err error) {
		sig, err = c.sign(ctx, pin, payload)
		return err
	})
	if err != nil {
		return nil, err
	}
	return sig, nil
}

func (c *card) sign(ctx context.Context, pin token.PIN, payload []byte) ([]byte, error) {
	if c.pin.Tries == 0 {
		return nil, token.ErrPINBlocked
	}
	key, err := c.Key()
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, token.ErrNoKey
	}
	data, err := wire.ToSign(key.Public, payload)
	if err != nil {
		return nil, &token.Error{Op: "sign", Err: err}
	}
	// With "never", piv-go leaves the PIN to us: it goes to the card right
	// here, once, and an error of it is told from one of the signature.
	private, err := c.PrivateKey(piv.SlotSignature, key.Public, piv.KeyAuth{PINPolicy: piv.PINPolicyNever})
	if err != nil {
		return nil, &token.Error{Op: "sign", Err: err}
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, &token.Error{Op: "sign", Err: fmt.Errorf("the key in the slot (%T) does not sign", key.Public)}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// The string is a copy that can't be wiped: piv-go takes nothing else.
	if err := c.YubiKey.VerifyPIN(string(pin.Bytes())); err != nil {
		return nil, failure(err, "sign", "before the PIN", refusal.PIN, culprits)
	}
	sig, err := signer.Sign(nil, data, crypto.Hash(0))
	if err != nil {
		return nil, failure(err, "sign", "between PIN and signature", signing(key.Touch.Name()), culprits)
	}
	if err := ctx.Err(); err != nil {
		return nil, err // signed, and thrown away: nobody sees it
	}
	k, err := metadata.NewKey(key.Public)
	if err == nil {
		err = k.Verify(payload, sig)
	}
	if err != nil {
		return nil, &token.Error{Op: "sign", Err: fmt.Errorf("the token returned a signature that its own key does not verify: %w", err)}
	}
	return sig, nil
}
