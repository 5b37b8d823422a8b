package script

import (
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/paper"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// sign writes the step in which holders sign. Before the day of a founding
// nothing is frozen: then it is the two roles of the plan, with boxes for the
// words that everybody will see.
func (s *script) sign(step ceremony.Step) {
	plan := s.c.Plan()
	switch {
	case !step.Proposal.IsZero():
		s.payload(step)
	case plan != nil:
		s.planned("root", plan.Root)
		s.planned("targets", plan.Targets)
	}
}

func (s *script) planned(role string, r plan.Role) {
	s.add(
		paper.Heading{Level: 3, Text: role + " 1"},
		paper.Paragraph(fmt.Sprintf("%d of %d have to sign. Who signs elsewhere is crossed out here.", r.Threshold, len(r.Holders))),
	)
	s.unknown("the payload", signing("sign "+role+" 1", r.Holders))
}

// signing has what each holder does in order to sign; phrase is their consent.
func signing(phrase string, holders []string) paper.Table {
	var list [][3]string
	for _, h := range holders {
		list = append(list,
			[3]string{h, "reads what it does, and the words", "asks for two words: " + paper.BoxLine + " " + paper.BoxLine},
			[3]string{h, "consents", asks(phrase)},
			[3]string{h, "puts in the token, types the PIN, touches it", "shows: Signed"},
		)
	}
	return scriptRows(list...)
}

// payload writes what a frozen payload does, in the words of its review, and
// how it is signed.
func (s *script) payload(step ceremony.Step) {
	q := step.Quorum
	if step.Detail != "" {
		s.add(paper.Paragraph("So far: " + step.Detail + "."))
	}
	open := q.Open()
	if len(open) == 0 {
		if step.State != ceremony.Done {
			return // what stands in the way has been said
		}
		s.add(paper.Paragraph("It is signed: nothing is left to do."))
		return
	}
	review, err := s.c.Review(step.Proposal, s.holder(open[0]))
	if err != nil {
		s.add(paper.Emphasis("It can't be signed now: " + err.Error()))
		return
	}
	s.add(paper.FactTable(
		[2]string{"reason", paper.OrDash(review.Reason)},
		[2]string{"expires", fmt.Sprintf("%s, in %d days", text.Stamp(review.Expires), review.Days)},
		[2]string{"payload, SHA-256", paper.Fours(review.Digest)},
	), paper.Paragraph("Everybody sees these words, at every site:"), paper.WordGrid(review.Digest))
	for _, w := range review.Warnings {
		s.add(paper.Emphasis(w))
	}
	t := paper.Table{Head: []string{"what", "before", "after", "note"}}
	for _, ch := range review.Changes {
		t.Rows = append(t.Rows, []string{ch.Field, paper.OrDash(ch.Before), paper.OrDash(ch.After), paper.OrDash(ch.Note)})
	}
	s.add(paper.Paragraph("This is what it does:"), t, signing(review.Phrase, open))
}
