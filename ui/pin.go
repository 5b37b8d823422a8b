package ui

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// pin asks for the PIN of a token, to sign with it, after saying how many
// tries are left. The last try needs a consent of its own. A PIN that is known
// to be blocked is not asked for: ErrPINBlocked.
func (s Secrets) pin(ctx context.Context) (token.PIN, error) {
	if err := s.beforePIN(ctx); err != nil {
		return token.PIN{}, err
	}
	wanted := "the PIV PIN, not the PUK"
	if s.Token.OwnTools {
		wanted = "the PIN that was set with the token's own tools"
	}
	p := s.page("PIN of "+s.token(),
		s.facts(page.Fact{Label: "Wanted", Value: wanted}, page.Fact{Label: "Tries left", Value: tries(s.Token.PINTries)}),
		page.Para("Only the holder types it. It is not shown, not kept, and asked for each time."),
	).WithProblem(s.Problem).WithHelp(
		"Its length is checked before the token is asked, so a slip of the finger costs no try.",
		"A wrong PIN costs one try. With none left the token takes no PIN until its PUK unblocks it.",
		"Don't touch the token yet: that comes after the PIN.",
	)
	return s.Person.Secret(ctx, p, page.Field{Label: "PIN", Judge: s.Token.CheckPIN})
}

// beforePIN stops where the PIN is blocked, and asks before its last try.
func (s *Secrets) beforePIN(ctx context.Context) error {
	switch s.Token.PINTries {
	case 0:
		return token.ErrPINBlocked
	case 1:
		return s.risk(ctx, "One try is left",
			page.Warning("If the next PIN is wrong, the token is blocked. Only its PUK, on paper with "+s.holder()+", can unblock it then."),
			"If there is any doubt, go back: another holder can sign instead.", keyboard)
	}
	return nil
}

// NewPIN has a PIN chosen, and typed twice.
func (s Secrets) NewPIN(ctx context.Context) (token.PIN, error) {
	return s.choosePIN(ctx, newPIN)
}

func (s Secrets) choosePIN(ctx context.Context, check func([]byte) error) (token.PIN, error) {
	return s.twice(ctx, "PIN",
		s.page("Choose a PIN for token "+s.Token.Serial, s.facts(),
			page.Para("6 to 8 characters: digits, or letters that every keyboard has. It is not shown. No birthday, no 123456."),
		).WithHelp(pinHelp()...),
		s.page("Type the PIN once more", s.facts(),
			page.Para("So that a slip of the finger doesn't lock the token."),
		).WithHelp(pinHelp()...),
		page.Field{Label: "New PIN", Judge: check})
}

// PINOfThen has the PIN typed that was chosen when an enrolment of this token
// was interrupted. The token may not know it yet: it is typed twice, as a new
// one is. The last try needs a consent.
func (s Secrets) PINOfThen(ctx context.Context) (token.PIN, error) {
	if err := s.beforePIN(ctx); err != nil {
		return token.PIN{}, err
	}
	return s.twice(ctx, "PIN",
		s.page("The PIN of the interrupted enrolment", s.facts(page.Fact{Label: "Tries left", Value: tries(s.Token.PINTries)}),
			page.Para("Type the PIN that was chosen then. If the token was not changed before the interruption, it gets this PIN now: that is why it is typed twice."),
		).WithHelp(pinHelp("If the PIN was unblocked since then, it is the new one. A token that was in use before may have a PIN of its own.")...),
		s.page("Type the PIN once more", s.facts(),
			page.Para("So that a slip of the finger doesn't lock the token."),
		).WithHelp(pinHelp()...),
		page.Field{Label: "PIN", Judge: newPIN})
}

func pinHelp(more ...string) []string {
	return append(more,
		"The holder types this PIN each time they sign. Three wrong ones block the token until the PUK unblocks it.",
		"The PIN is for this token only. Don't use the PIN of a card or a phone.",
	)
}

// newPIN refuses the PIN that every token is shipped with.
func newPIN(typed []byte) error {
	if string(typed) == "123456" {
		return errors.New("that is the PIN that every new token has: choose another one")
	}
	return token.CheckPIN(typed)
}

// newPINBeside refuses a PIN that is the PUK: who sees it typed could do more
// than sign.
func newPINBeside(puk PUK) func([]byte) error {
	return func(typed []byte) error {
		if bytes.Equal(typed, puk.Bytes()) {
			return errors.New("that is the PUK: choose something else as the PIN")
		}
		return newPIN(typed)
	}
}

func tokenText(info token.Info) string {
	s := fmt.Sprintf("%s %s", info.Kind, info.Serial)
	if info.Firmware != "" {
		s += ", firmware " + info.Firmware
	}
	return s
}

func tries(n int) string {
	if n < 0 {
		return "not known: this kind of token does not tell"
	}
	return fmt.Sprint(n)
}
