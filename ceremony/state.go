package ceremony

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// state is what the journal adds up to. It is never stored.
type state struct {
	blobs journal.Blobs

	kind      Kind
	site      string
	rehearsal bool
	checked   bool      // the preflight was journalled
	last      time.Time // of the newest event

	trust        string
	plan         *plan.Plan
	enrolling    map[string]string // holder -> serial of a token that was empty when its enrolment began
	enrolled     []event.Enrolled  // in order
	since        int               // how many were enrolled before the last freezing
	serials      map[string]string // keyid -> serial of every token enrolled here
	attested     map[string][]byte // keyid -> PEM
	edits        []draft.Edit      // since the last freezing
	changeFrozen bool              // a draft was frozen here

	head       []trust.NamedFile
	published  []trust.RoleFile // head, parsed
	proposals  []*trust.Payload // in order of arrival
	byID       map[metadata.Digest]*trust.Payload
	bySigned   map[metadata.Digest]*trust.Payload // by the SHA-256 of the file form
	indexed    *trust.Known                       // of published and proposals; nil where they changed
	withdrawn  map[metadata.Digest]bool
	signatures map[metadata.Digest]map[metadata.Signature]bool
	journals   map[string]metadata.Digest // other sites' journals

	changed  bool // since the last export there is something new to hand on
	exported bool // a bundle was written
}

// known is what the ceremony knows of its trust.
func (s *state) known() trust.Known {
	if s.indexed == nil {
		k := trust.NewKnown(s.trust, s.published, s.proposals, s.signaturesOf)
		s.indexed = &k
	}
	return *s.indexed
}

func newState(b journal.Blobs) *state {
	return &state{
		blobs:      b,
		enrolling:  map[string]string{},
		serials:    map[string]string{},
		attested:   map[string][]byte{},
		byID:       map[metadata.Digest]*trust.Payload{},
		bySigned:   map[metadata.Digest]*trust.Payload{},
		withdrawn:  map[metadata.Digest]bool{},
		signatures: map[metadata.Digest]map[metadata.Signature]bool{},
		journals:   map[string]metadata.Digest{},
	}
}

// apply takes in one event. It is the only way in which a ceremony changes: what
// a screen shows is what the events add up to.
func (s *state) apply(ev event.Event, at time.Time) error {
	before := s.last
	s.last = at
	switch e := ev.(type) {
	case event.Began:
		return s.begin(e)
	case event.Preflighted:
		s.checked = true
	case event.ClockCorrected:
		if !e.From.Equal(before) || !e.To.Equal(at) {
			return errors.New("it corrects the clock from or to another time than that of its lines")
		}
	case event.Planned:
		return s.accept(e)
	case event.Enrolling:
		s.enrolling[e.Holder] = e.Serial
	case event.Enrolled:
		return s.enrol(e)
	case event.Edited:
		return s.edit(e)
	case event.EditTakenBack:
		return s.takeBack(e)
	case event.EditsDropped:
		s.edits = nil
	case event.Frozen:
		return s.freeze(e)
	case event.Withdrawn:
		s.withdraw(e.Payload)
		s.dropUnsignable()
	case event.Signed:
		return s.sign(e)
	case event.Imported:
		return s.importAll(e)
	case event.Exported:
		s.changed, s.exported = false, true
	case event.RecordSigned:
		s.changed = true
	case event.ClockConfirmed, event.Noted, event.ExportChecked: // for the record alone
	}
	return nil
}

func (s *state) begin(e event.Began) error {
	if s.kind != "" {
		return fmt.Errorf("the ceremony begins a second time")
	}
	s.kind, s.site, s.rehearsal = Kind(e.Kind), e.Site, e.Rehearsal
	return nil
}

func (s *state) accept(e event.Planned) error {
	plan, err := plan.Parse([]byte(e.Plan), e.FileBytes())
	if err != nil {
		return err
	}
	s.plan, s.trust = plan, plan.Trust
	return nil
}

