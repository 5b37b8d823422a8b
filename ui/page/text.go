package page

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Look is what a span of text means. How that is drawn is the driver's.
type Look int

const (
	Normal    Look = iota
	Bold           // names, titles, what must not be overlooked
	Bar            // the bar with who acts and for what
	Here           // the step that is now
	Mark           // the choice at the cursor
	Warn           // the label of a warning
	Alarm          // the label of a problem
	Watermark      // the words that say rehearsal
	Quiet          // lines that divide, and keys
)

// span is text of one look; a line is what fits in one row.
type (
	Span struct {
		Text string
		Look Look
	}
	Line []Span
)

// Typeface sets text into lines of a width.
type Typeface struct {
	Width int  // columns
	ASCII bool // nothing but ASCII may leave the program
}

// Clean is the last gate before a terminal: nothing that steers it gets by.
func (t Typeface) Clean(s string) string {
	s = text.Safe(s)
	if !t.ASCII {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// Glyph returns the nicer of two ways of drawing the same.
func (t Typeface) Glyph(unicode, ascii string) string {
	if t.ASCII {
		return ascii
	}
	return unicode
}

func (t Typeface) arrow() string { return t.Glyph("→", "->") }

// Rule is a line across the page.
func (t Typeface) Rule() string { return strings.Repeat(t.Glyph("─", "-"), t.Width) }

// Narrower leaves n columns free.
func (t Typeface) Narrower(n int) Typeface {
	t.Width = max(t.Width-n, 8)
	return t
}

// Wrap breaks s between words, and inside of those that fill a line.
func (t Typeface) Wrap(s string) []string {
	var out []string
	current := ""
	for word := range strings.FieldsSeq(t.Clean(s)) {
		for ansi.StringWidth(word) > t.Width {
			room := t.Width
			if current != "" {
				out, current = append(out, current), ""
			}
			head := ansi.Truncate(word, room, "")
			out, word = append(out, head), word[len(head):]
		}
		switch {
		case current == "":
			current = word
		case ansi.StringWidth(current)+1+ansi.StringWidth(word) <= t.Width:
			current += " " + word
		default:
			out, current = append(out, current), word
		}
	}
	if current != "" || len(out) == 0 {
		out = append(out, current)
	}
	return out
}

// Para sets a paragraph.
func (t Typeface) Para(s string, l Look) []Line {
	var out []Line
	for _, text := range t.Wrap(s) {
		out = append(out, Line{{text, l}})
	}
	return out
}

// hang sets body beside a label, or below a label that needs more than its
// column. Only the last part of a label can be that long.
func (t Typeface) hang(label Line, columns int, body []Line) []Line {
	if Width(label) < columns {
		return t.beside(label, columns, body)
	}
	last := label[len(label)-1]
	lead := label[:len(label)-1]
	out := t.beside(lead, Width(lead), t.Narrower(Width(lead)).Para(last.Text, last.Look))
	return append(out, t.beside(nil, columns, body)...)
}

func (t Typeface) beside(label Line, columns int, body []Line) []Line {
	var out []Line
	for _, b := range body {
		out = append(out, append(Pad(label, columns), b...))
		label = nil
	}
	return out
}

// Fit cuts s to one line.
func (t Typeface) Fit(s string) string {
	return ansi.Truncate(t.Clean(s), t.Width, t.Glyph("…", "..."))
}

// labelled is hang for a plain paragraph.
func (t Typeface) labelled(label Span, columns int, text string) []Line {
	return t.hang(Line{label}, columns, t.Narrower(columns).Para(text, Normal))
}

// Width is how many columns a line needs.
func Width(l Line) int {
	n := 0
	for _, s := range l {
		n += ansi.StringWidth(s.Text)
	}
	return n
}

// Pad fills l with spaces up to a width. The result does not share l's array.
func Pad(l Line, columns int) Line {
	gap := columns - Width(l)
	out := append(Line{}, l...)
	if gap > 0 {
		out = append(out, Span{strings.Repeat(" ", gap), Normal})
	}
	return out
}

// String is the line without its looks.
func (l Line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return strings.TrimRight(b.String(), " ")
}
