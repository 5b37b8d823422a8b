package provision

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// run is one provisioning on one open card.
type run struct {
	card   Card
	random io.Reader
	token.EnrolRequest

	algorithm wire.Algorithm
	pinPolicy wire.PINPolicy
	touch     wire.TouchPolicy

	management []byte           // the management key in force, once it is known
	key        crypto.PublicKey // in the slot; nil: not made yet
}

// Run makes the token ready, as token.Enroller says. random is for the
// management key and for the key that signs certificates. ctx is looked at
// between commands. The result's Info is the caller's to fill in.
func Run(ctx context.Context, card Card, r token.EnrolRequest, random io.Reader) (token.Enrolment, error) {
	todo, err := prepare(card, r, random)
	if err != nil {
		return token.Enrolment{}, err
	}
	for _, step := range []func() error{
		todo.look, todo.setPIN, todo.setPUK, todo.setManagementKey, todo.makeKey, todo.labelKey,
	} {
		if err := ctx.Err(); err != nil {
			return token.Enrolment{}, err
		}
		if err := step(); err != nil {
			return token.Enrolment{}, err
		}
	}
	return todo.result()
}

func prepare(card Card, r token.EnrolRequest, random io.Reader) (*run, error) {
	for _, s := range []struct {
		name, factory string
		pin           token.PIN
	}{{"PIN", FactoryPIN, r.PIN}, {"PUK", FactoryPUK, r.PUK}} {
		if err := token.CheckPIN(s.pin.Bytes()); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		if string(s.pin.Bytes()) == s.factory {
			return nil, fmt.Errorf("%s: %w", s.name, &token.PINFormatError{Why: "it is the one that tokens are shipped with, which everybody knows"})
		}
	}
	algorithm, ok := wire.Of(r.Algorithm)
	if !ok {
		return nil, fail(fmt.Errorf("algorithm %q is unknown: nothing was changed", r.Algorithm))
	}
	pin, touch, ok := wire.Policies(r.PINPolicy, r.Touch)
	if !ok {
		return nil, fail(fmt.Errorf("PIN policy %q or touch policy %q is unknown: nothing was changed", r.PINPolicy, r.Touch))
	}
	return &run{card: card, random: random, EnrolRequest: r, algorithm: algorithm, pinPolicy: pin, touch: touch}, nil
}

func fail(err error) error { return &token.Error{Op: "enrol", Err: err} }

// look looks into the slot. An empty one will do, and so will a key of the
// earlier run that this one resumes; anything else is an *OccupiedError.
func (r *run) look() error {
	key, err := r.card.Key()
	if err != nil {
		return err
	}
	cert, err := r.card.Certificate()
	if err != nil {
		return err
	}
	switch {
	case key == nil && (cert == nil || r.ours(cert)):
		return nil
	case r.Resume && key != nil && cert != nil && r.ours(cert) && r.wanted(key):
		r.key = key.Public
		return nil
	}
	return &token.OccupiedError{Serial: r.card.Serial(), Slot: wire.Signature.String()}
}

// wanted says whether a key is one that this request would have made.
func (r *run) wanted(k *Key) bool {
	a, ok := wire.AlgorithmOf(k.Public)
	return ok && a == r.algorithm && k.PIN == r.pinPolicy && k.Touch == r.touch && k.Generated
}

// setPIN replaces the factory PIN, or finds that it was done. Where the card
// doesn't say which PIN it has, the factory's is the likelier one; the second
// guess is made only while it leaves a try, and a right one gives all back.
func (r *run) setPIN() error {
	pin, _, err := r.card.Secrets()
	if err != nil {
		return err
	}
	given := r.PIN.Bytes()
	switch {
	case pin.Tries == 0:
		return token.ErrPINBlocked
	case pin.Factory == Yes:
		return r.card.ChangePIN([]byte(FactoryPIN), given)
	case pin.Factory == No:
		return r.card.VerifyPIN(given)
	}
	err = r.card.ChangePIN([]byte(FactoryPIN), given)
	var wrong *token.WrongPINError
	if errors.As(err, &wrong) && wrong.Tries > 1 {
		return r.card.VerifyPIN(given)
	}
	return err
}

// setPUK: as setPIN. A PUK has no VERIFY; it is shown by changing it to itself.
func (r *run) setPUK() error {
	_, puk, err := r.card.Secrets()
	if err != nil {
		return err
	}
	given := r.PUK.Bytes()
	switch {
	case puk.Tries == 0:
		return token.ErrPUKBlocked
	case puk.Factory == Yes:
		return r.card.ChangePUK([]byte(FactoryPUK), given)
	case puk.Factory == No:
		return r.card.ChangePUK(given, given)
	}
	err = r.card.ChangePUK([]byte(FactoryPUK), given)
	var wrong *token.WrongPUKError
	if errors.As(err, &wrong) && wrong.Tries > 1 {
		return r.card.ChangePUK(given, given)
	}
	return err
}

// setManagementKey replaces the factory's by a random one that the card keeps
// under the PIN. The copy is written first: a run cut short in between leaves
// the factory's in force, and one cut short after it finds the copy. Trying a
// management key costs nothing.
func (r *run) setManagementKey() error {
	fresh := make([]byte, 24)
	if _, err := io.ReadFull(r.random, fresh); err != nil {
		return fail(err)
	}
	factory := FactoryManagementKey()
	err := r.card.Protect(factory, fresh)
	switch {
	case errors.Is(err, refusal.ErrManagementKey):
		r.management, err = r.card.ProtectedKey(r.PIN.Bytes())
		if err == nil && r.management == nil {
			err = fail(refusal.ErrManagementKey)
		}
		return err
	case err != nil:
		return err
	}
	r.management = fresh
	return r.card.SetManagementKey(factory, fresh)
}

// makeKey makes the key, behind a certificate that tells a later run whose
// work it found.
func (r *run) makeKey() (err error) {
	if r.key != nil {
		return nil
	}
	if err := r.labelKey(); err != nil {
		return err
	}
	r.key, err = r.card.Generate(r.management, r.algorithm, r.pinPolicy, r.touch)
	return err
}

// result is what is told about the key, once the card itself says the same.
func (r *run) result() (token.Enrolment, error) {
	k, err := metadata.NewKey(r.key)
	if err != nil {
		return token.Enrolment{}, fail(err)
	}
	held, err := r.card.Key()
	if err != nil {
		return token.Enrolment{}, err
	}
	attestation, err := r.card.Attest()
	if err != nil {
		return token.Enrolment{}, err
	}
	if held == nil || attestation == nil || !equal(held.Public, r.key) || !equal(attestation.Leaf.PublicKey, r.key) || !r.wanted(held) {
		return token.Enrolment{}, fail(errors.New("the token made one key and tells of another"))
	}
	return token.Enrolment{Key: k, Attestation: attestation}, nil
}

func equal(a, b crypto.PublicKey) bool {
	e, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && e.Equal(b)
}
