package ui

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony"
)

// enrol makes a token the token of a holder.
func (f *flow) enrol(ctx context.Context, name string) error {
	holders := f.Ceremony.Holders()
	i := slices.IndexFunc(holders, func(h ceremony.Holder) bool { return h.Name == name })
	if i < 0 {
		return ceremony.ErrNotNow
	}
	h := holders[i]
	doing := fmt.Sprintf("token %d of %d", i+1, len(holders))
	dress := func(p Page) Page { return p.as(h.Name, "enrolment", doing) }
	var enrolled ceremony.Enrolled
	for {
		cut, err := f.beforeEnrol(ctx, h, dress)
		if err != nil {
			return err
		}
		enrolled, err = f.enrolment(ctx, h, dress, cut)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrBack) {
			return err
		}
	}
	p := dress(f.page("Token "+enrolled.Serial+" is "+h.Name+"'s",
		Para("The key was made on the token, the token vouched for it, and it proved that it can sign. This is in the journal."),
		Facts{{"Key", halves(enrolled.KeyID)}},
		Checks(enrolled.Verdict.Checks),
		Para("Take the token out. "+h.Name+" keeps the token, and the paper with the PUK, in different places."),
	)).help("Each line is a check of what the token's maker and the token itself say about the key. They are done again by every site that gets the bundle.")
	p.NoBack = "The token is enrolled: that is not undone by going back."
	return f.Person.Tell(ctx, p)
}

// beforeEnrol says what is going to happen, and asks whether the token is new
// or one that was being enrolled when something cut it short.
func (f *flow) beforeEnrol(ctx context.Context, h ceremony.Holder, dress func(Page) Page) (cut bool, err error) {
	p := dress(f.page(h.Name+" enrols a token",
		Facts{{"Expected", tokenOf(h)}, {"State", "as it came from the factory"}},
		Para("These are replaced: the PIN and the PUK that every new token has, and its management key. Then the token makes a key that never leaves it, and vouches for it."),
		Para("A token that holds a key already is refused: nothing is ever overwritten."),
	)).help(
		"The PIN is what the holder types to sign. The PUK unblocks the PIN after too many wrong ones.",
		"Choose the second way only if an enrolment of this very token was interrupted. The token then knows the PIN and the PUK of that run.",
	)
	key, err := f.Person.Choose(ctx, p, []Choice{
		{"new", "Enrol a new token", "choose a PIN, get a PUK"},
		{"cut short", "Go on with one that was interrupted", "same PIN, same PUK"},
	})
	return key == "cut short", err
}

// enrolment asks for the token and its secrets, and has the key made.
func (f *flow) enrolment(ctx context.Context, h ceremony.Holder, dress func(Page) Page, cut bool) (ceremony.Enrolled, error) {
	match := func(info ceremony.TokenInfo) error { return f.Ceremony.CheckEnrol(h.Name, info) }
	var problem *Problem
	for {
		t, err := f.expect(ctx, h, dress, match, problem)
		if err != nil {
			return ceremony.Enrolled{}, err
		}
		token, ok := t.token.(ceremony.Enroller)
		if !ok {
			return ceremony.Enrolled{}, &ceremony.PolicyError{Why: "this kind of token can't make its key here"}
		}
		h.Serial = t.info.Serial
		enrolled, err := f.makeKey(ctx, h, t.info, token, dress, cut, problem)
		if err == nil || ends(ctx, err) || !again(err) {
			return enrolled, err
		}
		cut, problem = true, explain(err)
	}
}

func (f *flow) makeKey(ctx context.Context, h ceremony.Holder, info ceremony.TokenInfo, token ceremony.Enroller, dress func(Page) Page, cut bool, problem *Problem) (ceremony.Enrolled, error) {
	pin, err := f.newPIN(ctx, h, info, dress, cut, problem)
	if err != nil {
		return ceremony.Enrolled{}, err
	}
	defer pin.Wipe()
	puk, err := f.puk(ctx, h, info, dress, cut)
	if err != nil {
		return ceremony.Enrolled{}, err
	}
	defer puk.Wipe()
	info.Touch = f.Ceremony.Plan().Tokens.Touch
	var enrolled ceremony.Enrolled
	err = f.Person.Wait(ctx, dress(f.touchPage(h, info, "make the key of "+h.Name)), func(ctx context.Context) (err error) {
		enrolled, err = f.Ceremony.Enrol(ctx, h.Name, token, pin, puk)
		return err
	})
	return enrolled, err
}

