package ceremony

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Signed is a signature that was verified and is durable.
type Signed struct {
	Role    string
	Version int64
	Holder  string
	KeyID   string
	Quorum  trust.Quorum // with this signature
	Left    int          // how many more payloads the consent covers that the token has not signed
}

// Match says whether the token described by info is the one with which h, one of
// Signers, signs a payload or the bins that are signed together: nil,
// trust.ErrUnknown, *token.WrongTokenError with the reason, *token.PolicyError,
// token.ErrNoKey, or token.ErrAlreadySigned. It asks the token for nothing.
func (c *Ceremony) Match(id metadata.Digest, h Holder, info token.Info) error {
	u, err := c.state.known().Unit(id)
	if err != nil {
		return err
	}
	_, _, _, err = c.next(u, h.Name, info)
	wrong, ok := errors.AsType[*token.WrongTokenError](err)
	switch {
	case err == nil && info.Key.ID() != h.KeyID:
		return &token.WrongTokenError{Holder: h.Name, Expected: h.Serial, Found: info.Serial, Owner: h.Name, Why: token.OtherToken}
	case !ok:
		return err
	}
	wrong.Expected = h.Serial
	switch quorum, err := c.state.known().UnitQuorum(u); {
	case h.Serial != "" && wrong.Found == h.Serial:
		wrong.Why = token.OtherKey
	case err == nil && quorum.SignedBy(wrong.Owner):
		wrong.Why, wrong.What = token.SignedAlready, u.Name()
	case wrong.Owner == "":
		wrong.Why, wrong.What = token.Stranger, c.Trust()
	}
	return wrong
}

// signer is the key of a holder that may sign p, and the keyids under which it
// stands: one, but for a key that adopted metadata knows under another keyid
// than the new version does.
type signer struct {
	keyids []string
	key    metadata.Key
}

func (c *Ceremony) signer(p *trust.Payload, holder string, info token.Info) (signer, error) {
	authorities, err := c.state.known().Authorities(p)
	if err != nil {
		return signer{}, err
	}
	if info.Virtual != c.state.rehearsal {
		return signer{}, c.virtualError(info)
	}
	if info.Key == nil {
		return signer{}, token.ErrNoKey
	}
	var who signer
	for _, a := range authorities {
		id, ok := a.KeyID(*info.Key)
		if !ok || a.Name(id) != holder {
			continue
		}
		who.key = a.Keys[id]
		if !slices.Contains(who.keyids, id) {
			who.keyids = append(who.keyids, id)
		}
	}
	if who.keyids == nil {
		return signer{}, &token.WrongTokenError{Holder: holder, Expected: c.serialOf(holder), Found: info.Serial, Owner: c.ownerOf(info), Why: token.OtherToken}
	}
	if c.hasSigned(p, who) {
		return who, token.ErrAlreadySigned
	}
	return who, nil
}

func (c *Ceremony) hasSigned(p *trust.Payload, who signer) bool {
	for sig := range c.state.signatures[p.ID] {
		if slices.Contains(who.keyids, sig.KeyID) {
			return true
		}
	}
	return false
}

func (c *Ceremony) serialOf(holder string) string {
	for _, h := range c.Holders() {
		if h.Name == holder {
			return h.Serial
		}
	}
	return ""
}

