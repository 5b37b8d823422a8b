package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// sign leads a holder through one signature over one payload: review, digest,
// consent, then token, PIN and touch. Going back leads to the page before.
func (f *flow) sign(ctx context.Context, h ceremony.Holder, step ceremony.Step) error {
	r, err := f.Ceremony.Review(step.Proposal, h)
	if err != nil {
		return err
	}
	var c ceremony.Consent
	var s ceremony.Signed
	list := page.ListOf(r.Changes)
	err = inTurn(ctx,
		func(ctx context.Context) error { return f.review(ctx, r, list, step.Quorum) },
		func(ctx context.Context) (err error) { c, err = f.digest(ctx, r, step.Quorum); return err },
		func(ctx context.Context) (err error) {
			c.Phrase, err = f.consent(ctx, r, list, step.Quorum)
			return err
		},
		func(ctx context.Context) (err error) { s, err = f.signature(ctx, h, step, c); return err },
	)
	if err != nil {
		return err
	}
	return f.signed(ctx, h, step, s)
}

// signature makes one with the holder's token.
func (f *flow) signature(ctx context.Context, h ceremony.Holder, step ceremony.Step, consent ceremony.Consent) (ceremony.Signed, error) {
	dress := func(p page.Page) page.Page { return p.By(h.Name, what(step.Quorum), progress(step.Quorum)) }
	match := func(info token.Info) error { return f.Ceremony.Match(step.Proposal, h, info) }
	var signed ceremony.Signed
	purpose := "sign " + what(step.Quorum)
	err := f.byToken(ctx, h, dress, match, purpose, func(ctx context.Context, t token.Token, pin token.PIN) (next string, err error) {
		signed, err = f.Ceremony.Sign(ctx, h.Name, t, pin, consent)
		if err == nil && signed.Left > 0 {
			next = fmt.Sprintf("%s, %d left", purpose, signed.Left)
		}
		return next, err
	})
	return signed, err
}

// byToken asks for the token, its PIN and a touch, and has sign do what they
// are for. What goes wrong is said, and nothing is tried a second time without
// the person. sign says what it wants the token for next, with the same PIN; ""
// is nothing more.
func (f *flow) byToken(ctx context.Context, h ceremony.Holder, dress func(page.Page) page.Page, match func(token.Info) error,
	purpose string, sign func(context.Context, token.Token, token.PIN) (next string, err error)) error {
	var last error
	for {
		t, said, err := f.usable(ctx, h, dress, match, last)
		if err != nil {
			return err
		}
		pin, err := f.secrets(h, t.info, dress, said).pin(ctx)
		if err != nil {
			return err
		}
		for next := purpose; err == nil && next != ""; {
			err = f.Person.Wait(ctx, dress(f.touchPage(h, t.info, next)), func(ctx context.Context) (err error) {
				next, err = sign(ctx, t.token, pin)
				return err
			})
		}
		pin.Wipe()
		if err == nil || ends(ctx, err) || !again(err) && !pinBlocked(err) {
			return err
		}
		last = err
	}
}

// again says whether the same person can put it right on the spot.
func again(err error) bool {
	var pin *token.WrongPINError
	var puk *token.WrongPUKError
	var removed *token.RemovedError
	var busy *token.BusyError
	return errors.As(err, &pin) && pin.Tries != 0 || errors.As(err, &puk) && puk.Tries != 0 ||
		errors.As(err, &removed) || errors.As(err, &busy) ||
		errors.Is(err, token.ErrNoTouch) || errors.Is(err, context.Canceled)
}

// touchPage is on the screen before the token is called.
func (f *flow) touchPage(h ceremony.Holder, info token.Info, purpose string) page.Page {
	title := "Touch the token when it blinks"
	if info.Touch == token.TouchNever {
		title = "The token is working"
	}
	return f.page(title,
		page.Facts{{Label: "What for", Value: purpose}, {Label: "Token", Value: tokenText(info)}, {Label: "Holder", Value: h.Name}},
		page.Para("Leave the token in until the next page. If it wants a touch and nobody touches it in time, it does nothing, and no try is used."),
	)
}

// signed is shown only after the signature was verified and is durable.
func (f *flow) signed(ctx context.Context, h ceremony.Holder, step ceremony.Step, s ceremony.Signed) error {
	state := "more signatures are needed"
	if s.Quorum.Met() {
		state = "complete"
	}
	p := f.page("Signed",
		page.Para("The signature was checked by this machine and written to its journal."),
		slices.Concat(page.Facts{{Label: "Holder", Value: h.Name}, {Label: "Signed", Value: what(step.Quorum)}}, tallies(s.Quorum), page.Facts{{Label: "State", Value: state}}),
		page.Para("Take the token out and give it back to "+h.Name+"."),
	).By(h.Name, what(s.Quorum), progress(s.Quorum)).WithHelp(
		"From here on the signature survives a power cut. It is in every bundle that this site writes.",
	)
	p.NoBack = "The signature is made. It can't be taken back, only left unused."
	return f.Person.Tell(ctx, p)
}
