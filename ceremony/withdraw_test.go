package ceremony_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/schedule"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestEditAfterSigning: which signatures an edit voids is said before, and they
// do not come back.
func TestEditAfterSigning(t *testing.T) {
	s, tokens := complete(t)
	s.edit(draft.SetThreshold{Role: "root", Threshold: 3})
	s.must(s.Freeze())
	first := s.proposalOf("root")
	s.must(s.signWith(first, "Ada", tokens["Ada"], "123123"))
	signed, err := s.Contents()
	s.must(err)

	s.edit(draft.Renew{Role: "root", Days: 30})
	draft, err := s.Preview()
	s.must(err)
	if len(draft.Voids) != 1 || !strings.Contains(draft.Voids[0], "Ada") {
		t.Errorf("voids: %v", draft.Voids)
	}
	s.must(s.Freeze())
	if _, err := s.Import(signed, "late.tar", metadata.Sum(nil)); err != nil {
		t.Fatal(err)
	}
	after, err := s.Contents()
	s.must(err)
	for _, sig := range after.Signatures {
		if sig.Proposal == first {
			t.Error("a void signature came back")
		}
	}
	if !bytes.Contains(s.disk.lines, []byte(first.String())) {
		t.Error("the journal has forgotten it")
	}
	s.signAll(tokens)
	if root := s.assembled().Roots[1]; root.Root.Roles["root"].Threshold != 2 {
		t.Errorf("threshold %d", root.Root.Roles["root"].Threshold)
	}
}

// TestChooseBetweenTwo: people withdraw one of two payloads of a version, and
// the other can be signed then.
func TestChooseBetweenTwo(t *testing.T) {
	s, tokens := complete(t)
	base, err := s.Contents()
	s.must(err)
	other := newSite(t)
	other.begin(ceremony.Changing, "oslo")
	_, err = other.Import(base, "base.tar", metadata.Sum(nil))
	other.must(err)
	for days, x := range map[int]*site{60: s, 90: other} {
		x.edit(draft.Renew{Role: "targets", Days: days})
		x.must(x.Freeze())
	}
	mine, theirs := s.proposalOf("targets"), other.proposalOf("targets")
	c, err := other.Contents()
	other.must(err)
	_, err = s.Import(c, "theirs.tar", metadata.Sum(nil))
	s.must(err)
	if err := s.signWith(mine, "Ada", tokens["Ada"], "123123"); !isType[*trust.ConflictError](err) {
		t.Fatalf("signed in a conflict: %v", err)
	}
	s.must(s.Withdraw(mine, "the other one was agreed on"))
	s.must(s.signWith(theirs, "Ada", tokens["Ada"], "123123"))
	if set := s.assembled(); set.Targets.Version != 2 || set.Targets.Digest() != theirs {
		t.Error("the one that people chose is not what came of it")
	}
	if err := s.Withdraw(theirs, "too late"); !errors.Is(err, ceremony.ErrNotNow) {
		t.Errorf("a complete payload was withdrawn: %v", err)
	}
}

// due are the kinds of the steps that can be done now, in order.
func (s *site) due() []ceremony.StepKind {
	var kinds []ceremony.StepKind
	for _, step := range s.Steps() {
		if step.State == ceremony.Now && !slices.Contains(kinds, step.Kind) {
			kinds = append(kinds, step.Kind)
		}
	}
	return kinds
}

