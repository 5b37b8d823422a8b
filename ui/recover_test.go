package ui_test

import (
	"strings"
	"testing"
)

// recovers goes from the start of a complete site to what went wrong.
func (s *site) recovers(setting setting) *emulated {
	s.t.Helper()
	e := start(s.t, setting, s.talk)
	e.comesBack()
	e.takes("Something went wrong")
	return e
}

func TestLostTokenIsReplaced(t *testing.T) {
	s := newSite(t).complete()
	e := s.recovers(setting{})
	e.golden("recover-01", "What went wrong?")
	e.takes("A token is lost or broken")
	e.golden("recover-02-whose", "Whose token is lost or broken?")
	e.takes("Bo")
	e.golden("recover-03-left", "Does Bo get a new token?", "2 must sign, 2 of 3 still can")
	e.takes("Yes, Bo gets a new token")
	e.sees("What the draft comes to", "Bo gets a new token; the old token is lost")
	e.takes("That is all")
	e.takes("Bo enrols a token")
	e.enrolsToken("Bo", "5417506")
	e.types("c")
	e.takes("Freeze what is to change")
	e.golden("recover-04-freeze", "Freeze root 2 and targets 2", "Bo (token lost)")
}

func TestCompromisedKeyGoesWithItsHolder(t *testing.T) {
	s := newSite(t).complete()
	e := s.recovers(setting{})
	e.takes("Somebody else may have used a key")
	e.golden("recover-compromised", "Whose key may somebody else have used?")
	e.takes("Eve")
	e.takes("No, Eve leaves")
	e.sees("Can the token of Eve sign once more?")
	e.takes("No")
	e.golden("recover-compromised-draft", "What the draft comes to", "Eve leaves; the old token is lost")
}

// Where too few tokens are left, it is said, and nothing is drafted.
func TestTooFewTokens(t *testing.T) {
	s := newSite(t).complete()
	e := s.recovers(setting{})
	e.takes("Several tokens are gone")
	for i, name := range []string{"Ada", "Bo", "Cy"} {
		e.sees("Whose tokens can't sign any more?")
		e.takes(name)
		e.sees("Chosen " + strings.Join([]string{"Ada", "Bo", "Cy"}[:i+1], ", "))
	}
	e.takes("That is all")
	e.golden("recover-beyond", "This trust can't be changed any more", "and 2 can be given")
	e.types("c")
	e.sees("Whose tokens can't sign any more?")
	e.takes("Ada")
	e.sees("Chosen Ada")
	e.takes("Di")
	e.sees("Chosen Ada, Di")
	e.takes("That is all")
	e.golden("recover-few", "There is still a way")
	e.takes("They get new tokens")
	e.sees("What the draft comes to", "Edit 2")
	if d, err := s.read().Preview(); err != nil || len(d.Edits) != 2 || len(d.Missing) != 2 {
		t.Errorf("the draft: %+v, %v", d, err)
	}
}

func TestExpiryAndFastForward(t *testing.T) {
	s := newSite(t).complete()
	s.stick.files["new.pub"] = otherOnlineKey
	s.stick.files["junk.pub"] = "-----BEGIN PUBLIC KEY-----\n"
	e := s.recovers(setting{})
	e.takes("A role expires soon, or has expired")
	e.golden("recover-expired", "Which role has to be renewed?")
	e.takes("root")
	e.sees("For how many days is root good?")
	e.types("365" + enter)
	e.sees("What the draft comes to")
	e.types(escape)
	e.takes("Something went wrong")
	e.takes("Snapshot or timestamp were attacked")
	e.golden("recover-fast-forward", "Snapshot or timestamp were attacked", "versions start again")
	e.takes("New keys for snapshot and timestamp")
	e.takes("CEREMONY")
	e.sees("Which public key?", "new.pub")
	e.takes("junk.pub")
	e.golden("recover-junk-key", "Snapshot or timestamp were attacked", "FILE-UNUSABLE")
	e.takes("New keys for snapshot and timestamp")
	e.takes("CEREMONY")
	e.sees("Which public key?", "new.pub")
	e.takes("new.pub")
	e.golden("recover-online-key", "Is this the uploader's new key?")
	e.types("1")
	e.sees("What the draft comes to", "snapshot is signed with the online key")
	e.takes("That is all")
	e.takes("Freeze what is to change")
	e.sees("Freeze root 2")
}

// A blocked token is unblocked without a signature; one that is not blocked is
// left alone.
func TestBlockedTokenOutsideOfASignature(t *testing.T) {
	s := newSite(t).complete()
	card := s.drawer.Card("5417501")
	token := s.inReader("5417501")
	for range 3 {
		_, _ = token.Sign(t.Context(), secret("000000"), []byte("x"))
	}
	s.must(s.drawer.Remove("5417501"))
	if n := card.PINInfo().Tries; n != 0 {
		t.Fatalf("%d tries are left", n)
	}
	e := s.recovers(setting{})
	e.takes("A token takes no PIN any more")
	e.golden("recover-blocked", "Whose token is blocked?")
	e.takes("Bo")
	e.sees("Insert token 5417502 (Bo)")
	e.takes("Insert token 5417501")
	e.sees("TOKEN-WRONG", "Token 5417502 (Bo) is expected; 5417501 (Ada) is in the reader.")
	e.swapsTo("5417502", "This token is not blocked")
	e.types("c")
	e.takes("Something went wrong")
	e.takes("A token takes no PIN any more")
	e.takes("Ada")
	e.swapsTo("5417501", "The PIN of token 5417501 (Ada) is blocked")
	e.unblocks(paper, "new-7391")
	e.sees("The token has its new PIN", "The token signs again, with the new PIN.")
	e.types("c")
	e.sees("Who acts now?")
	if n := card.PINInfo().Tries; n != 3 {
		t.Errorf("%d tries are left", n)
	}
}

const otherOnlineKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVR5M3a4I+/HcCmZNYWYFIUo/gkap
1f5ij4/6opM+FLkjal5MI/0r1cnsjdGvJrKX8dH+4W8hf71IfAGJz2rqSA==
-----END PUBLIC KEY-----
`
