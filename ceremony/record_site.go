package ceremony

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// newSiteRecord reads one journal.
func newSiteRecord(lines []byte) (*SiteRecord, error) {
	entries, head, err := ReadJournal(lines)
	if err != nil {
		return nil, err
	}
	r := recorder{
		SiteRecord: SiteRecord{
			ID: SiteID(lines), Events: len(entries), Head: head, HeadWords: spoken(head),
			People: []RecordedPerson{}, Notes: []RecordedNote{}, Preflights: []RecordedPreflight{}, Clocks: []RecordedClock{},
			Plans: []RecordedPlan{}, Enrolments: []RecordedEnrolment{}, Payloads: []RecordedPayload{},
			Signatures: []RecordedSignature{}, Bundles: []RecordedBundle{}, Lines: []RecordedLine{},
		},
		names: map[metadata.Digest]string{},
		begun: map[string]string{}, people: map[string]int{}, tokens: map[[2]string]bool{},
	}
	for _, e := range entries {
		r.at = At{e.N, e.Time.UTC()}
		r.Lines = append(r.Lines, RecordedLine{r.at, Safe(e.Type), r.line(e)})
	}
	return &r.SiteRecord, nil
}

// recorder goes through a journal, line by line.
type recorder struct {
	SiteRecord
	at     At
	names  map[metadata.Digest]string // "root 1" by payload
	begun  map[string]string          // holder -> serial of an enrolment that is not finished
	people map[string]int             // holder -> place in People
	tokens map[[2]string]bool         // holder and serial: it is in People
}

// line takes down what a line tells, and says it in words.
func (r *recorder) line(e Entry) string {
	ev, err := e.event()
	if err != nil {
		return "not understood by this program: " + Safe(string(e.Data))
	}
	switch ev := ev.(type) {
	case began:
		r.Site, r.Kind, r.Rehearsal, r.Tool = Safe(ev.Site), Kind(Safe(string(ev.Kind))), ev.Rehearsal, Safe(ev.Tool)
		return fmt.Sprintf("The ceremony (%s) begins at %s, with %s.", r.Kind, r.Site, r.Tool)
	case preflighted:
		return r.preflight(ev)
	case clockConfirmed:
		r.Clocks = append(r.Clocks, RecordedClock{r.at, ev.Shown.UTC(), Safe(ev.Source)})
		return fmt.Sprintf("The clock showed %s, and was right by: %s.", stamp(ev.Shown), Safe(ev.Source))
	case planned:
		return r.plan(ev)
	case enrolling:
		if serial, ok := r.begun[ev.Holder]; ok {
			r.note("An enrolment of %s, with token %s, was begun and not finished.", Safe(ev.Holder), Safe(serial))
		}
		r.begun[ev.Holder] = ev.Serial
		return fmt.Sprintf("The enrolment of %s begins, with token %s, which holds no key.", Safe(ev.Holder), Safe(ev.Serial))
	case enrolled:
		return r.enrolment(ev)
	case frozen:
		return r.freezing(ev)
	case withdrawn:
		r.note("%s was withdrawn: %s", r.named(ev.Payload), Safe(ev.Reason))
		return fmt.Sprintf("Withdrawn: %s: %s.", r.named(ev.Payload), Safe(ev.Reason))
	case signed:
		return r.signature(ev)
	case imported:
		return r.imports(ev)
	case exported:
		r.Bundles = append(r.Bundles, RecordedBundle{r.at, false, Safe(ev.Path), ev.Bundle, spoken(ev.Bundle), ev.Size})
		return fmt.Sprintf("A bundle was written to %s, SHA-256 %s.", Safe(ev.Path), ev.Bundle)
	case noted:
		r.note("%s", Safe(ev.Text))
		return "Note: " + Safe(ev.Text)
	case edited:
		if edit, err := ev.read(); err == nil {
			return "Put into the draft: " + Safe(edit.String()) + "."
		}
	case editsDropped:
		return "The draft was dropped."
	}
	return Safe(string(e.Data))
}

// note takes down something out of the ordinary; args are safe.
func (r *recorder) note(format string, args ...any) {
	r.Notes = append(r.Notes, RecordedNote{r.at, fmt.Sprintf(format, args...)})
}

func (r *recorder) preflight(ev preflighted) string {
	checks := safeChecks(ev.Checks)
	r.Preflights = append(r.Preflights, RecordedPreflight{r.at, checks})
	failed := 0
	for _, c := range checks {
		if !c.Pass {
			failed++
			r.note("The machine was used although a check failed: %s: %s", c.Name, c.Reason)
		}
	}
	return fmt.Sprintf("The machine was checked: %d of %d checks passed.", len(checks)-failed, len(checks))
}

func (r *recorder) plan(ev planned) string {
	r.Plans = append(r.Plans, RecordedPlan{r.at, metadata.Sum([]byte(ev.Plan)), safeLines(ev.Plan)})
	files := map[string][]byte{}
	for name, text := range ev.Files {
		files[name] = []byte(text)
	}
	plan, err := ParsePlan([]byte(ev.Plan), files)
	if err != nil {
		r.note("The plan can't be read by this program: %s", Safe(err.Error()))
		return "A plan was accepted."
	}
	r.Trust = plan.Trust
	for _, weaker := range weakerThan(DefaultTokenPolicy(IsRehearsal(plan.Trust)), plan.Tokens.Policy) {
		r.note("The plan asks less of tokens than is usual: %s", weaker)
	}
	return fmt.Sprintf("The plan of %s was accepted.", plan.Trust)
}

