package ui

import (
	"context"
	"errors"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// Unblock has the PUK typed and a new PIN chosen, and the token take both,
// once. It says first how many tries the PUK has. A wrong PUK costs one of
// them: the token's error says so, and nothing is tried again by itself.
func (s Secrets) Unblock(ctx context.Context, token token.Unblocker) error {
	puk, err := s.knownPUK(ctx)
	if err != nil {
		return err
	}
	defer puk.Wipe()
	s.Problem = nil
	pin, err := s.choosePIN(ctx, newPINBeside(puk))
	if err != nil {
		return err
	}
	defer pin.Wipe()
	p := s.page("The token is working", s.facts(page.Fact{Label: "What for", Value: "set a new PIN by means of the PUK"}),
		page.Para("Leave the token in until the next page. It needs no touch."))
	return s.Person.Wait(ctx, p, func(ctx context.Context) error { return token.Unblock(ctx, puk.PIN, pin) })
}

func (s Secrets) knownPUK(ctx context.Context) (PUK, error) {
	if err := s.beforePUK(ctx); err != nil {
		return PUK{}, err
	}
	p := s.page("PUK of "+s.token(),
		s.facts(page.Fact{Label: "Wanted", Value: "the PUK, not the PIN"}, page.Fact{Label: "Tries left", Value: tries(s.Token.PUKTries)}),
		page.Para("Only "+s.holder()+" types it, as it stands on the paper. It is not shown. The new PIN is chosen after it."),
	).WithProblem(s.Problem).WithHelp(
		pukHelp,
		"A wrong PUK costs one of its tries. With none left only a reset, which destroys the key, makes the token usable.",
		"Compare the serial number on the token with the one on the paper: each token has a PUK of its own.",
	)
	puk, err := s.Person.Secret(ctx, p, page.Field{Label: "PUK", Judge: writtenPUK})
	return PUK{puk}, err
}

// usable is expect for a token that is going to be asked for its PIN: where
// that is blocked, it is unblocked first, or the holder goes back. last is
// what the token refused just before, if it did; said is what of it is still
// to be said.
func (f *flow) usable(ctx context.Context, h ceremony.Holder, dress func(page.Page) page.Page, match func(token.Info) error, last error) (t inReader, said *page.Problem, err error) {
	blocked := pinBlocked(last)
	if last != nil && !blocked { // that is what the page of it says
		said = explain(last)
	}
	for {
		t, err = f.expect(ctx, h, dress, match, said)
		if err != nil || !blocked && t.info.PINTries != 0 {
			return t, said, err
		}
		switch err = f.blocked(ctx, h, t, dress, said, "The new PIN is asked for next."); {
		case err == nil:
			blocked, said = false, nil
		case ends(ctx, err) || !again(err):
			return t, nil, err
		default:
			said = explain(err)
		}
	}
}

// pinBlocked says whether a token has just refused its PIN for good.
func pinBlocked(err error) bool {
	var wrong *token.WrongPINError
	return errors.Is(err, token.ErrPINBlocked) || errors.As(err, &wrong) && wrong.Tries == 0
}

// blocked says what can be done about a token whose PIN is blocked. It returns
// nil once the token has a new one, and ErrPINBlocked where people leave it so.
// then says what follows.
func (f *flow) blocked(ctx context.Context, h ceremony.Holder, t inReader, dress func(page.Page) page.Page, problem *page.Problem, then page.Para) error {
	s := f.secrets(h, t.info, dress, nil)
	if t.info.PUKTries == 0 {
		return &namedError{s.token(), token.ErrPUKBlocked}
	}
	out := "This kind of token can't be unblocked here. The software that came with it may be able to."
	leave := page.Choice{Key: "leave blocked", Label: "Leave it blocked", Detail: "back to the list of steps"}
	choices := []page.Choice{leave}
	tok, can := t.token.(token.Unblocker)
	if can {
		out = "The PUK stands on the paper that " + h.Name + " wrote when the token was enrolled. With it the token gets a new PIN, and keeps its key."
		choices = []page.Choice{{Key: "unblock", Label: "Unblock it with the PUK", Detail: h.Name + " has the paper here"}, leave}
	}
	for ; ; problem = nil {
		p := dress(f.page("The PIN of "+s.token()+" is blocked",
			s.facts(page.Fact{Label: "Tries of its PUK", Value: tries(t.info.PUKTries)}),
			page.Para("It has no tries left. Nothing was signed. "+out),
		)).WithProblem(problem).WithHelp(
			"With the PUK the token gets a new PIN. Its key stays, and so does the PUK.",
			"If the paper isn't here, leave the token blocked: another holder can sign instead, and nothing is lost.",
		)
		key, err := f.Person.Choose(ctx, p, choices)
		switch {
		case err != nil:
			return err
		case key == leave.Key:
			return &namedError{s.token(), token.ErrPINBlocked}
		}
		switch err := s.Unblock(ctx, tok); {
		case err == nil:
			return f.unblocked(ctx, dress, s, then)
		case !errors.Is(err, page.ErrBack):
			return &namedError{s.token(), err}
		}
	}
}

func (f *flow) unblocked(ctx context.Context, dress func(page.Page) page.Page, s Secrets, then page.Para) error {
	p := dress(f.page("The token has its new PIN", s.facts(),
		page.Para("The tries of the PIN are all back. The PUK is still the one on the paper, and the key is the same."),
		then,
	)).WithHelp("Nothing was signed. The holder can still go back.")
	p.NoBack = "The new PIN is set: that is not undone by going back."
	return f.Person.Tell(ctx, p)
}

// secrets asks h about a token, on pages that are dressed like others.
func (f *flow) secrets(h ceremony.Holder, info token.Info, dress func(page.Page) page.Page, problem *page.Problem) Secrets {
	return Secrets{Person: f.Person, Banner: dress(f.page("")).Banner, Holder: h.Name, Token: info, Problem: problem}
}
