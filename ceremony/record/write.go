package record

import (
	"fmt"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/paper"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Paper is the record as a document to print, read and initial.
func (r *Record) Paper() *paper.Paper {
	p := &paper.Paper{Title: "Record of a ceremony"}
	for i, s := range r.Sites {
		if i == 0 && s.Trust != "" {
			p.Title = "Record of the ceremony of " + s.Trust
		}
		p.Rehearsal = p.Rehearsal || s.Rehearsal
		s.write(p)
	}
	if len(r.Heads) > 0 {
		p.Add(paper.Heading{Level: 2, Text: "Signatures over the journals"}, headTable(r.Heads))
	}
	return p
}

func headTable(heads []Signature) paper.Table {
	t := paper.Table{Head: []string{"holder", "token", "key", "journal of site", "up to line", "head, SHA-256", "signature"}}
	for _, h := range heads {
		t.Rows = append(t.Rows, []string{paper.OrDash(h.Holder), paper.OrDash(h.Serial), h.Key.ID(), h.Site, fmt.Sprint(h.Events), paper.Fours(h.Head), paper.OrDash(h.Sig)})
	}
	return t
}

func (s *Site) write(p *paper.Paper) {
	p.Add(paper.Heading{Level: 2, Text: "Site: " + s.Site}, paper.FactTable(
		[2]string{"trust", paper.OrDash(s.Trust)},
		[2]string{"ceremony", paper.OrDash(s.Kind)},
		[2]string{"program", paper.OrDash(s.Tool)},
		[2]string{"first line", text.Stamp(s.began())},
		[2]string{"last line", text.Stamp(s.ended())},
		[2]string{"lines of the journal", fmt.Sprint(s.Events)},
		[2]string{"site's id", s.ID},
		[2]string{"head of the journal, SHA-256", paper.Fours(s.Head)},
	))
	p.Add(paper.Paragraph("The head stands for every line of the journal. These are its words:"), paper.WordGrid(s.Head))
	p.Add(paper.Heading{Level: 3, Text: "Who was there"}, s.peopleTable())
	p.Add(paper.Heading{Level: 3, Text: "Exceptions and notes"})
	if len(s.Notes) == 0 {
		p.Add(paper.Paragraph("None are in the journal."))
	} else {
		t := paper.Table{Head: []string{"line", "time (UTC)", "what", "said by", "initials"}}
		for _, n := range s.Notes {
			t.Rows = append(t.Rows, []string{fmt.Sprint(n.N), text.Stamp(n.Time), n.Text, paper.OrDash(n.Who)})
		}
		p.Add(t)
	}
	s.writeMachine(p)
	s.writeTokens(p)
	s.writePayloads(p)
	s.writeBundles(p)
	t := paper.Table{Head: []string{"line", "time (UTC)", "what happened", "initials"}}
	for _, l := range s.Lines {
		t.Rows = append(t.Rows, []string{fmt.Sprint(l.N), text.Stamp(l.Time), l.Text})
	}
	p.Add(paper.Heading{Level: 3, Text: "Line by line"}, t)
}

// peopleTable has the holders, and rows for those of whom a journal knows nothing.
func (s *Site) peopleTable() paper.Table {
	t := paper.Table{Head: []string{"name", "as", "did", "signature"}}
	for _, person := range s.People {
		t.Rows = append(t.Rows, []string{person.Name, "holder, token " + joined(person.Tokens), strings.Join(person.Did, "; ")})
	}
	for _, as := range []string{"facilitator", "witness", "witness"} {
		t.Rows = append(t.Rows, []string{"", as, "", ""})
	}
	return t
}

func (s *Site) writeMachine(p *paper.Paper) {
	for _, f := range s.Preflights {
		p.Add(paper.Heading{Level: 3, Text: "The machine, " + text.Stamp(f.Time)}, checkTable(f.Checks))
	}
	if len(s.Clocks) > 0 {
		t := paper.Table{Head: []string{"time (UTC)", "the machine showed", "compared with", "initials"}}
		for _, c := range s.Clocks {
			t.Rows = append(t.Rows, []string{text.Stamp(c.Time), text.Stamp(c.Shown), paper.OrDash(c.Source)})
		}
		p.Add(paper.Heading{Level: 3, Text: "The clock"}, t)
	}
	for _, plan := range s.Plans {
		p.Add(paper.Heading{Level: 3, Text: "The plan, " + text.Stamp(plan.Time)}, paper.Verbatim(plan.Text), paper.Paragraph("SHA-256 of the plan: "+paper.Fours(plan.SHA256)))
	}
}

func checkTable(checks []token.Check) paper.Table {
	t := paper.Table{Head: []string{"check", "outcome", "because"}}
	for _, c := range checks {
		outcome := "pass"
		if !c.Pass {
			outcome = "FAIL"
		}
		t.Rows = append(t.Rows, []string{paper.OrDash(c.Name), outcome, paper.OrDash(c.Reason)})
	}
	return t
}

func (s *Site) writeTokens(p *paper.Paper) {
	for _, e := range s.Enrolments {
		verdict := "every check passed"
		if !e.Passed {
			verdict = "A CHECK FAILED"
		}
		p.Add(paper.Heading{Level: 3, Text: "The token of " + e.Holder}, paper.FactTable(
			[2]string{"time (UTC)", text.Stamp(e.Time)},
			[2]string{"token", strings.TrimSpace(e.Token + " " + e.Serial)},
			[2]string{"firmware", paper.OrDash(e.Firmware)},
			[2]string{"key", e.KeyID},
			[2]string{"fingerprint", digestOrNone(e.Fingerprint)},
			[2]string{"attestation, SHA-256", digestOrNone(e.Attestation)},
			[2]string{"verdict", verdict},
			[2]string{"initials of " + e.Holder, ""},
		), checkTable(e.Checks))
	}
}

func (s *Site) writePayloads(p *paper.Paper) {
	signed := map[metadata.Digest][]PayloadSignature{}
	for _, sig := range s.Signatures {
		signed[sig.Payload] = append(signed[sig.Payload], sig)
	}
	for _, l := range s.Payloads {
		how := "frozen here"
		if l.Imported {
			how = "brought by a bundle"
		}
		p.Add(paper.Heading{Level: 3, Text: fmt.Sprintf("%s %d", l.Role, l.Version)})
		if l.Void != "" {
			p.Add(paper.Emphasis("Its signatures are void: it " + l.Void))
		}
		p.Add(paper.FactTable(
			[2]string{"time (UTC)", text.Stamp(l.Time) + ", " + how},
			[2]string{"reason", paper.OrDash(l.Reason)},
			[2]string{"builds on", digestOrNone(l.Base)},
			[2]string{"payload, SHA-256", paper.Fours(l.Digest)},
		), paper.WordGrid(l.Digest))
		t := paper.Table{Head: []string{"time (UTC)", "signed by", "token", "typed", "initials"}}
		for _, sig := range signed[l.Digest] {
			consent := paper.OrDash(sig.Consent)
			if sig.Imported {
				consent = "at another site"
			}
			t.Rows = append(t.Rows, []string{text.Stamp(sig.Time), fmt.Sprintf("%s, key %.8s", sig.Holder, sig.KeyID), paper.OrDash(sig.Serial), consent})
		}
		if len(t.Rows) > 0 {
			p.Add(t)
		} else {
			p.Add(paper.Paragraph("Nobody's signature over it is in this journal."))
		}
	}
}

func (s *Site) writeBundles(p *paper.Paper) {
	for _, b := range s.Bundles {
		title := "The bundle that was written"
		if b.Imported {
			title = "A bundle that was opened"
		}
		p.Add(paper.Heading{Level: 3, Text: title}, paper.FactTable(
			[2]string{"time (UTC)", text.Stamp(b.Time)},
			[2]string{"name", paper.OrDash(b.Name)},
			[2]string{"SHA-256", paper.Fours(b.SHA256)},
			[2]string{"initials", ""},
		), paper.WordGrid(b.SHA256))
	}
}

// ended is the time of the last line.
func (s *Site) ended() time.Time {
	if len(s.Lines) == 0 {
		return time.Time{}
	}
	return s.Lines[len(s.Lines)-1].Time
}

func digestOrNone(d metadata.Digest) string {
	if d.IsZero() {
		return "none"
	}
	return paper.Fours(d)
}

func joined(words []string) string { return strings.Join(words, " ") }
