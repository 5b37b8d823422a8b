package ui_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
)

// What is taken away, and what gets weaker, is said in words.
func TestChangesAreShownBeforeAndAfter(t *testing.T) {
	p := somePage("What root 7 does",
		page.Facts{{Label: "Trust", Value: "wabbit"}, {Label: "Builds on", Value: "the version before it"}, {Label: "Expires", Value: "2027-02-25 12:00 UTC, in 92 days"}},
		page.Changes{
			{Field: "expires", Before: "2027-11-25 12:00 UTC", After: "2027-02-25 12:00 UTC", Note: "it expires earlier than before"},
			{Field: "root: threshold", Before: "3 of 5", After: "2 of 5", Note: "fewer signatures are needed than before"},
			{Field: "root: key 588b8db5", Before: "Di, token 5417504, hardware-born, touch always", Note: "removed"},
			{Field: "root: key 0b9b7672", After: "Eve, token 5417505, hardware-born, touch always"},
		},
		page.Warning("“Еve” looks like “Eve” and is another name."))
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
	if err := e.ends(); !errors.Is(err, page.ErrQuit) {
		t.Fatal(err)
	}
}

// Names that mean to steer the terminal reach it as text.
func TestHostileNamesReachTheTerminalAsText(t *testing.T) {
	const evil = "\x1b]52;c;ZXZpbA==\x07\x1b[31;5;7mAda\u202e\u200b\u009b2J"
	p := somePage(evil, page.Para(evil), page.Facts{{Label: evil, Value: evil}}, page.Changes{{Field: evil, Before: evil, After: evil, Note: evil}})
	p.Banner.Trust, p.Banner.Who = evil, evil
	var a talk
	e := start(t, setting{}, a.choose(p, page.Choice{Key: "evil", Label: evil, Detail: evil}))
	e.sees(`\x1b]52;c;ZXZpbA==\x07`)
	plain := plays(t, (&talk{}).choose(p, page.Choice{Key: "evil", Label: evil, Detail: evil}))
	for _, sent := range [][]byte{e.bytes(), []byte(plain.prompt())} {
		for _, steer := range []string{"\x1b]52", "\x1b[31;5;7m", "\u202e", "\u200b", "\u009b", "\x9b"} {
			if bytes.Contains(sent, []byte(steer)) {
				t.Errorf("%q was sent to the terminal", steer)
			}
		}
	}
}

// Who signs for whom is said by name, token and fingerprint, as in a root.
func TestReviewOfDelegations(t *testing.T) {
	s := newSite(t).complete()
	c := s.open()
	for _, e := range []draft.Edit{
		draft.Delegate{Role: "team", Holders: []string{"Di", "Eve"}, Threshold: 2, Paths: []string{"team/*", "team/*/*"}},
		draft.Delegate{Role: "ops", Holders: []string{"Di"}, Threshold: 1, Paths: []string{"ops/*"}, Terminating: true},
	} {
		s.must(c.Edit(e))
	}
	s.must(c.Freeze())
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.takes("Ada signs targets 2")
	e.golden("review-delegations-01", "What targets 2 does", "Read to the end")
	e.types(pageDown)
	e.golden("review-delegations-02", "team: Eve", "ops: terminating")
}

// A keyid says nothing where the key behind it is another one.
func TestReviewOfAKeyThatChangesUnderItsKeyid(t *testing.T) {
	key := func(more, fingerprint string) string {
		return "hardware not known: no attestation, key 5be32ff4, ecdsa-sha2-nistp256" + more + ", fingerprint " + fingerprint
	}
	p := somePage("What root 13 does",
		page.Facts{{Label: "Trust", Value: "wabbit"}, {Label: "Builds on", Value: "the version before it"}, {Label: "Expires", Value: "2027-02-25 12:00 UTC, in 92 days"}},
		page.Changes{
			{Field: "root: Ada", Before: key(", which by its content is key 1f92b0a4", "e5fca53d42cf81b2c53c0b51d9e29c5e"), After: key("", "411782d5be985ead38b2bf75f5ccbf0a"),
				Note: "the keyid is the same, and the key is another one"},
			{Field: "root: Bo Lee", Before: "Bo, token 5417502, hardware-born, touch always, key 3e4aaf0e, ecdsa-sha2-nistp256, fingerprint 7ae5f68564cd92adb4ff4a50ae69bd46",
				After: "Bo Lee, token 5417502, hardware-born, touch always, key 3e4aaf0e, ecdsa-sha2-nistp256, fingerprint 7ae5f68564cd92adb4ff4a50ae69bd46",
				Note:  "the key is the same and has another name than before"},
		})
	p.ReadAll = true
	var a talk
	e := start(t, setting{}, a.told(p))
	e.golden("review-keyid", "the key is another one")
}

// targetChanges are many new targets, and a few that are more than new.
func targetChanges(n int) []review.Change {
	list := make([]review.Change, n)
	for i := range list {
		path := fmt.Sprintf("wabbit/%s/%03d/package-%06d.tar", []string{"main", "contrib", "docs"}[i%7%3], i%5, i)
		list[i] = review.Change{Field: "target " + path, Path: path, After: fmt.Sprintf("%d bytes, sha256:%064x", 1000+i, i)}
	}
	list[17].Before, list[17].After = list[17].After, ""
	list[17].Note = "removed"
	list[42].Before = fmt.Sprintf("900 bytes, sha256:%064x", 42)
	list[77].Note = `it looks like "wabbit/main/002/package-O00077.tar"`
	return list
}

