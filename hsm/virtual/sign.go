package virtual

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
	"time"

	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// touchCache is how long a touch lasts under the policy "cached".
const touchCache = 15 * time.Second

// Sign signs with the key in a slot what the client made ready for it
// (SP 800-73-4 part 2, 3.2.4 and A.3): a digest for ECDSA, the message for
// Ed25519, a padded block for RSA. It needs the PIN as the key's policy says,
// waits for the touch, and answers SecurityNotSatisfied without either. ctx
// ends when the card loses power; then it is ErrRemoved.
func (c *Card) Sign(ctx context.Context, slot wire.Slot, a wire.Algorithm, data []byte) ([]byte, error) {
	fault, key, err := c.open(slot, a)
	if err != nil {
		return nil, err
	}
	if fault == RemovedAtSign {
		return nil, ErrRemoved
	}
	if key.touch && (fault == NoTouch || !c.touched(ctx)) {
		if ctx.Err() != nil {
			return nil, ErrRemoved
		}
		return nil, status.SecurityNotSatisfied
	}
	if fault == WrongSignature && len(data) > 0 {
		data = bytes.Clone(data)
		data[len(data)-1] ^= 1
	}
	sig, err := raw(key.signer, data)
	if fault == RemovedSigned {
		return nil, ErrRemoved
	}
	return sig, err
}

type opened struct {
	signer crypto.Signer
	touch  bool // has to be asked for
}

// open checks what a signature needs but for the touch, so that the card is
// not locked while a person looks for it.
func (c *Card) open(slot wire.Slot, a wire.Algorithm) (Fault, opened, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Sign++
	fresh := c.session.fresh
	c.session.fresh = false
	r, signer, err := c.signer(slot)
	switch {
	case err != nil:
		return 0, opened{}, err
	case r.Algorithm != a:
		return 0, opened{}, status.WrongData
	case r.PIN == wire.PINAlways && !fresh, r.PIN == wire.PINOnce && !c.session.pin:
		return 0, opened{}, status.SecurityNotSatisfied
	}
	cached := r.Touch == wire.TouchCached && c.cfg.Now().Sub(c.session.touched) < touchCache
	return c.nextFault(), opened{signer, r.Touch != wire.TouchNever && !cached}, nil
}

func (c *Card) touched(ctx context.Context) bool {
	if c.cfg.Touch != nil && !c.cfg.Touch(ctx) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.touched = c.cfg.Now()
	return true
}

// raw applies the private key without hashing or padding.
func raw(signer crypto.Signer, data []byte) ([]byte, error) {
	switch k := signer.(type) {
	case *ecdsa.PrivateKey:
		if size := (k.Curve.Params().BitSize + 7) / 8; len(data) > size {
			return nil, status.WrongData
		}
		return ecdsaSign(k, data)
	case ed25519.PrivateKey:
		return ed25519.Sign(k, data), nil
	case *rsa.PrivateKey:
		m := new(big.Int).SetBytes(data)
		if len(data) != k.Size() || m.Cmp(k.N) >= 0 {
			return nil, status.WrongData
		}
		return m.Exp(m, k.D, k.N).FillBytes(make([]byte, k.Size())), nil
	}
	return nil, status.NotSupported
}

// ecdsaSign signs without randomness where the digest's length tells its hash
// (RFC 6979), so that a rehearsal's bytes can be told in advance.
func ecdsaSign(k *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
	switch len(digest) {
	case sha256.Size:
		return k.Sign(nil, digest, crypto.SHA256)
	case sha512.Size384:
		return k.Sign(nil, digest, crypto.SHA384)
	}
	return ecdsa.SignASN1(rand.Reader, k, digest)
}
