package ui_test

import (
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
)

// Somebody signs one more role and leaves another, and an edit is taken back
// alone, but not while a later one needs it.
func TestEditsOfOneRoleAndTakenBack(t *testing.T) {
	s := newSite(t).complete()
	s.must(s.open().Edit(
		draft.AddHolder{Holder: "Fay", Roles: []string{"root"}},
		draft.Delegate{Role: "team", Holders: []string{"Di", "Fay"}, Threshold: 1, Paths: []string{"team/*"}},
	))
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.takes("Go on with the draft")
	e.takes("Change something more")
	e.takes("Holders and their tokens")
	e.takes("Somebody signs one more role")
	e.golden("join-role-01-who", "Who signs one more role?")
	e.takes("Di")
	e.golden("join-role-02-which", "What does Di sign as well?")
	e.takes("targets")
	e.sees("Chosen targets")
	e.takes("That is all")
	e.takes("Change something more")
	e.takes("Holders and their tokens")
	e.takes("Somebody leaves one role")
	e.sees("Who leaves a role?")
	e.takes("Ada")
	e.golden("leave-role", "Which role does Ada leave?")
	e.takes("targets")
	e.sees("Ada does not sign targets any more")
	e.takes("Take an edit back")
	e.golden("take-back-01", "Which edit is taken back?")
	e.takes("Edit 1")
	e.golden("take-back-02-needed", "EDIT-NEEDED", "Take the later edit back first.")
	e.takes("Edit 2")
	e.takes("Take an edit back")
	e.takes("Edit 1")
	e.golden("take-back-03-left", "What the draft comes to", "Edit 2", "What root 2 does")
	d, err := s.read().Preview()
	s.must(err)
	if len(d.Edits) != 2 || len(d.Missing) != 0 || d.Problem != nil {
		t.Errorf("the draft: %+v", d)
	}
}

// What clients make of a delegation that goes is said before it is frozen.
func TestUndelegateSaysWhatClientsDo(t *testing.T) {
	s := newSite(t).complete()
	c := s.open()
	s.must(c.Edit(draft.Delegate{Role: "team", Holders: []string{"Di"}, Threshold: 1, Paths: []string{"team/*"}}))
	s.must(c.Freeze())
	s.signAll(c, "5417501", "5417502", "5417504")
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.takes("Change this trust")
	e.takes("Delegations")
	e.takes("Take a delegation away")
	e.golden("undelegate-01", "Which delegation is taken away?", "goes on listing")
	e.takes("team")
	e.golden("undelegate-02-draft", "What the draft comes to", "The name can't be used again.")
}

// A founding that was frozen and is wrong goes back to before the freezing.
func TestFoundingIsCancelled(t *testing.T) {
	s := newSite(t).frozen()
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.takes("Something is frozen that is wrong")
	e.sees("What should nobody sign?")
	e.takes("root 1")
	e.sees("Why is root 1 cancelled?")
	e.types("the clock was wrong" + enter)
	e.golden("cancel-founding", "Cancel root 1", "The tokens stay enrolled.")
	e.types("cancel root 1" + enter)
	e.golden("cancel-founding-list", "Who acts now?", "Freeze root 1 and targets 1")
	if n := len(s.read().Undecided()); n != 0 {
		t.Errorf("%d payloads are still frozen", n)
	}
}

// A plan whose every root key is needed says so, before it is accepted.
func TestPlanWithoutASpareIsSaid(t *testing.T) {
	s := newSite(t)
	s.ready(ceremony.Founding, "Berlin")
	s.stick.plan = strings.Replace(planText, "threshold: 3", "threshold: 5", 1)
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.takes("CEREMONY")
	e.takes("plan.yaml")
	e.golden("plan-without-spare", "The plan of rehearsal-wabbit", "it can never be changed again")
}
