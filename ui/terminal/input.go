package terminal

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/conclave-tuf/conclave/ui/page"
)

// input is a line being typed. Its bytes stay in one array, which wipe
// overwrites, so that a PIN is nowhere else.
type input struct {
	buf    []byte
	hidden bool
}

// maxInput is far above any PIN or phrase: what is too long is refused by the
// field's check, in its words, and not cut.
const maxInput = 256 // bytes

func newInput(hidden bool) *input { return &input{buf: make([]byte, 0, maxInput), hidden: hidden} }

func (in *input) add(text string) {
	if len(in.buf)+len(text) <= cap(in.buf) {
		in.buf = append(in.buf, text...)
	}
}

func (in *input) backspace() {
	_, n := utf8.DecodeLastRune(in.buf)
	clear(in.buf[len(in.buf)-n:])
	in.buf = in.buf[:len(in.buf)-n]
}

func (in *input) wipe() {
	clear(in.buf[:cap(in.buf)])
	in.buf = in.buf[:0]
}

// shown is what may stand on the screen.
func (in *input) shown(t page.Typeface) string {
	if in.hidden {
		return strings.Repeat(t.Glyph("•", "*"), utf8.RuneCount(in.buf))
	}
	return t.Clean(string(in.buf))
}

// pace tells typing from a burst: a token that is touched too early sends its
// one-time password as 44 key strokes some 10 ms apart, and a paste without
// brackets comes faster still. More keys than any PIN has must come that fast:
// on a slow line those of a person may arrive together.
type pace struct {
	last  time.Time
	run   int
	burst bool
}

const (
	burstGap   = 25 * time.Millisecond
	burstKeys  = 12
	burstQuiet = 300 * time.Millisecond
)

// key notes a key stroke and says whether it belongs to a burst. A burst ends
// with a pause, so that the Enter behind it does nothing either.
func (p *pace) key(now time.Time) bool {
	gap := now.Sub(p.last)
	p.last = now
	switch {
	case p.burst && gap < burstQuiet:
		return true
	case gap < burstGap:
		p.run++
	default:
		p.run = 1
	}
	p.burst = p.run >= burstKeys
	return p.burst
}