// A founding whose root is withdrawn is where it was before the freezing: its
// tokens are still enrolled, and no signature comes back.
func TestFoundingGoesBackToBeforeTheFreezing(t *testing.T) {
	s, tokens := founded(t)
	root, targets := s.proposalOf("root"), s.proposalOf("targets")
	s.must(s.signWith(root, "Ada", tokens["Ada"], "123123"))
	s.must(s.signWith(targets, "Ada", tokens["Ada"], "123123"))
	signed, err := s.Contents()
	s.must(err)
	s.must(s.Withdraw(root, "the clock was wrong"))
	s.restart()
	if got := s.due(); !slices.Equal(got, []ceremony.StepKind{ceremony.StepFreeze}) {
		t.Errorf("what can be done: %v", got)
	}
	for _, h := range s.Holders() {
		if h.KeyID == "" {
			t.Errorf("%s has no token any more", h.Name)
		}
	}
	// Within the same second it would be the same payload.
	if err := s.Freeze(); err == nil || !strings.Contains(err.Error(), "what was withdrawn") {
		t.Errorf("the withdrawn payload was frozen again: %v", err)
	}
	s.time.t = s.time.t.Add(time.Hour)
	s.must(s.Freeze())
	if _, err := s.Import(signed, "late.tar", metadata.Sum(nil)); err != nil {
		t.Fatal(err)
	}
	for _, step := range s.Steps() {
		for _, tally := range step.Quorum.By {
			if len(tally.Signed) > 0 {
				t.Errorf("%s: a signature came back: %v", step.Text, tally.Signed)
			}
		}
	}
	s.signAll(tokens)
	set := s.assembled()
	if set.Roots[0].Digest() == root || set.Targets.Digest() == targets || !bytes.Contains(s.disk.lines, []byte(root.String())) {
		t.Error("the payloads are those that were withdrawn, or the journal has forgotten them")
	}
}

// Targets 1 alone can be made anew, also under a root 1 that is complete.
func TestTargetsOfTheFoundingAreMadeAnew(t *testing.T) {
	s, tokens := founded(t)
	root, targets := s.proposalOf("root"), s.proposalOf("targets")
	s.must(s.signWith(root, "Ada", tokens["Ada"], "123123"))
	s.must(s.signWith(root, "Bo", tokens["Bo"], "123123"))
	if err := s.Withdraw(root, "too late"); !errors.Is(err, ceremony.ErrNotNow) {
		t.Errorf("a complete root was withdrawn: %v", err)
	}
	s.must(s.Withdraw(targets, "a file is missing"))
	s.restart()
	s.time.t = s.time.t.Add(time.Minute)
	if !slices.ContainsFunc(s.Steps(), func(x ceremony.Step) bool {
		return x.State == ceremony.Now && x.Text == "Freeze targets 1"
	}) {
		t.Errorf("steps: %+v", s.Steps())
	}
	s.must(s.Freeze())
	if err := s.Freeze(); !errors.Is(err, ceremony.ErrNotNow) {
		t.Errorf("frozen twice: %v", err)
	}
	s.signAll(tokens)
	if set := s.assembled(); set.Roots[0].Digest() != root || set.Targets.Digest() == targets {
		t.Error("root 1 has changed, or targets 1 has not")
	}
}

