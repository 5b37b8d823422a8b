package ceremony_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/schedule"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// publishedOf is the complete set of a site, as it is published, from a root on.
func publishedOf(s *site, from int64) trust.Contents {
	s.t.Helper()
	set := s.assembled()
	c := trust.Contents{Trust: set.Trust}
	for _, r := range set.Roots {
		if r.Version >= from {
			c.Published = append(c.Published, trust.NamedFile{Name: fmt.Sprintf("%d.root.json", r.Version), Bytes: r.Bytes})
		}
	}
	c.Published = append(c.Published, trust.NamedFile{Name: fmt.Sprintf("%d.targets.json", set.Targets.Version), Bytes: set.Targets.Bytes})
	return c
}

// rotated is a complete site after so many new roots.
func rotated(t *testing.T, roots int) *site {
	t.Helper()
	s, tokens := complete(t)
	for days := range roots {
		s.edit(draft.Renew{Role: "root", Days: 100 + days})
		s.must(s.Freeze())
		s.signAll(tokens)
	}
	return s
}

// TestSetOfStrangers: a published set that strangers signed under the same name
// is another trust, whatever its numbers say. Nothing of it is taken, at a site
// that founded the trust, at one that co-signs it, and at one that follows it.
func TestSetOfStrangers(t *testing.T) {
	strangers := rotated(t, 4) // root 1 to 5
	for name, ours := range map[string]*site{
		"a founding site":          func() *site { s, _ := complete(t); return s }(),
		"a site that knows root 3": rotated(t, 2),
		"a founding under way":     func() *site { s, _ := founded(t); return s }(),
		"a site that follows": func() *site {
			from, _ := complete(t)
			s := newSite(t)
			s.begin(ceremony.Changing, "oslo")
			_, err := s.Import(publishedOf(from, 1), "published.tar", metadata.Sum(nil))
			s.must(err)
			return s
		}(),
	} {
		before := bytes.Clone(ours.disk.lines)
		for set, c := range map[string]trust.Contents{
			"from root 1": publishedOf(strangers, 1), "from root 2": publishedOf(strangers, 2), "root 5 alone": publishedOf(strangers, 5),
		} {
			_, err := ours.Import(c, "strangers.tar", metadata.Sum(nil))
			other, ok := errors.AsType[*trust.OtherRootError](err)
			if !ok || !isType[*ceremony.ImportError](err) {
				t.Errorf("%s, %s: %v", name, set, err)
				continue
			}
			if other.Known.Digest == other.Theirs.Digest || other.Known.Version < 1 || other.Theirs.Version < 1 {
				t.Errorf("%s, %s: both are not named: %+v", name, set, other)
			}
			if !bytes.Equal(before, ours.disk.lines) {
				t.Errorf("%s, %s: something was taken over", name, set)
			}
		}
	}
}

// A founding by strangers, proposed and signed by themselves, takes nothing from
// a root 1 that has all its signatures.
func TestFoundingOfStrangers(t *testing.T) {
	ours, _ := complete(t)
	strangers, _ := complete(t)
	_, err := ours.Import(strangers.contents(), "strangers.tar", metadata.Sum(nil))
	if !isType[*trust.OtherRootError](err) {
		t.Errorf("taken over: %v", err)
	}
	ours.must(ours.Changeable())
}

// What follows from what is known is taken over, and what is late is seen to be.
func TestSetThatFollowsIsTaken(t *testing.T) {
	s, tokens := complete(t)
	late := publishedOf(s, 1)
	oslo := newSite(t)
	oslo.begin(ceremony.Changing, "oslo")
	_, err := oslo.Import(late, "one.tar", metadata.Sum(nil))
	oslo.must(err)
	s.edit(draft.Renew{Role: "root", Days: 100})
	s.must(s.Freeze())
	s.signAll(tokens)
	if _, err := oslo.Import(publishedOf(s, 1), "two.tar", metadata.Sum(nil)); err != nil {
		t.Errorf("root 2: %v", err)
	}
	if _, err := oslo.Import(late, "one.tar", metadata.Sum(nil)); !mayRefuse(err) {
		t.Errorf("the set of before: %v", err)
	}
}

