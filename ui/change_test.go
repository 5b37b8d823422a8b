package ui_test

import (
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/ui/page"
)

// complete is a site whose founding has all its signatures.
func (s *site) complete() *site {
	s.t.Helper()
	s.signAll(s.frozen().open(), "5417501", "5417502", "5417503")
	return s
}

// signAll has the owners of tokens sign whatever they can.
func (s *site) signAll(c *ceremony.Ceremony, serials ...string) {
	s.t.Helper()
	for _, t := range (hand{s.drawer}).Tokens() {
		if t.InReader {
			s.must(s.drawer.Remove(t.Serial))
		}
	}
	for _, serial := range serials {
		token := s.inReader(serial)
		info, err := token.Info(s.t.Context())
		s.must(err)
		for _, step := range c.Steps() {
			if step.Kind != ceremony.StepSign || step.State != ceremony.Now {
				continue
			}
			for _, h := range c.Signers(step.Proposal) {
				if h.KeyID == info.Key.ID() {
					s.must(s.signWith(c, step, h, token))
				}
			}
		}
		s.must(s.drawer.Remove(serial))
	}
}

// assembled is what the site's bundle comes to.
func (s *site) assembled() *trust.Set {
	s.t.Helper()
	contents, err := s.read().Contents()
	s.must(err)
	set, err := trust.Assemble(contents)
	s.must(err)
	return set
}

func (s *site) signWith(c *ceremony.Ceremony, step ceremony.Step, h ceremony.Holder, token token.Token) error {
	review, err := c.Review(step.Proposal, h)
	if err != nil {
		return err
	}
	words, err := ceremony.Challenge(s.random)
	if err != nil {
		return err
	}
	given := ceremony.Consent{
		Proposal: review.Digest, Phrase: review.Phrase, Challenge: words,
		Words: [2]string{review.Words[words[0]-1], review.Words[words[1]-1]},
	}
	for more := true; more && err == nil; {
		var done ceremony.Signed
		done, err = c.Sign(s.t.Context(), h.Name, token, secret(pins[h.Name]), given)
		more = done.Left > 0
	}
	return err
}

// A holder gets a new token, targets are renewed, and paths are delegated.
func TestChangeInATerminal(t *testing.T) {
	s := newSite(t).complete()
	s.replacesToken()
	s.signAll(s.open(), "5417502", "5417503", "5417506")
	s.delegatesPaths()
	s.signAll(s.open(), "5417504", "5417502", "5417503")
	set := s.assembled()
	if len(set.Roots) != 2 || set.Targets.Version != 3 || set.Delegated["team"].Version != 1 {
		t.Errorf("%d roots, targets %d, %+v", len(set.Roots), set.Targets.Version, set.Delegated)
	}
}

// replacesToken gives Ada a new token, renews targets, and has her sign by both
// of her tokens.
func (s *site) replacesToken() {
	s.t.Helper()
	e := start(s.t, setting{}, s.talk)
	e.comesBack()
	e.golden("change-01-list", "Who acts now?", "Change this trust")
	e.takes("Change this trust")
	e.golden("change-02-topics", "What is to change?")
	e.takes("Holders and their tokens")
	e.golden("change-03-holders", "Which holder, which token?")
	e.takes("Somebody gets a new token")
	e.golden("change-04-who", "Who gets a new token?")
	e.takes("Ada")
	e.golden("change-05-missing", "What the draft comes to", "next: Ada enrols a token")
	e.takes("Change something more")
	e.takes("How long a role is good for")
	e.golden("change-06-renew", "Which role is renewed?")
	e.takes("targets")
	e.golden("change-07-days", "For how many days is targets good?")
	e.types("181" + enter)
	e.sees("That is not a whole number from 1 to 180.")
	e.types("90" + enter)
	e.sees("What the draft comes to", "targets is good for 90 days")
	e.takes("That is all")
	e.golden("change-08-enrol-list", "Who acts now?", "Ada enrols a token")
	e.takes("Ada enrols a token")
	e.enrolsToken("Ada", "5417506")
	e.types("c")
	e.takes("Go on with the draft")
	e.golden("change-09-comes-to", "What the draft comes to", "next: freeze it")
	e.takes("That is all")
	e.takes("Freeze what is to change")
	e.golden("change-10-freeze", "Freeze root 2 and targets 2", "Read to the end")
	e.reads()
	e.golden("change-11-freeze-end", "Type: freeze root 2 and targets 2")
	e.types("freeze root 2 and targets 2" + enter)
	e.golden("change-12-sign-list", "Who acts now?", "Ada signs root 2")
	s.signsByBoth(e)
}

