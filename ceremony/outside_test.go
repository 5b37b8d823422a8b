package ceremony_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// What a role holds outside of the paths that lead to it is said in the draft
// and in the review: no client finds it.
func TestTargetsThatNoClientFindsAreSaid(t *testing.T) {
	s, _ := complete(t)
	holds := func(role string, paths ...string) (edits []draft.Edit) {
		for _, p := range paths {
			edits = append(edits, draft.AddTarget{Role: role, Path: p, SHA256: metadata.Sum([]byte(p)), Length: 1})
		}
		return edits
	}
	s.edit(
		draft.Delegate{Role: "team", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"team/*"}},
		draft.Delegate{Parent: "team", Role: "deep", Holders: []string{"Cy"}, Threshold: 1, Paths: []string{"*/x*"}},
	)
	s.edit(holds("team", "team/ok", "wabbit/1", "wabbit/2", "wabbit/3", "wabbit/4")...)
	s.edit(holds("deep", "team/x", "other/x")...) // deep may hold the second, but nobody comes to it by way of team
	want := []string{
		"What is delegated to deep does not reach 1 target in it, and no client finds what it does not reach: other/x.",
		"What is delegated to team does not reach 4 targets in it, and no client finds what it does not reach: wabbit/1, wabbit/2, wabbit/3 and others.",
	}
	said := func(warnings []string) []string {
		return slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return !strings.Contains(w, "no client finds") })
	}
	if got := said(s.drafted().Warnings); !slices.Equal(got, want) {
		t.Errorf("the draft says %q", got)
	}
	s.must(s.Freeze())
	for role, want := range map[string][]string{"targets": want[1:], "team": want, "deep": want[:1]} {
		r, err := s.Review(s.proposalOf(role), s.holder("Bo"))
		s.must(err)
		if got := said(r.Warnings); !slices.Equal(got, want) {
			t.Errorf("the review of %s says %q", role, got)
		}
	}
}

// Targets in bins are found by their hashes, in either form.
func TestTargetsInBinsAreFound(t *testing.T) {
	for _, prefixes := range []bool{false, true} {
		s, _ := complete(t)
		s.edit(draft.HashBins{Role: "bin", BitLength: 3, Holders: []string{"Bo"}, Threshold: 1, Prefixes: prefixes})
		for _, w := range s.drafted().Warnings {
			if strings.Contains(w, "no client finds") {
				t.Errorf("prefixes %v: %s", prefixes, w)
			}
		}
	}
}
