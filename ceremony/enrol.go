package ceremony

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Enrolled is what came of an enrolment.
type Enrolled struct {
	Holder  string
	KeyID   string
	Serial  string
	Verdict token.Verdict
}

// awaited says which token is expected for a holder: one that the plan or the
// draft wants to be enrolled. serial is "" for any token that is nobody's.
func (c *Ceremony) awaited(holder string) (serial string, err error) {
	if _, done := c.state.newTokens()[holder]; done {
		return "", fmt.Errorf("%s has a token already: %w", text.Safe(holder), ErrNotNow)
	}
	if plan := c.state.plan; plan != nil && !c.frozen() {
		for _, h := range plan.Holders {
			if h.Name == holder {
				return h.Serial, nil
			}
		}
		return "", fmt.Errorf("the plan has no holder called %q: %w", text.Safe(holder), ErrNotNow)
	}
	if d, err := c.draftOf(c.state.edits); err == nil && slices.Contains(d.Missing(), holder) {
		return "", nil
	}
	return "", fmt.Errorf("no new token of %s is wanted: %w", text.Safe(holder), ErrNotNow)
}

// CheckEnrol says whether the token described by info can become holder's,
// without asking it for anything: nil, *token.WrongTokenError with the reason,
// *token.PolicyError, *token.OccupiedError or ErrNotNow. givenUp is the serial of a
// token whose enrolment was cut short and that people do not go on with; "" none.
func (c *Ceremony) CheckEnrol(holder string, info token.Info, givenUp string) error {
	serial, err := c.awaited(holder)
	if err != nil {
		return err
	}
	if begun := c.state.enrolling[holder]; begun != "" && begun != givenUp {
		serial = begun
	}
	founding := c.state.plan != nil && !c.frozen()
	owner := c.ownerOf(info)
	wrong := &token.WrongTokenError{Holder: holder, Expected: serial, Found: info.Serial, Owner: owner, Why: token.OtherToken}
	switch {
	case givenUp != "" && givenUp == info.Serial:
		wrong.Why = token.GivenUp
		return wrong
	case serial != "" && serial != info.Serial, owner != "" && (owner != holder || !founding):
		return wrong
	case info.Virtual != c.state.rehearsal:
		return c.virtualError(info)
	case info.Key != nil && c.state.enrolling[holder] != info.Serial:
		return &token.OccupiedError{Serial: info.Serial, Slot: info.Slot}
	}
	return nil
}

// CheckUnblock says whether the token described by info is h's, whose PIN is to
// be replaced: nil, *token.WrongTokenError or token.ErrNoKey.
func (c *Ceremony) CheckUnblock(h Holder, info token.Info) error {
	switch {
	case info.Key == nil:
		return token.ErrNoKey
	case info.Key.ID() != h.KeyID:
		return &token.WrongTokenError{Holder: h.Name, Expected: h.Serial, Found: info.Serial, Owner: c.ownerOf(info), Why: token.OtherToken}
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
// in the journal. puk may be empty for a token with OwnTools. It may block for a touch. A *VerdictError says that the
// token is no good for this plan: nothing was recorded, and the key stays on it.
func (c *Ceremony) Enrol(ctx context.Context, holder string, t token.Enroller, pin, puk token.PIN) (Enrolled, error) {
	info, err := t.Info(ctx)
	if err != nil {
		return Enrolled{}, err
	}
	if err := info.CheckPIN(pin.Bytes()); err != nil {
		return Enrolled{}, err
	}
	if !info.OwnTools {
		if err := token.CheckPIN(puk.Bytes()); err != nil {
			return Enrolled{}, err
		}
	}
	begun := c.state.enrolling[holder]
	if begun == info.Serial {
		begun = ""
	}
	if err := c.CheckEnrol(holder, info, begun); err != nil {
		return Enrolled{}, err
	}
	tokens := c.plannedTokens()
	resume := c.state.enrolling[holder] == info.Serial
	if !resume {
		if err := c.append(event.Enrolling{Holder: holder, Serial: info.Serial}); err != nil {
			return Enrolled{}, err
		}
	}
	made, err := t.Enrol(ctx, token.EnrolRequest{
		PIN: pin, PUK: puk,
		Algorithm: tokens.Algorithm,
		Touch:     tokens.Touch,
		PINPolicy: tokens.PIN,
		Subject:   fmt.Sprintf("%s of %s", holder, c.state.trust),
		Now:       c.now(),
		Resume:    resume,
	})
	if err != nil {
		return Enrolled{}, err
	}
	ev := event.Enrolled{Holder: holder, Key: made.Key, Kind: info.Kind, Serial: info.Serial, Firmware: info.Firmware}
	if ev.Verdict, err = c.judge(made, info); err != nil {
		return Enrolled{}, err
	}
	challenge := c.challenge(holder, info.Serial)
	sig, err := t.Sign(ctx, pin, challenge)
	if err != nil {
		return Enrolled{}, err
	}
	if err := made.Key.Verify(challenge, sig); err != nil {
		return Enrolled{}, &token.BadSignatureError{Serial: info.Serial, Err: err}
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

// plannedTokens says how keys are made: as the plan says, else as any plan that says nothing.
func (c *Ceremony) plannedTokens() token.Profile {
	if c.state.plan != nil {
		return c.state.plan.Tokens
	}
	return token.DefaultProfile(c.state.rehearsal)
}

// judge is the verdict on a new key.
func (c *Ceremony) judge(made token.Enrolment, info token.Info) (token.Verdict, error) {
	policy := c.tokenPolicy()
	if made.Attestation == nil {
		if !policy.WithoutAttestation {
			return token.Verdict{}, &token.PolicyError{Why: fmt.Sprintf("a %s can't attest its key, and the plan does not allow that", info.Kind)}
		}
		return token.Verdict{Checks: []token.Check{{Name: "attestation", Pass: true, Reason: "none: the plan allows tokens that can't attest"}}}, nil
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
func (c *Ceremony) ownerOf(info token.Info) string {
	for _, h := range c.Holders() {
		if info.Key != nil && h.KeyID != "" && h.KeyID == info.Key.ID() {
			return h.Name
		}
	}
	return c.OwnerOf(info.Serial)
}

// OwnerOf names whose token has that serial, or is being enrolled; "" where that
// is not known.
func (c *Ceremony) OwnerOf(serial string) string {
	for _, h := range c.Holders() {
		if serial != "" && (h.Serial == serial || c.state.enrolling[h.Name] == serial) {
			return h.Name
		}
	}
	return ""
}

func (c *Ceremony) virtualError(info token.Info) error {
	if info.Virtual {
		return &token.PolicyError{Why: fmt.Sprintf("token %s is a virtual one for rehearsals, and this is a real ceremony", info.Serial)}
	}
	return &token.PolicyError{Why: fmt.Sprintf("token %s is a real one, and this is a rehearsal", info.Serial)}
}
