package text_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// TestWords holds the list to the example that its authors published.
func TestWords(t *testing.T) {
	d, err := metadata.ParseDigest("e58294f2e9a227486e8b061b31cc528fd7fa3f19" + strings.Repeat("00ff", 6))
	if err != nil {
		t.Fatal(err)
	}
	words := text.Words(d)
	want := "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa " +
		"afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless" +
		strings.Repeat(" aardvark Yucatan", 6)
	if got := strings.Join(words[:], " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestWordsAreDistinct: any two digests differ in their words, wherever they differ.
func TestWordsAreDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.IntRange(0, 31).Draw(t, "place")
		var a, b metadata.Digest
		a[place], b[place] = rapid.Byte().Draw(t, "a"), rapid.Byte().Draw(t, "b")
		if (a == b) != (text.Words(a) == text.Words(b)) {
			t.Fatalf("%s and %s", a, b)
		}
	})
}

func TestChallenge(t *testing.T) {
	seen := map[int]bool{}
	for range 2000 {
		c, err := ceremony.Challenge(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if c[0] < 1 || c[1] > 32 || c[0] >= c[1] {
			t.Fatalf("asked for %v", c)
		}
		seen[c[0]], seen[c[1]] = true, true
	}
	if len(seen) != 32 {
		t.Errorf("only %d of 32 words are ever asked for", len(seen))
	}
}

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		"Ada Lovelace":      "Ada Lovelace",
		"Zoë, naïve, 日本":    "Zoë, naïve, 日本",
		"a\x1b[2Jb":         `a\x1b[2Jb`,
		"a\x9bb":            `a\x9bb`,
		"a\u009bb":          `a\u009bb`,
		"a\rb\nc\td":        `a\x0db\x0ac\x09d`,
		"abc\u202etxt":      `abc\u202etxt`,
		"a\u200bb\ufeff":    `a\u200bb\ufeff`,
		"e\u0301":           `e\u0301`,
		"\U000e0041":        `\U000e0041`,
		"a\u3164b":          `a\u3164b`,
		"\xff\xfe":          `\xff\xfe`,
		"\ufffd":            `\ufffd`,
		"a\u00a0b\u2003c":   `a\u00a0b\u2003c`,
		"\x1b]52;c;aGk=\a!": `\x1b]52;c;aGk=\x07!`,
	} {
		if got := text.Safe(in); got != want {
			t.Errorf("Safe(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzSafe(f *testing.F) {
	f.Add("a\x1b[31m\u202e\x9b")
	f.Fuzz(func(t *testing.T, s string) {
		once := text.Safe(s)
		if text.Safe(once) != once {
			t.Errorf("%q is not stable", once)
		}
		for _, r := range once {
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				t.Errorf("%q holds a control character", once)
			}
		}
	})
}

func TestSentence(t *testing.T) {
	for s, want := range map[string]string{
		"":                             "",
		"the card was pulled":          "The card was pulled.",
		"is it there?":                 "Is it there?",
		"ärger":                        "Ärger.",
		"keys[1]: no such key":         "keys[1]: no such key.",
		"plan.yaml: line 3 is no role": "plan.yaml: line 3 is no role.",
		"threshold_of: is 0":           "threshold_of: is 0.",
	} {
		if got := text.Sentence(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}
