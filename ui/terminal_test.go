package ui_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"

	"github.com/conclave-tuf/conclave/ui/page"
	"github.com/conclave-tuf/conclave/ui/terminal"
)

// emulated is a terminal with a conversation on it. What is asserted on is the
// screen, as a person sees it.
type emulated struct {
	t       *testing.T
	mu      sync.Mutex
	vt      *vt.Emulator
	raw     bytes.Buffer // every byte that the program sent
	drawn   chan struct{}
	keys    *io.PipeWriter
	stopped chan struct{}
	err     error // of Run, once stopped
}

type setting struct {
	width, height int
	env           []string
	clock         func() time.Time // nil: to the terminal all keys are typed slowly
}

var utf8Env = []string{"TERM=xterm-256color", "LANG=C.UTF-8"}

// start runs talk on a terminal of 80x24, or as the setting says.
func start(t *testing.T, s setting, talk func(context.Context, page.Person) error) *emulated {
	return startWith(t.Context(), t, s, talk)
}

func startWith(ctx context.Context, t *testing.T, s setting, talk func(context.Context, page.Person) error) *emulated {
	t.Helper()
	if s.width == 0 {
		s.width, s.height = 80, 24
	}
	if s.env == nil {
		s.env = utf8Env
	}
	if s.clock == nil {
		s.clock = everySecond()
	}
	in, keys := io.Pipe()
	e := &emulated{t: t, vt: vt.NewEmulator(s.width, s.height), drawn: make(chan struct{}, 1), keys: keys, stopped: make(chan struct{})}
	go func() { _, _ = io.Copy(io.Discard, e.vt) }() // what the terminal answers
	terminal := terminal.Driver{In: in, Out: e, Env: s.env, Now: s.clock, Width: s.width, Height: s.height}
	go func() {
		defer close(e.stopped)
		e.err = terminal.Run(ctx, talk)
	}()
	t.Cleanup(func() {
		_ = keys.Close()
		<-e.stopped
		_ = e.vt.InputPipe().(io.Closer).Close()
	})
	return e
}

// everySecond is a clock on which each look is a second later than the last.
func everySecond() func() time.Time {
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

func (e *emulated) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.raw.Write(b)
	_, _ = e.vt.Write(bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")))
	select {
	case e.drawn <- struct{}{}:
	default:
	}
	return len(b), nil
}

// screen is the text on the screen, and where the cursor stands.
func (e *emulated) screen() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var b strings.Builder
	at := e.vt.CursorPosition()
	for y := range e.vt.Height() {
		var row strings.Builder
		for x := 0; x < e.vt.Width(); {
			cell := e.vt.CellAt(x, y)
			if cell == nil || cell.Content == "" {
				row.WriteString(" ")
				x++
				continue
			}
			row.WriteString(cell.Content)
			x += max(1, cell.Width)
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	if e.vt.CursorHidden() {
		b.WriteString("[no cursor]\n")
	} else {
		b.WriteString("[cursor in row " + itoa(at.Y+1) + ", column " + itoa(at.X+1) + "]\n")
	}
	return b.String()
}

// patience is for a program that hangs, not for one that is slow.
const patience = 2 * time.Minute

// sees waits until the screen shows all of the words.
func (e *emulated) sees(words ...string) string {
	e.t.Helper()
	return e.until(fmt.Sprintf("%q", words), func(screen string) bool { return containsAll(screen, words) })
}

// until waits for a screen that will do, and returns it.
func (e *emulated) until(what string, will func(screen string) bool) string {
	e.t.Helper()
	deadline := time.After(patience)
	for {
		screen := e.screen()
		if will(screen) {
			return screen
		}
		select {
		case <-e.drawn:
		case <-e.stopped:
			if screen = e.screen(); will(screen) {
				return screen
			}
			e.t.Fatalf("the program ended (%v) before the screen showed %s:\n%s", e.err, what, screen)
		case <-deadline:
			e.t.Fatalf("the screen never showed %s:\n%s", what, screen)
		}
	}
}

// containsAll looks for words wherever lines were broken.
func containsAll(s string, words []string) bool {
	flowing := strings.Join(strings.Fields(s), " ")
	for _, w := range words {
		if !strings.Contains(s, w) && !strings.Contains(flowing, w) {
			return false
		}
	}
	return true
}

// types sends keys.
func (e *emulated) types(keys string) {
	e.t.Helper()
	if _, err := io.WriteString(e.keys, keys); err != nil {
		e.t.Fatal(err)
	}
}

// ends waits for the program, and returns what Run returned.
func (e *emulated) ends() error {
	e.t.Helper()
	select {
	case <-e.stopped:
	case <-time.After(patience):
		e.t.Fatalf("the program did not end:\n%s", e.screen())
	}
	return e.err
}

// sent waits until the program has sent b to the terminal.
func (e *emulated) sent(b string) {
	e.t.Helper()
	deadline := time.After(patience)
	for !bytes.Contains(e.bytes(), []byte(b)) {
		select {
		case <-e.drawn:
		case <-deadline:
			e.t.Fatalf("the program never sent %q", b)
		}
	}
}

// bytes is everything that was sent to the terminal.
func (e *emulated) bytes() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Clone(e.raw.Bytes())
}

// Keys as a terminal sends them.
const (
	enter    = "\r"
	escape   = "\x1b"
	ctrlC    = "\x03"
	pageDown = "\x1b[6~"
	pageUp   = "\x1b[5~"
	down     = "\x1b[B"
)
