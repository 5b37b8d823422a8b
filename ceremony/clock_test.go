package ceremony_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// day is what tests move clocks by.
const day = 24 * time.Hour

// started is a start of the program on the site's journal, by people who have
// not compared the clock yet.
func (s *site) started(at time.Time) {
	s.t.Helper()
	s.startedBy(start.Add(-day), at)
}

// startedBy is a start of a program that was built then.
func (s *site) startedBy(built, at time.Time) {
	s.t.Helper()
	s.time.t = at
	c, err := ceremony.Open(ceremony.Deps{
		Workspace: s.disk, Now: s.time.now, Rand: rand.Reader, Attestations: believer{}, Tool: "test", Built: built,
	})
	s.must(err)
	s.Ceremony = c
}

// TestClockIsDue: at each start the clock is compared before a line is written.
func TestClockIsDue(t *testing.T) {
	s, tokens := founded(t)
	root := s.proposalOf("root")
	s.started(start.Add(100 * day))
	lines := bytes.Clone(s.disk.lines)
	for name, err := range map[string]error{
		"a note":      s.Note("Ada", "early"),
		"a signature": s.signWith(root, "Ada", tokens["Ada"], "123123"),
		"a preflight": s.Preflight(nil),
	} {
		if !isDue(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !bytes.Equal(s.disk.lines, lines) || tokens["Ada"].signs != 1 {
		t.Error("something was written or signed before the clock was compared")
	}
	s.must(s.ConfirmClock(s.time.now(), "wall clock"))
	s.must(s.signWith(root, "Ada", tokens["Ada"], "123123"))
	s.time.t = start // it is set while the program runs
	if err := s.Note("Ada", "back"); !s.ClockDue() || !isDue(err) {
		t.Errorf("after it went back: %v", err)
	}

	unbegun := newSite(t)
	unbegun.started(start)
	if err := unbegun.Begin(ceremony.Founding, "vienna", true); !isDue(err) || len(unbegun.disk.lines) > 0 {
		t.Errorf("begun by a clock that nobody compared: %v", err)
	}
}

// TestClockCantBeRight: what people say of such a clock does not count.
func TestClockCantBeRight(t *testing.T) {
	for _, tt := range []struct {
		name  string
		at    time.Time
		begun bool
		right bool
	}{
		{"a founding when the program was built", start.Add(-day), false, true},
		{"a founding before the program was built", start.Add(-day - time.Second), false, false},
		{"a founding ten years behind", start.AddDate(-10, 0, 0), false, false},
		{"a founding ten years ahead", start.AddDate(10, 0, 0), false, false},
		{"a founding a year after the program was built", start.Add(364 * day), false, true},
		{"a year after the journal's last entry", start.Add(365 * day), true, true},
		{"longer than a year after it", start.Add(365*day + time.Second), true, false},
		{"ten years ahead", start.AddDate(10, 0, 0), true, false},
		{"ten years behind", start.AddDate(-10, 0, 0), true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			if tt.begun {
				s, _ = founded(t)
			}
			lines := len(s.disk.lines)
			s.started(tt.at)
			err := s.ConfirmClock(tt.at, "wall clock")
			if tt.right {
				s.must(err)
				return
			}
			if !isType[*ceremony.ClockError](err) {
				t.Errorf("confirmed: %v", err)
			}
			if err := s.CorrectClock("Ada", "wall clock"); !isType[*ceremony.ClockError](err) {
				t.Errorf("corrected: %v", err)
			}
			if !s.ClockDue() || len(s.disk.lines) != lines {
				t.Error("it counts, or something was written")
			}
		})
	}
	// Where nothing says when the program was built, the journal does it.
	s, _ := founded(t)
	s.startedBy(time.Time{}, start.Add(-366*day))
	if err := s.CorrectClock("Ada", "wall clock"); !isType[*ceremony.ClockError](err) {
		t.Errorf("a year back without the time of the build: %v", err)
	}
}

// TestClockWrongTwice: a clock is ahead when root is frozen and signed, then
// behind, and right at last. Whatever was signed stays, at this site, at one
// that got the bundle in between, and in what is published.
func TestClockWrongTwice(t *testing.T) {
	vienna, tokens := enrolledBy(t, planText)

	vienna.started(start.Add(100 * day)) // wrong, and nobody notices
	vienna.must(vienna.ConfirmClock(vienna.time.now(), "phone"))
	vienna.must(vienna.Freeze())
	root, targets := vienna.proposalOf("root"), vienna.proposalOf("targets")
	vienna.must(vienna.signWith(root, "Ada", tokens["Ada"], "123123"))
	early := vienna.contents()

	oslo := newSite(t) // right all the time
	oslo.time.t = start.Add(2 * day)
	oslo.begin(ceremony.Cosigning, "oslo")
	_, err := oslo.Import(early, "early.tar", metadata.Sum(nil))
	oslo.must(err)
	if err := oslo.signWith(root, "Cy", tokens["Cy"], "123123"); !isDue(err) {
		t.Errorf("one of the two clocks is wrong, and nobody is asked: %v", err)
	}
	if k, err := oslo.Clock(); err != nil || !k.Ahead.Last.Equal(start.Add(100*day)) || k.Ahead.Name != "vienna" {
		t.Errorf("%+v, %v", k, err)
	}
	oslo.must(oslo.ConfirmClock(oslo.time.now(), "wall clock"))
	oslo.must(oslo.signWith(root, "Cy", tokens["Cy"], "123123"))

	vienna.started(start.Add(day)) // wrong again: a day behind oslo
	if k, err := vienna.Clock(); err != nil || !k.Back() || !k.Last.Equal(start.Add(100*day)) {
		t.Errorf("%+v, %v", k, err)
	}
	if err := vienna.ConfirmClock(vienna.time.now(), "wall clock"); !isType[*ceremony.ClockError](err) {
		t.Errorf("a clock that went back was confirmed as if it had not: %v", err)
	}
	vienna.must(vienna.CorrectClock("Bo", "wall clock"))
	vienna.must(vienna.signWith(root, "Bo", tokens["Bo"], "123123"))
	_, err = vienna.Import(oslo.contents(), "oslo.tar", metadata.Sum(nil))
	vienna.must(err)
	if !vienna.ClockDue() {
		t.Error("oslo's clock is ahead, and nobody is asked")
	}

	vienna.started(start.Add(2*day + time.Hour)) // right at last
	vienna.must(vienna.ConfirmClock(vienna.time.now(), "wall clock"))
	vienna.must(vienna.signWith(targets, "Ada", tokens["Ada"], "123123"))
	vienna.started(start.Add(3 * day))

	contents := vienna.contents()
	if set, err := trust.Assemble(contents); err != nil || len(set.Roots[0].Signatures) != 3 || len(set.Targets.Signatures) != 1 {
		t.Fatalf("something that was signed is lost: %v", err)
	}
	corrected := recordOf(t, contents).Sites[0]
	if site := recordOf(t, contents).Sites[1]; site.Site == "vienna" {
		corrected = site
	}
	told := ""
	for _, n := range corrected.Notes {
		told += n.Text + "\n"
	}
	if !strings.Contains(told, "Bo says that it is 2026-03-06") || !strings.Contains(told, "and not 2026-06-13") {
		t.Errorf("the record does not say who corrected the clock, from what, to what:\n%s", told)
	}
	oslo.time.t = start.Add(3 * day)
	_, err = oslo.Import(contents, "late.tar", metadata.Sum(nil))
	oslo.must(err)
	if oslo.ClockDue() {
		t.Error("both clocks are right now, and people are asked again")
	}
}

// TestClockOfAFreezing: a payload that was frozen by a clock that was ahead is
// good for longer than planned, and signed all the same, but not any longer.
func TestClockOfAFreezing(t *testing.T) {
	s, tokens := enrolledBy(t, planText)
	s.started(start.Add(300 * day))
	s.must(s.ConfirmClock(s.time.now(), "phone"))
	s.must(s.Freeze())
	root := s.proposalOf("root")
	s.started(start.Add(day))
	s.must(s.CorrectClock("Ada", "wall clock"))
	s.must(s.signWith(root, "Ada", tokens["Ada"], "123123"))

	contents := s.contents()
	contents.Journals = nil // nothing says when it was frozen
	oslo := newSite(t)
	oslo.time.t = start.AddDate(-10, 0, 0)
	oslo.begin(ceremony.Cosigning, "oslo")
	_, err := oslo.Import(contents, "x.tar", metadata.Sum(nil))
	oslo.must(err)
	if err := oslo.signWith(root, "Bo", tokens["Bo"], "123123"); !isType[*ceremony.HorizonError](err) {
		t.Errorf("a payload that is good for eleven years: %v", err)
	}
}
