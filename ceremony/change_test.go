package ceremony_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// complete is a site whose founding has all its signatures.
func complete(t *testing.T) (*site, map[string]*softToken) {
	t.Helper()
	s, tokens := founded(t)
	s.signAll(tokens)
	return s, tokens
}

// signAll has everybody sign whatever they can, until nothing is open.
func (s *site) signAll(tokens map[string]*softToken) {
	s.t.Helper()
	for range 20 {
		step, ok := s.openStep()
		if !ok {
			return
		}
		for _, name := range step.Who {
			err := s.signWith(step.Proposal, name, tokens[name], "123123")
			if err != nil && !errors.Is(err, token.ErrAlreadySigned) && !isType[*token.WrongTokenError](err) {
				s.t.Fatalf("%s signs %s %d: %v", name, step.Quorum.Role, step.Quorum.Version, err)
			}
			if old := tokens[name+" (old)"]; old != nil {
				if err := s.signWith(step.Proposal, name, old, "123123"); err != nil && !isType[*token.WrongTokenError](err) && !errors.Is(err, token.ErrAlreadySigned) {
					s.t.Fatal(err)
				}
			}
		}
	}
	s.t.Fatalf("it does not come to an end: %+v", s.Steps())
}

func (s *site) openStep() (ceremony.Step, bool) {
	for _, step := range s.Steps() {
		if step.Kind == ceremony.StepSign && step.State == ceremony.Now {
			return step, true
		}
	}
	return ceremony.Step{}, false
}

// assembled is the set that the site's bundle comes to, checked as a client
// does that follows it from root 1 (but for the online roles).
func (s *site) assembled() *trust.Set {
	s.t.Helper()
	c, err := s.Contents()
	s.must(err)
	set, err := trust.Assemble(c)
	s.must(err)
	s.must(metadata.VerifyRootChain(set.Roots, s.time.now()))
	newest := set.Roots[len(set.Roots)-1].Signed
	if _, err := metadata.VerifyFile(newest, "targets", set.Targets); err != nil {
		s.t.Fatal(err)
	}
	for role, f := range set.Delegated {
		by := set.Targets
		for _, other := range set.Delegated {
			if del := other.Targets.Delegations; del != nil && (del.Succinct != nil && del.Succinct.Bin(role) ||
				slices.ContainsFunc(del.Roles, func(r metadata.DelegatedRole) bool { return r.Name == role })) {
				by = other
			}
		}
		if _, err := metadata.VerifyFile(by.Signed, role, f); err != nil {
			s.t.Fatalf("%s: %v", role, err)
		}
	}
	return set
}

func (s *site) edit(edits ...draft.Edit) {
	s.t.Helper()
	for _, e := range edits {
		s.must(s.Edit(e))
	}
}

func (s *site) enrol(holder string, token *softToken) {
	s.t.Helper()
	_, err := s.Enrol(context.Background(), holder, token, pin("123123"), pin("87654321"))
	s.must(err)
}

