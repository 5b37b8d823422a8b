package record

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/paper"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// ReadSite reads the first n lines of one site's journal, which has at least as many.
func ReadSite(journal []byte, n int) (*Site, error) {
	r, err := readSite(firstLines(journal, n))
	if err != nil {
		return nil, err
	}
	return &r.Site, nil
}

// readSite reads one journal, with the signatures over it.
func readSite(lines []byte) (*recorder, error) {
	entries, head, err := journal.Read(lines)
	if err != nil {
		return nil, err
	}
	r := &recorder{
		Site: Site{
			ID: journal.SiteID(lines), Events: len(entries), Head: head, HeadWords: spoken(head),
			People: []Person{}, Notes: []Note{}, Preflights: []Preflight{}, Clocks: []Clock{},
			Plans: []Plan{}, Enrolments: []Enrolment{}, Payloads: []Payload{},
			Signatures: []PayloadSignature{}, Bundles: []Bundle{}, Lines: []Line{}, Journal: bytes.Clone(lines),
		},
		names: map[metadata.Digest]string{},
		begun: map[string]string{}, people: map[string]int{}, tokens: map[[2]string]bool{},
	}
	for _, e := range entries {
		r.at = At{e.N, e.Time.UTC()}
		r.Lines = append(r.Lines, Line{r.at, text.Safe(e.Type), r.line(e)})
	}
	return r, nil
}

// recorder goes through a journal, line by line.
type recorder struct {
	Site
	at     At
	names  map[metadata.Digest]string // "root 1" by payload
	begun  map[string]string          // holder -> serial of an enrolment that is not finished
	people map[string]int             // holder -> place in People
	tokens map[[2]string]bool         // holder and serial: it is in People
	edits  []string                   // of the draft, in words
	heads  []Signature
}

// line takes down what a line tells, and says it in words.
func (r *recorder) line(e journal.Entry) string {
	ev, err := event.Read(e)
	if err != nil {
		return "not understood by this program: " + text.Safe(string(e.Data))
	}
	switch ev := ev.(type) {
	case event.Began:
		r.Site.Site, r.Kind, r.Rehearsal, r.Tool = text.Safe(ev.Site), text.Safe(ev.Kind), ev.Rehearsal, text.Safe(ev.Tool)
		return fmt.Sprintf("The ceremony (%s) begins at %s, with %s.", r.Kind, r.Site.Site, r.Tool)
	case event.Preflighted:
		return r.preflight(ev)
	case event.ClockConfirmed:
		r.Clocks = append(r.Clocks, Clock{r.at, ev.Shown.UTC(), text.Safe(ev.Source)})
		return fmt.Sprintf("The clock showed %s, and was right by: %s.", text.Stamp(ev.Shown), text.Safe(ev.Source))
	case event.ClockCorrected:
		r.Clocks = append(r.Clocks, Clock{r.at, ev.To.UTC(), text.Safe(ev.Source)})
		r.note("The clock was ahead: %s says that it is %s, by %s, and not %s. What is written above this line was written by the wrong clock.",
			text.Safe(ev.Who), text.Stamp(ev.To), text.Safe(ev.Source), text.Stamp(ev.From))
		return fmt.Sprintf("The clock was corrected by %s from %s to %s, which is right by: %s.", text.Safe(ev.Who), text.Stamp(ev.From), text.Stamp(ev.To), text.Safe(ev.Source))
	case event.Planned:
		return r.plan(ev)
	case event.Enrolling:
		if serial, ok := r.begun[ev.Holder]; ok {
			r.note("An enrolment of %s, with token %s, was begun and not finished.", text.Safe(ev.Holder), text.Safe(serial))
		}
		r.begun[ev.Holder] = ev.Serial
		return fmt.Sprintf("The enrolment of %s begins, with token %s, which holds no key.", text.Safe(ev.Holder), text.Safe(ev.Serial))
	case event.Enrolled:
		return r.enrolment(ev)
	case event.Frozen:
		return r.freezing(ev)
	case event.Withdrawn:
		r.void(ev.Payload, "was withdrawn: "+text.Safe(ev.Reason))
		return fmt.Sprintf("Withdrawn: %s: %s.", r.named(ev.Payload), text.Safe(ev.Reason))
	case event.Signed:
		return r.signature(ev)
	case event.Imported:
		return r.imports(ev)
	case event.ExportChecked:
		if ev.Refused != "" {
			r.note("%s", exportWords(ev))
		}
		for _, n := range ev.Notes {
			r.note("The check before a bundle is written says: %s", text.Safe(n))
		}
		return exportWords(ev)
	case event.Exported:
		r.Bundles = append(r.Bundles, Bundle{r.at, false, text.Safe(ev.Path), ev.Bundle, spoken(ev.Bundle), ev.Size})
		return fmt.Sprintf("A bundle was written to %s, SHA-256 %s.", text.Safe(ev.Path), ev.Bundle)
	case event.Noted:
		r.Notes = append(r.Notes, Note{r.at, text.Safe(ev.Text), text.Safe(ev.Who)})
		return fmt.Sprintf("Note by %s: %s", text.Safe(ev.Who), text.Safe(ev.Text))
	case event.RecordSigned:
		return r.headSignature(ev)
	case event.Edited:
		words := text.Safe(ev.Kind + " " + string(ev.Edit))
		if edit, err := draft.ReadEdit(ev.Kind, ev.Edit); err == nil {
			words = text.Safe(edit.String())
		} else if !ev.Blob.IsZero() {
			words = fmt.Sprintf("%s (a list with the SHA-256 %s)", text.Safe(ev.Words), ev.Blob)
		}
		r.edits = append(r.edits, words)
		return "Put into the draft: " + words + "."
	case event.EditTakenBack:
		if n := ev.Edit - 1; n >= 0 && n < len(r.edits) {
			taken := r.edits[n]
			r.edits = slices.Delete(r.edits, n, n+1)
			r.note("Taken out of the draft again: %s.", taken)
			return "Taken out of the draft again: " + taken + "."
		}
	case event.EditsDropped:
		taken := strings.Join(r.edits, "; ")
		r.edits = nil
		r.note("The draft was dropped, and with it: %s.", taken)
		return "The draft was dropped: " + taken + "."
	}
	return text.Safe(string(e.Data))
}

