package ceremony

import (
	"fmt"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Paper is the record as a document to print, read and initial.
func (r *Record) Paper() *Paper {
	p := &Paper{title: "Record of a ceremony"}
	for i, s := range r.Sites {
		if i == 0 && s.Trust != "" {
			p.title = "Record of the ceremony of " + s.Trust
		}
		p.rehearsal = p.rehearsal || s.Rehearsal
		s.write(p)
	}
	if len(r.Heads) > 0 {
		p.add(heading{2, "Signatures over the journals"}, headTable(r.Heads))
	}
	return p
}

func headTable(heads []HeadSignature) table {
	t := table{head: []string{"holder", "token", "key", "journal of site", "up to line", "head, SHA-256", "signature"}}
	for _, h := range heads {
		t.rows = append(t.rows, []string{orDash(h.Holder), orDash(h.Serial), h.Key.ID(), h.Site, fmt.Sprint(h.Events), fours(h.Head), orDash(h.Sig)})
	}
	return t
}

func (s *SiteRecord) write(p *Paper) {
	p.add(heading{2, "Site: " + s.Site}, factTable(
		[2]string{"trust", orDash(s.Trust)},
		[2]string{"ceremony", orDash(s.Kind)},
		[2]string{"program", orDash(s.Tool)},
		[2]string{"first line", Stamp(s.began())},
		[2]string{"last line", Stamp(s.ended())},
		[2]string{"lines of the journal", fmt.Sprint(s.Events)},
		[2]string{"site's id", s.ID},
		[2]string{"head of the journal, SHA-256", fours(s.Head)},
	))
	p.add(paragraph("The head stands for every line of the journal. These are its words:"), wordGrid(s.Head))
	p.add(heading{3, "Who was there"}, s.peopleTable())
	p.add(heading{3, "Exceptions and notes"})
	if len(s.Notes) == 0 {
		p.add(paragraph("None are in the journal."))
	} else {
		t := table{head: []string{"line", "time (UTC)", "what", "said by", "initials"}}
		for _, n := range s.Notes {
			t.rows = append(t.rows, []string{fmt.Sprint(n.N), Stamp(n.Time), n.Text, orDash(n.Who)})
		}
		p.add(t)
	}
	s.writeMachine(p)
	s.writeTokens(p)
	s.writePayloads(p)
	s.writeBundles(p)
	t := table{head: []string{"line", "time (UTC)", "what happened", "initials"}}
	for _, l := range s.Lines {
		t.rows = append(t.rows, []string{fmt.Sprint(l.N), Stamp(l.Time), l.Text})
	}
	p.add(heading{3, "Line by line"}, t)
}

// peopleTable has the holders, and rows for those of whom a journal knows nothing.
func (s *SiteRecord) peopleTable() table {
	t := table{head: []string{"name", "as", "did", "signature"}}
	for _, person := range s.People {
		t.rows = append(t.rows, []string{person.Name, "holder, token " + joined(person.Tokens), strings.Join(person.Did, "; ")})
	}
	for _, as := range []string{"facilitator", "witness", "witness"} {
		t.rows = append(t.rows, []string{"", as, "", ""})
	}
	return t
}

func (s *SiteRecord) writeMachine(p *Paper) {
	for _, f := range s.Preflights {
		p.add(heading{3, "The machine, " + Stamp(f.Time)}, checkTable(f.Checks))
	}
	if len(s.Clocks) > 0 {
		t := table{head: []string{"time (UTC)", "the machine showed", "compared with", "initials"}}
		for _, c := range s.Clocks {
			t.rows = append(t.rows, []string{Stamp(c.Time), Stamp(c.Shown), orDash(c.Source)})
		}
		p.add(heading{3, "The clock"}, t)
	}
	for _, plan := range s.Plans {
		p.add(heading{3, "The plan, " + Stamp(plan.Time)}, verbatim(plan.Text), paragraph("SHA-256 of the plan: "+fours(plan.SHA256)))
	}
}

func checkTable(checks []Check) table {
	t := table{head: []string{"check", "outcome", "because"}}
	for _, c := range checks {
		outcome := "pass"
		if !c.Pass {
			outcome = "FAIL"
		}
		t.rows = append(t.rows, []string{orDash(c.Name), outcome, orDash(c.Reason)})
	}
	return t
}

func (s *SiteRecord) writeTokens(p *Paper) {
	for _, e := range s.Enrolments {
		verdict := "every check passed"
		if !e.Passed {
			verdict = "A CHECK FAILED"
		}
		p.add(heading{3, "The token of " + e.Holder}, factTable(
			[2]string{"time (UTC)", Stamp(e.Time)},
			[2]string{"token", strings.TrimSpace(e.Token + " " + e.Serial)},
			[2]string{"firmware", orDash(e.Firmware)},
			[2]string{"key", e.KeyID},
			[2]string{"fingerprint", digestOrNone(e.Fingerprint)},
			[2]string{"attestation, SHA-256", digestOrNone(e.Attestation)},
			[2]string{"verdict", verdict},
			[2]string{"initials of " + e.Holder, ""},
		), checkTable(e.Checks))
	}
}

func (s *SiteRecord) writePayloads(p *Paper) {
	signed := map[metadata.Digest][]RecordedSignature{}
	for _, sig := range s.Signatures {
		signed[sig.Payload] = append(signed[sig.Payload], sig)
	}
	for _, l := range s.Payloads {
		how := "frozen here"
		if l.Imported {
			how = "brought by a bundle"
		}
		p.add(heading{3, fmt.Sprintf("%s %d", l.Role, l.Version)})
		if l.Void != "" {
			p.add(emphasis("Its signatures are void: it " + l.Void))
		}
		p.add(factTable(
			[2]string{"time (UTC)", Stamp(l.Time) + ", " + how},
			[2]string{"reason", orDash(l.Reason)},
			[2]string{"builds on", digestOrNone(l.Base)},
			[2]string{"payload, SHA-256", fours(l.Digest)},
		), wordGrid(l.Digest))
		t := table{head: []string{"time (UTC)", "signed by", "token", "typed", "initials"}}
		for _, sig := range signed[l.Digest] {
			consent := orDash(sig.Consent)
			if sig.Imported {
				consent = "at another site"
			}
			t.rows = append(t.rows, []string{Stamp(sig.Time), fmt.Sprintf("%s, key %.8s", sig.Holder, sig.KeyID), orDash(sig.Serial), consent})
		}
		if len(t.rows) > 0 {
			p.add(t)
		} else {
			p.add(paragraph("Nobody's signature over it is in this journal."))
		}
	}
}

func (s *SiteRecord) writeBundles(p *Paper) {
	for _, b := range s.Bundles {
		title := "The bundle that was written"
		if b.Imported {
			title = "A bundle that was opened"
		}
		p.add(heading{3, title}, factTable(
			[2]string{"time (UTC)", Stamp(b.Time)},
			[2]string{"name", orDash(b.Name)},
			[2]string{"SHA-256", fours(b.SHA256)},
			[2]string{"initials", ""},
		), wordGrid(b.SHA256))
	}
}

// ended is the time of the last line.
func (s *SiteRecord) ended() time.Time {
	if len(s.Lines) == 0 {
		return time.Time{}
	}
	return s.Lines[len(s.Lines)-1].Time
}

func digestOrNone(d metadata.Digest) string {
	if d.IsZero() {
		return "none"
	}
	return fours(d)
}

func joined(words []string) string { return strings.Join(words, " ") }
