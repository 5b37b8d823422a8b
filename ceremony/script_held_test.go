package ceremony_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/script"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// heldScript is the script of what is left, in Markdown.
func (s *site) heldScript() string {
	s.t.Helper()
	p, err := script.Rest(s.Ceremony)
	s.must(err)
	return string(p.Markdown())
}

// says wants words to stand on a paper, in this order.
func says(t *testing.T, paper string, words ...string) {
	t.Helper()
	rest := paper
	for _, w := range words {
		_, after, found := strings.Cut(rest, w)
		if !found {
			t.Errorf("the paper does not say %q, or not there:\n%s", w, paper)
			return
		}
		rest = after
	}
}

// TestHeldScript: the paper of a rotation has who enrols, what is frozen, and
// for both roots who signs; once it is frozen, the words too.
func TestHeldScript(t *testing.T) {
	s, tokens := complete(t)
	if text := s.heldScript(); strings.Contains(text, "sign root 1") {
		t.Errorf("what is done stands on the paper:\n%s", text)
	}
	s.must(s.Edit(draft.ReplaceToken{Holder: "Cy", Lost: true}))
	says(t, s.heldScript(), "shows: Welcome back", "Cy gets a new token", "Cy enrols a token", "expects a token that is nobody's", "Then print this script again", "Write the bundle")

	tokens["Cy"] = newSoftToken("1004")
	s.enrol("Cy", tokens["Cy"])
	raw := s.heldScript()
	says(t, raw, "asks to type: freeze root 2", "The holders sign root 2", "by the old root 2 of these: Ada, Bo, Cy; by the new root 2 of these: Ada, Bo, Cy",
		"| 1 "+strings.Repeat(".", 12), "SHA-256 of the payload", "asks to type: sign root 2", "What was different")
	if strings.Contains(raw, "freeze root 1") {
		t.Error("it is the script of the founding")
	}

	s.must(s.Freeze())
	for _, step := range s.Steps() {
		if step.Kind == ceremony.StepSign && step.State == ceremony.Now {
			words := text.Words(step.Proposal)
			says(t, s.heldScript(), "Everybody sees these words", "| 1 "+words[0]+" |", "asks to type: sign "+step.Quorum.Role)
		}
	}
}

// TestHeldScriptOfACosigning: before the bundle has come there are boxes for its words.
func TestHeldScriptOfACosigning(t *testing.T) {
	s := newSite(t)
	if _, err := script.Rest(s.Ceremony); !errors.Is(err, ceremony.ErrNotNow) {
		t.Errorf("before the beginning: %v", err)
	}
	s.begin(ceremony.Cosigning, "oslo")
	text := s.heldScript()
	says(t, text, "at oslo", "Open the bundle to co-sign", "asks to type: the words match", "| bundle | |")
	if strings.Contains(text, (metadata.Digest{}).String()[:8]) {
		t.Error("a digest of zeros stands on the paper")
	}
	vienna, _ := signedOnce(t)
	_, err := s.Import(vienna.contents(), "one.tar", metadata.Sum([]byte("bundle")))
	s.must(err)
	says(t, s.heldScript(), "So far: 1 of 2 by root 1: Ada.", "asks to type: sign root 1")
}
