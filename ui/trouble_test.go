package ui_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

// atToken is Ada at the page that expects her token, after her consent to root 1.
func atToken(t *testing.T, set setting) (*site, *emulated) {
	s := newSite(t).frozen()
	e := start(t, set, s.talk)
	e.comesBack()
	e.takes("Ada signs root 1 or targets 1")
	e.takes("Sign root 1")
	e.consents("Ada", "root 1")
	e.sees("Insert token 5417501 (Ada)", "In the reader nothing")
	return s, e
}

// signatures is how many the journal holds.
func (s *site) signatures() int {
	n := 0
	for _, step := range s.read().Steps() {
		if step.Kind == ceremony.StepSign && len(step.Quorum.By) > 0 {
			n += len(step.Quorum.By[0].Signed)
		}
	}
	return n
}

func TestWrongTokenNeverGetsAPIN(t *testing.T) {
	s, e := atToken(t, setting{})
	e.takes("Insert token 5417502")
	e.golden("token-wrong", "TOKEN-WRONG", "Token 5417501 (Ada) is expected; 5417502 (Bo) is in the reader.")
	e.takes("Insert token 5417501")
	e.golden("token-several", "TOKEN-SEVERAL")
	e.takes("Take out token 5417502")
	e.sees("PIN of token 5417501 (Ada)")
	e.types(escape)
	e.sees("do you sign root 1?")
	if n := s.signatures(); n != 0 {
		t.Errorf("there are %d signatures", n)
	}
}

func TestWrongPINStopsBeforeTheLastTry(t *testing.T) {
	s, e := atToken(t, setting{})
	e.takes("Insert token 5417501")
	e.sees("PIN of token 5417501 (Ada)", "Tries left 3")
	e.types("000000" + enter)
	e.golden("pin-wrong", "TOKEN-PIN-WRONG", "Tries left 2")
	e.types("000000" + enter)
	e.golden("pin-last-try", "One try is left", "Type: use the last try")
	e.types(enter + "000000" + enter)
	e.sees("That was not \"use the last try\"")
	e.types("use the last try" + enter)
	e.golden("pin-last", "PIN of token 5417501 (Ada)", "Tries left 1")
	e.types(pins["Ada"] + enter)
	e.sees("Signed", "1 of 3: Ada")
	if n := s.signatures(); n != 1 {
		t.Errorf("there are %d signatures", n)
	}
}

func TestWhatGoesWrongAtTheToken(t *testing.T) {
	for name, test := range map[string]struct {
		fault virtual.Fault
		code  string
	}{
		"no touch":        {virtual.NoTouch, "TOKEN-NO-TOUCH"},
		"pulled":          {virtual.RemovedAtSign, "TOKEN-REMOVED"},
		"wrong signature": {virtual.WrongSignature, "TOKEN-FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			s, e := atToken(t, setting{})
			e.takes("Insert token 5417501")
			e.sees("PIN of token", "Tries left 3")
			s.drawer.Card("5417501").Script(test.fault)
			e.types(pins["Ada"] + enter)
			e.golden("trouble-"+strings.ToLower(test.code), test.code)
			if n := s.signatures(); n != 0 {
				t.Errorf("there are %d signatures", n)
			}
		})
	}
}

func TestTokenThatHasSignedAlready(t *testing.T) {
	_, e := atToken(t, setting{})
	e.takes("Insert token 5417501")
	e.sees("PIN of token")
	e.types(pins["Ada"] + enter)
	e.sees("Signed", "c continue")
	e.types("c")
	e.takes("Bo signs root 1 or targets 1")
	e.takes("Sign root 1")
	e.consents("Bo", "root 1")
	e.golden("token-signed-already", "TOKEN-SIGNED-ALREADY", "Token 5417502 (Bo) is expected; 5417501 (Ada) is in the reader.")
}

// Tokens that are nobody's, of another trust, empty, or not what they were.
func TestTokensThatAreNotDue(t *testing.T) {
	s := newSite(t).frozen()
	s.foreign("5417506")
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.takes("Ada signs root 1 or targets 1")
	e.takes("Sign root 1")
	e.consents("Ada", "root 1")
	before := s.drawer.Card("5417506").Counts()
	e.takes("Insert token 5417506")
	e.golden("token-stranger", "TOKEN-STRANGER", "Its key is nobody's in rehearsal-wabbit.")
	e.takes("Insert token 5417502")
	e.golden("token-several-wrong", "TOKEN-SEVERAL", "Take them out, and put in token 5417501 (Ada).")
	e.takes("Take out token 5417502")
	e.sees("TOKEN-STRANGER")
	e.takesOut("5417506")
	if after := s.drawer.Card("5417506").Counts(); after != before {
		t.Errorf("the token was asked %+v, then %+v", before, after)
	}
	s.must(s.inReader("5417501").(token.Resetter).Reset(t.Context()))
	s.must(s.drawer.Remove("5417501"))
	e.takes("Insert token 5417501")
	e.golden("token-empty", "TOKEN-EMPTY")
	e.takesOut("5417501")
	s.foreign("5417501")
	e.takes("Insert token 5417501")
	e.golden("token-other-key", "TOKEN-OTHER-KEY")
}

