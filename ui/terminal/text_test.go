package terminal

import (
	"image/color"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ui/page"
)

// everywhere is a page that says s wherever text from outside can stand.
func everywhere(s string) page.Page {
	return page.Page{
		Banner:  page.Banner{Rehearsal: true, Trust: s, Site: s, Who: s, Doing: s, Progress: s},
		Title:   s,
		Problem: &page.Problem{Code: s, Happened: s, NotDone: s, Next: s},
		Body: []page.Block{
			page.Para(s), page.Strong(s), page.Warning(s), page.Facts{{Label: s, Value: s}}, page.Secret("ACDEFGHJ"),
			page.Changes{{Field: s, Before: s, After: s, Note: s}, {Field: s, After: s}, {Field: s, Before: s}},
			page.Checks{{Name: s, Reason: s}}, page.StepList{{State: ceremony.Now, Text: s, Detail: s}},
			page.Hex{}, page.WordGrid{},
		},
		Help: []string{s},
	}
}

var hostile = []string{
	"\x1b[2J\x1b[31mevil", "\x1b]52;c;ZXZpbA==\x07", "\u009b2Jevil", "a\rb", "\u202elive\u202c", "A\u200bda", "A\u0301da", "\x00", "\xff\xfe", "\u2028", "a\tb\nc",
}

// FuzzNothingSteersTheTerminal: whatever a name holds, a page of it is text.
func FuzzNothingSteersTheTerminal(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, 80, false)
		f.Add(s, 30, true)
	}
	f.Fuzz(func(t *testing.T, s string, width int, ascii bool) {
		m := newModel(ascii, time.Now)
		m.width, m.height = 80+max(0, width%60), 24
		for _, kind := range []askKind{choosing, typing, telling} {
			m.take(askMsg{kind: kind, page: everywhere(s), choices: []page.Choice{{Key: s, Label: s, Detail: s}, {Key: s, Label: s, Detail: s}}, field: page.Field{Label: s}})
			m.input.add(s)
			m.notice = s
			if kind == telling {
				m.over = helping
			}
			rows, _ := m.compose(m.frame())
			if len(rows) != m.height {
				t.Errorf("%d rows for a screen of %d", len(rows), m.height)
			}
			checkLines(t, rows, m.width, ascii)
		}
		checkLines(t, m.face().Body(everywhere(s)), m.width, ascii)
	})
}

func checkLines(t *testing.T, lines []page.Line, columns int, ascii bool) {
	t.Helper()
	for _, l := range lines {
		for _, s := range l {
			if text.Safe(s.Text) != s.Text {
				t.Errorf("%q would reach the terminal", s.Text)
			}
			if ascii && strings.ContainsFunc(s.Text, func(r rune) bool { return r >= 0x80 }) {
				t.Errorf("%q is not ASCII", s.Text)
			}
		}
		if page.Width(l) > columns {
			t.Errorf("%d columns in a line of %d: %q", page.Width(l), columns, l)
		}
	}
}

// Wrapping loses nothing and keeps to the width.
func TestWrap(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		face := page.Typeface{Width: rapid.IntRange(8, 100).Draw(r, "width")}
		text := rapid.StringMatching(`[a-zäß漢 ]{0,200}`).Draw(r, "text")
		lines := face.Wrap(text)
		for _, l := range lines {
			if n := ansi.StringWidth(l); n > face.Width {
				r.Errorf("%q has %d columns of %d", l, n, face.Width)
			}
		}
		if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.ReplaceAll(text, " ", ""); got != want {
			r.Errorf("%q became %q", want, got)
		}
	})
}

// Text on a band has a contrast of 4.5:1 or better in the palettes that
// terminals come with; all other text is in the terminal's own colours.
func TestContrast(t *testing.T) {
	palettes := map[string]map[ansi.BasicColor]uint32{
		"VGA":   {0: 0x000000, 1: 0xaa0000, 11: 0xffff55, 5: 0xaa00aa, 6: 0x00aaaa, 15: 0xffffff},
		"xterm": {0: 0x000000, 1: 0xcd0000, 11: 0xffff00, 5: 0xcd00cd, 6: 0x00cdcd, 15: 0xffffff},
		"gnome": {0: 0x171421, 1: 0xc01c28, 11: 0xe9ad0c, 5: 0xa347ba, 6: 0x2aa1b3, 15: 0xffffff},
	}
	for l := page.Normal; l < page.Quiet; l++ {
		s := styleOf(l)
		bg, ok := s.GetBackground().(ansi.BasicColor)
		if !ok {
			continue
		}
		fg := s.GetForeground().(ansi.BasicColor)
		for name, p := range palettes {
			if c := contrast(p[fg], p[bg]); c < 4.5 {
				t.Errorf("look %d in the palette of %s: %.1f:1", l, name, c)
			}
		}
	}
}

// contrast is WCAG 2's ratio of two colours.
func contrast(a, b uint32) float64 {
	hi, lo := luminance(a), luminance(b)
	return (max(hi, lo) + 0.05) / (min(hi, lo) + 0.05)
}

func luminance(rgb uint32) float64 {
	c := color.RGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 0xff}
	sum := 0.0
	for _, part := range []struct{ v, weight float64 }{{float64(c.R), 0.2126}, {float64(c.G), 0.7152}, {float64(c.B), 0.0722}} {
		v := part.v / 255
		if v <= 0.03928 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += v * part.weight
	}
	return sum
}

func TestInputIsWiped(t *testing.T) {
	in := newInput(true)
	array := in.buf[:cap(in.buf)]
	for range 2 * maxInput {
		in.add("x")
	}
	in.backspace()
	if n := strings.Count(string(array), "x"); n != maxInput-1 {
		t.Fatalf("%d bytes are held", n)
	}
	in.wipe()
	if strings.Trim(string(array), "\x00") != "" || len(in.buf) != 0 {
		t.Error("something was left in the field")
	}
}

func TestPace(t *testing.T) {
	for name, test := range map[string]struct {
		gap   time.Duration
		keys  int
		burst bool
	}{
		"a fast typist":         {60 * time.Millisecond, 8, false},
		"a key held down":       {33 * time.Millisecond, 40, false},
		"two keys at once":      {time.Millisecond, 2, false},
		"a token that types":    {11 * time.Millisecond, 45, true},
		"a PIN on a slow line":  {0, 9, false},
		"a paste without marks": {0, 20, true},
	} {
		var p pace
		at := time.Unix(0, 0)
		burst := false
		for range test.keys {
			at = at.Add(test.gap)
			burst = p.key(at)
		}
		if burst != test.burst {
			t.Errorf("%s: burst %v", name, burst)
		}
		if p.key(at.Add(burstQuiet)) {
			t.Errorf("%s: still a burst after a pause", name)
		}
	}
}