// TestProposalOnNothing: an unsigned targets 99 or root 99 without a base stands
// nowhere, displaces nothing, is not due, and can be thrown away.
func TestProposalOnNothing(t *testing.T) {
	header := metadata.Header{Version: 99, Expires: start.AddDate(0, 1, 0), Conclave: &metadata.Conclave{Trust: "rehearsal-wabbit"}}
	for role, signed := range map[string]func(s *site) ([]byte, error){
		"targets": func(*site) ([]byte, error) {
			return metadata.EncodeTargets(header, metadata.Targets{Targets: map[string]metadata.Target{}})
		},
		"root": func(s *site) ([]byte, error) {
			body, err := metadata.ParseSigned(s.contents().Proposals[0].Signed, metadata.Strict)
			s.must(err)
			return metadata.EncodeRoot(header, *body.Root)
		},
	} {
		t.Run(role, func(t *testing.T) {
			s, tokens := founded(t)
			signed, err := signed(s)
			s.must(err)
			onNothing(s, tokens, role, signed)
		})
	}
}

func onNothing(s *site, tokens map[string]*softToken, role string, signed []byte) {
	t := s.t
	root, targets := s.proposalOf("root"), s.proposalOf("targets")
	s.must(s.signWith(root, "Ada", tokens["Ada"], "123123"))
	foreign := trust.Contents{Trust: "rehearsal-wabbit", Proposals: []trust.Proposal{{
		Trust: "rehearsal-wabbit", Role: role, Version: 99, Signed: signed, Base: metadata.Sum([]byte("nothing")), Reason: "trust me",
	}}}
	_, err := s.Import(foreign, "foreign.tar", metadata.Sum(nil))
	s.must(err)
	body, err := metadata.ParseSigned(signed, metadata.Strict)
	s.must(err)

	var texts []string
	for _, step := range s.Steps() {
		texts = append(texts, step.Text)
		if step.Proposal == body.Digest() && step.State != ceremony.ToDo {
			t.Errorf("what builds on nothing can be signed: %+v", step)
		}
	}
	if all := strings.Join(texts, "\n"); !strings.Contains(all, "signs targets 1") || !strings.Contains(all, role+" 99 can't be signed") {
		t.Errorf("the steps:\n%s", all)
	}
	if err := s.signWith(body.Digest(), "Ada", tokens["Ada"], "123123"); err == nil {
		t.Error("it was signed")
	}
	s.signAll(tokens)
	if set := s.assembled(); set.Targets.Version != 1 || set.Targets.Digest() != targets || len(set.Roots) != 1 {
		t.Errorf("targets %d and %d roots are published", set.Targets.Version, len(set.Roots))
	}
	standings, err := trust.Standings(s.contents())
	s.must(err)
	if !slices.ContainsFunc(standings, func(st trust.Standing) bool { return st.Version == 99 && st.Foreign && st.Problem != "" }) {
		t.Errorf("it is not listed as foreign: %+v", standings)
	}
	due, err := schedule.Of(s.contents(), start, 30)
	s.must(err)
	if due.State != schedule.Later || len(due.Problems) > 0 {
		t.Errorf("it is due: %+v", due)
	}
	if alone, err := schedule.Of(foreign, start, 30); err != nil || len(alone.Problems) != 1 {
		t.Errorf("of the proposal alone: %+v, %v", alone, err)
	}
	if len(s.RecordSigners()) == 0 {
		t.Error("it keeps the record from being signed")
	}
	open := s.Undecided()
	if len(open) != 1 || open[0].Proposal != body.Digest() || open[0].Refused != nil {
		t.Errorf("undecided: %+v", open)
	}
	s.must(s.Withdraw(body.Digest(), "it builds on nothing"))
}

// doubter passes no chain but that of one certificate.
type doubter struct{ believed []byte }

func (d *doubter) Check(a token.Attestation, _ metadata.Key, serial string, _ token.Policy, _ time.Time) token.Verdict {
	chain := token.Check{Name: "chain", Pass: bytes.Equal(a.PEM(), d.believed), Reason: "whether it is the one"}
	return token.Verdict{Checks: []token.Check{chain, {Name: "touch policy", Reason: "never"}}, Serial: serial}
}

