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

// enrol makes a token the token of a holder.
func (f *flow) enrol(ctx context.Context, name string) error {
	h, doing := f.enrolee(name)
	dress := func(p page.Page) page.Page { return p.By(h.Name, "enrolment", doing) }
	var enrolled ceremony.Enrolled
	for {
		way, err := f.beforeEnrol(ctx, h, dress)
		if err != nil {
			return err
		}
		enrolled, err = f.enrolment(ctx, way, dress)
		if err == nil {
			break
		}
		if !errors.Is(err, page.ErrBack) {
			return err
		}
	}
	p := dress(f.page("Token "+enrolled.Serial+" is "+h.Name+"'s",
		page.Para("The key was made on the token, the token vouched for it, and it proved that it can sign. This is in the journal."),
		page.Facts{{Label: "Key", Value: halves(enrolled.KeyID)}},
		page.Checks(enrolled.Verdict.Checks),
		page.Para("Take the token out. "+h.Name+" keeps the token, and the paper with the PUK, in different places."),
	)).WithHelp("Each line is a check of what the token's maker and the token itself say about the key. They are done again by every site that gets the bundle.")
	p.NoBack = "The token is enrolled: that is not undone by going back."
	return f.Person.Tell(ctx, p)
}

// enrolee is who gets a token, with the serial that the plan names, and how far
// the enrolments are. Somebody whose token is replaced has a key already: the
// new token may be any.
func (f *flow) enrolee(name string) (h ceremony.Holder, progress string) {
	holders := f.Ceremony.Holders()
	i := slices.IndexFunc(holders, func(h ceremony.Holder) bool { return h.Name == name && h.KeyID == "" })
	if i < 0 {
		return ceremony.Holder{Name: name}, "new token"
	}
	return holders[i], fmt.Sprintf("token %d of %d", i+1, len(holders))
}

// way is how an enrolment goes: with which token, and with which not.
type way struct {
	holder  ceremony.Holder // with the serial that is expected; "" any
	givenUp string          // serial of the token that was interrupted and is not wanted any more; "" none
}

// beforeEnrol says what is going to happen. Where an enrolment was cut short it
// goes on with that very token, unless the people want another one.
func (f *flow) beforeEnrol(ctx context.Context, h ceremony.Holder, dress func(page.Page) page.Page) (way, error) {
	serial, cut := f.Ceremony.CutShort(h.Name)
	if !cut {
		return way{holder: h}, f.newToken(ctx, h, dress)
	}
	for {
		another, err := f.interrupted(ctx, h, serial, dress)
		if err != nil || !another {
			h.Serial = serial
			return way{holder: h}, err
		}
		switch err := f.giveUp(ctx, h, serial, dress); {
		case err == nil:
			return way{holder: h, givenUp: serial}, nil
		case !errors.Is(err, page.ErrBack):
			return way{}, err
		}
	}
}

func (f *flow) newToken(ctx context.Context, h ceremony.Holder, dress func(page.Page) page.Page) error {
	p := dress(f.page(h.Name+" enrols a token",
		page.Facts{{Label: "Expected", Value: tokenOf(h)}, {Label: "State", Value: "as it came from the factory"}},
		page.Para("These are replaced: the PIN and the PUK that every new token has, and its management key. Then the token makes a key that never leaves it, and vouches for it."),
		page.Para("A token that holds a key already is refused: nothing is ever overwritten."),
	)).WithHelp(
		"The PIN is what the holder types to sign. The PUK unblocks the PIN after too many wrong ones.",
		"The enrolment can be interrupted at any moment, even by a power cut: it then goes on with the same token.",
	)
	_, err := f.Person.Choose(ctx, p, []page.Choice{{Key: "new", Label: "Enrol a new token", Detail: "choose a PIN, get a PUK"}})
	return err
}