// TestChangeHolders: one joins, one leaves, one gets a new token, in one root.
func TestChangeHolders(t *testing.T) {
	s, tokens := complete(t)
	s.edit(
		draft.AddHolder{Holder: "Dee", Roles: []string{"root", "targets"}},
		draft.RemoveHolder{Holder: "Cy"},
		draft.ReplaceToken{Holder: "Ada"},
	)
	draft, err := s.Preview()
	s.must(err)
	if !slices.Equal(draft.Missing, []string{"Dee", "Ada"}) {
		t.Fatalf("missing: %v", draft.Missing)
	}
	if err := s.Freeze(); !errors.Is(err, ceremony.ErrNotNow) {
		t.Fatalf("frozen without the new tokens: %v", err)
	}
	tokens["Dee"], tokens["Ada (old)"] = newSoftToken("1004"), tokens["Ada"]
	tokens["Ada"] = newSoftToken("1005")
	s.enrol("Dee", tokens["Dee"])
	s.enrol("Ada", tokens["Ada"])
	s.restart()
	draft, err = s.Preview()
	s.must(err)
	if len(draft.Payloads) != 2 || draft.Payloads[0].Role != "root" || draft.Payloads[0].Version != 2 || draft.Problem != nil {
		t.Fatalf("the draft comes to %+v", draft)
	}
	s.must(s.Freeze())
	root := s.proposalOf("root")
	r, err := s.Review(root, s.holder("Bo"))
	s.must(err)
	shown := map[string]review.Change{}
	for _, c := range r.Changes {
		shown[c.Field] = c
	}
	if c := shown["root: Cy"]; c.After != "" || c.Note != "removed" {
		t.Errorf("Cy leaves: %+v", c)
	}
	if c := shown["root: Ada"]; !strings.Contains(c.Before, "token 1001") || !strings.Contains(c.After, "token 1005") {
		t.Errorf("Ada's token: %+v", c)
	}
	if c := shown["root: Dee"]; c.Before != "" || c.After == "" {
		t.Errorf("Dee joins: %+v", c)
	}
	if len(r.After.By) != 2 || r.After.By[0].By != "old root 1" || r.After.By[1].By != "new root 2" {
		t.Errorf("counted by %+v", r.After)
	}
	s.signAll(tokens)
	set := s.assembled()
	if len(set.Roots) != 2 || set.Targets.Version != 2 {
		t.Errorf("%d roots, targets %d", len(set.Roots), set.Targets.Version)
	}
}

// TestOldTokenCountsForTheOldRoot: with one of two tokens somebody is counted
// only where that token's key is.
func TestOldTokenCountsForTheOldRoot(t *testing.T) {
	s, tokens := complete(t)
	s.edit(draft.ReplaceToken{Holder: "Ada"})
	fresh := newSoftToken("1005")
	s.enrol("Ada", fresh)
	s.must(s.Freeze())
	root := s.proposalOf("root")
	s.must(s.signWith(root, "Ada", fresh, "123123"))
	step, _ := s.openStep()
	if old, now := step.Quorum.By[0], step.Quorum.By[1]; len(old.Signed) != 0 || !slices.Equal(now.Signed, []string{"Ada"}) {
		t.Errorf("old %v, new %v", old.Signed, now.Signed)
	}
	s.must(s.signWith(root, "Ada", tokens["Ada"], "123123"))
	s.must(s.signWith(root, "Bo", tokens["Bo"], "123123"))
	for _, step := range s.Steps() {
		if step.Proposal == root && !step.Quorum.Met() {
			t.Errorf("not complete: %v", step.Quorum)
		}
	}
}

// TestChangeTargets: targets and delegations, with a delegated role of its own holders.
func TestChangeTargets(t *testing.T) {
	s, tokens := complete(t)
	s.edit(
		draft.AddTarget{Role: "targets", Path: "wabbit/tool", SHA256: metadata.Sum([]byte("tool")), Length: 4},
		draft.RemoveTarget{Role: "targets", Path: "wabbit/app"},
		draft.Delegate{Role: "team", Holders: []string{"Bo", "Cy"}, Threshold: 2, Paths: []string{"team/*"}},
		draft.AddTarget{Role: "team", Path: "team/x", SHA256: metadata.Sum([]byte("x")), Length: 1},
	)
	s.must(s.Freeze())
	s.signAll(tokens)
	set := s.assembled()
	if set.Targets.Version != 2 || len(set.Roots) != 1 || set.Delegated["team"] == nil || set.Delegated["team"].Version != 1 {
		t.Fatalf("%+v", set)
	}
	if _, ok := set.Targets.Targets.Targets["wabbit/app"]; ok {
		t.Error("the target was not removed")
	}

	roles, err := s.Roles()
	s.must(err)
	if len(roles) != 5 || roles[4].Name != "team" || !slices.Equal(roles[4].Holders, []string{"Bo", "Cy"}) || !slices.Equal(roles[4].Targets, []string{"team/x"}) || roles[1].Version != 2 || roles[2].Version != 0 {
		t.Errorf("roles: %+v", roles)
	}

	// The delegation's keys are rotated: what it says is signed anew.
	s.edit(draft.ReplaceToken{Holder: "Cy", Lost: true})
	tokens["Cy"] = newSoftToken("1006")
	s.enrol("Cy", tokens["Cy"])
	s.must(s.Freeze())
	s.signAll(tokens)
	set = s.assembled()
	if set.Delegated["team"].Version != 2 || set.Targets.Version != 3 || len(set.Roots) != 2 {
		t.Errorf("team %d, targets %d, %d roots", set.Delegated["team"].Version, set.Targets.Version, len(set.Roots))
	}

	s.edit(draft.Undelegate{Role: "team"})
	s.must(s.Freeze())
	s.signAll(tokens)
	if d := s.assembled().Targets.Targets.Delegations; d != nil && len(d.Roles) > 0 {
		t.Errorf("still delegated: %+v", d.Roles)
	}
}