// signsByBoth: of Ada's two tokens the one that was chosen is asked for.
func (s *site) signsByBoth(e *emulated) {
	s.t.Helper()
	e.takes("Ada signs root 2   ")
	e.consents("Ada", "root 2")
	e.golden("change-13-other-token", "TOKEN-WRONG", "Token 5417501 (Ada) is expected; 5417506 (Ada) is in the reader.")
	e.swapsTo("5417501", "PIN of token 5417501")
	e.types(pins["Ada"] + enter)
	e.golden("change-14-signed", "Signed", "1 of 3: Ada; 2 more of Bo, Cy, Di, Eve", "0 of 3; 3 more of")
	e.types("c")
	e.takes("Ada signs root 2 or targets 2")
	e.takes("Sign root 2")
	e.signsWith("Ada", "5417506", "root 2")
	e.sees("By old root 1   1 of 3: Ada", "By new root 2   1 of 3: Ada")
	e.types("c")
	e.sees("Who acts now?")
	e.types(ctrlC)
	e.sees("Leave now?")
	e.types("l")
	if err := e.ends(); !errors.Is(err, page.ErrQuit) {
		s.t.Fatal(err)
	}
}

// delegatesPaths delegates to a role that Di signs, and Fay, who is new.
func (s *site) delegatesPaths() {
	s.t.Helper()
	s.must(s.drawer.Add(5417507, virtual.Firmware574))
	e := start(s.t, setting{}, s.talk)
	e.comesBack()
	e.takes("Change this trust")
	e.takes("Delegations")
	e.takes("Delegate paths to a new role")
	e.golden("delegate-01-name", "What is the role called?")
	e.types("team a" + enter)
	e.sees("The name of a role has no space")
	e.types("team" + enter)
	e.golden("delegate-02-paths", "Which paths may team speak for?")
	e.types("team/* team/*/*" + enter)
	e.golden("delegate-03-end", "Does the search end at team?")
	e.takes("No, clients look further")
	e.sees("Who signs team?", "Chosen nothing yet")
	e.takes("Di")
	e.golden("delegate-04-who", "Who signs team?", "Chosen Di")
	e.takes("That is all")
	e.sees("How many must sign team?")
	e.types("2" + enter)
	e.golden("delegate-05-stuck", "What the draft comes to", "DRAFT-STUCK")
	e.takes("Change something more")
	e.takes("Holders and their tokens")
	e.takes("Somebody joins")
	e.sees("Who joins?")
	e.types("Dı" + enter)
	e.sees("What does Dı sign?")
	e.takes("team")
	e.sees("Chosen team")
	e.takes("That is all")
	e.golden("join-lookalike", "Who joins?", "EDIT", "Dı joins team: the name looks like Di.")
	e.types("Fay" + enter)
	e.sees("What does Fay sign?")
	e.takes("team")
	e.sees("Chosen team")
	e.takes("That is all")
	e.sees("What the draft comes to", "next: Fay enrols a token")
	e.takes("That is all")
	e.takes("Fay enrols a token")
	e.enrolsToken("Fay", "5417507")
	e.types("c")
	e.takes("Freeze what is to change")
	e.sees("Freeze targets 3 and team 1")
	e.reads()
	e.golden("delegate-06-freeze", "Type: freeze targets 3 and team 1")
	e.types("freeze targets 3 and team 1" + enter)
	e.takes("Fay signs team 1")
	e.signsWith("Fay", "5417507", "team 1")
	e.types("c")
	e.sees("1 of 2 by targets 3: Fay")
}
