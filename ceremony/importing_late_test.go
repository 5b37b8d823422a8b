package ceremony_test

import (
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestWhatBuildsOnWithdrawnFalls: root 3 can't outlive the root 2 that people
// decided against, nor can it come back, or be in the way of what does come.
func TestWhatBuildsOnWithdrawnFalls(t *testing.T) {
	s, tokens := complete(t)
	base, err := s.Contents()
	s.must(err)
	other := newSite(t)
	other.begin(ceremony.Changing, "oslo")
	_, err = other.Import(base, "base.tar", metadata.Sum(nil))
	other.must(err)
	other.renewed(tokens, "root", 90)
	theirs := other.proposalOf("root")

	s.renewed(tokens, "root", 60)
	mine := s.proposalOf("root")
	s.renewed(tokens, "root", 70) // root 3 on it
	late, err := s.Contents()
	s.must(err)
	c, err := other.Contents()
	other.must(err)
	_, err = s.Import(c, "theirs.tar", metadata.Sum(nil))
	s.must(err)
	s.must(s.Withdraw(mine, "the other one was agreed on"))
	s.restart()
	for _, x := range []*site{s, other} {
		if x == other {
			_, err := x.Import(late, "late.tar", metadata.Sum(nil))
			x.must(err)
			x.must(x.Withdraw(mine, "the other one was agreed on"))
		}
		for range 2 { // it does not come back
			if set := x.assembled(); len(set.Roots) != 2 || set.Roots[1].Digest() != theirs {
				t.Fatalf("%d roots", len(set.Roots))
			}
			_, err := x.Import(late, "late.tar", metadata.Sum(nil))
			x.must(err)
		}
	}
}

// TestSetsThatGoOn: what a site knows as published goes on, also where the
// versions of the online roles begin anew or a role is gone.
func TestSetsThatGoOn(t *testing.T) {
	s, tokens := complete(t)
	s.edit(draft.Delegate{Role: "team", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"team/*"}})
	s.must(s.Freeze())
	s.signAll(tokens)
	o := newSite(t)
	o.begin(ceremony.Changing, "oslo")
	take := func(set *trust.Set) error {
		_, err := o.Import(trust.Contents{Trust: set.Trust, Published: head(set)}, "head.tar", metadata.Sum(nil))
		return err
	}
	with := s.assembled()
	s.must(take(with))
	without := *with
	without.Delegated = nil
	if err := take(&without); !isType[*ceremony.ImportError](err) {
		t.Errorf("a role that is delegated is gone: %v", err)
	}
	without.Targets = signedBy(t, []*softToken{tokens["Ada"]})(metadata.EncodeTargets(headerOf(3), metadata.Targets{}))
	s.must(take(&without))
	if err := take(with); err == nil || !strings.Contains(err.Error(), "older") {
		t.Errorf("the old set again: %v", err)
	}
}