// Sign makes one signature over one payload, by one consent. Where the consent
// covers several hash bins it signs the next of them, and is called again while
// Signed.Left says that there are more. When it returns
// without an error the signature has been verified in software and is durable.
// It may block for a touch. Besides the errors of Match and of the token:
// *ConsentError, *ConflictError, *ClockError, ErrClockDue, *metadata.ExpiredError,
// *HorizonError, *PINFormatError, *BadSignatureError; after each of them nothing was recorded.
func (c *Ceremony) Sign(ctx context.Context, holder string, t token.Token, pin token.PIN, consent Consent) (Signed, error) {
	if err := c.checkClock(); err != nil {
		return Signed{}, err
	}
	u, err := c.state.known().Unit(consent.Proposal)
	if err != nil {
		return Signed{}, err
	}
	for _, p := range u.Payloads {
		if err := c.signable(p); err != nil {
			return Signed{}, err
		}
	}
	if err := consent.check(phrase(u)); err != nil {
		return Signed{}, err
	}
	info, err := t.Info(ctx)
	if err != nil {
		return Signed{}, err
	}
	if err := info.CheckPIN(pin.Bytes()); err != nil {
		return Signed{}, err
	}
	p, who, left, err := c.next(u, holder, info)
	if err != nil {
		return Signed{}, err
	}
	payload := slices.Clone(p.Body.Payload)
	if metadata.Sum(payload) != p.ID {
		return Signed{}, &ConsentError{"the payload is not the one that was shown"}
	}
	sig, err := t.Sign(ctx, pin, payload)
	if err != nil {
		return Signed{}, err
	}
	if err := who.key.Verify(p.Body.Payload, sig); err != nil {
		return Signed{}, &token.BadSignatureError{Serial: info.Serial, Err: err}
	}
	consentText := consent.String()
	if p.ID != consent.Proposal {
		consentText += "; read together as SHA-256 " + consent.Proposal.String()
	}
	ev := event.Signed{
		Proposal: p.ID, Holder: holder, Serial: info.Serial, Consent: consentText,
		KeyID: who.keyids[0], Also: who.keyids[1:], Sig: hex.EncodeToString(sig),
	}
	if err := c.append(ev); err != nil {
		return Signed{}, err
	}
	quorum, err := c.state.known().UnitQuorum(u)
	return Signed{Role: p.Role, Version: p.Version, Holder: holder, KeyID: who.keyids[0], Quorum: quorum, Left: left - 1}, err
}

// signable refuses what nobody should sign now, whoever it is.
func (c *Ceremony) signable(p *trust.Payload) error {
	if err := c.state.known().Signable(p); err != nil {
		return err
	}
	k, err := c.Clock()
	if err != nil {
		return err
	}
	now := k.Now
	if !p.Body.Expires.After(now) {
		return &metadata.ExpiredError{Role: p.Role, Version: p.Version, Expires: p.Body.Expires, At: now}
	}
	if p.Body.Expires.After(c.counted(p, now).Add(c.horizon(p))) {
		return &HorizonError{Role: p.Role, Version: p.Version, Expires: p.Body.Expires, Now: now}
	}
	return nil
}

// counted is from when a payload is good: now, or its freezing where the clock
// was ahead then. That is no reason to lose the signatures over it, but further
// than a clock that may be right it does not reach.
func (c *Ceremony) counted(p *trust.Payload, now time.Time) time.Time {
	frozen := c.frozenAt(p.ID)
	if frozen.After(now) && frozen.Sub(now) <= clockReach {
		return frozen
	}
	return now
}

// horizon is how long a payload may be good for at the most: at the founding
// what the plan says, later what any plan may say.
func (c *Ceremony) horizon(p *trust.Payload) time.Duration {
	switch plan := c.state.plan; {
	case plan == nil || p.Version > 1:
	case p.Role == "root":
		return plan.Root.Expires
	case p.Role == "targets":
		return plan.Targets.Expires
	}
	return draft.MaxPeriod
}

// next is the first payload of the unit that the token described by info has not
// signed, and how many there are of them. All of them have the same signers.
func (c *Ceremony) next(u *trust.Unit, holder string, info token.Info) (p *trust.Payload, who signer, left int, err error) {
	who, err = c.signer(u.Payloads[0], holder, info)
	if err != nil && !errors.Is(err, token.ErrAlreadySigned) {
		return nil, signer{}, 0, err
	}
	for _, each := range u.Payloads {
		if c.hasSigned(each, who) {
			continue
		}
		if left == 0 {
			p = each
		}
		left++
	}
	if left == 0 {
		return nil, signer{}, 0, token.ErrAlreadySigned
	}
	who, err = c.signer(p, holder, info)
	return p, who, left, err
}