// interrupted says that an enrolment was cut short, and asks whether another
// token is to be enrolled instead.
func (f *flow) interrupted(ctx context.Context, h ceremony.Holder, serial string, dress func(page.Page) page.Page) (another bool, err error) {
	token := ceremony.Holder{Name: h.Name, Serial: serial}
	p := dress(f.page("The enrolment of "+h.Name+" was interrupted",
		page.Facts{{Label: "Expected", Value: tokenOf(token)}, {Label: "Needed", Value: "the PIN and the PUK that were chosen then"}},
		page.Para("The journal says that the enrolment of this very token began. How far it came is seen when the token is in the reader: what was done stays, and only the rest is done."),
	)).WithHelp(
		"The token may know the PIN and the PUK of then already, or still have those of the factory. Both are right: type those of then.",
		"If the paper with the PUK is lost, or nobody remembers the PIN, enrol another token.",
	)
	choices := []page.Choice{{Key: "go on", Label: "Go on with token " + serial, Detail: "same PIN, same PUK"}}
	if h.Serial == "" {
		choices = append(choices, page.Choice{Key: "another", Label: "Enrol another token instead", Detail: "this one is lost, or not wanted"})
	} else {
		p.Body = append(p.Body, page.Para("The plan names this token for "+h.Name+". If it is lost, a new ceremony with another plan is needed."))
	}
	key, err := f.Person.Choose(ctx, p, choices)
	return key == "another", err
}

// giveUp has a person say in words that a token is not gone on with.
func (f *flow) giveUp(ctx context.Context, h ceremony.Holder, serial string, dress func(page.Page) page.Page) error {
	p := dress(f.page("Another token for "+h.Name,
		page.Facts{{Label: "Given up", Value: tokenOf(ceremony.Holder{Name: h.Name, Serial: serial})}},
		page.Warning("Once another token is changed, the enrolment of token "+serial+" can't be gone on with. Before that token can be enrolled again it has to be reset."),
		page.Para("A key that was made on it is in no plan and in no metadata: nobody needs it."),
	)).WithHelp("Nothing is changed yet. Esc goes back to the choice.")
	_, err := f.Person.Text(ctx, p, phrase("enrol another token"))
	return err
}

// enrolment asks for the token and its secrets, and has the key made.
func (f *flow) enrolment(ctx context.Context, w way, dress func(page.Page) page.Page) (ceremony.Enrolled, error) {
	match := func(info token.Info) error { return f.Ceremony.CheckEnrol(w.holder.Name, info, w.givenUp) }
	var last error
	for {
		t, said, err := f.usable(ctx, w.holder, dress, match, last)
		if err != nil {
			return ceremony.Enrolled{}, err
		}
		w.holder.Serial = t.info.Serial
		enrolled, err := f.makeKey(ctx, w.holder, t, dress, said)
		if err == nil || ends(ctx, err) || !again(err) && !pinBlocked(err) {
			return enrolled, err
		}
		last = err
	}
}

func (f *flow) makeKey(ctx context.Context, h ceremony.Holder, t inReader, dress func(page.Page) page.Page, said *page.Problem) (ceremony.Enrolled, error) {
	tok, ok := t.token.(token.Enroller)
	switch {
	case !ok:
		return ceremony.Enrolled{}, &token.PolicyError{Why: "this kind of token can't make its key here"}
	case t.info.PUKTries == 0:
		return ceremony.Enrolled{}, token.ErrPUKBlocked
	}
	pin, puk, err := f.enrolSecrets(ctx, f.secrets(h, t.info, dress, said))
	if err != nil {
		return ceremony.Enrolled{}, err
	}
	defer pin.Wipe()
	defer puk.Wipe()
	info := t.info
	info.Touch = token.TouchAlways
	if plan := f.Ceremony.Plan(); plan != nil {
		info.Touch = plan.Tokens.Touch
	}
	var enrolled ceremony.Enrolled
	err = f.Person.Wait(ctx, dress(f.touchPage(h, info, "make the key of "+h.Name)), func(ctx context.Context) (err error) {
		enrolled, err = f.Ceremony.Enrol(ctx, h.Name, tok, pin, puk.PIN)
		return err
	})
	return enrolled, err
}

// enrolSecrets are new ones, or where the enrolment of this very token was cut
// short, those of then. A token with tools of its own keeps those that it has.
func (f *flow) enrolSecrets(ctx context.Context, s Secrets) (pin token.PIN, puk PUK, err error) {
	if s.Token.OwnTools {
		pin, err = s.pin(ctx)
		return pin, puk, err
	}
	serial, cut := f.Ceremony.CutShort(s.Holder)
	cut = cut && serial == s.Token.Serial
	if cut {
		pin, err = s.PINOfThen(ctx)
	} else {
		pin, err = s.NewPIN(ctx)
	}
	if err != nil {
		return pin, puk, err
	}
	s.Problem = nil
	if cut {
		puk, err = s.PUKOfThen(ctx)
	} else {
		puk, err = s.NewPUK(ctx, f.Rand)
	}
	if err != nil {
		pin.Wipe()
	}
	return pin, puk, err
}