// TestLateRivalTakesNothingDown: Oslo freezes a rival root 2 that nobody signs.
// Vienna completes root 2 and root 3, and then Oslo's late bundle comes: it is
// shown as a conflict, nothing can be drafted on top of it, and the two roots
// that are complete stay what they are.
func TestLateRivalTakesNothingDown(t *testing.T) {
	vienna, tokens := complete(t)
	base, err := vienna.Contents()
	vienna.must(err)
	oslo := newSite(t)
	oslo.begin(ceremony.Changing, "oslo")
	_, err = oslo.Import(base, "base.tar", metadata.Sum(nil))
	oslo.must(err)
	oslo.edit(draft.Renew{Role: "root", Days: 90})
	oslo.must(oslo.Freeze())
	rival := oslo.proposalOf("root")
	late, err := oslo.Contents()
	oslo.must(err)

	var roots []metadata.Digest
	for _, days := range []int{100, 200} {
		vienna.edit(draft.Renew{Role: "root", Days: days})
		vienna.must(vienna.Freeze())
		roots = append(roots, vienna.proposalOf("root"))
		vienna.signAll(tokens)
	}
	_, err = vienna.Import(late, "late.tar", metadata.Sum(nil))
	vienna.must(err)
	vienna.restart()

	t.Run("it is shown", func(t *testing.T) {
		open := map[metadata.Digest]ceremony.OpenPayload{}
		for _, p := range vienna.Undecided() {
			open[p.Proposal] = p
		}
		if len(open) != 2 || open[rival].Rivals != 1 || open[rival].Refused != nil || open[roots[0]].Refused == nil {
			t.Errorf("undecided: %+v", open)
		}
		for _, step := range vienna.Steps() {
			if step.Kind == ceremony.StepSign && step.Quorum.Role == "root" && step.State == ceremony.Done {
				t.Errorf("done: %s", step.Text)
			}
		}
	})
	t.Run("the roots stay what they are", func(t *testing.T) {
		roles, err := vienna.Roles()
		vienna.must(err)
		if roles[0].Name != "root" || roles[0].Version != 3 {
			t.Errorf("%s is %d", roles[0].Name, roles[0].Version)
		}
		for _, id := range roots {
			if err := vienna.Withdraw(id, "the other one"); !errors.Is(err, ceremony.ErrNotNow) {
				t.Errorf("a complete root was withdrawn for one that nobody signed: %v", err)
			}
		}
	})
	t.Run("nothing is drafted, signed or published on top of it", func(t *testing.T) {
		if err := vienna.Edit(draft.Renew{Role: "root", Days: 30}); !isType[*trust.ConflictError](err) {
			t.Errorf("edit: %v", err)
		}
		if _, err := vienna.Review(rival, vienna.holder("Ada")); !isType[*trust.ConflictError](err) {
			t.Errorf("review: %v", err)
		}
		c, err := vienna.Contents()
		vienna.must(err)
		if _, err := trust.Assemble(c); !isType[*trust.ConflictError](err) {
			t.Errorf("assembled: %v", err)
		}
		if checked, err := trust.CheckContents(c, start, 0); err != nil || len(checked.Open) == 0 {
			t.Errorf("the check before an export: %+v, %v", checked, err)
		}
		if s, err := schedule.Of(c, start, 30); err != nil || s.State != schedule.Now || len(s.Missing) == 0 || s.Missing[0].Problem == "" {
			t.Errorf("the schedule: %+v, %v", s, err)
		}
	})
	t.Run("people resolve it", func(t *testing.T) {
		vienna.must(vienna.Withdraw(rival, "nobody wants it"))
		if open := vienna.Undecided(); len(open) > 0 {
			t.Errorf("undecided: %+v", open)
		}
		if set := vienna.assembled(); len(set.Roots) != 3 || set.Roots[1].Digest() != roots[0] || set.Roots[2].Digest() != roots[1] {
			t.Errorf("%d roots", len(set.Roots))
		}
		vienna.must(vienna.Changeable())
	})
}

// A conflict that comes while a draft is being made keeps it from being frozen.
func TestConflictKeepsADraftFromFreezing(t *testing.T) {
	s, _ := complete(t)
	base, err := s.Contents()
	s.must(err)
	s.edit(draft.Renew{Role: "targets", Days: 60})
	for _, days := range []int{70, 80} {
		other := newSite(t)
		other.begin(ceremony.Changing, "oslo")
		_, err = other.Import(base, "base.tar", metadata.Sum(nil))
		other.must(err)
		other.edit(draft.Renew{Role: "root", Days: days})
		other.must(other.Freeze())
		c, err := other.Contents()
		other.must(err)
		_, err = s.Import(c, "other.tar", metadata.Sum(nil))
		s.must(err)
	}
	draft, err := s.Preview()
	s.must(err)
	if !isType[*trust.ConflictError](draft.Problem) {
		t.Errorf("the draft's problem: %v", draft.Problem)
	}
	if err := s.Freeze(); !isType[*trust.ConflictError](err) {
		t.Errorf("frozen: %v", err)
	}
}

