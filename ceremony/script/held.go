package script

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/paper"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Rest is the paper script of what is left of a ceremony that has begun:
// its steps from where it stands, with the words of what is frozen, and boxes
// for those of what is only drafted.
func Rest(c *ceremony.Ceremony) (*paper.Paper, error) {
	if !c.Begun() {
		return nil, fmt.Errorf("the ceremony has not begun: its script is that of its plan or of its bundle: %w", ceremony.ErrNotNow)
	}
	title := "Script of what is left of the ceremony of " + paper.OrDash(c.Trust())
	if c.Trust() == "" {
		title = "Script of what is left of the ceremony at " + c.Site()
	}
	s := newScript(title, c)
	s.people(c.Holders())
	s.goOn()
	draft, err := c.Preview()
	if err != nil {
		return nil, err
	}
	for _, step := range c.Steps() {
		switch {
		case step.State == ceremony.Done:
		case step.Kind == ceremony.StepSign && step.Proposal.IsZero() && len(draft.Edits) > 0: // what is to be signed is not frozen yet
		case step.Kind == ceremony.StepDraft:
			s.drafting(step, draft)
		case step.Kind == ceremony.StepFreeze && len(draft.Edits) > 0:
			if err := s.freezing(step, draft); err != nil {
				return nil, err
			}
		default:
			s.step(step)
		}
	}
	return &s.paper, nil
}

// heading begins the next step.
func (s *script) heading(text string) {
	s.n++
	s.add(paper.Heading{Level: 2, Text: fmt.Sprintf("Step %d: %s", s.n, text)})
}

// goOn is how a ceremony is found again.
func (s *script) goOn() {
	s.heading("Go on with the ceremony")
	command := "conclave"
	if s.c.Rehearsal() {
		command = "conclave rehearse"
	}
	s.add(scriptRows(
		[3]string{ceremony.Facilitator, "starts " + command + " with the workspace of " + s.c.Site(), "shows: Welcome back"},
		[3]string{"witness", "reads the last entry aloud", "shows it: " + s.c.LastEvent().UTC().Format(time.DateOnly+" 15:04") + " UTC, or later"},
	))
}

func (s *script) drafting(step ceremony.Step, d ceremony.Preview) {
	s.heading(step.Text)
	if len(d.Edits) == 0 {
		s.add(scriptRows(
			[3]string{ceremony.Facilitator, "says what is to change: " + paper.BoxLine, "shows what it comes to"},
			[3]string{"everybody", "reads what it comes to, and says so if it is not what was meant", paper.NoText},
		))
		return
	}
	t := paper.Table{Head: []string{"", "the draft", "note"}}
	for i, e := range d.Edits {
		t.Rows = append(t.Rows, []string{fmt.Sprint(i + 1), text.Safe(e.String())})
	}
	s.add(t, scriptRows([3]string{"everybody", "compares the draft with this list", "shows it under: Go on with the draft"}))
	for _, v := range d.Voids {
		s.add(paper.Emphasis("Freezing makes void: " + v + "."))
	}
	for _, w := range d.Warnings {
		s.add(paper.Emphasis(w))
	}
}

// freezing writes the step in which a draft is frozen, and how what comes of it
// is signed.
func (s *script) freezing(step ceremony.Step, d ceremony.Preview) error {
	s.heading(step.Text)
	if len(d.Missing) > 0 {
		s.add(paper.Paragraph("What it comes to is seen once these have their new tokens: " + strings.Join(d.Missing, ", ") + ". Then print this script again, or write it in by hand."))
	}
	phrase := "freeze " + d.Names()
	if len(d.Payloads) == 0 {
		phrase = "freeze " + paper.BoxLine
	}
	s.add(scriptRows([3]string{ceremony.Facilitator, "freezes it: from here on the bytes don't change", asks(phrase)}))
	if d.Problem != nil {
		s.add(paper.Emphasis("It can't be frozen as it is: " + text.Safe(d.Problem.Error())))
	}
	before, err := s.c.Roles()
	if err != nil {
		return err
	}
	after, err := s.c.Editable()
	if err != nil {
		return err
	}
	for _, p := range d.Payloads {
		s.heading("The holders sign " + p.Name())
		s.drafted(p, before, after.Roles)
	}
	if len(d.Payloads) == 0 {
		s.heading("The holders sign")
		s.unknown("what is frozen", signing("sign "+paper.BoxLine, []string{paper.BoxLine, paper.BoxLine, paper.BoxLine}))
	}
	return nil
}

// drafted writes how one version of a draft is signed: a root by the holders of
// the one before and by its own.
func (s *script) drafted(p ceremony.NextVersion, before, after []draft.RoleState) {
	old, next := roleNamed(before, p.Role), roleNamed(after, p.Role)
	signers := slices.Clone(next.Holders)
	who := fmt.Sprintf("%d of these: %s", next.Threshold, strings.Join(next.Holders, ", "))
	if p.Role == "root" {
		who = fmt.Sprintf("by the old root %d of these: %s; by the new root %s", old.Threshold, strings.Join(old.Holders, ", "), who)
		signers = append(signers, old.Holders...)
	}
	slices.Sort(signers)
	t := paper.Table{Head: []string{"what", "before", "after", "note"}}
	for _, ch := range p.Changes {
		t.Rows = append(t.Rows, []string{ch.Field, paper.OrDash(ch.Before), paper.OrDash(ch.After), paper.OrDash(ch.Note)})
	}
	s.add(paper.Paragraph("Who signs: "+who+". Who signs elsewhere is crossed out here."), paper.Paragraph("This is what it does:"), t)
	s.unknown("the payload", signing("sign "+p.Name(), slices.Compact(signers)))
}

// unknown has boxes for the words of what is only frozen on the day.
func (s *script) unknown(what string, signing paper.Table) {
	s.add(
		paper.Paragraph("Whoever signs first has the words read aloud, and the witness writes them down. All others must see the same."),
		paper.WordBoxes(),
		paper.FactTable([2]string{"SHA-256 of " + what, ""}),
		signing,
	)
}

func roleNamed(roles []draft.RoleState, name string) draft.RoleState {
	for _, r := range roles {
		if r.Name == name {
			return r
		}
	}
	return draft.RoleState{}
}