// A start after a crash goes on at the same step.
func TestResume(t *testing.T) {
	s := newSite(t)
	s.ready(ceremony.Founding, "Berlin")
	e := start(t, setting{}, s.talk)
	e.golden("resume", "Welcome back", "Read and accept the plan")
	e.types("c")
	e.comparesClock()
	e.sees("Where is the plan?")
}

func TestExportThatFailsLeavesEverything(t *testing.T) {
	s := newSite(t).frozen()
	s.stick.fail = errors.New("/media/CEREMONY: no space left on the device: nothing was written")
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.takes("Write the bundle to a medium")
	e.takes("CEREMONY")
	e.golden("export-failed", "Who acts now?", "no space left")
	e.takes("Write the bundle to a medium")
	e.takes("CEREMONY")
	e.sees("The bundle is written", "It is safe to remove the drive now.")
}

func TestPlanWithAnError(t *testing.T) {
	s := newSite(t)
	s.ready(ceremony.Founding, "Berlin")
	s.stick.plan = strings.Replace(planText, "threshold: 3", "threshold: 9", 1)
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.takes("CEREMONY")
	e.takes("plan.yaml")
	e.golden("plan-wrong", "This plan can't be used", "PLAN", "line")
	s.stick.plan = planText
	e.types("c")
	e.takes("CEREMONY")
	e.takes("plan.yaml")
	e.sees("The plan of rehearsal-wabbit")
}

// Where tokens are real, one that is put in is seen without a key.
func TestTokenIsSeenWhenItComes(t *testing.T) {
	s := newSite(t).frozen()
	e := start(t, setting{}, func(ctx context.Context, p page.Person) error {
		c := s.config(p)
		c.Hand, c.Poll = nil, time.Millisecond
		return ui.Run(ctx, c)
	})
	e.comesBack()
	e.takes("Ada signs root 1 or targets 1")
	e.takes("Sign root 1")
	e.consents("Ada", "root 1")
	e.golden("token-await", "Insert token 5417501 (Ada)", "Look again")
	s.must(s.drawer.Insert("5417502"))
	e.sees("TOKEN-WRONG")
	s.must(s.drawer.Remove("5417502"))
	s.must(s.drawer.Insert("5417501"))
	e.sees("PIN of token 5417501 (Ada)")
}

func TestNoScreenShowsAPIN(t *testing.T) {
	s, e := atToken(t, setting{})
	e.takes("Insert token 5417501")
	e.sees("PIN of token 5417501 (Ada)")
	e.types(pins["Ada"] + enter)
	e.sees("Signed")
	if bytes.Contains(e.bytes(), []byte(pins["Ada"])) || bytes.Contains(s.disk.Journal, []byte(pins["Ada"])) {
		t.Error("the PIN is on the screen or in the journal")
	}
}

// Without UTF-8 and without colour a screen says the same.
func TestASCIIWithoutColour(t *testing.T) {
	_, e := atToken(t, setting{env: []string{"TERM=xterm-256color", "LANG=C", "NO_COLOR=1"}})
	e.takes("Insert token 5417502")
	e.golden("ascii", "TOKEN-WRONG")
	for _, b := range e.bytes() {
		if b >= 0x80 {
			t.Fatalf("byte %#x was sent to a terminal without UTF-8", b)
		}
	}
	if m := coloured.Find(e.bytes()); m != nil {
		t.Errorf("a colour was sent in spite of NO_COLOR: %q", m)
	}
}

func TestSmallTerminalIsToldSo(t *testing.T) {
	var a talk
	e := start(t, setting{width: 60, height: 20}, a.choose(page.Page{Banner: page.Banner{Rehearsal: true}, Title: "Who acts now?"}, twoWays...))
	e.golden("small", "Make it larger")
	e.types("1" + enter) // nothing is chosen unseen
	e.types(ctrlC)
	e.sees("l leaves")
	e.types("l")
	if err := e.ends(); !errors.Is(err, page.ErrQuit) || a.key != "" {
		t.Errorf("chose %q, %v", a.key, err)
	}
}
