package ui_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

// TestWrongClockOnTheFirstPage: nothing is written by a clock that somebody sees
// to be wrong, and the workspace is as good as new.
func TestWrongClockOnTheFirstPage(t *testing.T) {
	s := newSite(t)
	e := start(t, setting{}, s.talk)
	e.takes("Found a new trust")
	e.sees("Where are you?")
	e.types("Berlin" + enter)
	e.takes("None: I can see that it is wrong")
	e.golden("clock-01-wrong", "Set the clock, then start again")
	e.types("c")
	if err := e.ends(); !errors.Is(err, page.ErrQuit) {
		t.Error(err)
	}
	if lines, err := s.disk.Lines(); err != nil || len(lines) > 0 {
		t.Errorf("the journal has begun: %s, %v", lines, err)
	}
}

// TestClockThatCantBeRight: there is nobody to confirm it.
func TestClockThatCantBeRight(t *testing.T) {
	s := newSite(t)
	s.built = noon.AddDate(0, -1, 0)
	s.now = noon.AddDate(-10, 0, 0)
	e := start(t, setting{}, s.talk)
	e.takes("Found a new trust")
	e.sees("Where are you?")
	e.types("Berlin" + enter)
	e.golden("clock-02-built", "Set the clock, then start again", "before this program was built", "CLOCK")
	e.types("c")
	if err := e.ends(); !errors.Is(err, page.ErrQuit) {
		t.Error(err)
	}
	s = newSite(t).frozen()
	s.now = noon.AddDate(10, 0, 0)
	e = start(t, setting{}, s.talk)
	e.sees("Welcome back")
	e.types("c")
	e.sees("Set the clock, then start again", "more than a year after the last entry in the journal")
	e.types("c")
	if err := e.ends(); !errors.Is(err, page.ErrQuit) {
		t.Error(err)
	}
}

// TestClockIsCorrected: root was signed by a clock that was ahead. Somebody says
// so by name, the ceremony goes on, and what was signed is there.
func TestClockIsCorrected(t *testing.T) {
	s := newSite(t)
	s.now = noon.Add(100 * 24 * time.Hour)
	c := s.frozen().open()
	step := openStep(c)
	s.signAll(c, "5417501")
	s.now = noon
	e := start(t, setting{}, s.talk)
	e.sees("Welcome back")
	e.types("c")
	e.golden("clock-03-back", "Is the clock right?", "100 days later")
	e.takes("A wall clock or a watch")
	e.sees("Who says that the clock is right now?")
	e.types("Bo" + enter)
	e.golden("clock-04-compare", "Compare the clock with the wall clock", "100 days later")
	e.types("the clock is right" + enter)
	e.sees("Who acts now?", "1 of 3 by root 1: Ada")
	e.takes("Leave")
	if err := e.ends(); err != nil {
		t.Error(err)
	}
	lines, err := s.disk.Lines()
	if err != nil || !bytes.Contains(lines, []byte(`"type":"clock-corrected","data":{"who":"Bo","from":"2027-03-05T12:00:00Z","to":"2026-11-25T12:00:00Z"`)) {
		t.Errorf("the journal does not say who, from what, to what: %v\n%s", err, lines)
	}
	s.signAll(s.open(), "5417502", "5417503")
	if set := s.assembled(); set.Roots[0].Digest() != step.Proposal || len(set.Roots[0].Signatures) != 3 {
		t.Error("a signature is lost")
	}
}

// TestOtherSitesClockIsAhead: after a bundle that a clock which is ahead has
// written people are asked again which of the two is right.
func TestOtherSitesClockIsAhead(t *testing.T) {
	first := newSite(t)
	first.now = noon.Add(3 * time.Hour)
	c := first.frozen().open()
	first.signAll(c, "5417501")
	contents, err := c.Contents()
	first.must(err)
	_, err = first.stick.Export(t.Context(), ui.Place{Path: "/media/CEREMONY"}, contents)
	first.must(err)
	second := first.other()
	p := plays(t, second.talk)
	p.takes("Co-sign what another site proposes")
	p.sees("== Where are you?")
	p.answers("Oslo")
	p.comparesClock()
	p.takes("Go on all the same", "== This machine")
	p.takes("CEREMONY", "== Where is the bundle?")
	p.takes("rehearsal-wabbit-all-")
	p.sees("== Is this the bundle that was sent?")
	p.answers("the words match")
	p.sees("== The bundle was taken over", "2 proposals, 2 signatures")
	p.answers("c")
	p.takes("A wall clock", "== Is the clock right?", "The journal of Berlin", "3 hours later: one of the two clocks is wrong")
	p.sees("== Compare the clock")
	p.answers("the clock is right")
	p.takes("Leave", "Bo signs root 1 or targets 1")
	if err := p.ends(); err != nil {
		t.Error(err)
	}
}

func openStep(c *ceremony.Ceremony) ceremony.Step {
	for _, s := range c.Steps() {
		if s.Kind == ceremony.StepSign && s.State == ceremony.Now && s.Quorum.Role == "root" {
			return s
		}
	}
	return ceremony.Step{}
}