// TestAttestationIsNotReplaced: one that does not verify is refused by name, and
// the one that is known stays, whatever comes after it.
func TestAttestationIsNotReplaced(t *testing.T) {
	s, tokens := founded(t)
	ada := tokens["Ada"]
	good, err := ada.attestation()
	s.must(err)
	forged, err := ada.attestation() // the same key, other bytes: nobody's CA
	s.must(err)
	judge := &doubter{good.PEM()}
	c, err := ceremony.Open(ceremony.Deps{Workspace: s.disk, Now: s.time.now, Rand: strings.NewReader(""), Attestations: judge, Tool: "test"})
	s.must(err)
	s.must(c.ConfirmClock(s.time.now(), "wall clock"))
	key, err := metadata.NewKey(ada.key.Public())
	s.must(err)
	with := func(pem []byte) trust.Contents {
		return trust.Contents{Trust: "rehearsal-wabbit", Attestations: []trust.KeyAttestation{{KeyID: key.ID(), PEM: pem}}}
	}
	_, err = c.Import(with(forged.PEM()), "forged.tar", metadata.Sum(nil))
	if !isType[*token.VerdictError](err) || !strings.Contains(err.Error(), "attestation of key "+key.ID()[:8]) {
		t.Errorf("a forged one: %v", err)
	}
	_, err = c.Import(with(good.PEM()), "good.tar", metadata.Sum(nil))
	s.must(err) // a touch policy that a plan would refuse is no forgery
	_, err = c.Import(with(forged.PEM()), "forged.tar", metadata.Sum(nil))
	s.must(err)
	have, err := c.Contents()
	s.must(err)
	if !slices.ContainsFunc(have.Attestations, func(k trust.KeyAttestation) bool { return bytes.Equal(k.PEM, good.PEM()) }) || len(have.Attestations) != 1 {
		t.Errorf("%d attestations", len(have.Attestations))
	}
}

// unreadable is a workspace of which one blob can't be read, as often as it is asked.
type unreadable struct {
	*memory
	fails int
}

func (u *unreadable) Get(d metadata.Digest) ([]byte, error) {
	if u.fails > 0 {
		u.fails--
		return nil, errors.New("input/output error")
	}
	return u.memory.Get(d)
}

// TestStateIsWhatTheJournalSays: a payload that can't be read back just after the
// freezing was written leaves no half of it: either all of it stands, or the
// ceremony stops and hands on nothing.
func TestStateIsWhatTheJournalSays(t *testing.T) {
	for fails, stops := range map[int]bool{1: false, 1000: true} {
		s, _ := enrolledBy(t, planText)
		disk := &unreadable{memory: s.disk}
		c, err := ceremony.Open(ceremony.Deps{Workspace: disk, Now: s.time.now, Rand: strings.NewReader(""), Attestations: believer{}, Tool: "test"})
		s.must(err)
		s.must(c.ConfirmClock(s.time.now(), "wall clock"))
		disk.fails = fails
		err = c.Freeze()
		if stops != (err != nil) {
			t.Errorf("%d reads fail: %v", fails, err)
		}
		contents, err := c.Contents()
		switch {
		case stops && err == nil:
			t.Errorf("%d reads fail: %d payloads are handed on", fails, len(contents.Proposals))
		case !stops && len(contents.Proposals) != 2:
			t.Errorf("%d reads fail: %d payloads stand", fails, len(contents.Proposals))
		}
		if stops {
			if err := c.Note("Ada", "after that"); err == nil {
				t.Error("it goes on")
			}
		}
		s.restart()
		if got := s.contents(); len(got.Proposals) != 2 {
			t.Errorf("after a restart %d payloads stand", len(got.Proposals))
		}
	}
}

