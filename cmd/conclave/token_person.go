package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

// errNoTerminal: secrets of a real token have no business in a pipe.
var errNoTerminal = errors.New("the PIN and the PUK of a real token are typed and shown at a terminal, and there is none: nothing was done")

// talk is a conversation with the holder of a token.
type talk struct {
	page.Person
	info      token.Info
	doing     string
	rehearsal bool
}

// talkAbout has the conversation with the holder of t, once it is sure that t
// may be used. Going back from its first page ends it like leaving.
func (f *tokenFlags) talkAbout(c *cobra.Command, t seen, doing string, hold func(context.Context, *talk) error) error {
	if err := f.allow(t.info); err != nil {
		return err
	}
	_, typed := asTerminal(c.InOrStdin())
	_, shown := asTerminal(c.OutOrStdout())
	if !f.rehearsal && !(typed && shown) {
		return errNoTerminal
	}
	err := converse(c, f.plain, f.rehearsal, func(ctx context.Context, p page.Person) error {
		return hold(ctx, &talk{p, t.info, doing, f.rehearsal})
	})
	if errors.Is(err, page.ErrQuit) || errors.Is(err, page.ErrBack) {
		return context.Canceled
	}
	return err
}

// changeCommand completes a command that changes the one token it names: begin
// says how, or why that can't be, before its holder is asked, and done what it
// is then.
func changeCommand(c *cobra.Command, doing, done string, begin func(seen) (func(context.Context, *talk) error, error)) *cobra.Command {
	var f tokenFlags
	f.conversation(c)
	c.Flags().BoolVar(&f.rehearsal, "rehearsal", false, "a rehearsal, with a virtual token")
	c.Args = cobra.NoArgs
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := needed(c, "serial"); err != nil {
			return err
		}
		t, err := f.find(c.Context())
		if err != nil {
			return err
		}
		change, err := begin(t)
		if err != nil {
			return err
		}
		if err := f.talkAbout(c, t, doing, change); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "Token %s %s\n", t.info.Serial, done)
		return err
	}
	return c
}

// banner stands on every page.
func (t *talk) banner() page.Banner {
	return page.Banner{Rehearsal: t.rehearsal, Who: "holder", Doing: t.doing}
}

// secrets asks the holder for PIN and PUK.
func (t *talk) secrets() ui.Secrets {
	return ui.Secrets{Person: t.Person, Banner: t.banner(), Token: t.info}
}

// page makes a page about the token, of which it tells more facts.
func (t *talk) page(title string, more page.Facts, body ...page.Block) page.Page {
	facts := page.Facts{{Label: "Token", Value: t.info.Kind + " " + t.info.Serial + ", firmware " + cmp.Or(t.info.Firmware, "not known")}}
	return page.Page{Banner: t.banner(), Title: title, Body: append([]page.Block{append(facts, more...)}, body...)}
}

// exactly is a field that takes one answer, typed out.
func exactly(label, words string) page.Field {
	return page.Field{Label: label, Judge: func(typed []byte) error {
		if string(typed) != words {
			return fmt.Errorf("that was not %q: nothing was done", words)
		}
		return nil
	}}
}

// work shows a page while the token works, which may need a touch.
func (t *talk) work(ctx context.Context, touch bool, purpose string, do func(context.Context) error) error {
	title := "The token is working"
	if touch {
		title = "Touch the token when it blinks"
	}
	p := t.page(title, page.Facts{{Label: "What for", Value: purpose}}, page.Para("Leave the token in until this is done."))
	return t.Wait(ctx, p, do)
}