// weakerThan says where a plan's policy falls short of the usual one.
func weakerThan(usual, p TokenPolicy) []string {
	var list []string
	if p.WithoutAttestation {
		list = append(list, "a key may come from anywhere, without an attestation")
	}
	if p.MinFirmware != usual.MinFirmware {
		list = append(list, fmt.Sprintf("firmware %s or newer, where %s is usual", Safe(p.MinFirmware), usual.MinFirmware))
	}
	for _, touch := range p.Touch {
		if !slices.Contains(usual.Touch, touch) {
			list = append(list, fmt.Sprintf("touch %s", Safe(string(touch))))
		}
	}
	return list
}

func (r *recorder) enrolment(ev enrolled) string {
	v := RecordedEnrolment{
		At: r.at, Holder: Safe(ev.Holder), Token: Safe(ev.Kind), Serial: Safe(ev.Serial), Firmware: Safe(ev.Firmware),
		KeyID: ev.Key.ID(), Attestation: ev.Attestation,
		Passed: ev.Verdict.Err() == nil, Checks: safeChecks(ev.Verdict.Checks),
	}
	v.Fingerprint, _ = ev.Key.Fingerprint() // of a key that can't be read there is none
	r.Enrolments = append(r.Enrolments, v)
	delete(r.begun, ev.Holder)
	r.was(v.Holder, v.Serial, "enrolled token "+v.Serial)
	switch {
	case !v.Passed:
		r.note("Token %s of %s was enrolled although a check failed.", v.Serial, v.Holder)
	case v.Attestation.IsZero():
		r.note("Token %s of %s was enrolled without an attestation.", v.Serial, v.Holder)
	}
	return fmt.Sprintf("%s enrolled token %s, with key %.8s.", v.Holder, v.Serial, v.KeyID)
}

// was notes that a holder was there, with a token.
func (r *recorder) was(holder, serial, did string) {
	i, seen := r.people[holder]
	if !seen {
		i = len(r.People)
		r.people[holder] = i
		r.People = append(r.People, RecordedPerson{Name: holder})
	}
	p := &r.People[i]
	if token := [2]string{holder, serial}; !r.tokens[token] {
		r.tokens[token] = true
		p.Tokens = append(p.Tokens, serial)
	}
	p.Did = append(p.Did, did)
}

func (r *recorder) freezing(ev frozen) string {
	var made []string
	for _, p := range ev.Payloads {
		made = append(made, r.payload(p, false))
	}
	text := "Frozen: " + strings.Join(made, ", ") + "."
	for _, id := range ev.Withdrawn {
		r.note("%s was replaced: its signatures are void.", r.named(id))
		text += " Replaced: " + r.named(id) + "."
	}
	return text
}

// payload takes down a frozen payload, and names it.
func (r *recorder) payload(p payload, imported bool) string {
	r.Payloads = append(r.Payloads, RecordedPayload{r.at, Safe(p.Role), p.Version, p.Payload, spoken(p.Payload), p.Base, Safe(p.Reason), imported})
	r.names[p.Payload] = fmt.Sprintf("%s %d", Safe(p.Role), p.Version)
	return fmt.Sprintf("%s (SHA-256 %s)", r.names[p.Payload], p.Payload)
}

// named is what a payload was called when it was frozen or imported.
func (r *recorder) named(id metadata.Digest) string {
	if name := r.names[id]; name != "" {
		return name
	}
	return "payload " + id.String()
}

func (r *recorder) signature(ev signed) string {
	s := r.sign(ev, false)
	r.was(s.Holder, s.Serial, "signed "+r.named(ev.Proposal))
	return fmt.Sprintf("%s signed %s with token %s, and typed: %s.", s.Holder, r.named(ev.Proposal), s.Serial, s.Consent)
}

func (r *recorder) sign(ev signed, imported bool) RecordedSignature {
	s := RecordedSignature{
		At: r.at, Payload: ev.Proposal, Holder: Safe(ev.Holder), Serial: Safe(ev.Serial), Consent: Safe(ev.Consent),
		KeyID: Safe(ev.KeyID), Sig: Safe(ev.Sig), Imported: imported,
	}
	for _, id := range ev.Also {
		s.Also = append(s.Also, Safe(id))
	}
	r.Signatures = append(r.Signatures, s)
	return s
}

func (r *recorder) imports(ev imported) string {
	r.Trust = Safe(ev.Trust)
	r.Bundles = append(r.Bundles, RecordedBundle{r.at, true, Safe(ev.Name), ev.Bundle, spoken(ev.Bundle), 0})
	for _, p := range ev.Proposals {
		r.payload(p, true)
	}
	for _, s := range ev.Signatures {
		r.sign(s, true)
	}
	return fmt.Sprintf("The bundle %s was opened, SHA-256 %s. New in it: payloads %d, signatures %d, attestations %d, journals %d, files of the published set %d.",
		Safe(ev.Name), ev.Bundle, len(ev.Proposals), len(ev.Signatures), len(ev.Attestations), len(ev.Journals), len(ev.Head))
}

func safeChecks(checks []Check) []Check {
	safe := make([]Check, len(checks))
	for i, c := range checks {
		safe[i] = Check{Safe(c.Name), c.Pass, Safe(c.Reason)}
	}
	return safe
}