// note takes down something out of the ordinary; args are safe.
func (r *recorder) note(format string, args ...any) {
	r.Notes = append(r.Notes, Note{At: r.at, Text: fmt.Sprintf(format, args...)})
}

// void takes down that a payload's signatures count no more; why is safe.
func (r *recorder) void(id metadata.Digest, why string) {
	var by []string
	for _, s := range r.Signatures {
		if s.Payload == id && !slices.Contains(by, s.Holder) {
			by = append(by, s.Holder)
		}
	}
	signed := "Nobody had signed it."
	if len(by) > 0 {
		signed = "Void are the signatures of " + strings.Join(by, ", ") + "."
	}
	r.note("%s %s. %s", r.named(id), strings.TrimSuffix(why, "."), signed)
	for i := range r.Payloads {
		if r.Payloads[i].Digest == id {
			r.Payloads[i].Void = why
		}
	}
}

func (r *recorder) headSignature(ev event.RecordSigned) string {
	r.heads = append(r.heads, Signature{r.ID, ev.Events, ev.Head, text.Safe(ev.Holder), text.Safe(ev.Serial), ev.Key, text.Safe(ev.Sig)})
	r.tookPart(text.Safe(ev.Holder), text.Safe(ev.Serial), fmt.Sprintf("signed the record, as of line %d", ev.Events))
	return fmt.Sprintf("%s signed the record with token %s: this journal up to line %d, SHA-256 %s.", text.Safe(ev.Holder), text.Safe(ev.Serial), ev.Events, ev.Head)
}

func (r *recorder) preflight(ev event.Preflighted) string {
	checks := safeChecks(ev.Checks)
	r.Preflights = append(r.Preflights, Preflight{r.at, checks})
	failed := 0
	for _, c := range checks {
		if !c.Pass {
			failed++
			r.note("The machine was used although a check failed: %s: %s", c.Name, c.Reason)
		}
	}
	return fmt.Sprintf("The machine was checked: %d of %d checks passed.", len(checks)-failed, len(checks))
}

func (r *recorder) plan(ev event.Planned) string {
	r.Plans = append(r.Plans, Plan{r.at, metadata.Sum([]byte(ev.Plan)), paper.SafeLines(ev.Plan)})
	plan, err := plan.Parse([]byte(ev.Plan), ev.FileBytes())
	if err != nil {
		r.note("The plan can't be read by this program: %s", text.Safe(err.Error()))
		return "A plan was accepted."
	}
	r.Trust = plan.Trust
	for _, weaker := range plan.Tokens.Policy.Weaknesses() {
		r.note("The plan asks less of tokens than is usual: %s", weaker)
	}
	return fmt.Sprintf("The plan of %s was accepted.", plan.Trust)
}

func (r *recorder) enrolment(ev event.Enrolled) string {
	v := Enrolment{
		At: r.at, Holder: text.Safe(ev.Holder), Token: text.Safe(ev.Kind), Serial: text.Safe(ev.Serial), Firmware: text.Safe(ev.Firmware),
		KeyID: ev.Key.ID(), Attestation: ev.Attestation,
		Passed: ev.Verdict.Err() == nil, Checks: safeChecks(ev.Verdict.Checks),
	}
	v.Fingerprint, _ = ev.Key.Fingerprint() // of a key that can't be read there is none
	r.Enrolments = append(r.Enrolments, v)
	delete(r.begun, ev.Holder)
	r.tookPart(v.Holder, v.Serial, "enrolled token "+v.Serial)
	switch {
	case !v.Passed:
		r.note("Token %s of %s was enrolled although a check failed.", v.Serial, v.Holder)
	case v.Attestation.IsZero():
		r.note("Token %s of %s was enrolled without an attestation.", v.Serial, v.Holder)
	}
	return fmt.Sprintf("%s enrolled token %s, with key %.8s.", v.Holder, v.Serial, v.KeyID)
}

