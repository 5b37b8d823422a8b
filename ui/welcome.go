package ui

import (
	"context"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ui/page"
)

// welcome asks what the people came for, where they are, and whether the clock
// is right, and begins the journal.
func (f *flow) welcome(ctx context.Context) error {
	var kind ceremony.Kind
	var site string
	return inTurn(ctx,
		func(ctx context.Context) (err error) { kind, err = f.purpose(ctx); return err },
		func(ctx context.Context) (err error) { site, err = f.siteName(ctx); return err },
		f.clock,
		func(context.Context) error { return f.Ceremony.Begin(kind, site, f.Rehearsal) },
	)
}

func (f *flow) purpose(ctx context.Context) (ceremony.Kind, error) {
	p := f.page("What have you come to do?",
		page.Para("Conclave leads a group through a ceremony with TUF root and targets keys. It runs without a network. Nothing is signed before someone has read it and typed their consent."),
		page.Para("You can stop at any time: what is done is kept, and the next start goes on where you were."),
	).WithHelp(
		"Found: you have a plan (who holds a token, how many of them must sign) and the tokens, and make the first root of a new trust.",
		"Co-sign: another site has sent you a bundle. You read what it proposes, sign, and send a bundle back.",
		"Change: the trust is there, and its holders, thresholds, expiry, targets, delegations or online keys are to be others. This is also where to go when a token was lost.",
		"Adopt: other programs have kept the trust so far. It is verified, taken over, and changed from then on here.",
		"The facilitator runs this machine. Holders own a token each. A witness reads digests aloud and keeps notes.",
	)
	p.Body = append(p.Body, f.found()...)
	p.NoBack = "This is the first page: there is nothing to go back to. Ctrl-C leaves."
	key, err := f.Person.Choose(ctx, p, []page.Choice{
		{Key: "found", Label: "Found a new trust", Detail: "from a plan"},
		{Key: "co-sign", Label: "Co-sign what another site proposes", Detail: "from a bundle"},
		{Key: "change", Label: "Change a trust", Detail: "from its bundle"},
		{Key: "adopt", Label: "Adopt a trust that others made", Detail: "from its repository"},
	})
	kinds := map[string]ceremony.Kind{"found": ceremony.Founding, "co-sign": ceremony.Cosigning, "change": ceremony.Changing, "adopt": ceremony.Changing}
	return kinds[key], err
}

func (f *flow) siteName(ctx context.Context) (string, error) {
	return f.Person.Text(ctx, f.page("Where are you?",
		page.Para("Every site keeps a journal of its own. Give this one a name that the other sites will recognise, such as the town or the room."),
	).WithHelp("The name stands in the record of the ceremony. It can't be changed later."),
		page.Field{Label: "Name of this site", Judge: visible},
	)
}

// visible takes a name that reads as it is written.
func visible(typed []byte) error {
	switch s := string(typed); {
	case text.Safe(s) != s:
		return fmt.Errorf("the name holds a character that can't be seen")
	case len(s) > 64:
		return fmt.Errorf("the name is longer than 64 characters")
	}
	return nil
}

// resume says where the ceremony stands.
func (f *flow) resume(ctx context.Context) error {
	c := f.Ceremony
	facts := page.Facts{{Label: "Ceremony", Value: string(c.Kind())}, {Label: "Site", Value: c.Site()}}
	if c.Trust() != "" {
		facts = append(facts, page.Fact{Label: "Trust", Value: c.Trust()})
	}
	facts = append(facts, page.Fact{Label: "Last entry", Value: date(c.LastEvent())})
	p := f.page("Welcome back",
		page.Para("A ceremony has begun on this machine. Everything that was done is in its journal, and it goes on at the same step."),
		facts,
		page.StepList(now(c.Steps())),
	).WithHelp("To begin another ceremony, start the program with another workspace.")
	p.Body = append(p.Body, f.found()...)
	p.NoBack = "The ceremony has begun: it can be left with Ctrl-C, and resumed, but not undone."
	return f.Person.Tell(ctx, p)
}

func now(steps []ceremony.Step) []ceremony.Step {
	var due []ceremony.Step
	for _, s := range steps {
		if s.State == ceremony.Now {
			due = append(due, s)
		}
	}
	return due
}
