package ui_test

import (
	"fmt"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Targets are divided among hash bins, a directory and a listing go into them,
// and one consent signs all of them.
func TestBinsInATerminal(t *testing.T) {
	s := newSite(t).complete()
	for i := range 12 {
		s.stick.files[fmt.Sprintf("dist/tool-%d.tgz", i)] = fmt.Sprint("tool ", i)
	}
	s.stick.files["images.txt"] = fmt.Sprintf("# what CI built\napp:1.0 sha256:%s 705 application/vnd.oci.image.manifest.v1+json\n", metadata.Sum([]byte("app")))
	s.stick.files["bad.txt"] = "../app sha256:" + metadata.Sum([]byte("app")).String() + " 705\n"
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.takes("Change this trust")
	e.dividesTargets()
	e.putsTargetsIn()
	e.editsTargets()
	e.takes("That is all")
	s.signsBins(e)
	e.types("c")
	e.sees("Who acts now?")
	e.types(ctrlC)
	e.sees("Leave now?")
	e.types("l")
	_ = e.ends()

	s.signAll(s.open(), "5417501", "5417502", "5417503")
	set := s.assembled()
	held := 0
	for _, bin := range set.Delegated {
		held += len(bin.Targets.Targets)
	}
	if len(set.Delegated) != 4 || held != 12 {
		t.Errorf("%d bins with %d targets", len(set.Delegated), held)
	}
}

func (e *emulated) dividesTargets() {
	e.t.Helper()
	e.takes("Delegations")
	e.golden("bins-01-delegations", "Which change of delegations?")
	e.takes("Divide targets among hash bins")
	e.golden("bins-02-name", "What are the bins called?")
	e.types("bins" + enter)
	e.golden("bins-03-count", "How many bins?")
	e.takes("4 bins")
	e.golden("bins-04-form", "In which form are they delegated to?")
	e.takes("The short form")
	e.golden("bins-05-who", "Who signs the bins?", "Chosen nothing yet")
	e.takes("Ada")
	e.sees("Chosen Ada")
	e.takes("That is all")
	e.golden("bins-06-threshold", "How many must sign each bin?")
	e.types("1" + enter)
	e.golden("bins-07-comes-to", "What the draft comes to", "next: freeze it")
}

// putsTargetsIn puts in a directory and a listing, after one that is bad.
func (e *emulated) putsTargetsIn() {
	e.t.Helper()
	e.takes("Change something more")
	e.takes("Targets")
	e.golden("targets-01-menu", "Which change of targets?")
	e.takes("Put a directory in")
	e.takes("CEREMONY")
	e.golden("targets-02-directories", "Which directory?")
	e.takes("dist")
	e.golden("targets-03-below", "Below which path?")
	e.types("../up" + enter)
	e.sees("The path has a part")
	e.types("wabbit/1.0" + enter)
	e.sees("What the draft comes to", "12 targets are put into targets")

	e.takes("Change something more")
	e.takes("Targets")
	e.takes("Put in what a listing names")
	e.takes("CEREMONY")
	e.takes("bad.txt")
	e.golden("targets-04-bad-listing", "FILE-UNUSABLE", "listing, entry 1 (../app)")
	e.takes("Put in what a listing names")
	e.takes("CEREMONY")
	e.takes("images.txt")
	e.sees("Below which path?")
	e.types("." + enter)
	e.sees("What the draft comes to", "app:1.0 is put into targets")
}

func (e *emulated) editsTargets() {
	e.t.Helper()
	e.takes("Change something more")
	e.takes("Targets")
	e.takes("Take out all that match a pattern")
	e.golden("targets-05-pattern", "Which targets of targets go?")
	e.types("nothing/" + enter)
	e.sees("EDIT", "nothing matches it")
	e.types("wabbit/1.0/tool-1?.tgz" + enter)
	e.sees("What the draft comes to", "every target that matches")

	e.takes("Change something more")
	e.takes("Targets")
	e.takes("Change the custom data of a target")
	e.sees("Whose custom data?")
	e.types("tool-7" + enter)
	e.takes("wabbit/1.0/tool-7.tgz")
	e.golden("targets-06-custom", "Which custom data?")
	e.types(`{"signed": true}` + enter)
	e.sees("What the draft comes to", "has the custom data")
}

// signsBins has Ada sign all bins by one consent.
func (s *site) signsBins(e *emulated) {
	s.t.Helper()
	e.takes("Freeze what is to change")
	e.sees("Freeze targets 2 and 4 bins of bins")
	e.reads()
	e.types("freeze targets 2 and 4 bins of bins" + enter)
	e.golden("bins-08-list", "Who acts now?", "Ada signs targets 2 or 4 bins of bins")
	e.takes("Ada signs targets 2 or 4 bins of bins")
	e.takes("Sign 4 bins of bins")
	e.golden("bins-09-review", "What 4 bins of bins does", "Covers")
	e.reads()
	e.golden("bins-10-review-end", "c continue")
	e.types("c")
	e.answersWords("4 bins of bins")
	e.golden("bins-11-consent", "do you sign 4 bins of bins?")
	e.types("sign 4 bins of bins" + enter)
	e.swaps("Ada", "PIN of token 5417501")
	touch := s.touch.hold()
	e.types(pins["Ada"] + enter)
	e.golden("bins-12-touch", "Touch the token when it blinks", "Waiting, 0 s")
	touch()
	e.golden("bins-13-signed", "Signed", "4 bins of bins", "complete")
}

// A role below a role, in plain lines.
func TestDelegationBelowADelegation(t *testing.T) {
	s := newSite(t).complete()
	p := s.changes()
	p.takes("Delegations")
	p.takes("Delegate paths", "nothing")
	p.sees("== What is the role called?")
	p.answers("team")
	p.sees("== Which paths may team speak for?")
	p.answers("team/* team/*/*")
	p.takes("No, clients look further")
	p.takes("Di", "== Who signs team?")
	p.takes("That is all")
	p.sees("How many must sign")
	p.answers("1")
	p.takes("Change something more", "signed by 1 of Di")
	p.takes("Delegations")
	p.takes("Delegate paths", "team/* team/*/*")
	p.sees("== What is the role called?")
	p.answers("nightly")
	p.takes("team (team/*", "== Who delegates to nightly?")
	p.sees("== Which paths may nightly speak for?")
	p.answers("team/nightly/*")
	p.takes("No, clients look further")
	p.takes("Eve", "== Who signs nightly?")
	p.takes("That is all")
	p.sees("How many must sign")
	p.answers("1")
	p.sees("== What the draft comes to", "team/nightly/* is delegated by team to nightly")
	if e, ok := s.edit().(draft.Delegate); !ok || e.Parent != "team" {
		t.Errorf("delegated: %+v", e)
	}
}
