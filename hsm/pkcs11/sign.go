//go:build cgo

package pkcs11

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"fmt"

	ck "github.com/miekg/pkcs11"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// Sign logs in once and asks for one signature, once.
func (t *Token) Sign(ctx context.Context, pin token.PIN, payload []byte) ([]byte, error) {
	var sig []byte
	err := t.open(ctx, 0, func(s *session) (err error) {
		sig, err = s.sign(ctx, pin, payload)
		return err
	})
	if err != nil {
		return nil, err
	}
	return sig, nil
}

func (s *session) sign(ctx context.Context, pin token.PIN, payload []byte) ([]byte, error) {
	if err := s.checkPIN(pin); err != nil {
		return nil, err
	}
	shown, err := s.choose()
	if err != nil {
		return nil, err
	}
	if shown == nil {
		return nil, token.ErrNoKey
	}
	data, mechanism, err := toSign(shown.public, payload)
	if err != nil {
		return nil, &token.Error{Op: "sign", Err: err}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.login(pin, "sign"); err != nil {
		return nil, err
	}
	k, err := s.usable(shown)
	if err != nil {
		return nil, err
	}
	if err := s.module.SignInit(s.handle, mechanism, k.private); err != nil {
		return nil, signing(err, s.flags)
	}
	if k.always {
		if err := s.module.Login(s.handle, ck.CKU_CONTEXT_SPECIFIC, string(pin.Bytes())); err != nil {
			return nil, s.failure(err, "sign", "before the PIN")
		}
	}
	raw, err := s.module.Sign(s.handle, data)
	if err != nil {
		return nil, signing(err, s.flags)
	}
	if err := ctx.Err(); err != nil {
		return nil, err // signed, and thrown away: nobody sees it
	}
	return checked(k.public, payload, raw)
}

// toSign is what the token is given, and the mechanism for it: the digest that
// goes with an ECDSA key, or all of the payload for Ed25519.
func toSign(pub crypto.PublicKey, payload []byte) ([]byte, []*ck.Mechanism, error) {
	if _, ok := pub.(ed25519.PublicKey); ok {
		return payload, []*ck.Mechanism{ck.NewMechanism(mechanismEdDSA, nil)}, nil
	}
	digest, err := wire.ToSign(pub, payload)
	return digest, []*ck.Mechanism{ck.NewMechanism(ck.CKM_ECDSA, nil)}, err
}

// usable finds the private half of a key that the token showed to anyone, once
// it is logged in to.
func (s *session) usable(shown *key) (key, error) {
	all, err := s.keys()
	if err != nil {
		return key{}, err
	}
	for _, k := range all {
		if bytes.Equal(k.id, shown.id) && equal(k.public, shown.public) {
			return k, nil
		}
	}
	return key{}, token.ErrNoKey
}

func equal(a, b crypto.PublicKey) bool {
	e, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && e.Equal(b)
}

// checked is the signature in the form that TUF has, verified.
func checked(pub crypto.PublicKey, payload, raw []byte) ([]byte, error) {
	sig, err := signature(pub, raw)
	var k metadata.Key
	if err == nil {
		k, err = metadata.NewKey(pub)
	}
	if err == nil {
		err = k.Verify(payload, sig)
	}
	if err != nil {
		return nil, &token.Error{Op: "sign", Err: fmt.Errorf("the token returned a signature that its own key does not verify: %w", err)}
	}
	return sig, nil
}
