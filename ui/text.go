package ui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// look is what a span of text means. How that is drawn is the driver's.
type look int

const (
	normal  look = iota
	strong       // names, titles, what must not be overlooked
	bar          // the bar with who acts and for what
	here         // the step that is now
	mark         // the choice at the cursor
	warn         // the label of a warning
	alarm        // the label of a problem
	watered      // the words that say rehearsal
	quiet        // lines that divide, and keys
)

// span is text of one look; a line is what fits in one row.
type (
	span struct {
		text string
		look look
	}
	line []span
)

// typeface sets text into lines of a width.
type typeface struct {
	width int  // columns
	ascii bool // nothing but ASCII may leave the program
}

// clean is the last gate before a terminal: nothing that steers it gets by.
func (t typeface) clean(s string) string {
	s = text.Safe(s)
	if !t.ascii {
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

// glyph returns the nicer of two ways of drawing the same.
func (t typeface) glyph(unicode, ascii string) string {
	if t.ascii {
		return ascii
	}
	return unicode
}

func (t typeface) arrow() string { return t.glyph("→", "->") }
func (t typeface) rule() string  { return strings.Repeat(t.glyph("─", "-"), t.width) }

// narrower leaves n columns free.
func (t typeface) narrower(n int) typeface {
	t.width = max(t.width-n, 8)
	return t
}

// wrap breaks s between words, and inside of those that fill a line.
func (t typeface) wrap(s string) []string {
	var out []string
	current := ""
	for word := range strings.FieldsSeq(t.clean(s)) {
		for ansi.StringWidth(word) > t.width {
			room := t.width
			if current != "" {
				out, current = append(out, current), ""
			}
			head := ansi.Truncate(word, room, "")
			out, word = append(out, head), word[len(head):]
		}
		switch {
		case current == "":
			current = word
		case ansi.StringWidth(current)+1+ansi.StringWidth(word) <= t.width:
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

// para sets a paragraph.
func (t typeface) para(s string, l look) []line {
	var out []line
	for _, text := range t.wrap(s) {
		out = append(out, line{{text, l}})
	}
	return out
}

// hang sets body beside a label, or below a label that needs more than its
// column. Only the last part of a label can be that long.
func (t typeface) hang(label line, columns int, body []line) []line {
	if width(label) < columns {
		return t.beside(label, columns, body)
	}
	last := label[len(label)-1]
	lead := label[:len(label)-1]
	out := t.beside(lead, width(lead), t.narrower(width(lead)).para(last.text, last.look))
	return append(out, t.beside(nil, columns, body)...)
}

func (t typeface) beside(label line, columns int, body []line) []line {
	var out []line
	for _, b := range body {
		out = append(out, append(pad(label, columns), b...))
		label = nil
	}
	return out
}

// fit cuts s to one line.
func (t typeface) fit(s string) string {
	return ansi.Truncate(t.clean(s), t.width, t.glyph("…", "..."))
}

// labelled is hang for a plain paragraph.
func (t typeface) labelled(label span, columns int, text string) []line {
	return t.hang(line{label}, columns, t.narrower(columns).para(text, normal))
}

func width(l line) int {
	n := 0
	for _, s := range l {
		n += ansi.StringWidth(s.text)
	}
	return n
}

// pad fills l with spaces up to a width. The result does not share l's array.
func pad(l line, columns int) line {
	gap := columns - width(l)
	out := append(line{}, l...)
	if gap > 0 {
		out = append(out, span{strings.Repeat(" ", gap), normal})
	}
	return out
}

// String is the line without its looks.
func (l line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.text)
	}
	return strings.TrimRight(b.String(), " ")
}
