package ceremony

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// FoundingScript is the paper script of a founding by a plan: its steps, as the
// program will ask for them, with boxes for what is only known on the day. The
// error is that of ParsePlan.
func FoundingScript(plan []byte, files map[string][]byte) (*Paper, error) {
	parsed, err := ParsePlan(plan, files)
	if err != nil {
		return nil, err
	}
	c, err := imagine(Found, parsed.Trust, time.Time{}, nil)
	if err == nil {
		err = c.AcceptPlan(plan, files)
	}
	if err != nil {
		return nil, err
	}
	s := newScript("Script of the founding of "+parsed.Trust, c)
	s.people(c.Holders())
	s.plan(parsed, metadata.Sum(plan))
	for _, step := range c.Steps() {
		s.step(step)
	}
	return &s.paper, nil
}

// CosignScript is the paper script of co-signing what a bundle holds, with the
// words that everybody has to see. The bundle is checked as a site without any
// knowledge of the trust would; the error is that of Ceremony.Import. name and
// digest are those of the file.
func CosignScript(in Contents, name string, digest metadata.Digest, at time.Time, a Attestations) (*Paper, error) {
	c, err := imagine(Cosign, in.Trust, at, a)
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
func imagine(kind Kind, trust string, at time.Time, a Attestations) (*Ceremony, error) {
	c, err := Open(Deps{
		Workspace:    &Memory{},
		Now:          func() time.Time { return at },
		Rand:         bytes.NewReader(make([]byte, 64)), // a journal that is thrown away needs no secret
		Attestations: a,
		Tool:         "script",
	})
	if err == nil {
		err = c.Begin(kind, "paper", IsRehearsal(trust))
	}
	if err == nil {
		err = c.Preflight(nil)
	}
	if err == nil {
		err = c.ConfirmClock(at, "paper")
	}
	return c, err
}

// script is a paper in the making.
type script struct {
	paper  Paper
	c      *Ceremony
	n      int             // steps so far
	name   string          // of the bundle to co-sign
	digest metadata.Digest // of that bundle
}

func newScript(title string, c *Ceremony) *script {
	s := &script{paper: Paper{title: title, rehearsal: c.Rehearsal()}, c: c}
	s.paper.add(
		paragraph("Each row is done by the one who is named first, and ticked with initials and the time before the next one is begun. What differs from this paper is written down on its last page, and nobody goes on before everybody has understood it."),
		factTable([2]string{"date", ""}, [2]string{"place", ""}, [2]string{"program, version and SHA-256", ""}),
	)
	return s
}

// add puts blocks on the paper.
func (s *script) add(blocks ...block) { s.paper.add(blocks...) }

func (s *script) people(holders []Holder) {
	t := table{head: []string{"name", "as", "expected token", "signature"}}
	for _, h := range holders {
		t.rows = append(t.rows, []string{h.Name, "holder: " + strings.Join(h.Roles, ", "), h.Serial})
	}
	for _, as := range []string{Facilitator, "witness", "witness"} {
		t.rows = append(t.rows, []string{"", as, noText})
	}
	s.add(heading{2, "Who is there"}, t)
}

func (s *script) plan(p *Plan, digest metadata.Digest) {
	role := func(r PlannedRole) string {
		return fmt.Sprintf("%d of %d sign: %s; good for %d days from the freezing", r.Threshold, len(r.Holders), strings.Join(r.Holders, ", "), Days(r.Expires))
	}
	t := factTable(
		[2]string{"plan, SHA-256", fours(digest)},
		[2]string{"root 1", role(p.Root)},
		[2]string{"targets 1", role(p.Targets)},
		[2]string{"snapshot", "online key " + p.Online.Snapshot.ID()},
		[2]string{"timestamp", "online key " + p.Online.Timestamp.ID()},
		[2]string{"keys of the tokens", fmt.Sprintf("%s, touch %s, PIN %s, firmware %s or newer", p.Tokens.Algorithm, p.Tokens.Touch, p.Tokens.PIN, p.Tokens.Policy.MinFirmware)},
	)
	for _, f := range p.Files {
		t.rows = append(t.rows, []string{"target " + f.Path, fmt.Sprintf("%d bytes, SHA-256 %s", f.Length, fours(f.SHA256))})
	}
	s.add(heading{2, "What the plan says"}, t)
	for _, weaker := range p.Tokens.Policy.Weaknesses() {
		s.add(emphasis("The plan asks less of tokens than is usual: " + weaker + "."))
	}
}

// scriptRows has one row of a step for each thing that somebody does: who, what, and
// what the program asks for or shows.
func scriptRows(list ...[3]string) table {
	t := table{head: []string{"who", "does", "the program", "initials", "time (UTC)"}}
	for _, r := range list {
		t.rows = append(t.rows, r[:])
	}
	return t
}

// asks is what the program wants typed.
func asks(phrase string) string { return "asks to type: " + phrase }

const notesLines = 8

// step writes one step of the ceremony.
func (s *script) step(step Step) {
	s.heading(step.Text)
	switch step.Kind {
	case StepBegin:
		s.begin()
	case StepPreflight:
		s.add(scriptRows(
			[3]string{Facilitator, "reads the result of each check aloud", "shows a list; did not pass: " + boxLine},
			[3]string{"witness", "compares the SHA-256 of the program with the one above", "shows it in the check of the tool"},
			[3]string{"witness", "compares the clock, which is in UTC, with another one: " + boxLine, asks("the clock is right")},
		))
	case StepPlan:
		s.add(scriptRows(
			[3]string{Facilitator, "chooses the plan on the stick, and reads it aloud, line by line", "shows the plan"},
			[3]string{"everybody", "compares it with what the plan says above", noText},
			[3]string{Facilitator, "accepts the plan", asks("accept " + s.c.Trust())},
		))
	case StepImport:
		s.imports()
	case StepEnrol:
		s.enrol(step)
	case StepFreeze:
		s.add(scriptRows([3]string{Facilitator, "freezes root 1 and targets 1: from here on their bytes don't change", asks("freeze root 1")}))
	case StepSign:
		s.sign(step)
	case StepExport:
		s.add(scriptRows(
			[3]string{Facilitator, "puts in the stick, and writes the bundle to it", "shows its name: " + boxLine},
			[3]string{"witness", "reads the words of the bundle aloud, and writes them down", "shows 32 words"},
		), wordBoxes(), factTable([2]string{"SHA-256 of the bundle", ""}))
		s.notes()
	}
}

func (s *script) begin() {
	command, choice := "conclave", "Found a new trust"
	if s.c.Rehearsal() {
		command = "conclave rehearse"
	}
	if s.c.Kind() == Cosign {
		choice = "Co-sign what another site proposes"
	}
	s.add(scriptRows(
		[3]string{Facilitator, "starts " + command + ", with the stick as its place", "asks what everybody has come to do"},
		[3]string{Facilitator, "chooses: " + choice, "asks for the name of this site: " + boxLine},
	))
}

func (s *script) imports() {
	s.add(scriptRows(
		[3]string{Facilitator, "puts in the stick, and chooses the bundle", "shows the name, the SHA-256 and 32 words"},
		[3]string{"witness", "calls the other site, on a number that was known before, and compares the words", "shows the words below"},
		[3]string{Facilitator, "says that they match", asks("the words match")},
	))
	if s.digest.IsZero() { // it has not come yet
		s.add(factTable([2]string{"bundle", ""}, [2]string{"SHA-256", ""}), wordBoxes())
		return
	}
	s.add(factTable([2]string{"bundle", s.name}, [2]string{"SHA-256", fours(s.digest)}), wordGrid(s.digest))
}

func (s *script) enrol(step Step) {
	expected := step.Detail // as the plan has it; a draft takes any token that is nobody's
	if expected == "" {
		expected = "a token that is nobody's; its serial number: " + boxLine
	}
	s.add(scriptRows(
		[3]string{step.Holder, "puts in the new token, and compares its serial number", "expects " + expected},
		[3]string{step.Holder, "chooses a PIN", "asks for it twice; it is not shown"},
		[3]string{step.Holder, "writes the PUK on paper, alone", "shows it once, and asks for it"},
		[3]string{step.Holder, "touches the token when it blinks", "shows the key: " + boxLine},
		[3]string{"witness", "reads the checks of the token aloud", "did not pass: " + boxLine},
		[3]string{step.Holder, "takes out the token, and keeps it apart from the paper", noText},
	))
}

func (s *script) holder(name string) Holder {
	for _, h := range s.c.Holders() {
		if h.Name == name {
			return h
		}
	}
	return Holder{Name: name}
}

// notes is the last page.
func (s *script) notes() {
	t := table{head: []string{"time (UTC)", "what was different, and what was decided", "initials"}}
	for range notesLines {
		t.rows = append(t.rows, nil)
	}
	s.add(heading{2, "What was different"}, t)
}
