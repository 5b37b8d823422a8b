package ceremony_test

import (
	"slices"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// TestDrafting: what can be edited has the edits so far in it.
func TestDrafting(t *testing.T) {
	s, _ := complete(t)
	s.edit(
		draft.Delegate{Role: "team", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"team/*"}},
		draft.AddTarget{Role: "team", Path: "team/x", SHA256: metadata.Sum([]byte("x")), Length: 1},
		draft.RemoveTarget{Role: "targets", Path: "wabbit/app"},
		draft.RemoveHolder{Holder: "Cy"},
	)
	d, err := s.Editable()
	s.must(err)
	roles := map[string]draft.RoleState{}
	for _, r := range d.Roles {
		roles[r.Name] = r
	}
	if team := roles["team"]; team.Version != 0 || !slices.Equal(team.Holders, []string{"Bo"}) || !slices.Equal(team.Targets, []string{"team/x"}) || !slices.Equal(team.Paths, []string{"team/*"}) {
		t.Errorf("team: %+v", team)
	}
	if targets := roles["targets"]; targets.Version != 1 || len(targets.Targets) != 0 {
		t.Errorf("targets: %+v", targets)
	}
	if !slices.Equal(roles["root"].Holders, []string{"Ada", "Bo"}) || !slices.Equal(d.Holders, []string{"Ada", "Bo"}) || len(d.Unnamed) != 0 {
		t.Errorf("root %v, holders %v, unnamed %v", roles["root"].Holders, d.Holders, d.Unnamed)
	}
	before, err := s.Roles()
	s.must(err)
	if len(before) != 4 || len(before[0].Holders) != 3 {
		t.Errorf("the complete set has changed: %+v", before)
	}
}

// TestSigners: somebody with two tokens is there with each, until that one's
// signature is wanted no more.
func TestSigners(t *testing.T) {
	s, tokens := complete(t)
	s.edit(draft.ReplaceToken{Holder: "Ada"})
	fresh := newSoftToken("1005")
	s.enrol("Ada", fresh)
	s.must(s.Freeze())
	root := s.proposalOf("root")
	serials := func() []string {
		var list []string
		for _, h := range s.Signers(root) {
			list = append(list, h.Name+" "+h.Serial)
		}
		return list
	}
	if got, want := serials(), []string{"Ada 1001", "Ada 1005", "Bo 1002", "Cy 1003"}; !slices.Equal(got, want) {
		t.Errorf("at first %v, want %v", got, want)
	}
	s.must(s.signWith(root, "Ada", tokens["Ada"], "123123"))
	s.must(s.signWith(root, "Bo", tokens["Bo"], "123123"))
	if got, want := serials(), []string{"Ada 1005", "Cy 1003"}; !slices.Equal(got, want) {
		t.Errorf("with the old root's signatures %v, want %v", got, want)
	}
	s.must(s.signWith(root, "Ada", fresh, "123123"))
	if got := serials(); len(got) != 0 {
		t.Errorf("in the end %v", got)
	}
	if s.Signers(metadata.Sum(nil)) != nil {
		t.Error("somebody signs what is not there")
	}
}

// TestUndecided: what can be withdrawn, with what goes with it.
func TestUndecided(t *testing.T) {
	s, tokens := complete(t)
	if got := s.Undecided(); len(got) != 0 {
		t.Fatalf("%+v", got)
	}
	s.edit(draft.SetThreshold{Role: "root", Threshold: 3})
	s.must(s.Freeze())
	s.must(s.signWith(s.proposalOf("root"), "Ada", tokens["Ada"], "123123"))
	got := s.Undecided()
	if len(got) != 1 || got[0].Version != 2 || got[0].Rivals != 0 || !slices.Equal(got[0].Quorum.By[0].Signed, []string{"Ada"}) || len(got[0].Changes) == 0 {
		t.Fatalf("%+v", got)
	}
	s.must(s.Withdraw(got[0].Proposal, "by mistake"))
	if got := s.Undecided(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}
