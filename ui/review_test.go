package ui_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/ui"
)

// What is taken away, and what gets weaker, is said in words.
func TestChangesAreShownBeforeAndAfter(t *testing.T) {
	p := page("What root 7 does",
		ui.Facts{{"Trust", "wabbit"}, {"Builds on", "the version before it"}, {"Expires", "2027-02-25 12:00 UTC, in 92 days"}},
		ui.Changes{
			{Field: "expires", Before: "2027-11-25 12:00 UTC", After: "2027-02-25 12:00 UTC", Note: "it expires earlier than before"},
			{Field: "root: threshold", Before: "3 of 5", After: "2 of 5", Note: "fewer signatures are needed than before"},
			{Field: "root: key 588b8db5", Before: "Di, token 5417504, hardware-born, touch always", Note: "removed"},
			{Field: "root: key 0b9b7672", After: "Eve, token 5417505, hardware-born, touch always"},
		},
		ui.Warning("“Еve” looks like “Eve” and is another name."))
	p.ReadAll = true
	p.Banner.Doing, p.Banner.Progress = "root 7", "2 of 3 + 1 of 2 signatures"
	var a talk
	e := start(t, setting{}, a.told(p))
	e.golden("review-of-a-change", "What root 7 does")
	e.reads()
	e.types("?")
	e.golden("help", "Help: What root 7 does")
	e.types("x")
	e.sees("What root 7 does")
	e.types(ctrlC)
	e.golden("leave", "Leave now?")
	e.types("l")
	if err := e.ends(); !errors.Is(err, ui.ErrQuit) {
		t.Fatal(err)
	}
}

// Names that mean to steer the terminal reach it as text.
func TestHostileNamesReachTheTerminalAsText(t *testing.T) {
	const evil = "\x1b]52;c;ZXZpbA==\x07\x1b[31;5;7mAda\u202e\u200b\u009b2J"
	p := page(evil, ui.Para(evil), ui.Facts{{evil, evil}}, ui.Changes{{Field: evil, Before: evil, After: evil, Note: evil}})
	p.Banner.Trust, p.Banner.Who = evil, evil
	var a talk
	e := start(t, setting{}, a.choose(p, ui.Choice{Key: "evil", Label: evil, Detail: evil}))
	e.sees(`\x1b]52;c;ZXZpbA==\x07`)
	plain := plays(t, (&talk{}).choose(p, ui.Choice{Key: "evil", Label: evil, Detail: evil}))
	for _, sent := range [][]byte{e.bytes(), []byte(plain.prompt())} {
		for _, steer := range []string{"\x1b]52", "\x1b[31;5;7m", "\u202e", "\u200b", "\u009b", "\x9b"} {
			if bytes.Contains(sent, []byte(steer)) {
				t.Errorf("%q was sent to the terminal", steer)
			}
		}
	}
}
