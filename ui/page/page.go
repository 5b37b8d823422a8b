package page

import (
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Page is what one screen says. It is data: a driver decides how it looks.
// Any text in it may come from outside: drivers escape what could steer a
// terminal.
type Page struct {
	Banner  Banner
	Title   string
	Problem *Problem // what went wrong just before; nil for nothing
	Body    []Block
	Help    []string // paragraphs, shown on request

	// ReadAll holds back the way on until the end of the body was on screen.
	ReadAll bool

	// List stands behind the body of a page that is told. It holds nothing
	// back: whoever reads it turns its pages or searches it. nil for none.
	List *Listing

	// NoBack says why one can't go back from here; "" where one can.
	NoBack string

	// Notes says that a note for the record can be written now.
	Notes bool
}

// Banner stands on every page.
type Banner struct {
	Rehearsal bool
	Trust     string // "" not known yet
	Site      string
	Who       string // the holder who acts, or "facilitator"
	Doing     string // "root 1"
	Progress  string // "1 of 3 signatures"
}

// Problem is what went wrong, in the four parts that help.
type Problem struct {
	Code     string // to look up: TOKEN-PIN-WRONG
	Happened string
	NotDone  string
	Next     string
}

// Block is a part of a page's body.
type Block interface{ Lines(t Typeface) []Line }

type (
	// Para is a paragraph.
	Para string
	// Strong is a paragraph that must not be overlooked.
	Strong string
	// Warning is a sentence that speaks against going on.
	Warning string
	// Facts are labels and values, aligned.
	Facts []Fact
	// Changes is what a payload does, before and after.
	Changes []review.Change
	// Rivals are what several payloads of one version do: first where they
	// differ, field by field, then what they have in common.
	Rivals []Rival
	// Checks are outcomes, each with its reason.
	Checks []token.Check
	// StepList says what is done, what is now and what is to do.
	StepList []ceremony.Step
	// Hex is a digest in groups of four.
	Hex metadata.Digest
	// WordGrid is a digest in PGP words, numbered, four a line.
	WordGrid [32]string
	// Secret is shown once, to be written on paper. It is spaced out, one
	// character at a time.
	Secret []byte
)

// Rival is one payload of several.
type Rival struct {
	Name    string
	Changes []review.Change
}

// Fact is one line of [Facts].
type Fact struct{ Label, Value string }

// By makes it the page of someone who acts for something.
func (p Page) By(who, doing, progress string) Page {
	p.Banner.Who, p.Banner.Doing, p.Banner.Progress = who, doing, progress
	return p
}

// WithProblem says first what went wrong just before; nil for nothing.
func (p Page) WithProblem(problem *Problem) Page { p.Problem = problem; return p }

// WithHelp adds paragraphs that are shown on request.
func (p Page) WithHelp(text ...string) Page { p.Help = text; return p }