// tookPart notes that a holder was there, with a token.
func (r *recorder) tookPart(holder, serial, did string) {
	i, seen := r.people[holder]
	if !seen {
		i = len(r.People)
		r.people[holder] = i
		r.People = append(r.People, Person{Name: holder})
	}
	p := &r.People[i]
	if token := [2]string{holder, serial}; !r.tokens[token] {
		r.tokens[token] = true
		p.Tokens = append(p.Tokens, serial)
	}
	p.Did = append(p.Did, did)
}

func (r *recorder) freezing(ev event.Frozen) string {
	var made []string
	for _, p := range ev.Payloads {
		made = append(made, r.payload(p, false))
	}
	text := "Frozen: " + strings.Join(made, ", ") + "."
	r.edits = nil
	for _, id := range ev.Withdrawn {
		r.void(id, "was replaced")
		text += " Replaced: " + r.named(id) + "."
	}
	return text
}

// payload takes down a frozen payload, and names it.
func (r *recorder) payload(p event.Payload, imported bool) string {
	r.Payloads = append(r.Payloads, Payload{r.at, text.Safe(p.Role), p.Version, p.Payload, spoken(p.Payload), p.Base, text.Safe(p.Reason), imported, ""})
	r.names[p.Payload] = fmt.Sprintf("%s %d", text.Safe(p.Role), p.Version)
	return fmt.Sprintf("%s (SHA-256 %s)", r.names[p.Payload], p.Payload)
}

// named is what a payload was called when it was frozen or imported.
func (r *recorder) named(id metadata.Digest) string {
	if name := r.names[id]; name != "" {
		return name
	}
	return "payload " + id.String()
}

func (r *recorder) signature(ev event.Signed) string {
	s := r.sign(ev, false)
	r.tookPart(s.Holder, s.Serial, "signed "+r.named(ev.Proposal))
	return fmt.Sprintf("%s signed %s with token %s, and typed: %s.", s.Holder, r.named(ev.Proposal), s.Serial, s.Consent)
}

func (r *recorder) sign(ev event.Signed, imported bool) PayloadSignature {
	s := PayloadSignature{
		At: r.at, Payload: ev.Proposal, Holder: text.Safe(ev.Holder), Serial: text.Safe(ev.Serial), Consent: text.Safe(ev.Consent),
		KeyID: text.Safe(ev.KeyID), Sig: text.Safe(ev.Sig), Imported: imported,
	}
	for _, id := range ev.Also {
		s.Also = append(s.Also, text.Safe(id))
	}
	r.Signatures = append(r.Signatures, s)
	return s
}

func (r *recorder) imports(ev event.Imported) string {
	r.Trust = text.Safe(ev.Trust)
	r.Bundles = append(r.Bundles, Bundle{r.at, true, text.Safe(ev.Name), ev.Bundle, spoken(ev.Bundle), 0})
	for _, p := range ev.Proposals {
		r.payload(p, true)
	}
	for _, s := range ev.Signatures {
		r.sign(s, true)
	}
	return fmt.Sprintf("The bundle %s was opened, SHA-256 %s. New in it: payloads %d, signatures %d, attestations %d, journals %d, files of the published set %d.",
		text.Safe(ev.Name), ev.Bundle, len(ev.Proposals), len(ev.Signatures), len(ev.Attestations), len(ev.Journals), len(ev.Head))
}

func safeChecks(checks []token.Check) []token.Check {
	safe := make([]token.Check, len(checks))
	for i, c := range checks {
		safe[i] = token.Check{Name: text.Safe(c.Name), Pass: c.Pass, Reason: text.Safe(c.Reason)}
	}
	return safe
}

// exportWords is what a record says of the check before an export.
func exportWords(e event.ExportChecked) string {
	switch {
	case e.Refused != "":
		return "What is finished was held against the rules of clients, and refused: " + text.Safe(e.Refused) + "."
	case len(e.Open) > 0:
		return "Not finished yet: " + strings.Join(text.SafeAll(e.Open), "; ") + "."
	case len(e.Verified) == 0:
		return "Everything that is finished is published already."
	}
	return fmt.Sprintf("%s: verified as strict clients do, and as go-tuf's does from root %d.", strings.Join(text.SafeAll(e.Verified), ", "), e.From)
}
