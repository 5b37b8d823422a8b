package ui_test

import (
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ui/page"
)

// edited is a draft, frozen.
func (s *site) edited(c *ceremony.Ceremony, edits ...draft.Edit) {
	s.t.Helper()
	for _, e := range edits {
		s.must(c.Edit(e))
	}
	s.must(c.Freeze())
}

// tool and app are targets of the tests.
var (
	tool = draft.AddTarget{Role: "targets", Path: "wabbit/tool", SHA256: metadata.Sum([]byte("tool")), Length: 4}
	docs = draft.AddTarget{Role: "targets", Path: "wabbit/docs", SHA256: metadata.Sum([]byte("docs")), Length: 4}
)

// quarrel is a site that knows two payloads of targets 2: its own and that of
// another site, which Ada has signed.
func quarrel(t *testing.T) *site {
	t.Helper()
	s := newSite(t).complete()
	first := s.open()
	base, err := first.Contents()
	s.must(err)
	s.edited(first, tool, draft.Renew{Role: "targets", Days: 60})
	other := s.other()
	second := other.ready(ceremony.Changing, "Oslo")
	_, err = second.Import(base, "base.tar", metadata.Sum(nil))
	s.must(err)
	s.edited(second, tool, docs, draft.Renew{Role: "targets", Days: 90})
	other.signAll(second, "5417501")
	theirs, err := second.Contents()
	s.must(err)
	_, err = s.open().Import(theirs, "theirs.tar", metadata.Sum(nil))
	s.must(err)
	return s
}

func TestPeopleChooseBetweenTwoPayloads(t *testing.T) {
	s := quarrel(t)
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.golden("conflict-01-list", "Who acts now?", "Choose between payloads of targets 2")
	e.takes("Choose between payloads of targets 2")
	e.golden("conflict-02", "Which targets 2 is meant?")
	e.reads()
	e.golden("conflict-03-end", "Which targets 2 is meant?", "Esc back")
	open := s.read().Undecided()
	mine, theirs := open[0].Proposal.String()[:8], open[1].Proposal.String()[:8]
	e.takes("Keep payload " + theirs)
	e.sees("Keep payload " + theirs + " of targets 2")
	e.reads()
	e.golden("conflict-04-keep", "Payload "+mine+" goes, for good", "Type: keep "+theirs)
	e.types("keep " + mine + enter)
	e.sees("That was not")
	e.types("keep " + theirs + enter)
	e.sees("Who acts now?", "1 of 2 by root 1: Ada")
	if open := s.read().Undecided(); len(open) != 1 || open[0].Proposal.String()[:8] != theirs || open[0].Rivals != 0 {
		t.Errorf("undecided: %+v", open)
	}
}

func TestCancelWhatIsFrozen(t *testing.T) {
	s := newSite(t).complete()
	c := s.open()
	s.edited(c, tool)
	s.signAll(c, "5417501")
	e := s.recovers(setting{})
	e.takes("Something is frozen that is wrong")
	e.golden("cancel-01", "What should nobody sign?")
	e.takes("targets 2")
	e.golden("cancel-02-why", "Why is targets 2 cancelled?")
	e.types("the wrong tool" + enter)
	e.golden("cancel-03", "Cancel targets 2", "signed by Ada")
	e.types("cancel targets 2" + enter)
	e.sees("Who acts now?", "targets 1 is signed")
	e.types(ctrlC)
	e.sees("Leave now?")
	e.types("l")
	if err := e.ends(); !errors.Is(err, page.ErrQuit) {
		t.Fatal(err)
	}
	if open := s.read().Undecided(); len(open) != 0 {
		t.Errorf("undecided: %+v", open)
	}
	if set := s.assembled(); set.Targets.Version != 1 {
		t.Errorf("targets %d", set.Targets.Version)
	}
}