// TestMergeKeepsWhatIsGood: junk under a holder's keyid goes where there is a
// signature of theirs, so that a complete root stays complete; a set of strangers
// can't be joined to ours, and what does not verify is seen by everything that
// reads a bundle.
func TestMergeKeepsWhatIsGood(t *testing.T) {
	s, _ := complete(t)
	good := s.contents()
	junk := good
	junk.Signatures = slices.Clone(good.Signatures)
	for _, sig := range good.Signatures {
		for i := range 65 {
			bad := sig
			bad.Sig = fmt.Sprintf("00%02x", i) + sig.Sig[4:]
			junk.Signatures = append(junk.Signatures, bad)
		}
		if sig.Proposal == s.proposalOf("root") { // its keys are known: no other will ever count
			bad := sig
			bad.KeyID = metadata.Sum([]byte("a stranger's")).String()
			junk.Signatures = append(junk.Signatures, bad)
		}
	}
	for _, pair := range [][2]trust.Contents{{good, junk}, {junk, good}} {
		merged, err := bundles.Merge(pair[0], pair[1])
		s.must(err)
		if len(merged.Signatures) != len(good.Signatures) {
			t.Errorf("%d signatures are left of %d", len(merged.Signatures), len(good.Signatures))
		}
		s.must(trust.Verdict(merged, start))
	}
	alone := good
	alone.Signatures = slices.Clone(good.Signatures)
	alone.Signatures[0].Sig = "00" + alone.Signatures[0].Sig[2:]
	without, err := bundles.Merge(alone, alone)
	s.must(err)
	if len(without.Signatures) != len(good.Signatures)-1 || slices.Contains(without.Signatures, alone.Signatures[0]) {
		t.Errorf("%d signatures are left of %d and one of junk", len(without.Signatures), len(good.Signatures)-1)
	}
	if _, err := trust.Assemble(junk); err != nil {
		t.Errorf("before they are merged, the good ones are not found: %v", err)
	}
	if err := trust.Verdict(good, start.AddDate(2, 0, 0)); !isType[*metadata.ExpiredError](err) {
		t.Errorf("after two years: %v", err)
	}

	strangers := publishedOf(rotated(t, 4), 5)
	ours := publishedOf(s, 1)
	ours.Published = append(ours.Published, strangers.Published[0]) // root 5 beside root 1
	if _, err := trust.Assemble(ours); !isType[*trust.UnverifiedError](err) {
		t.Errorf("root 5 of strangers beside root 1: %v", err)
	}
	unsigned := publishedOf(s, 1)
	unsigned.Published[0].Bytes = metadata.Assemble(s.assembled().Roots[0].Signed.Bytes, nil)
	if err := trust.Verdict(unsigned, start); !isType[*trust.UnverifiedError](err) {
		t.Errorf("a root with 0 of 2 signatures: %v", err)
	}
}

// TestStrangersAreNotMerged: neither a published set nor a founding of strangers
// is joined to ours, from whichever side; where one file holds our proposals and
// their set, nothing of it is believed.
func TestStrangersAreNotMerged(t *testing.T) {
	s, _ := complete(t)
	ours, strangers := s.contents(), rotated(t, 4)
	for name, theirs := range map[string]trust.Contents{
		"from root 1": publishedOf(strangers, 1), "from root 2": publishedOf(strangers, 2), "root 5 alone": publishedOf(strangers, 5),
		"their founding": strangers.contents(),
	} {
		for _, pair := range [][2]trust.Contents{{ours, theirs}, {theirs, ours}} {
			if _, err := bundles.Merge(pair[0], pair[1]); !isType[*trust.OtherRootError](err) {
				t.Errorf("%s: merged: %v", name, err)
			}
		}
		if len(theirs.Published) == 0 {
			continue
		}
		both := ours
		both.Published = theirs.Published
		if err := trust.Verdict(both, start); !isType[*trust.UnverifiedError](err) || !isType[*trust.OtherRootError](err) {
			t.Errorf("%s over our proposals: %v", name, err)
		}
		fresh := newSite(t)
		fresh.begin(ceremony.Changing, "bern")
		before := bytes.Clone(fresh.disk.lines)
		if _, err := fresh.Import(both, "both.tar", metadata.Sum(nil)); !isType[*trust.OtherRootError](err) || !bytes.Equal(before, fresh.disk.lines) {
			t.Errorf("%s over our proposals, at a site that knows nothing: %v", name, err)
		}
	}
	// What nobody signed says nothing against a set that was published, and is
	// not what people are asked to compare.
	unsigned := publishedOf(strangers, 5)
	unsigned.Proposals = ours.Proposals
	s.must(trust.Verdict(unsigned, start))
	if root, ok := unsigned.FirstRoot(); !ok || root.Version != 5 {
		t.Errorf("root %d is pinned where root 5 stands", root.Version)
	}
}