func (s *state) enrol(e event.Enrolled) error {
	s.enrolled = append(s.enrolled, e)
	s.serials[e.Key.ID()] = e.Serial
	delete(s.enrolling, e.Holder)
	s.changed = true
	if e.Attestation.IsZero() {
		return nil
	}
	pem, err := s.blobs.Get(e.Attestation)
	if err != nil {
		return fmt.Errorf("attestation of %s: %w", e.Holder, err)
	}
	s.attested[e.Key.ID()] = pem
	return nil
}

func (s *state) edit(e event.Edited) error {
	if !e.Blob.IsZero() {
		data, err := s.blobs.Get(e.Blob)
		if err != nil {
			return fmt.Errorf("edit %s: %w", text.Safe(e.Kind), err)
		}
		e.Edit = data
	}
	edit, err := draft.ReadEdit(e.Kind, e.Edit)
	if err != nil {
		return err
	}
	s.edits = append(s.edits, edit)
	if e, again := edit.(draft.ReplaceToken); again {
		// The token that was enrolled for this draft is the one that goes.
		s.enrolled = append(slices.Clone(s.enrolled[:s.since]),
			slices.DeleteFunc(slices.Clone(s.enrolled[s.since:]), func(was event.Enrolled) bool { return was.Holder == e.Holder })...)
	}
	return nil
}

func (s *state) takeBack(e event.EditTakenBack) error {
	if e.Edit < 1 || e.Edit > len(s.edits) {
		return fmt.Errorf("there is no edit %d to take back", e.Edit)
	}
	s.edits = slices.Delete(slices.Clone(s.edits), e.Edit-1, e.Edit)
	return nil
}

func (s *state) freeze(e event.Frozen) error {
	for _, id := range e.Withdrawn {
		s.withdraw(id)
	}
	for _, p := range e.Payloads {
		if err := s.take(p); err != nil {
			return err
		}
	}
	s.changeFrozen = s.changeFrozen || len(s.edits) > 0
	s.edits, s.since = nil, len(s.enrolled)
	return nil
}

// newTokens are those that were enrolled for what is to be frozen next, by
// holder: since the last freezing, and in a founding since its beginning,
// however often root 1 is made anew.
func (s *state) newTokens() map[string]event.Enrolled {
	list := s.enrolled[s.since:]
	if s.plan != nil && len(s.founding()) > 0 {
		list = s.enrolled
	}
	tokens := make(map[string]event.Enrolled, len(list))
	for _, e := range list {
		tokens[e.Holder] = e
	}
	return tokens
}

// founding lists the roles whose first version a founding still has to make.
func (s *state) founding() []string {
	known := s.known()
	return slices.DeleteFunc([]string{"root", "targets"}, func(role string) bool { return known.Newest(role) != nil })
}

// newKeys are the keys of newTokens.
func (s *state) newKeys() map[string]metadata.Key {
	keys := map[string]metadata.Key{}
	for holder, e := range s.newTokens() {
		keys[holder] = e.Key
	}
	return keys
}

// withdraw takes a payload out for good, with its signatures: they do not come
// back with a bundle.
func (s *state) withdraw(id metadata.Digest) {
	s.withdrawn[id] = true
	s.drop(id)
}

// drop takes a payload out, and what builds on it: nobody could review or
// verify that any more. It can come back with another base.
func (s *state) drop(id metadata.Digest) {
	delete(s.signatures, id)
	s.proposals = slices.DeleteFunc(slices.Clone(s.proposals), func(p *trust.Payload) bool { return p.ID == id })
	if p := s.byID[id]; p != nil {
		delete(s.bySigned, metadata.Sum(p.Signed))
	}
	delete(s.byID, id)
	s.indexed = nil
	s.changed = true
	for _, p := range s.proposals {
		if p.Base == id && !isPublished(s.published, id) {
			s.drop(p.ID)
		}
	}
}

