package ui

import (
	"context"
	"errors"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/token"
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
			Para("Network, readers, swap, core dumps, and the program itself are looked at. This takes a few seconds."),
		), func(ctx context.Context) error {
			checks = f.Machine.Preflight(ctx)
			return context.Cause(ctx)
		})
		if err != nil {
			return err
		}
		p := f.page("This machine", Checks(checks)).help(
			"A ceremony belongs on a machine that has no network, keeps nothing in swap, and runs the program that you meant to run.",
			"Nothing here stops you. What you decide is written into the journal with these results.",
		)
		choices := []Choice{{"go on", "Go on", ""}, {"again", "Check again", ""}}
		if slices.ContainsFunc(checks, func(c token.Check) bool { return !c.Pass }) {
			p.Body = append(p.Body, Warning("Not everything is as it should be. If you go on, the journal says that you saw this."))
			choices = []Choice{{"again", "Check again", ""}, {"go on", "Go on all the same", "it is noted in the journal"}}
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
		Para("Leave here, set the clock of this machine to UTC, and start the program again. It goes on at this step."),
		Para("Nothing was signed with the wrong time. What is in the journal so far keeps the times that it has: a clock that was ahead has to pass them first."),
	).help("Everything so far is kept in the journal."))
	if err != nil {
		return err
	}
	return ErrQuit
}

// confirmClock has a person compare the machine's time with another clock.
func (f *flow) confirmClock(ctx context.Context) error {
	help := []string{
		"Expiry dates are counted from this clock. A clock that is wrong by years makes metadata that nobody accepts, or that never expires.",
		"UTC is the time without a time zone: in winter Berlin is one hour ahead of it, New York five hours behind.",
	}
	sources := []Choice{
		{"wall clock", "A wall clock or a watch", ""},
		{"phone", "A phone", "in the room only for this"},
		{"radio clock", "A radio-controlled or GPS clock", ""},
		{"wrong", "None: I can see that it is wrong", "leave, set it, start again"},
	}
	for {
		source, err := f.Person.Choose(ctx, f.page("Is the clock right?",
			Facts{{"Clock of this machine", f.Now().UTC().Format("Monday 2006-01-02 15:04 UTC")}},
			Para("What else in the room shows the time? This machine has no network, so only people can tell."),
		).help(help...), sources)
		switch {
		case err != nil:
			return err
		case source == "wrong":
			return f.wrongClock(ctx)
		}
		shown := f.Now()
		facts := Facts{{"Clock of this machine", shown.UTC().Format("Monday 2006-01-02 15:04 UTC")}}
		if _, offset := shown.Zone(); offset != 0 {
			facts = append(facts, Fact{"In local time", shown.Format("Monday 2006-01-02 15:04 MST")})
		}
		_, err = f.Person.Text(ctx, f.page("Compare the clock with the "+source,
			facts,
			Para("Compare the day, the month, the year, and the time to within two minutes."),
		).help(help...), phrase("the clock is right"))
		switch {
		case errors.Is(err, ErrBack):
			continue
		case err != nil:
			return err
		}
		return f.Ceremony.ConfirmClock(shown, source)
	}
}
