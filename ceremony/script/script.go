package script

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/paper"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Founding is the paper script of a founding by a plan: its steps, as the
// program will ask for them, with boxes for what is only known on the day. The
// error is that of Parse.
func Founding(p []byte, files map[string][]byte) (*paper.Paper, error) {
	parsed, err := plan.Parse(p, files)
	if err != nil {
		return nil, err
	}
	c, err := imagine(ceremony.Founding, parsed.Trust, time.Time{}, nil)
	if err == nil {
		err = c.AcceptPlan(p, files)
	}
	if err != nil {
		return nil, err
	}
	s := newScript("Script of the founding of "+parsed.Trust, c)
	s.people(c.Holders())
	s.plan(parsed, metadata.Sum(p))
	for _, step := range c.Steps() {
		s.step(step)
	}
	return &s.paper, nil
}

// Cosigning is the paper script of co-signing what a bundle holds, with the
// words that everybody has to see. The bundle is checked as a site without any
// knowledge of the trust would; the error is that of Ceremony.Import. name and
// digest are those of the file.
func Cosigning(in trust.Contents, name string, digest metadata.Digest, at time.Time, a token.Attestations) (*paper.Paper, error) {
	c, err := imagine(ceremony.Cosigning, in.Trust, at, a)
	if err != nil {
		return nil, err
	}
	if _, err := c.Import(in, name, digest); err != nil {
		return nil, err
	}
	s := newScript("Script of a co-signing of "+in.Trust, c)
	s.name, s.digest = name, digest
	s.people(c.Holders())
	for _, step := range c.Steps() {
		s.step(step)
	}
	return &s.paper, nil
}

// imagine begins a ceremony that nobody holds, in order to ask it for its steps.
func imagine(kind ceremony.Kind, name string, at time.Time, a token.Attestations) (*ceremony.Ceremony, error) {
	c, err := ceremony.Open(ceremony.Deps{
		Workspace:    &journal.Memory{},
		Now:          func() time.Time { return at },
		Rand:         bytes.NewReader(make([]byte, 64)), // a journal that is thrown away needs no secret
		Attestations: a,
		Tool:         "script",
	})
	if err == nil {
		err = c.ConfirmClock(at, "paper")
	}
	if err == nil {
		err = c.Begin(kind, "paper", trust.IsRehearsal(name))
	}
	if err == nil {
		err = c.Preflight(nil)
	}
	return c, err
}

// script is a paper in the making.
type script struct {
	paper  paper.Paper
	c      *ceremony.Ceremony
	n      int             // steps so far
	name   string          // of the bundle to co-sign
	digest metadata.Digest // of that bundle
}

func newScript(title string, c *ceremony.Ceremony) *script {
	s := &script{paper: paper.Paper{Title: title, Rehearsal: c.Rehearsal()}, c: c}
	s.paper.Add(
		paper.Paragraph("Each row is done by the one who is named first, and ticked with initials and the time before the next one is begun. What differs from this paper is written down on its last page, and nobody goes on before everybody has understood it."),
		paper.FactTable([2]string{"date", ""}, [2]string{"place", ""}, [2]string{"program, version and SHA-256", ""}),
	)
	return s
}

// add puts blocks on the paper.
func (s *script) add(blocks ...paper.Block) { s.paper.Add(blocks...) }

func (s *script) people(holders []ceremony.Holder) {
	t := paper.Table{Head: []string{"name", "as", "expected token", "signature"}}
	for _, h := range holders {
		t.Rows = append(t.Rows, []string{h.Name, "holder: " + strings.Join(h.Roles, ", "), h.Serial})
	}
	for _, as := range []string{ceremony.Facilitator, "witness", "witness"} {
		t.Rows = append(t.Rows, []string{"", as, paper.NoText})
	}
	s.add(paper.Heading{Level: 2, Text: "Who is there"}, t)
}

func (s *script) plan(p *plan.Plan, digest metadata.Digest) {
	role := func(r plan.Role) string {
		return fmt.Sprintf("%d of %d sign: %s; good for %d days from the freezing", r.Threshold, len(r.Holders), strings.Join(r.Holders, ", "), text.Days(r.Expires))
	}
	t := paper.FactTable(
		[2]string{"plan, SHA-256", paper.Fours(digest)},
		[2]string{"root 1", role(p.Root)},
		[2]string{"targets 1", role(p.Targets)},
		[2]string{"snapshot", "online key " + p.Online.Snapshot.ID()},
		[2]string{"timestamp", "online key " + p.Online.Timestamp.ID()},
		[2]string{"keys of the tokens", fmt.Sprintf("%s, touch %s, PIN %s, firmware %s or newer", p.Tokens.Algorithm, p.Tokens.Touch, p.Tokens.PIN, p.Tokens.Policy.MinFirmware)},
	)
	for _, f := range p.Files {
		t.Rows = append(t.Rows, []string{"target " + f.Path, fmt.Sprintf("%d bytes, SHA-256 %s", f.Length, paper.Fours(f.SHA256))})
	}
	s.add(paper.Heading{Level: 2, Text: "What the plan says"}, t)
	for _, w := range p.Warnings() {
		s.add(paper.Emphasis(w))
	}
	for _, weaker := range p.Tokens.Policy.Weaknesses() {
		s.add(paper.Emphasis("The plan asks less of tokens than is usual: " + weaker + "."))
	}
}

