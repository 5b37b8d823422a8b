package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// Drill is an accident that people practise to deal with, around an ordinary
// conversation.
type Drill struct {
	Title    string     // "A token is lost"
	Happened []string   // sentences
	Achieve  []string   // sentences
	Known    page.Facts // what the people have on paper or in their heads
	// Judge says of each goal whether it was achieved. It is asked when the
	// people leave the list of steps.
	Judge func() ([]token.Check, error)
}

// ErrDrillOpen: the people left before the drill was achieved. Everything done
// is kept, and the drill goes on where it was left.
var ErrDrillOpen = errors.New("the drill is not achieved yet")

// RunDrill says what has happened and what is to be achieved, holds the
// conversation of [Run], and says in the end what was achieved. Its errors are
// those of Run, and ErrDrillOpen.
func RunDrill(ctx context.Context, c Config, d Drill) error {
	f := &flow{c}
	if err := c.Person.Tell(ctx, f.happened(d)); err != nil {
		return err
	}
	for {
		if err := Run(ctx, c); err != nil {
			return err
		}
		again, err := f.judged(ctx, d)
		if err != nil || !again {
			return err
		}
	}
}

func (f *flow) happened(d Drill) page.Page {
	p := f.page("Drill: " + d.Title)
	p.Body = append(p.Body, page.Strong("What has happened"))
	for _, s := range d.Happened {
		p.Body = append(p.Body, page.Para(s))
	}
	p.Body = append(p.Body, page.Strong("What you are to achieve"))
	for i, s := range d.Achieve {
		p.Body = append(p.Body, page.Para(fmt.Sprintf("%d. %s", i+1, s)))
	}
	if len(d.Known) > 0 {
		p.Body = append(p.Body, page.Strong("What you know, or have on paper"), d.Known)
	}
	p.Body = append(p.Body, page.Para(`From the next page on everything is as it would be on that day. When you think that it is done, choose "Leave" in the list of steps: then it is said what was achieved.`))
	p.ReadAll = true
	p.NoBack = "This is the first page: there is nothing to go back to. Ctrl-C leaves."
	return p.WithHelp("The tokens and the trust are made up. No key of a rehearsal can get into a real trust.",
		"You can leave at any time and go on later: start the same drill again, with the same workspace.")
}

// judged says what was achieved, and whether the people go on.
func (f *flow) judged(ctx context.Context, d Drill) (again bool, err error) {
	checks, err := d.Judge()
	if err != nil {
		return false, err
	}
	if !slices.ContainsFunc(checks, func(c token.Check) bool { return !c.Pass }) {
		p := f.page("The drill is achieved", page.Checks(checks),
			page.Para("This was worked out from the journal and the tokens, not from the keys that you pressed. Talk about it while it is fresh: what took long, what was unclear, what is missing in your drawers."),
		).WithHelp("The workspace keeps it all: \"conclave record\" prints what you did.")
		p.NoBack = "The drill is over. To do it again take another workspace."
		return false, f.Person.Tell(ctx, p)
	}
	key, err := f.Person.Choose(ctx, f.page("The drill is not achieved yet", page.Checks(checks),
		page.Para("What is there is kept. Go on now, or start the same drill again later."),
	).WithHelp("Each line says what is still missing."),
		[]page.Choice{{Key: "go on", Label: "Go on with the drill"}, {Key: "leave", Label: "Leave it for now", Detail: "everything is kept"}})
	switch {
	case errors.Is(err, page.ErrBack), err == nil && key == "go on":
		return true, nil
	case err == nil:
		err = ErrDrillOpen
	}
	return false, err
}