// dropUnsignable takes out what nothing says any more who may sign: a role that
// only a withdrawn payload delegated to. Otherwise every bundle would be refused
// for it, here and elsewhere.
func (s *state) dropUnsignable() {
	for {
		known := s.known()
		n := len(s.proposals)
		for _, p := range s.proposals {
			if len(known.EverAuthorities(p)) == 0 {
				s.drop(p.ID)
			}
		}
		if len(s.proposals) == n {
			return
		}
	}
}

// isPublished says whether a payload is out, whatever people think of it.
func isPublished(published []trust.RoleFile, id metadata.Digest) bool {
	return slices.ContainsFunc(published, func(b trust.RoleFile) bool { return b.File.Digest() == id })
}

// take adds a payload whose bytes are kept.
func (s *state) take(p event.Payload) error {
	bytes, err := s.blobs.Get(p.Signed)
	if err != nil {
		return fmt.Errorf("%s %d: %w", p.Role, p.Version, err)
	}
	read, err := trust.ReadPayload(trust.Proposal{
		Trust: s.trust, Role: p.Role, Version: p.Version,
		Signed: bytes, Base: p.Base, Reason: p.Reason,
	})
	if err != nil {
		return err
	}
	if read.ID != p.Payload {
		return fmt.Errorf("%s %d: the payload is not the one that was frozen", p.Role, p.Version)
	}
	if s.proposal(read.ID) == nil {
		s.proposals, s.byID[read.ID], s.bySigned[p.Signed] = append(s.proposals, read), read, read
		s.changed, s.indexed = true, nil
	}
	return nil
}

func (s *state) sign(e event.Signed) error {
	of := s.signatures[e.Proposal]
	if of == nil {
		of = map[metadata.Signature]bool{}
		s.signatures[e.Proposal] = of
	}
	for _, id := range append([]string{e.KeyID}, e.Also...) {
		of[metadata.Signature{KeyID: id, Sig: e.Sig}] = true
	}
	if s.indexed != nil {
		s.indexed.AddSignature(e.Proposal)
	}
	s.changed = true
	return nil
}

func (s *state) importAll(e event.Imported) error {
	s.trust = e.Trust
	if len(e.Head) > 0 {
		head := make([]trust.NamedFile, len(e.Head))
		for i, f := range e.Head {
			bytes, err := s.blobs.Get(f.Blob)
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			head[i] = trust.NamedFile{Name: f.Name, Bytes: bytes}
		}
		published, err := trust.ReadPublished(head)
		if err != nil {
			return err
		}
		s.head, s.published, s.indexed = head, published, nil
	}
	for _, p := range e.Proposals {
		if err := s.take(p); err != nil {
			return err
		}
	}
	if len(e.Head) > 0 {
		s.dropUnsignable()
	}
	for _, sig := range e.Signatures {
		if err := s.sign(sig); err != nil {
			return err
		}
	}
	for keyid, pem := range e.Attestations {
		s.attested[keyid] = []byte(pem)
	}
	for _, j := range e.Journals {
		s.journals[j.Name] = j.Blob
	}
	s.changed = true
	return nil
}

// holds says whether exactly this proposal is here, without reading it: a bundle
// brings all that its site knows each time.
func (s *state) holds(p trust.Proposal) bool {
	have := s.bySigned[metadata.Sum(p.Signed)]
	return have != nil && have.Role == p.Role && have.Version == p.Version && have.Base == p.Base
}

func (s *state) proposal(id metadata.Digest) *trust.Payload { return s.byID[id] }

// signaturesOf returns the signatures over a proposal, sorted.
func (s *state) signaturesOf(id metadata.Digest) []metadata.Signature {
	var sigs []metadata.Signature
	for sig := range s.signatures[id] {
		sigs = append(sigs, sig)
	}
	slices.SortFunc(sigs, func(a, b metadata.Signature) int {
		if c := strings.Compare(a.KeyID, b.KeyID); c != 0 {
			return c
		}
		return strings.Compare(a.Sig, b.Sig)
	})
	return sigs
}
