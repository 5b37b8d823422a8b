package ui_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ui/page"
)

// A trust that others made is adopted, and a key gets a name and a new token.
func TestAdoptInATerminal(t *testing.T) {
	s := newSite(t)
	s.stick.repository = corpora.Metadata(t, "sigstore/roots")
	s.stick.repository["targets/trusted_root.json"] = []byte("{}")
	e := start(t, setting{}, s.talk)
	e.takes("Adopt a trust that others made")
	e.sees("Where are you?")
	e.types("Berlin" + enter)
	e.comparesClock()
	e.takes("Go on all the same")
	e.golden("adopt-01-form", "Where does the trust come from?")
	e.takes("From a repository")
	e.sees("Where is the repository?")
	e.takes("CEREMONY")
	e.golden("adopt-02-name", "What is the trust called?")
	e.types("sigstore" + enter)
	e.sees("The name of a rehearsal's trust begins with rehearsal-")
	e.types("rehearsal-sigstore" + enter)
	e.golden("adopt-03", "Adopt rehearsal-sigstore", "the chain verifies")
	e.reads()
	e.golden("adopt-04-findings", "Type: adopt rehearsal-sigstore", "old-keytype")
	e.types("adopt rehearsal-sigstore" + enter)
	e.golden("adopt-05-done", "The trust was adopted", "c continue")
	e.types("c")
	e.takes("Say what is to change")
	e.takes("Holders and their tokens")
	e.takes("Say whose a key is")
	e.golden("adopt-06-keys", "Which key has a holder?")
	e.types("1")
	e.sees("Whose is it?")
	e.types("Ada" + enter)
	e.sees("What the draft comes to", "Ada's")
	e.takes("Change something more")
	e.takes("Holders and their tokens")
	e.takes("A token is lost or broken")
	e.takes("Ada")
	e.takes("That is all")
	e.takes("Ada enrols a token")
	e.enrolsToken("Ada", "5417506")
	e.types("c")
	e.takes("Freeze what is to change")
	e.sees("Freeze root 13")
	e.reads()
	e.types("freeze root 13" + enter)
	e.golden("adopt-07-signers", "Who acts now?", "Ada signs root 13")
	e.types(ctrlC)
	e.sees("Leave now?")
	e.types("l")
	if err := e.ends(); !errors.Is(err, page.ErrQuit) {
		t.Fatal(err)
	}
	if strings.Contains(string(e.bytes()), pins["Ada"]) {
		t.Error("a PIN was on the screen")
	}
}

// What can't go on of a trust is said before it has a name here.
func TestAdoptSaysWhatCantGoOn(t *testing.T) {
	s := newSite(t)
	s.stick.repository = corpora.Metadata(t, "reports/oidc-key")
	e := start(t, setting{}, s.talk)
	e.takes("Adopt a trust that others made")
	e.sees("Where are you?")
	e.types("Berlin" + enter)
	e.comparesClock()
	e.takes("Go on all the same")
	e.takes("From a repository")
	e.sees("Where is the repository?")
	e.takes("CEREMONY")
	e.golden("adopt-08-cant-go-on", "What is the trust called?")
}
