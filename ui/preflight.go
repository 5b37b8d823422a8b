package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// preflight looks at the machine.
func (f *flow) preflight(ctx context.Context) error {
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

// clock has people compare the machine's time with another clock, at each start
// before anything is written. No one can confirm a clock that can't be right.
func (f *flow) clock(ctx context.Context) error {
	for {
		k, err := f.Ceremony.Clock()
		if err != nil {
			return f.wrongClock(ctx, explain(err))
		}
		p := f.clockPage("Is the clock right?", k, page.Para("What else in the room shows the time? This machine has no network, so only people can tell."))
		if f.Ceremony.Begun() {
			p.NoBack = "Nothing is done before the clock was compared. Ctrl-C leaves."
		}
		source, err := f.Person.Choose(ctx, p, []page.Choice{
			{Key: "wall clock", Label: "A wall clock or a watch"},
			{Key: "phone", Label: "A phone", Detail: "in the room only for this"},
			{Key: "radio clock", Label: "A radio-controlled or GPS clock"},
			{Key: "wrong", Label: "None: I can see that it is wrong", Detail: "leave, set it, start again"},
		})
		switch {
		case err != nil:
			return err
		case source == "wrong":
			return f.wrongClock(ctx, nil)
		}
		if err := f.compareClock(ctx, source, k.Back()); !errors.Is(err, page.ErrBack) {
			return err
		}
	}
}

// compareClock has it compared with source. Where it went back somebody says so
// by name.
func (f *flow) compareClock(ctx context.Context, source string, back bool) error {
	who := ""
	var asked []action
	if back {
		asked = append(asked, func(ctx context.Context) (err error) {
			who, err = f.Person.Text(ctx, f.page("Who says that the clock is right now?",
				page.Para("The name stands in the record, with the time that the clock is set back from, and to."),
			).WithHelp(clockHelp()...), page.Field{Label: "Name", Judge: noter})
			return err
		})
	}
	return inTurn(ctx, append(asked, func(ctx context.Context) error {
		k, err := f.Ceremony.Clock()
		if err != nil {
			return err
		}
		_, err = f.Person.Text(ctx, f.clockPage("Compare the clock with the "+source, k,
			page.Para("Compare the day, the month, the year, and the time to within two minutes."),
		), phrase("the clock is right"))
		switch {
		case err != nil:
			return err
		case back:
			return f.Ceremony.CorrectClock(who, source)
		}
		return f.Ceremony.ConfirmClock(k.Now, source)
	})...)
}

func clockHelp() []string {
	return []string{
		"Expiry dates are counted from this clock. A clock that is wrong by years makes metadata that nobody accepts, or that never expires.",
		"UTC is the time without a time zone: in winter Berlin is one hour ahead of it, New York five hours behind.",
	}
}

// clockPage shows the clock, and what speaks against it.
func (f *flow) clockPage(title string, k ceremony.Clock, more page.Block) page.Page {
	facts := page.Facts{{Label: "Clock of this machine", Value: k.Now.Format("Monday 2006-01-02 15:04 UTC")}}
	local := f.Now()
	if _, offset := local.Zone(); offset != 0 {
		facts = append(facts, page.Fact{Label: "In local time", Value: local.Format("Monday 2006-01-02 15:04 MST")})
	}
	p := f.page(title, facts).WithHelp(clockHelp()...)
	if k.Back() {
		p.Body = append(p.Body,
			page.Warning(fmt.Sprintf("The last entry in the journal is of %s, %s later. Either this clock is wrong now, or it was ahead then.", date(k.Last), apart(k.Last.Sub(k.Now)))),
			page.Para("If it is right now, the journal goes on by it, and what was signed stays. What was frozen by the clock that was ahead expires as much later."))
	}
	if ahead := k.Ahead.Last.Sub(k.Now); ahead > 0 {
		p.Body = append(p.Body, page.Warning(fmt.Sprintf("The journal of %s, which came with a bundle, ends at %s, %s later: one of the two clocks is wrong. Ask that site.", k.Ahead.Name, date(k.Ahead.Last), apart(ahead))))
	}
	p.Body = append(p.Body, more)
	return p
}

// apart is how far two clocks are apart, in words.
func apart(d time.Duration) string {
	switch days, hours := text.Days(d), int(d.Hours()); {
	case days > 0:
		return plural(days, "day", "days")
	case hours > 0:
		return plural(hours, "hour", "hours")
	}
	return plural(int(d.Minutes()), "minute", "minutes")
}

// wrongClock says how to go on with a clock that is right.
func (f *flow) wrongClock(ctx context.Context, problem *page.Problem) error {
	p := f.page("Set the clock, then start again",
		page.Para("Leave here, set the clock of this machine to UTC, and start the program again. It goes on at this step."),
		page.Para("Nothing was written by the wrong clock since this start. If it was wrong at an earlier one, the next start asks who corrects it: what is signed stays."),
	).WithProblem(problem).WithHelp("Everything so far is kept in the journal.")
	if err := f.Person.Tell(ctx, p); err != nil {
		return err
	}
	return page.ErrQuit
}
