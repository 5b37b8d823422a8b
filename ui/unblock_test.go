package ui_test

import (
	"context"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

// paper is the PUK of every token of a frozen site.
const paper = "ACDEFGHJ"

// blocks types wrong PINs until the token takes none.
func (e *emulated) blocks() {
	e.t.Helper()
	e.takes("Insert token 5417501")
	for _, tries := range []string{"3", "2"} {
		e.sees("PIN of token", "Tries left "+tries)
		e.types("000000" + enter)
	}
	e.sees("One try is left")
	e.types("use the last try" + enter)
	e.sees("PIN of token", "Tries left 1")
	e.types("000000" + enter)
	e.sees("The PIN of token 5417501 (Ada) is blocked")
}

// unblocks goes from the page of a blocked PIN to the new PIN, typed twice.
func (e *emulated) unblocks(puk, pin string) {
	e.t.Helper()
	e.takes("Unblock it with the PUK")
	e.sees("PUK of token 5417501 (Ada)")
	e.choosesPIN(puk, pin)
}

func (e *emulated) choosesPIN(puk, pin string) {
	e.t.Helper()
	e.types(puk + enter)
	e.sees("Choose a PIN for token 5417501")
	e.types(pin + enter)
	e.sees("Type the PIN once more")
	e.types(pin + enter)
}

func TestBlockedPINIsUnblocked(t *testing.T) {
	s, e := atToken(t, setting{})
	e.blocks()
	e.golden("pin-blocked", "Nothing was signed.", "Tries of its PUK 3")
	before := s.drawer.Card("5417501").Counts()
	e.takes("Unblock it with the PUK")
	e.golden("puk", "PUK of token 5417501 (Ada)", "the PUK, not the PIN")
	e.types("acdefghj" + enter)
	e.sees("The letters of a PUK are capital letters")
	e.types(paper + enter)
	e.sees("Choose a PIN")
	e.types(paper + enter)
	e.sees("That is the PUK")
	e.types("new-7391" + enter)
	e.sees("Type the PIN once more")
	e.types("new-7391" + enter)
	e.golden("pin-new", "The token has its new PIN")
	after := s.drawer.Card("5417501").Counts()
	if after.PUK != before.PUK+1 || after.Verify != before.Verify || after.Change != before.Change {
		t.Errorf("the token was asked %+v, then %+v: the PUK goes to it once, and no PIN does", before, after)
	}
	e.types("c")
	e.sees("PIN of token 5417501 (Ada)", "Tries left 3")
	e.types("new-7391" + enter)
	e.sees("Signed", "1 of 3: Ada")
	if n := s.drawer.Card("5417501").Counts(); n.PUK != after.PUK {
		t.Errorf("the PUK was shown %d times", n.PUK-before.PUK)
	}
	for _, secret := range []string{"new-7391", paper} {
		if strings.Contains(string(e.bytes()), secret) {
			t.Errorf("%s was on the screen", secret)
		}
	}
}

func TestBlockedPINIsLeftBlocked(t *testing.T) {
	s, e := atToken(t, setting{})
	e.blocks()
	e.takes("Leave it blocked")
	e.golden("pin-left-blocked", "Who acts now?", "TOKEN-PIN-BLOCKED", "The PIN of token 5417501 (Ada) is blocked")
	// The next time it is said before any PIN is asked for.
	e.takes("Ada signs root 1 or targets 1")
	e.takes("Sign root 1")
	verified := s.drawer.Card("5417501").Counts().Verify
	e.consents("Ada", "root 1")
	e.sees("The PIN of token 5417501 (Ada) is blocked")
	e.types(escape)
	e.sees("do you sign root 1?")
	if n := s.drawer.Card("5417501").Counts().Verify; n != verified {
		t.Errorf("the token was asked for %d PINs", n-verified)
	}
}

func TestWrongPUKStopsBeforeTheLastTry(t *testing.T) {
	s, e := atToken(t, setting{})
	e.blocks()
	for _, left := range []string{"2 more tries", "1 more try"} {
		shown := s.drawer.Card("5417501").Counts().PUK
		e.unblocks("AAAAAAAA", "new-7391")
		e.sees("TOKEN-PUK-WRONG", left, "Unblock it with the PUK")
		if n := s.drawer.Card("5417501").Counts().PUK; n != shown+1 {
			t.Errorf("the PUK was shown %d times", n-shown)
		}
	}
	e.golden("puk-wrong", "It takes 1 more try.", "Tries of its PUK 1")
	e.takes("Unblock it with the PUK")
	e.golden("puk-last-try", "One try of the PUK is left", "Type: use the last try")
	e.types(escape)
	e.takes("Unblock it with the PUK")
	e.sees("One try of the PUK is left")
	e.types("use the last try" + enter)
	e.sees("PUK of token 5417501 (Ada)", "Tries left 1")
	e.choosesPIN("AAAAAAAA", "new-7391")
	e.golden("puk-blocked", "Who acts now?", "TOKEN-PUK-BLOCKED", "Only a reset")
	e.takes("Ada signs root 1 or targets 1")
	e.takes("Sign root 1")
	e.consents("Ada", "root 1")
	e.sees("Who acts now?", "TOKEN-PUK-BLOCKED")
}

// A token that is taken out while it is unblocked is asked for again.
func TestTokenPulledBeforeItIsUnblocked(t *testing.T) {
	s, e := atToken(t, setting{})
	e.blocks()
	s.must(s.drawer.Remove("5417501"))
	e.unblocks(paper, "new-7391")
	e.sees("TOKEN-REMOVED", "Insert token 5417501 (Ada)")
	e.takes("Insert token 5417501")
	e.unblocks(paper, "new-7391")
	e.sees("The token has its new PIN")
}

// rigid is a reader of tokens that know nothing but how to sign.
type rigid struct{ token.Reader }

func (r rigid) Tokens(ctx context.Context) ([]token.Token, error) {
	tokens, err := r.Reader.Tokens(ctx)
	for i, t := range tokens {
		tokens[i] = struct{ token.Token }{t}
	}
	return tokens, err
}

func TestTokenThatCannotBeUnblocked(t *testing.T) {
	s := newSite(t).frozen()
	e := start(t, setting{}, func(ctx context.Context, p page.Person) error {
		c := s.config(p)
		c.Reader = rigid{c.Reader}
		return ui.Run(ctx, c)
	})
	e.comesBack()
	e.takes("Ada signs root 1 or targets 1")
	e.takes("Sign root 1")
	e.consents("Ada", "root 1")
	e.blocks()
	e.golden("pin-blocked-for-good", "can't be unblocked here")
	e.takes("Leave it blocked")
	e.sees("Who acts now?")
}
