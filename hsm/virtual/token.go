package virtual

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/turn"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// ReaderName is the reader that virtual tokens in process lie in.
const ReaderName = "rehearsal reader"

// Token is the face in process: all that a ceremony's token can do, over a
// card which can be taken out of its reader and put back at any moment.
type Token struct {
	card *Card
	turn turn.Turn

	mu   sync.Mutex
	here context.Context // ends when the token is taken out
	pull context.CancelFunc
}

var (
	_ token.Enroller  = (*Token)(nil)
	_ token.Attester  = (*Token)(nil)
	_ token.Unblocker = (*Token)(nil)
	_ token.Resetter  = (*Token)(nil)
)

// NewToken puts card into a reader of its own.
func NewToken(card *Card) *Token {
	t := &Token{card: card, turn: turn.New()}
	t.Insert()
	return t
}

// Serial is the token's, in reach or not.
func (t *Token) Serial() string { return t.card.Serial() }

// Insert puts the token into its reader.
func (t *Token) Insert() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.here == nil || t.here.Err() != nil {
		t.here, t.pull = context.WithCancel(context.Background())
	}
}

// Remove takes the token out, also from under an operation that is running.
func (t *Token) Remove() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pull()
}

// Inserted says whether the token is in its reader.
func (t *Token) Inserted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.here.Err() == nil
}

// Info tells about the token without a PIN.
func (t *Token) Info(ctx context.Context) (token.Info, error) {
	if err := ctx.Err(); err != nil {
		return token.Info{}, err
	}
	if !t.Inserted() {
		return token.Info{}, &token.RemovedError{During: "before the PIN", Err: ErrRemoved}
	}
	return t.card.info()
}

// Sign verifies pin and signs payload, once each.
func (t *Token) Sign(ctx context.Context, pin token.PIN, payload []byte) ([]byte, error) {
	var sig []byte
	err := t.exclusively(ctx, func(ctx context.Context) (err error) {
		sig, err = t.sign(ctx, pin, payload)
		return err
	})
	return sig, err
}

func (t *Token) sign(ctx context.Context, pin token.PIN, payload []byte) ([]byte, error) {
	if err := token.CheckPIN(pin.Bytes()); err != nil {
		return nil, err
	}
	k, err := t.card.KeyInfo(wire.Signature)
	if errors.Is(err, status.ReferenceNotFound) {
		return nil, token.ErrNoKey
	} else if err != nil {
		return nil, &token.Error{Op: "sign", Err: err}
	}
	data, err := wire.ToSign(k.Public, payload)
	if err != nil {
		return nil, &token.Error{Op: "sign", Err: err}
	}
	if err := t.card.VerifyPIN(pin.Bytes()); err != nil {
		return nil, refused(err, "before the PIN", func(s status.Word) error { return refusal.PIN("sign", s) })
	}
	sig, err := t.card.Sign(ctx, wire.Signature, k.Algorithm, data)
	if err != nil {
		return nil, refused(err, "between PIN and signature", func(s status.Word) error {
			return refusal.Sign(s, k.Touch.Name())
		})
	}
	key, err := metadata.NewKey(k.Public)
	if err == nil {
		err = key.Verify(payload, sig)
	}
	if err != nil {
		return nil, &token.Error{Op: "sign", Err: fmt.Errorf("the token returned a signature that its own key does not verify: %w", err)}
	}
	return sig, nil
}

// Enrol makes the token ready, as a real one is made ready.
func (t *Token) Enrol(ctx context.Context, r token.EnrolRequest) (token.Enrolment, error) {
	var e token.Enrolment
	err := t.exclusively(ctx, func(ctx context.Context) (err error) {
		if e, err = provision.Run(ctx, &enrolling{t.card}, r, t.card.cfg.Rand); err == nil {
			e.Info, err = t.card.info()
		}
		return err
	})
	if err != nil {
		return token.Enrolment{}, err
	}
	return e, nil
}

// Unblock sets a new PIN by showing the PUK once.
func (t *Token) Unblock(ctx context.Context, puk, pin token.PIN) error {
	for _, p := range []token.PIN{puk, pin} {
		if err := token.CheckPIN(p.Bytes()); err != nil {
			return err
		}
	}
	return t.exclusively(ctx, func(context.Context) error {
		err := t.card.Unblock(puk.Bytes(), pin.Bytes())
		if err == nil {
			return nil
		}
		return refused(err, "", func(s status.Word) error { return refusal.PUK("unblock", s) })
	})
}

// Reset makes the token as it left the factory.
func (t *Token) Reset(ctx context.Context) error {
	return t.exclusively(ctx, func(ctx context.Context) error {
		return provision.Reset(ctx, &enrolling{t.card}, t.card.cfg.Rand)
	})
}

// Attestation attests the key in the signing slot: nil where it was imported,
// and ErrNoKey where there is none.
func (t *Token) Attestation(ctx context.Context) (*token.Attestation, error) {
	var a *token.Attestation
	err := t.exclusively(ctx, func(context.Context) (err error) {
		a, err = (&enrolling{t.card}).Attest()
		return err
	})
	return a, err
}

// exclusively runs use as the only one on a card that was just powered on.
// Its context ends with ctx, or when the token is taken out.
func (t *Token) exclusively(ctx context.Context, use func(context.Context) error) error {
	return t.turn.Take(ctx, func() error {
		t.mu.Lock()
		here := t.here
		t.mu.Unlock()
		t.card.PowerOff()
		defer t.card.PowerOff()
		both, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(here, cancel)()

		if here.Err() != nil {
			return &token.RemovedError{During: "before the PIN", Err: ErrRemoved}
		}
		err := use(both)
		switch {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.Canceled) && here.Err() != nil:
			return &token.RemovedError{Err: ErrRemoved}
		}
		return err
	})
}

// refused says what a card's error means.
func refused(err error, during string, meaning func(status.Word) error) error {
	var s status.Word
	switch {
	case errors.Is(err, ErrRemoved):
		return &token.RemovedError{During: during, Err: err}
	case errors.As(err, &s):
		return meaning(s)
	}
	return &token.Error{Op: "card", Err: err}
}

// info is everything that the card tells freely.
func (c *Card) info() (token.Info, error) {
	pin, puk, err := (&enrolling{c}).Secrets()
	if err != nil {
		return token.Info{}, err
	}
	info := token.Info{
		Kind:       "YubiKey",
		Serial:     c.Serial(),
		Reader:     ReaderName,
		Firmware:   c.firmware.String(),
		FormFactor: c.cfg.Form.String(),
		FIPS:       c.cfg.Form.FIPS(),
		Slot:       wire.Signature.String(),
		PINTries:   pin.Tries,
		PUKTries:   puk.Tries,
		Factory:    pin.Factory == provision.Yes || puk.Factory == provision.Yes,
		Virtual:    true,
	}
	if c.tells() {
		info.Factory = info.Factory || c.ManagementInfo().Factory
	}
	k, err := c.KeyInfo(wire.Signature)
	if errors.Is(err, status.ReferenceNotFound) {
		return info, nil
	}
	if err != nil {
		return info, &token.Error{Op: "read", Err: err}
	}
	info.Touch, info.PINPolicy = k.Touch.Name(), k.PIN.Name()
	key, err := metadata.NewKey(k.Public)
	if err != nil {
		return info, &token.Error{Op: "read", Err: err}
	}
	info.Key = &key
	return info, nil
}
