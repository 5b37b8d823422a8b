package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"golang.org/x/term"
)

// bar shows how far an upload has come: in one line of a terminal that is
// written over, and not at all elsewhere. Lines of progress stand above it.
type bar struct {
	out   io.Writer
	width func() int // of the terminal, in cells; 0: there is none
	now   func() time.Time

	mu     sync.Mutex
	shown  string
	amount publish.Amount
	drawn  time.Time
}

// often is the time between two drawings of a bar that moves.
const often = 100 * time.Millisecond

func (p *program) bar() *bar {
	p.drawn.Do(func() { p.shown = newBar(p.stderr) })
	return p.shown
}

func newBar(out io.Writer) *bar {
	b := &bar{out: out, now: time.Now, width: func() int { return 0 }}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		b.width = func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 0
			}
			return width
		}
	}
	return b
}

// line prints a line of progress.
func (b *bar) line(s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintln(b.out, b.clear()+text.Safe(s))
	b.draw()
}

// show draws the bar anew, where it was not drawn a moment ago.
func (b *bar) show(a publish.Amount) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.amount = a
	if now := b.now(); now.Sub(b.drawn) >= often {
		b.drawn = now
		fmt.Fprint(b.out, b.clear())
		b.draw()
	}
}

// end takes the bar away.
func (b *bar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprint(b.out, b.clear())
	b.amount = publish.Amount{}
}

// clear is what takes the bar off the terminal.
func (b *bar) clear() string {
	if b.shown == "" {
		return ""
	}
	b.shown = ""
	return "\r" + ansi.EraseEntireLine
}

func (b *bar) draw() {
	if a := b.amount; a.Items < a.OfItems {
		b.shown = drawBar(a, b.width())
		fmt.Fprint(b.out, b.shown)
	}
}

// drawBar draws a bar that fills at most width cells but the last; "" where
// that is too narrow.
func drawBar(a publish.Amount, width int) string {
	text := fmt.Sprintf(" %d of %d, %s of %s", a.Items, a.OfItems, size(a.Bytes), size(a.OfBytes))
	room := min(width-len("sending []")-len(text)-1, 40)
	if room < 4 {
		return ""
	}
	full := 0
	if a.OfBytes > 0 {
		full = int(float64(room) * float64(a.Bytes) / float64(a.OfBytes))
	}
	return "sending [" + strings.Repeat("#", full) + strings.Repeat("-", room-full) + "]" + text
}

// size is a number of bytes for people.
func size(n int64) string {
	value, units := float64(n), []string{"KiB", "MiB", "GiB", "TiB"}
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	for _, unit := range units {
		if value /= 1 << 10; value < 1<<10 {
			return fmt.Sprintf("%.1f %s", value, unit)
		}
	}
	return fmt.Sprintf("%.0f %s", value, units[len(units)-1])
}
