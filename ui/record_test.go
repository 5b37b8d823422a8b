package ui_test

import (
	"context"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

// TestHoldersSignTheRecord: at the end of a ceremony two of its holders stand by
// the journal, and the record has their signatures.
func TestHoldersSignTheRecord(t *testing.T) {
	s := newSite(t).complete()
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.golden("record-01-list", "Who acts now?", "Sign the record")
	e.takes("Sign the record")
	e.golden("record-02-who", "Who signs the record?")
	e.takes("Ada signs the record")
	e.standsBy("Ada")
	e.golden("record-05-signed", "The record is signed", "c continue")
	e.types("c")
	e.takes("Sign the record")
	if screen := e.sees("Who signs the record?"); strings.Contains(screen, "Ada signs") {
		t.Errorf("Ada is asked a second time:\n%s", screen)
	}
	e.takes("Bo signs the record")
	e.standsBy("Bo")
	e.types("c")
	e.takes("Leave")
	if err := e.ends(); err != nil {
		t.Fatal(err)
	}
	contents, err := s.read().Contents()
	s.must(err)
	rec, err := record.New(contents.Journals)
	s.must(err)
	if len(rec.Heads) != 2 || rec.Heads[0].Events != rec.Heads[1].Events {
		t.Errorf("the record has the signatures %+v", rec.Heads)
	}
	checks, err := record.Check(rec, nil, nil)
	s.must(err)
	for _, c := range checks {
		if !c.Pass && !c.Open {
			t.Errorf("%s: %s", c.Name, c.Reason)
		}
	}
}

// standsBy goes from the record in short to the page after the signature.
func (e *emulated) standsBy(holder string) {
	e.t.Helper()
	e.sees("What the record of Berlin tells")
	e.reads()
	e.types("c")
	e.sees(holder + ": do you sign the record?")
	e.reads()
	e.types("sign the record" + enter)
	e.swaps(holder, "PIN of token "+serialOf[holder])
	e.types(pins[holder] + enter)
	e.sees("The record is signed", "c continue", holder)
}

// TestTestimony: what is signed is shown first, the exceptions and the head whole.
func TestTestimony(t *testing.T) {
	at := record.At{N: 7, Time: noon}
	site := &record.Site{
		Trust: "rehearsal-wabbit", Site: "Berlin", ID: metadata.Sum([]byte("first")).String(), Kind: string(ceremony.Founding), Rehearsal: true,
		Events: 21, Head: metadata.Sum([]byte("last")),
		People:   []record.Person{{Name: "Ada", Tokens: []string{"5417501"}, Did: []string{"enrolled token 5417501", "signed root 1"}}},
		Notes:    []record.Note{{At: at, Text: "The machine was used although a check failed: swap"}, {At: at, Text: "The lights went out for a minute.", Who: "Bo"}},
		Payloads: []record.Payload{{At: at, Role: "root", Version: 1, Digest: metadata.Sum([]byte("root")), Void: "was replaced"}},
		Lines:    []record.Line{{At: at}, {At: at}},
	}
	e := start(t, setting{}, func(ctx context.Context, p page.Person) error {
		banner := page.Banner{Rehearsal: true, Trust: site.Trust, Site: site.Site, Who: "Ada", Doing: "record"}
		return ui.Testimony{Person: p, Banner: banner, Holder: "Ada", Site: site}.Consent(ctx)
	})
	e.golden("record-03-tells", "What the record of Berlin tells")
	e.reads()
	e.types("c")
	e.golden("record-04-consent", "Ada: do you sign the record?")
	e.reads()
	e.types("sign it" + enter)
	e.sees("was not")
	e.types("sign the record" + enter)
	if err := e.ends(); err != nil {
		t.Fatal(err)
	}
}
