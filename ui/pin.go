package ui

import (
	"context"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony"
)

// pin asks for a token's PIN, after saying how many tries are left. The last
// try needs a consent of its own. The caller wipes what it gets.
func (f *flow) pin(ctx context.Context, h ceremony.Holder, info ceremony.TokenInfo, dress func(Page) Page, problem *Problem) (ceremony.PIN, error) {
	switch info.PINTries {
	case 0:
		return ceremony.PIN{}, ceremony.ErrPINBlocked
	case 1:
		if err := f.lastTry(ctx, h, info, dress, problem); err != nil {
			return ceremony.PIN{}, err
		}
		problem = nil
	}
	p := dress(f.page("PIN of "+tokenOf(h), Facts{
		{"Token", tokenText(info)},
		{"Holder", h.Name},
		{"Wanted", "the PIV PIN, not the PUK"},
		{"Tries left", tries(info.PINTries)},
	}, Para("Only the holder types it. It is not shown, not kept, and asked for each time."),
	)).with(problem).help(
		"The PIN has 6 to 8 characters. Its length is checked before the token is asked, so a slip of the finger costs no try.",
		"A wrong PIN costs one try. With none left the token takes no PIN until its PUK unblocks it.",
		"Don't touch the token yet: that comes after the PIN.",
	)
	return f.Person.Secret(ctx, p, Field{Label: "PIN", Check: ceremony.CheckPIN})
}

// lastTry has a person confirm that they risk the last try.
func (f *flow) lastTry(ctx context.Context, h ceremony.Holder, info ceremony.TokenInfo, dress func(Page) Page, problem *Problem) error {
	p := dress(f.page("One try is left",
		Facts{{"Token", tokenText(info)}, {"Holder", h.Name}, {"Tries left", tries(info.PINTries)}},
		Warning("If the next PIN is wrong, the token is blocked. Only its PUK, on paper with "+h.Name+", can unblock it then."),
		Para("If there is any doubt, go back: another holder can sign instead."),
	)).with(problem).help(
		"A token counts wrong PINs. After the last one it takes no PIN at all, not even the right one.",
		"Most wrong PINs come from a keyboard layout that isn't what it seems: type letters where you can see them first.",
	)
	_, err := f.Person.Text(ctx, p, phrase("use the last try"))
	return err
}

func tokenText(info ceremony.TokenInfo) string {
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