// scriptRows has one row of a step for each thing that somebody does: who, what, and
// what the program asks for or shows.
func scriptRows(list ...[3]string) paper.Table {
	t := paper.Table{Head: []string{"who", "does", "the program", "initials", "time (UTC)"}}
	for _, r := range list {
		t.Rows = append(t.Rows, r[:])
	}
	return t
}

// asks is what the program wants typed.
func asks(phrase string) string { return "asks to type: " + phrase }

const notesLines = 8

// step writes one step of the ceremony.
func (s *script) step(step ceremony.Step) {
	s.heading(step.Text)
	switch step.Kind {
	case ceremony.StepBegin:
		s.begin()
	case ceremony.StepPreflight:
		s.add(scriptRows(
			[3]string{ceremony.Facilitator, "reads the result of each check aloud", "shows a list; did not pass: " + paper.BoxLine},
			[3]string{"witness", "compares the SHA-256 of the program with the one above", "shows it in the check of the tool"},
		))
	case ceremony.StepPlan:
		s.add(scriptRows(
			[3]string{ceremony.Facilitator, "chooses the plan on the stick, and reads it aloud, line by line", "shows the plan"},
			[3]string{"everybody", "compares it with what the plan says above", paper.NoText},
			[3]string{ceremony.Facilitator, "accepts the plan", asks("accept " + s.c.Trust())},
		))
	case ceremony.StepImport:
		s.imports()
	case ceremony.StepEnrol:
		s.enrol(step)
	case ceremony.StepFreeze:
		s.add(scriptRows([3]string{ceremony.Facilitator, "freezes root 1 and targets 1: from here on their bytes don't change", asks("freeze root 1")}))
	case ceremony.StepSign:
		s.sign(step)
	case ceremony.StepExport:
		s.add(scriptRows(
			[3]string{ceremony.Facilitator, "puts in the stick, and writes the bundle to it", "shows its name: " + paper.BoxLine},
			[3]string{"witness", "reads the words of the bundle aloud, and writes them down", "shows 32 words"},
		), paper.WordBoxes(), paper.FactTable([2]string{"SHA-256 of the bundle", ""}))
		s.notes()
	}
}

func (s *script) begin() {
	command, choice := "conclave", "Found a new trust"
	if s.c.Rehearsal() {
		command = "conclave rehearse"
	}
	if s.c.Kind() == ceremony.Cosigning {
		choice = "Co-sign what another site proposes"
	}
	s.add(scriptRows(
		[3]string{ceremony.Facilitator, "starts " + command + ", with the stick as its place", "asks what everybody has come to do"},
		[3]string{ceremony.Facilitator, "chooses: " + choice, "asks for the name of this site: " + paper.BoxLine},
		[3]string{"witness", "compares the clock, which is in UTC, with another one: " + paper.BoxLine, asks("the clock is right")},
	))
}

func (s *script) imports() {
	s.add(scriptRows(
		[3]string{ceremony.Facilitator, "puts in the stick, and chooses the bundle", "shows the name, the SHA-256 and 32 words"},
		[3]string{"witness", "calls the other site, on a number that was known before, and compares the words", "shows the words below"},
		[3]string{ceremony.Facilitator, "says that they match", asks("the words match")},
	))
	if s.digest.IsZero() { // it has not come yet
		s.add(paper.FactTable([2]string{"bundle", ""}, [2]string{"SHA-256", ""}), paper.WordBoxes())
		return
	}
	s.add(paper.FactTable([2]string{"bundle", s.name}, [2]string{"SHA-256", paper.Fours(s.digest)}), paper.WordGrid(s.digest))
}

func (s *script) enrol(step ceremony.Step) {
	expected := step.Detail // as the plan has it; a draft takes any token that is nobody's
	if expected == "" {
		expected = "a token that is nobody's; its serial number: " + paper.BoxLine
	}
	s.add(scriptRows(
		[3]string{step.Holder, "puts in the new token, and compares its serial number", "expects " + expected},
		[3]string{step.Holder, "chooses a PIN", "asks for it twice; it is not shown"},
		[3]string{step.Holder, "writes the PUK on paper, alone", "shows it once, and asks for it"},
		[3]string{step.Holder, "touches the token when it blinks", "shows the key: " + paper.BoxLine},
		[3]string{"witness", "reads the checks of the token aloud", "did not pass: " + paper.BoxLine},
		[3]string{step.Holder, "takes out the token, and keeps it apart from the paper", paper.NoText},
	))
}

func (s *script) holder(name string) ceremony.Holder {
	for _, h := range s.c.Holders() {
		if h.Name == name {
			return h
		}
	}
	return ceremony.Holder{Name: name}
}

// notes is the last page.
func (s *script) notes() {
	t := paper.Table{Head: []string{"time (UTC)", "what was different, and what was decided", "initials"}}
	for range notesLines {
		t.Rows = append(t.Rows, nil)
	}
	s.add(paper.Heading{Level: 2, Text: "What was different"}, t)
}
