package ui_test

import (
	"context"
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

// drilled is a conversation about a made-up accident. done says whether it was dealt with.
func (s *site) drilled(done func() bool) func(context.Context, page.Person) error {
	d := ui.Drill{
		Title:    "A token is lost",
		Happened: []string{"Cy came by train, and token 5417503 did not arrive."},
		Achieve:  []string{"The next root no longer names the lost key.", "The bundle with it is written."},
		Known:    page.Facts{{Label: "Ada", Value: "token 5417501, PIN 470213"}, {Label: "Cy", Value: "token 5417503, which is nowhere"}},
		Judge: func() ([]token.Check, error) {
			if done() {
				return []token.Check{{Name: "Cy's old key is out", Pass: true, Reason: "root 2 does not name it"}}, nil
			}
			return []token.Check{{Name: "Cy's old key is out", Reason: "there is no next root"}}, nil
		},
	}
	return func(ctx context.Context, p page.Person) error { return ui.RunDrill(ctx, s.config(p), d) }
}

// TestDrill: it is said what has happened, and in the end what was achieved.
func TestDrill(t *testing.T) {
	s := newSite(t).complete()
	done := false
	e := start(t, setting{}, s.drilled(func() bool { return done }))
	e.golden("drill-01-happened", "Drill: A token is lost")
	e.reads()
	e.types("c")
	e.comesBack()
	e.takes("Leave")
	e.golden("drill-02-open", "The drill is not achieved yet")
	e.takes("Go on with the drill")
	e.sees("Welcome back")
	done = true
	e.types("c")
	e.takes("Leave")
	e.golden("drill-03-achieved", "The drill is achieved")
	e.types("c")
	if err := e.ends(); err != nil {
		t.Error(err)
	}
}

// TestDrillIsLeft: who leaves before it is achieved is told so.
func TestDrillIsLeft(t *testing.T) {
	s := newSite(t).complete()
	e := start(t, setting{}, s.drilled(func() bool { return false }))
	e.sees("Drill: A token is lost")
	e.reads()
	e.types("c")
	e.comesBack()
	e.takes("Leave")
	e.takes("Leave it for now")
	if err := e.ends(); !errors.Is(err, ui.ErrDrillOpen) {
		t.Errorf("it ended with %v", err)
	}
}
