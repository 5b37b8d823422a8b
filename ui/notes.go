package ui

import (
	"context"
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// noting lets a note be written on every page that waits for a person. While a
// token works, and nobody is asked, there is none to be had.
type noting struct {
	page.Person
	open  func() bool                        // the journal has begun, and the clock was compared
	write func(during page.Page) (err error) // has the note written, in a context of its own
}

// asked asks with the page, and anew after each note.
func (n noting) asked(p page.Page, ask func(page.Page) error) error {
	for {
		p.Notes = n.open()
		err := ask(p)
		if !errors.Is(err, page.ErrNote) {
			return err
		}
		if err := n.write(p); err != nil {
			return err
		}
	}
}

func (n noting) Choose(ctx context.Context, p page.Page, choices []page.Choice) (key string, err error) {
	err = n.asked(p, func(p page.Page) error { key, err = n.Person.Choose(ctx, p, choices); return err })
	return key, err
}

func (n noting) Text(ctx context.Context, p page.Page, f page.Field) (text string, err error) {
	err = n.asked(p, func(p page.Page) error { text, err = n.Person.Text(ctx, p, f); return err })
	return text, err
}

func (n noting) Secret(ctx context.Context, p page.Page, f page.Field) (pin token.PIN, err error) {
	err = n.asked(p, func(p page.Page) error { pin, err = n.Person.Secret(ctx, p, f); return err })
	return pin, err
}

func (n noting) Tell(ctx context.Context, p page.Page) error {
	return n.asked(p, func(p page.Page) error { return n.Person.Tell(ctx, p) })
}

// note has somebody write down, in their words, what is to stand in the record.
// Going back from it leads to the page that it was begun on.
func note(ctx context.Context, c Config, during page.Page) error {
	who := ""
	p := func(title string, body ...page.Block) page.Page {
		return page.Page{Banner: during.Banner, Title: title, Body: body}
	}
	var problem *page.Problem
	err := inTurn(ctx,
		func(ctx context.Context) (err error) {
			who, err = c.Person.Text(ctx, p("Who writes a note?",
				page.Para("A note says in your own words what was out of the ordinary: what was different, who saw it, what was decided. Anybody in the room may write one."),
				page.Para("It is written into the journal with its time, stands in the record, and can't be taken back. After it, "+quoted(during.Title)+" comes again."),
			).WithHelp("Write no PIN and no PUK: everybody reads the record."), page.Field{Label: "Name", Judge: noter})
			return err
		},
		func(ctx context.Context) error {
			for {
				text, err := c.Person.Text(ctx, p("What is to stand in the record?",
					page.Facts{{Label: "Said by", Value: who}, {Label: "During", Value: during.Title}},
				).WithProblem(problem).WithHelp(
					"One line. If there is more to say, write another note after it.",
					"Write no PIN and no PUK: everybody reads the record.",
				), page.Field{Label: "Note", Judge: noteText})
				if err != nil {
					return err
				}
				if err = c.Ceremony.Note(who, text); err == nil {
					return noted(ctx, c, p, who, text)
				}
				problem = explain(err)
			}
		},
	)
	if errors.Is(err, page.ErrBack) {
		return nil
	}
	return err
}

func noted(ctx context.Context, c Config, shown func(string, ...page.Block) page.Page, who, text string) error {
	p := shown("The note is in the journal",
		page.Facts{{Label: "Time", Value: date(c.Ceremony.LastEvent())}, {Label: "Said by", Value: who}, {Label: "Note", Value: text}},
	)
	p.NoBack = "The note is written. It can't be taken back; another one can put it right."
	return c.Person.Tell(ctx, p)
}

func quoted(title string) string { return `"` + title + `"` }

func noter(typed []byte) error {
	if string(typed) == "" {
		return errors.New("nothing was typed yet")
	}
	return visible(typed)
}

// maxNote is what fits into a line that is typed. In bytes.
const maxNote = 240

func noteText(typed []byte) error {
	switch s := string(typed); {
	case text.Safe(s) != s:
		return errors.New("the note holds a character that can't be seen")
	case len(s) > maxNote:
		return fmt.Errorf("the note is longer than %d characters: write it as two", maxNote)
	}
	return nil
}