// TestVoidsNameWhatBuildsOnIt: root 2 lacks a signature here that another site
// has, where root 3 was made on top of it. Who edits root 2 again is told of both.
func TestVoidsNameWhatBuildsOnIt(t *testing.T) {
	s, tokens := complete(t)
	s.edit(draft.Renew{Role: "root", Days: 90})
	s.must(s.Freeze())
	s.must(s.signWith(s.proposalOf("root"), "Ada", tokens["Ada"], "123123"))
	half, err := s.Contents()
	s.must(err)
	other := newSite(t)
	other.begin(ceremony.Changing, "oslo")
	_, err = other.Import(half, "half.tar", metadata.Sum(nil))
	other.must(err)
	other.signAll(tokens)
	other.edit(draft.Renew{Role: "root", Days: 120})
	other.must(other.Freeze())
	later, err := other.Contents()
	other.must(err)
	later.Signatures = nil
	_, err = s.Import(later, "later.tar", metadata.Sum(nil))
	s.must(err)

	s.edit(draft.SetThreshold{Role: "root", Threshold: 3})
	draft, err := s.Preview()
	s.must(err)
	if len(draft.Voids) != 2 || !strings.Contains(draft.Voids[0], "root 2") || !strings.Contains(draft.Voids[0], "Ada") || !strings.Contains(draft.Voids[1], "root 3") {
		t.Errorf("voids: %q", draft.Voids)
	}
}

// What only a withdrawn payload delegated to falls with it: nobody may sign it any
// more, and no bundle is refused for it, here or elsewhere.
func TestWhatAWithdrawnPayloadDelegatedFalls(t *testing.T) {
	s, tokens := complete(t)
	other, third := newSite(t), newSite(t)
	for _, o := range []*site{other, third} {
		o.begin(ceremony.Changing, "oslo")
		_, err := o.Import(s.contents(), "founding.tar", metadata.Sum(nil))
		o.must(err)
	}
	s.edit(
		draft.Delegate{Role: "team", Holders: []string{"Ada"}, Threshold: 1, Paths: []string{"team/*"}},
		draft.Delegate{Role: "lab", Parent: "team", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"team/lab"}},
	)
	s.must(s.Freeze())
	team, targets := s.proposalOf("team"), s.proposalOf("targets")
	s.must(s.signWith(team, "Ada", tokens["Ada"], "123123"))
	before := s.contents()
	_, err := third.Import(before, "before.tar", metadata.Sum(nil))
	third.must(err)
	s.must(s.Withdraw(targets, "no team yet"))
	s.restart()
	if c := s.contents(); len(c.Proposals) != 2 {
		t.Fatalf("%d proposals are left", len(c.Proposals))
	}

	other.edit(draft.Renew{Role: "root", Days: 30})
	other.must(other.Freeze())
	_, err = s.Import(other.contents(), "other.tar", metadata.Sum(nil))
	s.must(err)
	_, err = other.Import(s.contents(), "back.tar", metadata.Sum(nil))
	other.must(err)

	// A site that has not heard of it brings all three back, with what is new.
	third.edit(draft.Renew{Role: "root", Days: 31})
	third.must(third.Freeze())
	for range 2 {
		_, err = s.Import(third.contents(), "third.tar", metadata.Sum(nil))
		s.must(err)
	}
	s.restart()
	for _, p := range s.contents().Proposals {
		if p.Role == "team" || p.Role == "lab" || p.Role == "targets" && p.Version > 1 {
			t.Errorf("%s %d is back", p.Role, p.Version)
		}
	}

	// What says nothing of who may sign it stays refused.
	before.Proposals = slices.DeleteFunc(slices.Clone(before.Proposals), func(p trust.Proposal) bool { return p.Role == "targets" && p.Version > 1 })
	before.Signatures, before.Journals = nil, nil
	if _, err := other.Import(before, "odd.tar", metadata.Sum(nil)); !isType[*ceremony.ImportError](err) || !strings.Contains(err.Error(), "who may sign") {
		t.Errorf("a payload of a role that nobody delegates to: %v", err)
	}
}
