package ui

import (
	"context"
	"errors"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// preflight looks at the machine, then at its clock.
func (f *flow) preflight(ctx context.Context) error {
	if err := f.checkMachine(ctx); err != nil {
		return err
	}
	return f.confirmClock(ctx)
}

func (f *flow) checkMachine(ctx context.Context) error {
	for {
		var checks []token.Check
		err := f.Person.Wait(ctx, f.page("Checking this machine",
			page.Para("Network, readers, swap, core dumps, and the program itself are looked at. This takes a few seconds."),
		), func(ctx context.Context) error {
			checks = f.Machine.Preflight(ctx)
			return context.Cause(ctx)
		})
		if err != nil {
			return err
		}
		p := f.page("This machine", page.Checks(checks)).WithHelp(
			"A ceremony belongs on a machine that has no network, keeps nothing in swap, and runs the program that you meant to run.",
			"Nothing here stops you. What you decide is written into the journal with these results.",
		)
		choices := []page.Choice{{Key: "go on", Label: "Go on"}, {Key: "again", Label: "Check again"}}
		if slices.ContainsFunc(checks, func(c token.Check) bool { return !c.Pass }) {
			p.Body = append(p.Body, page.Warning("Not everything is as it should be. If you go on, the journal says that you saw this."))
			choices = []page.Choice{{Key: "again", Label: "Check again"}, {Key: "go on", Label: "Go on all the same", Detail: "it is noted in the journal"}}
		}
		switch key, err := f.Person.Choose(ctx, p, choices); {
		case err != nil:
			return err
		case key == "go on":
			return f.Ceremony.Preflight(checks)
		}
	}
}

// wrongClock says how to go on with a clock that is right.
func (f *flow) wrongClock(ctx context.Context) error {
	err := f.Person.Tell(ctx, f.page("Set the clock, then start again",
		page.Para("Leave here, set the clock of this machine to UTC, and start the program again. It goes on at this step."),
		page.Para("Nothing was signed with the wrong time. What is in the journal so far keeps the times that it has: a clock that was ahead has to pass them first. Until then conclave export WORKSPACE writes what is signed to a bundle."),
	).WithHelp("Everything so far is kept in the journal."))
	if err != nil {
		return err
	}
	return page.ErrQuit
}

// confirmClock has a person compare the machine's time with another clock.
func (f *flow) confirmClock(ctx context.Context) error {
	help := []string{
		"Expiry dates are counted from this clock. A clock that is wrong by years makes metadata that nobody accepts, or that never expires.",
		"UTC is the time without a time zone: in winter Berlin is one hour ahead of it, New York five hours behind.",
	}
	sources := []page.Choice{
		{Key: "wall clock", Label: "A wall clock or a watch"},
		{Key: "phone", Label: "A phone", Detail: "in the room only for this"},
		{Key: "radio clock", Label: "A radio-controlled or GPS clock"},
		{Key: "wrong", Label: "None: I can see that it is wrong", Detail: "leave, set it, start again"},
	}
	for {
		source, err := f.Person.Choose(ctx, f.page("Is the clock right?",
			page.Facts{{Label: "Clock of this machine", Value: f.Now().UTC().Format("Monday 2006-01-02 15:04 UTC")}},
			page.Para("What else in the room shows the time? This machine has no network, so only people can tell."),
		).WithHelp(help...), sources)
		switch {
		case err != nil:
			return err
		case source == "wrong":
			return f.wrongClock(ctx)
		}
		shown := f.Now()
		facts := page.Facts{{Label: "Clock of this machine", Value: shown.UTC().Format("Monday 2006-01-02 15:04 UTC")}}
		if _, offset := shown.Zone(); offset != 0 {
			facts = append(facts, page.Fact{Label: "In local time", Value: shown.Format("Monday 2006-01-02 15:04 MST")})
		}
		_, err = f.Person.Text(ctx, f.page("Compare the clock with the "+source,
			facts,
			page.Para("Compare the day, the month, the year, and the time to within two minutes."),
		).WithHelp(help...), phrase("the clock is right"))
		switch {
		case errors.Is(err, page.ErrBack):
			continue
		case err != nil:
			return err
		}
		return f.Ceremony.ConfirmClock(shown, source)
	}
}
