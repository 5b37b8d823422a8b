//go:build cgo

package pkcs11

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	ck "github.com/miekg/pkcs11"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

const enrol = "enrol"

// Enrol makes a key on the token that never leaves it, under the label and ID
// of the options, or under Label of the request's subject. The request's PIN
// must be the token's: it is not changed, and neither is anything else that the
// token's own tools set. A touch can't be asked for; what the key's PIN policy
// became, the result's Info tells. An *OccupiedError says that a key which
// could be meant is there already, unless the request resumes a run: then it
// is kept if that run could have made it.
func (t *Token) Enrol(ctx context.Context, r token.EnrolRequest) (token.Enrolment, error) {
	var e token.Enrolment
	err := t.open(ctx, ck.CKF_RW_SESSION, func(s *session) (err error) {
		e, err = s.enrol(ctx, r)
		return err
	})
	if err != nil {
		return token.Enrolment{}, err
	}
	return e, nil
}

func (s *session) enrol(ctx context.Context, r token.EnrolRequest) (token.Enrolment, error) {
	if err := s.checkPIN(r.PIN); err != nil {
		return token.Enrolment{}, fmt.Errorf("PIN: %w", err)
	}
	mechanism, err := s.generation(r.Algorithm)
	if err != nil {
		return token.Enrolment{}, err
	}
	if _, err := s.vacant(r); err != nil { // as far as can be seen without the PIN
		return token.Enrolment{}, err
	}
	if err := ctx.Err(); err != nil {
		return token.Enrolment{}, err
	}
	if err := s.login(r.PIN, enrol); err != nil {
		return token.Enrolment{}, err
	}
	made, err := s.vacant(r)
	if err == nil && made == nil {
		made, err = s.generate(r, mechanism)
	}
	if err != nil {
		return token.Enrolment{}, err
	}
	return s.enrolled(made)
}

func fail(err error) error { return &token.Error{Op: enrol, Err: err} }

// generation is the mechanism that makes keys of an algorithm. The token must
// have it, and the one that signs with them.
func (s *session) generation(a token.Algorithm) ([]*ck.Mechanism, error) {
	generates, signs := uint(ck.CKM_EC_KEY_PAIR_GEN), uint(ck.CKM_ECDSA)
	if a == token.Ed25519 {
		generates, signs = mechanismEdwardsPair, mechanismEdDSA
	}
	if _, ok := params(a); !ok {
		return nil, fail(fmt.Errorf("algorithm %q is unknown: nothing was changed", a))
	}
	has, err := s.module.GetMechanismList(s.slot)
	if err != nil {
		return nil, s.failure(err, enrol, "before the PIN")
	}
	for _, m := range []uint{generates, signs} {
		if !slices.ContainsFunc(has, func(h *ck.Mechanism) bool { return h.Mechanism == m }) {
			return nil, fail(fmt.Errorf("this token makes no %s keys: nothing was changed", a))
		}
	}
	return []*ck.Mechanism{ck.NewMechanism(generates, nil)}, nil
}

// label is that of the key which the request makes.
func (s *session) label(r token.EnrolRequest) string {
	if l := s.token.reader.options.Label; l != "" {
		return l
	}
	return Label(r.Subject)
}

// vacant sees whether the place of the new key is free: nil, or the key that
// an earlier run made where r resumes one. Without a choice in the options any
// signing key takes the place, for it would leave two to choose from.
func (s *session) vacant(r token.EnrolRequest) (*key, error) {
	k, err := s.choose()
	var several *AmbiguousError
	switch {
	case errors.As(err, &several):
		return nil, &token.OccupiedError{Serial: s.token.serial, Slot: several.Keys[0]}
	case err != nil || k == nil:
		return nil, err
	case r.Resume && k.label == s.label(r) && (!s.loggedIn || s.ours(*k, r)):
		return k, nil
	}
	return nil, &token.OccupiedError{Serial: s.token.serial, Slot: name(k.id, k.label)}
}

// ours says whether a key is one that the request would have made.
func (s *session) ours(k key, r token.EnrolRequest) bool {
	a, ok := wire.AlgorithmOf(k.public)
	return ok && a.Name() == r.Algorithm && k.always == (r.PINPolicy == token.PINAlways) && s.born(k)
}

// born says whether a key was made on the token and can't leave it.
func (s *session) born(k key) bool {
	return s.says(k.private, ck.CKA_LOCAL) && s.says(k.private, ck.CKA_SENSITIVE) &&
		s.says(k.private, ck.CKA_NEVER_EXTRACTABLE)
}

// generate makes the key pair.
func (s *session) generate(r token.EnrolRequest, mechanism []*ck.Mechanism) (*key, error) {
	id := s.token.reader.options.ID
	if len(id) == 0 {
		id = make([]byte, 16)
		if _, err := rand.Read(id); err != nil {
			return nil, fail(err)
		}
	}
	curve, _ := params(r.Algorithm)
	both := []*ck.Attribute{
		ck.NewAttribute(ck.CKA_TOKEN, true),
		ck.NewAttribute(ck.CKA_ID, id),
		ck.NewAttribute(ck.CKA_LABEL, s.label(r)),
	}
	public := append(slices.Clone(both),
		ck.NewAttribute(ck.CKA_PRIVATE, false),
		ck.NewAttribute(ck.CKA_VERIFY, true),
		ck.NewAttribute(ck.CKA_EC_PARAMS, curve),
	)
	private := append(slices.Clone(both),
		ck.NewAttribute(ck.CKA_PRIVATE, true),
		ck.NewAttribute(ck.CKA_SENSITIVE, true),
		ck.NewAttribute(ck.CKA_EXTRACTABLE, false),
		ck.NewAttribute(ck.CKA_SIGN, true),
	)
	if r.PINPolicy == token.PINAlways {
		private = append(private, ck.NewAttribute(ck.CKA_ALWAYS_AUTHENTICATE, true))
	}
	if _, _, err := s.module.GenerateKeyPair(s.handle, mechanism, public, private); err != nil {
		return nil, s.failure(err, enrol, "")
	}
	made, err := s.choose()
	if err == nil && made == nil {
		err = fail(errors.New("the token made a key and does not show it"))
	}
	return made, err
}

// enrolled is what is told about the key, once the token itself says that it
// can't leave.
func (s *session) enrolled(k *key) (token.Enrolment, error) {
	if !s.born(*k) {
		return token.Enrolment{}, fail(errors.New("the token made a key that could leave it: it must not be used"))
	}
	info, err := s.tell(k)
	if err != nil {
		return token.Enrolment{}, err
	}
	return token.Enrolment{Info: info, Key: *info.Key}, nil
}
