package ceremony

import (
	"fmt"
)

// sign writes the step in which holders sign. Before the day of a founding
// nothing is frozen: then it is the two roles of the plan, with boxes for the
// words that everybody will see.
func (s *script) sign(step Step) {
	plan := s.c.Plan()
	switch {
	case !step.Proposal.IsZero():
		s.payload(step)
	case plan != nil:
		s.planned("root", plan.Root)
		s.planned("targets", plan.Targets)
	}
}

func (s *script) planned(role string, r PlannedRole) {
	s.add(
		heading{3, role + " 1"},
		paragraph(fmt.Sprintf("%d of %d have to sign. Who signs elsewhere is crossed out here.", r.Threshold, len(r.Holders))),
	)
	s.unknown("the payload", signing(Phrase(role, 1), r.Holders))
}

// signing has what each holder does in order to sign; phrase is their consent.
func signing(phrase string, holders []string) table {
	var list [][3]string
	for _, h := range holders {
		list = append(list,
			[3]string{h, "reads what it does, and the words", "asks for two words: " + boxLine + " " + boxLine},
			[3]string{h, "consents", asks(phrase)},
			[3]string{h, "puts in the token, types the PIN, touches it", "shows: Signed"},
		)
	}
	return scriptRows(list...)
}

// payload writes what a frozen payload does, in the words of its review, and
// how it is signed.
func (s *script) payload(step Step) {
	q := step.Quorum
	if step.Detail != "" {
		s.add(paragraph("So far: " + step.Detail + "."))
	}
	open := q.Open()
	if len(open) == 0 {
		if step.State != Done {
			return // what stands in the way has been said
		}
		s.add(paragraph("It is signed: nothing is left to do."))
		return
	}
	review, err := s.c.Review(step.Proposal, s.holder(open[0]))
	if err != nil {
		s.add(emphasis("It can't be signed now: " + err.Error()))
		return
	}
	s.add(factTable(
		[2]string{"reason", orDash(review.Reason)},
		[2]string{"expires", fmt.Sprintf("%s, in %d days", Stamp(review.Expires), review.Days)},
		[2]string{"payload, SHA-256", fours(review.Digest)},
	), paragraph("Everybody sees these words, at every site:"), wordGrid(review.Digest))
	for _, w := range review.Warnings {
		s.add(emphasis(w))
	}
	t := table{head: []string{"what", "before", "after", "note"}}
	for _, ch := range review.Changes {
		t.rows = append(t.rows, []string{ch.Field, orDash(ch.Before), orDash(ch.After), orDash(ch.Note)})
	}
	s.add(paragraph("This is what it does:"), t, signing(review.Phrase, open))
}