// newPIN has a PIN chosen and typed twice, or that of an interrupted run typed.
func (f *flow) newPIN(ctx context.Context, h ceremony.Holder, info ceremony.TokenInfo, dress func(Page) Page, cut bool, problem *Problem) (ceremony.PIN, error) {
	facts := Facts{{"Token", tokenText(info)}, {"Holder", h.Name}}
	if cut {
		return f.Person.Secret(ctx, dress(f.page("The PIN of the interrupted enrolment", facts,
			Para("Type the PIN that was chosen then."),
		)).with(problem).help(pinHelp()...), Field{Label: "PIN", Check: ceremony.CheckPIN})
	}
	for {
		pin, err := f.Person.Secret(ctx, dress(f.page("Choose a PIN for token "+info.Serial, facts,
			Para("6 to 8 characters: digits, or letters that every keyboard has. It is not shown. No birthday, no 123456."),
		)).with(problem).help(pinHelp()...), Field{Label: "New PIN", Check: newPIN})
		if err != nil {
			return pin, err
		}
		again, err := f.Person.Secret(ctx, dress(f.page("Type the PIN once more", facts,
			Para("So that a slip of the finger doesn't lock the token."),
		)).help(pinHelp()...), Field{Label: "New PIN, again", Check: ceremony.CheckPIN})
		same := err == nil && bytes.Equal(pin.Bytes(), again.Bytes())
		again.Wipe()
		switch {
		case same:
			return pin, nil
		case err != nil && !errors.Is(err, ErrBack):
			pin.Wipe()
			return ceremony.PIN{}, err
		}
		pin.Wipe()
		problem = nil
		if err == nil {
			problem = &Problem{Code: "PIN-DIFFERS", Happened: "The two PINs were not the same.",
				NotDone: "The token was not changed.", Next: "Choose a PIN and type it twice."}
		}
	}
}

// Help of the pages that ask for them.
const pukHelp = "The paper with the PUK belongs into a safe. Who has it and the token can set a new PIN."

func pinHelp() []string {
	return []string{
		"The holder types this PIN each time they sign. Three wrong ones block the token until the PUK unblocks it.",
		"The PIN is for this token only. Don't use the PIN of a card or a phone.",
	}
}

// newPIN refuses the PIN that every token is shipped with.
func newPIN(typed []byte) error {
	if string(typed) == "123456" {
		return errors.New("that is the PIN that every new token has: choose another one")
	}
	return ceremony.CheckPIN(typed)
}

// puk makes a PUK, shows it once and has it typed from the paper, or has that
// of an interrupted run typed.
func (f *flow) puk(ctx context.Context, h ceremony.Holder, info ceremony.TokenInfo, dress func(Page) Page, cut bool) (ceremony.PIN, error) {
	facts := Facts{{"Token", tokenText(info)}, {"Holder", h.Name}}
	if cut {
		return f.Person.Secret(ctx, dress(f.page("The PUK of the interrupted enrolment", facts,
			Para("Type the PUK from the paper that was written then."),
		)).help(pukHelp), Field{Label: "PUK", Check: ceremony.CheckPIN})
	}
	puk, err := newPUK(f.Rand)
	if err != nil {
		return ceremony.PIN{}, err
	}
	defer clear(puk)
	for {
		show := dress(f.page("Write this PUK on paper", facts,
			Secret(puk),
			Para("The PUK unblocks the token after too many wrong PINs. It is shown only now, and kept nowhere. Only "+h.Name+" should see it."),
			Para("It has no 0 or O, no 1, I or L, no 2 or Z, no 5 or S, no 8 or B."),
		)).help(pukHelp)
		if err := f.Person.Tell(ctx, show); err != nil {
			return ceremony.PIN{}, err
		}
		typed, err := f.Person.Secret(ctx, dress(f.page("Type the PUK from the paper", facts,
			Para("Capital letters, no spaces. Going back shows it again."),
		)).help(pukHelp), Field{Label: "PUK", Check: func(typed []byte) error {
			if !bytes.Equal(bytes.ToUpper(typed), puk) {
				return errors.New("that is not the PUK that was shown: compare the paper, or go back to see it again")
			}
			return nil
		}})
		switch {
		case errors.Is(err, ErrBack):
			continue
		case err != nil:
			return ceremony.PIN{}, err
		}
		typed.Wipe()
		return ceremony.NewPIN(bytes.Clone(puk)), nil
	}
}

// pukLetters has nothing that is read as something else.
const pukLetters = "ACDEFGHJKMNPQRTUVWXY34679"

func newPUK(random io.Reader) ([]byte, error) {
	puk := make([]byte, 8)
	for i := range puk {
		n, err := rand.Int(random, big.NewInt(int64(len(pukLetters))))
		if err != nil {
			return nil, fmt.Errorf("no randomness for a PUK: %w", err)
		}
		puk[i] = pukLetters[n.Int64()]
	}
	return puk, nil
}