func pageOfTargets(n int) page.Page {
	changes := append(page.Changes{{Field: "expires", Before: "2026-12-25 12:00 UTC, in 30 days", After: "2027-06-25 12:00 UTC, in 212 days"}}, targetChanges(n)...)
	p := somePage("What targets 9 does", page.Facts{{Label: "Trust", Value: "wabbit"}, {Label: "Builds on", Value: "the version before it"}}, changes)
	p.Banner.Doing, p.Banner.Progress = "targets 9", "1 of 2 signatures"
	p.List = &page.Listing{Changes: changes[1:], Seen: make([]bool, n)}
	p.ReadAll = true
	return p
}

// Of 100,000 targets there is a summary that has to be read, and what is more
// than new; the list behind it is turned and searched.
func TestManyTargetsInATerminal(t *testing.T) {
	var a talk
	p := pageOfTargets(100_000)
	e := start(t, setting{}, a.told(p))
	e.golden("review-many-01", "100,000 targets: 99,998 new, 1 changed, 1 removed", "Read to the end")
	e.types("c")
	e.sees("There is more to read first")
	e.types(pageDown)
	e.golden("review-many-02", "it looks like", "c continue", "the list of all 100,000 targets")
	e.types(pageDown)
	e.golden("review-many-03-list", "1 to 6 of 100,000 targets")
	e.types(pageDown)
	e.sees("7 to 12 of 100,000 targets")
	e.types(pageUp)
	e.sees("1 to 6 of 100,000 targets")
	e.types("/")
	e.golden("review-many-04-search", "Search for")
	e.types("no such path" + enter)
	e.sees(`Nothing in the list holds "no such path".`)
	e.types("/DOCS/000" + enter)
	e.golden("review-many-05-found", "found 1 of")
	e.types("n")
	e.sees("found 2 of")
	e.types("NN")
	e.sees("found 5,714 of 5,714")
	e.types("/removed" + enter)
	e.sees("package-000017.tar", "found 1 of 1")
	e.types(escape)
	e.sees("not simply new:")
	e.types("c")
	if err := e.ends(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for i, s := range p.List.Seen {
		if s {
			seen++
		}
		if s && i > 50 && !strings.Contains(p.List.Changes[i].Path, "docs/") && i < 90_000 {
			t.Errorf("%s was never on the screen", p.List.Changes[i].Path)
		}
	}
	if seen < 20 || seen > 60 {
		t.Errorf("%d targets were on the screen", seen)
	}
}

func TestManyTargetsInPlainLines(t *testing.T) {
	var a talk
	p := pageOfTargets(1000)
	e := plays(t, a.told(p))
	s := e.sees("1,000 targets: 998 new, 1 changed, 1 removed", "not simply new:", "> l list, /WORDS search, c continue, b back")
	if strings.Contains(s, "package-000999") {
		t.Error("the whole list is printed unasked")
	}
	e.answers("l")
	e.sees("1 to 20 of 1,000 targets:", "package-000019")
	e.answers("l")
	e.sees("21 to 40 of 1,000 targets:")
	e.answers("/Package-00099")
	e.sees("10 with Package-00099 in them:", "package-000999")
	e.answers("/")
	e.sees("! Nothing more in the list holds")
	e.answers("/docs")
	e.sees("286 with docs in them, the next 20 (/ goes on):")
	e.answers("/")
	e.sees("266 with docs in them, the next 20")
	e.answers("c")
	if err := e.ends(); err != nil {
		t.Fatal(err)
	}
	if !p.List.Seen[0] || !p.List.Seen[39] || p.List.Seen[41] && p.List.Seen[43] && p.List.Seen[45] || !p.List.Seen[999] {
		t.Error("what was printed is not what is noted")
	}
}

// Who signs without having looked at the whole list is told so.
func TestConsentSaysWhatWasNotLookedAt(t *testing.T) {
	s := newSite(t).complete()
	c := s.open()
	many := draft.AddTargets{Role: "targets"}
	for i := range 50 {
		many.Targets = append(many.Targets, trust.NewTarget{Path: fmt.Sprintf("team/%02d.tar", i), SHA256: metadata.Sum([]byte{byte(i)}), Length: 1})
	}
	s.must(c.Edit(many))
	s.must(c.Edit(draft.RemoveTarget{Role: "targets", Path: "wabbit/app"}))
	s.must(c.Freeze())
	p := plays(t, s.talk)
	p.comesBack()
	p.takes("Ada signs targets 2")
	p.sees("== What targets 2 does", "51 targets: 50 new, 1 removed", "wabbit/app removed, was")
	p.answers("l")
	p.sees("1 to 20 of 51 targets:")
	p.answers("c")
	for range 2 {
		p.answers(askedWord(p.sees("== Read the digest of targets 2")))
	}
	p.sees("do you sign targets 2?", "Of its 51 targets 31 were not looked at here: 31 new.")
	p.answers("b")
	p.sees("== Read the digest")
	p.answers("b")
	p.sees("== What targets 2 does")
	for range 3 {
		p.answers("l")
		p.sees("of 51 targets:")
	}
	p.answers("c")
	for range 2 {
		p.answers(askedWord(p.sees("== Read the digest of targets 2")))
	}
	p.sees("All of its 51 targets were on this screen.")
}
