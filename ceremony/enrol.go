package ceremony

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
)

// Enrolled is what came of an enrolment.
type Enrolled struct {
	Holder  string
	KeyID   string
	Serial  string
	Verdict Verdict
}

// CheckEnrol says whether the token described by info can become holder's,
// without asking it for anything: nil, *WrongTokenError, *PolicyError,
// *OccupiedError or ErrNotNow.
func (c *Ceremony) CheckEnrol(holder string, info TokenInfo) error {
	plan := c.state.plan
	if plan == nil || len(c.state.proposals) > 0 {
		return ErrNotNow
	}
	i := slices.IndexFunc(plan.Holders, func(h PlannedHolder) bool { return h.Name == holder })
	if i < 0 {
		return fmt.Errorf("the plan has no holder called %q: %w", Safe(holder), ErrNotNow)
	}
	if _, done := c.state.enrolled[holder]; done {
		return fmt.Errorf("%s has a token already: %w", holder, ErrNotNow)
	}
	wrong := &WrongTokenError{Holder: holder, Expected: plan.Holders[i].Serial, Found: info.Serial, Owner: c.ownerOf(info)}
	switch {
	case wrong.Owner != "" && wrong.Owner != holder, wrong.Expected != "" && wrong.Expected != info.Serial:
		return wrong
	case info.Virtual != c.state.rehearsal:
		return c.virtualError(info)
	case info.Key != nil && c.state.enrolling[holder] != info.Serial:
		return &OccupiedError{Serial: info.Serial, Slot: info.Slot}
	}
	return nil
}

// CutShort returns the serial of the token whose enrolment for holder began
// and was not finished. That token has the PIN and the PUK of then, or still
// those of the factory.
func (c *Ceremony) CutShort(holder string) (serial string, ok bool) {
	serial, ok = c.state.enrolling[holder]
	return serial, ok
}

// Enrol makes t the token of holder. It returns once the token is ready, its
// attestation was judged, it has proved that it can sign, and all of this is
// in the journal. It may block for a touch. A *VerdictError says that the
// token is no good for this plan: nothing was recorded, and the key stays on it.
func (c *Ceremony) Enrol(ctx context.Context, holder string, t Enroller, pin, puk PIN) (Enrolled, error) {
	for _, secret := range []PIN{pin, puk} {
		if err := CheckPIN(secret.Bytes()); err != nil {
			return Enrolled{}, err
		}
	}
	info, err := t.Info(ctx)
	if err != nil {
		return Enrolled{}, err
	}
	if err := c.CheckEnrol(holder, info); err != nil {
		return Enrolled{}, err
	}
	plan := c.state.plan
	resume := c.state.enrolling[holder] == info.Serial
	if !resume {
		if err := c.append(enrolling{Holder: holder, Serial: info.Serial}); err != nil {
			return Enrolled{}, err
		}
	}
	made, err := t.Enrol(ctx, EnrolRequest{
		PIN: pin, PUK: puk,
		Algorithm: plan.Tokens.Algorithm,
		Touch:     plan.Tokens.Touch,
		PINPolicy: plan.Tokens.PIN,
		Subject:   fmt.Sprintf("%s of %s", holder, plan.Trust),
		Now:       c.now(),
		Resume:    resume,
	})
	if err != nil {
		return Enrolled{}, err
	}
	ev := enrolled{Holder: holder, Key: made.Key, Kind: info.Kind, Serial: info.Serial, Firmware: info.Firmware}
	if ev.Verdict, err = c.judge(made, info); err != nil {
		return Enrolled{}, err
	}
	challenge := c.challenge(holder, info.Serial)
	sig, err := t.Sign(ctx, pin, challenge)
	if err != nil {
		return Enrolled{}, err
	}
	if err := made.Key.Verify(challenge, sig); err != nil {
		return Enrolled{}, &BadSignatureError{Serial: info.Serial, Err: err}
	}
	ev.Possession = hex.EncodeToString(sig)
	if made.Attestation != nil {
		if ev.Attestation, err = c.deps.Workspace.Put(made.Attestation.PEM()); err != nil {
			return Enrolled{}, fmt.Errorf("the attestation could not be kept: %w", err)
		}
	}
	if err := c.append(ev); err != nil {
		return Enrolled{}, err
	}
	return Enrolled{Holder: holder, KeyID: made.Key.ID(), Serial: info.Serial, Verdict: ev.Verdict}, nil
}

// judge is the verdict on a new key.
func (c *Ceremony) judge(made Enrolment, info TokenInfo) (Verdict, error) {
	policy := c.tokenPolicy()
	if made.Attestation == nil {
		if !policy.WithoutAttestation {
			return Verdict{}, &PolicyError{fmt.Sprintf("a %s can't attest its key, and the plan does not allow that", info.Kind)}
		}
		return Verdict{Checks: []Check{{Name: "attestation", Pass: true, Reason: "none: the plan allows tokens that can't attest"}}}, nil
	}
	v := c.deps.Attestations.Check(*made.Attestation, made.Key, info.Serial, policy, c.now())
	return v, v.Err()
}

// challenge names the ceremony, so that what proves possession here proves it nowhere else.
func (c *Ceremony) challenge(holder, serial string) []byte {
	return fmt.Appendf(nil, "conclave: possession\ntrust: %s\nholder: %s\nserial: %s\njournal: %s\n",
		c.state.trust, holder, serial, c.head)
}

// ownerOf names the holder whom a token belongs to, as far as is known here.
func (c *Ceremony) ownerOf(info TokenInfo) string {
	for _, h := range c.Holders() {
		if h.Serial != "" && h.Serial == info.Serial {
			return h.Name
		}
		if info.Key != nil && h.KeyID != "" && h.KeyID == info.Key.ID() {
			return h.Name
		}
	}
	return ""
}

func (c *Ceremony) virtualError(info TokenInfo) error {
	if info.Virtual {
		return &PolicyError{fmt.Sprintf("token %s is a virtual one for rehearsals, and this is a real ceremony", info.Serial)}
	}
	return &PolicyError{fmt.Sprintf("token %s is a real one, and this is a rehearsal", info.Serial)}
}