// TestRenew: only the expiry of the named role changes.
func TestRenew(t *testing.T) {
	s, tokens := complete(t)
	s.time.t = start.AddDate(0, 5, 0)
	s.must(s.ConfirmClock(s.time.now(), "wall clock"))
	s.edit(draft.Renew{Role: "targets", Days: 90})
	draft, err := s.Preview()
	s.must(err)
	if len(draft.Payloads) != 1 || len(draft.Payloads[0].Changes) != 1 || draft.Payloads[0].Changes[0].Field != "expires" {
		t.Fatalf("%+v", draft.Payloads)
	}
	s.must(s.Freeze())
	s.signAll(tokens)
	set := s.assembled()
	if want := s.time.now().AddDate(0, 0, 90); !set.Targets.Expires.Equal(want) {
		t.Errorf("expires %s, want %s", set.Targets.Expires, want)
	}
}

// TestOnlineKey: the uploader's keys change in a root alone.
func TestOnlineKey(t *testing.T) {
	s, tokens := complete(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	key, err := metadata.NewKey(private.Public())
	s.must(err)
	s.edit(draft.SetOnlineKey{Role: "snapshot", Key: key}, draft.SetOnlineKey{Role: "timestamp", Key: key})
	s.must(s.Freeze())
	s.signAll(tokens)
	set := s.assembled()
	root := set.Roots[1].Root
	for _, role := range []string{"snapshot", "timestamp"} {
		if !slices.Equal(root.Roles[role].KeyIDs, []string{key.ID()}) {
			t.Errorf("%s: %v", role, root.Roles[role].KeyIDs)
		}
	}
	if len(root.Keys) != 4 || set.Targets.Version != 1 {
		t.Errorf("%d keys, targets %d", len(root.Keys), set.Targets.Version)
	}
}

// TestLostTokens: what can't be completed is said before anything is frozen.
func TestLostTokens(t *testing.T) {
	s, _ := complete(t)
	s.edit(draft.ReplaceToken{Holder: "Ada", Lost: true}, draft.ReplaceToken{Holder: "Bo", Lost: true})
	s.enrol("Ada", newSoftToken("1007"))
	s.enrol("Bo", newSoftToken("1008"))
	d, err := s.Preview()
	s.must(err)
	if d.Problem == nil || !strings.Contains(d.Problem.Error(), "only 1 can be given") {
		t.Errorf("the draft's problem: %v", d.Problem)
	}
	if err := s.Freeze(); !isType[*draft.Error](err) {
		t.Errorf("frozen: %v", err)
	}
	s.must(s.DropEdits())
	if draft, err := s.Preview(); err != nil || len(draft.Edits) != 0 {
		t.Errorf("%v, %v", draft, err)
	}
}

func TestEditsThatCantBeMade(t *testing.T) {
	s, _ := complete(t)
	for _, e := range []draft.Edit{
		draft.AddHolder{Holder: "Ada", Roles: []string{"root"}},
		draft.AddHolder{Holder: "\u0410da", Roles: []string{"root"}},
		draft.AddHolder{Holder: "", Roles: []string{"root"}},
		draft.AddHolder{Holder: "Dee", Roles: []string{"timestamp"}},
		draft.AddHolder{Holder: "Dee"},
		draft.ReplaceToken{Holder: "Dee"},
		draft.RemoveHolder{Holder: "Dee"},
		draft.SetThreshold{Role: "nobody", Threshold: 1},
		draft.SetThreshold{Role: "root", Threshold: 0},
		draft.SetThreshold{Role: "root", Threshold: 100},
		draft.Renew{Role: "timestamp", Days: 1},
		draft.Renew{Role: "root", Days: 0},
		draft.AddTarget{Role: "root", Path: "x", Length: 1},
		draft.AddTarget{Role: "targets", Path: "x"},
		draft.AddTarget{Role: "targets", Path: "x\u202e", Length: 1},
		draft.RemoveTarget{Role: "targets", Path: "nothing"},
		draft.Delegate{Role: "targets", Holders: []string{"Ada"}, Threshold: 1, Paths: []string{"*"}},
		draft.Delegate{Role: "team", Holders: []string{"Dee"}, Threshold: 1, Paths: []string{"*"}},
		draft.Delegate{Role: "team", Holders: []string{"Ada"}, Threshold: 1},
		draft.Delegate{Role: "team", Holders: []string{"Ada"}, Paths: []string{"*"}},
		draft.SetPaths{Role: "team", Paths: []string{"*"}},
		draft.Undelegate{Role: "team"},
		draft.SetOnlineKey{Role: "root"},
	} {
		before := bytes.Clone(s.disk.lines)
		if err := s.Edit(e); !isType[*draft.EditError](err) {
			t.Errorf("%s: %v", e, err)
		}
		if !bytes.Equal(before, s.disk.lines) {
			t.Errorf("%s: something was written", e)
		}
	}
}

// TestImportAfterRotation: a bundle with all that ever was signed is taken over
// by a site that knows nothing yet, also what was signed by keys that are gone.
func TestImportAfterRotation(t *testing.T) {
	s, tokens := complete(t)
	s.edit(
		draft.RemoveHolder{Holder: "Ada"}, draft.SetThreshold{Role: "root", Threshold: 2},
		draft.Delegate{Role: "team", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"team/*"}},
	)
	s.must(s.Freeze())
	s.signAll(tokens)
	s.edit(draft.Undelegate{Role: "team"})
	s.must(s.Freeze())
	s.signAll(tokens)
	all, err := s.Contents()
	s.must(err)
	want := s.assembled()

	other := newSite(t)
	other.begin(ceremony.Changing, "oslo")
	if _, err := other.Import(all, "all.tar", metadata.Sum(nil)); err != nil {
		t.Fatal(err)
	}
	got := other.assembled()
	if !bytes.Equal(got.Targets.Bytes, want.Targets.Bytes) || len(got.Roots) != len(want.Roots) {
		t.Error("the other site comes to another set")
	}
	if err := other.Changeable(); err != nil {
		t.Error("it can't be changed there")
	}
}

// TestEveryPrefixOfAChangeResumes: as TestEveryPrefixResumes, through a change.
func TestEveryPrefixOfAChangeResumes(t *testing.T) {
	s, tokens := complete(t)
	s.edit(draft.ReplaceToken{Holder: "Bo"}, draft.Renew{Role: "targets", Days: 9})
	tokens["Bo (old)"], tokens["Bo"] = tokens["Bo"], newSoftToken("1009")
	s.enrol("Bo", tokens["Bo"])
	s.must(s.Freeze())
	s.signAll(tokens)
	want := s.assembled()
	whole := s.disk.lines
	for end := range whole {
		if whole[end] == '\n' {
			s.disk.lines = bytes.Clone(whole[:end+1])
			s.restart()
			if !slices.ContainsFunc(s.Steps(), func(x ceremony.Step) bool { return x.State == ceremony.Now }) {
				t.Errorf("after byte %d nobody can do anything", end)
			}
		}
	}
	if got := s.assembled(); !bytes.Equal(got.Targets.Bytes, want.Targets.Bytes) {
		t.Error("another set after a restart")
	}
}
