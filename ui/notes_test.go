package ui_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ui/page"
)

const ctrlN = "\x0e"

// notes are those that people have written at the site.
func (s *site) notes() []string {
	s.t.Helper()
	told, err := s.read().RecordToSign()
	s.must(err)
	var all []string
	for _, n := range told.Notes {
		if n.Who != "" {
			all = append(all, n.Who+": "+n.Text)
		}
	}
	return all
}

// TestNoteOnEveryPage: a note can be written from the list, from a page that is
// read, from a question and from that of a PIN; each comes back as it was.
func TestNoteOnEveryPage(t *testing.T) {
	s := newSite(t).frozen()
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.sees("Who acts now?")
	e.writes("Who acts now?", "from the list")
	e.sees("Who acts now?")
	e.types("?")
	e.golden("notes-01-help", "Ctrl-N writes a note")
	e.types(" ")
	e.sees("Who acts now?")
	e.types(ctrlN)
	e.golden("notes-02-who", "Who writes a note?")
	e.types("Cy" + enter)
	e.golden("notes-03-text", "What is to stand in the record?")
	e.types(strings.Repeat("x", 241) + enter)
	e.sees("longer than 240 characters")
	e.types("The lights went out for a minute." + enter)
	e.golden("notes-04-noted", "The note is in the journal")
	e.types("c")
	e.takes("Ada signs root 1 or targets 1")
	e.takes("Sign root 1")
	e.writes("What root 1 does", "while reading")
	e.consents("Ada", "root 1")
	e.swaps("Ada", "PIN of token 5417501")
	e.types("123")
	e.writes("PIN of token 5417501", "at the PIN")
	e.types(pins["Ada"] + enter)
	e.sees("Signed", "c continue")

	// Going back from a note destroys nothing, and writes nothing.
	e.types(ctrlN)
	e.sees("Who writes a note?")
	e.types("\x1b")
	e.sees("Signed", "c continue")
	want := []string{"Cy: from the list", "Cy: The lights went out for a minute.", "Cy: while reading", "Cy: at the PIN"}
	if got := s.notes(); !slices.Equal(got, want) {
		t.Errorf("the journal has %q", got)
	}
}

// writes writes a note on a page, and sees the page again.
func (e *emulated) writes(during, text string) {
	e.t.Helper()
	e.sees(during)
	e.types(ctrlN)
	e.sees("Who writes a note?")
	e.types("Cy" + enter)
	e.sees("What is to stand in the record?", during)
	e.types(text + enter)
	e.sees("The note is in the journal", text)
	e.types("c")
	e.until(during+" again", func(screen string) bool {
		return strings.Contains(screen, during) && !strings.Contains(screen, "The note is in the journal")
	})
}

// TestNotesInLines: in plain mode the letter n does it, once there is a journal.
func TestNotesInLines(t *testing.T) {
	s := newSite(t)
	p := plays(t, s.talk)
	p.sees("What have you come to do?")
	p.answers("n")
	p.sees(`There is no choice "n"`)
	p.answers("found")
	p.sees("Where are you?")
	p.answers("n") // a site may be called so: there is no journal yet
	p.comparesClock()
	p.sees("This machine")
	p.answers("?")
	p.sees("n writes a note for the record")
	p.answers("n")
	p.sees("Who writes a note?")
	p.answers("Bo")
	p.sees("What is to stand in the record?")
	p.answers("The door stood open.")
	p.sees("The note is in the journal", "The door stood open.")
	p.answers("c")
	p.sees("This machine")
	if got := s.notes(); !slices.Equal(got, []string{"Bo: The door stood open."}) {
		t.Errorf("the journal has %q", got)
	}
	if c := s.read(); c.Site() != "n" || c.Kind() != ceremony.Founding {
		t.Errorf("the site is called %q", c.Site())
	}
	p.answers("q")
	p.sees("Leave?")
	p.answers("leave")
	if err := p.ends(); !errors.Is(err, page.ErrQuit) {
		t.Errorf("it ended with %v", err)
	}
}
