package player

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// Size of a terminal, in characters.
type Size struct{ Columns, Rows int }

// Smallest is the terminal that every program of the project fits on.
func Smallest() Size { return Size{80, 24} }

// Program is a running program with somebody at its keyboard.
type Program struct {
	cmd  *exec.Cmd
	keys io.WriteCloser
	echo io.Writer

	size Size // of the terminal

	mu     sync.Mutex
	screen *vt.Emulator // nil: the program talks in lines
	lines  bytes.Buffer // what it said since the last answer
	all    bytes.Buffer // everything it wrote
	heard  time.Time    // when it last wrote
	deaf   error        // why its output is read no more

	read   chan struct{} // closed once its output has ended
	exited chan struct{} // closed once it has ended
	result error
}

// OnTerminal starts cmd on a terminal of its own. echo, if not nil, gets a copy
// of what it draws.
func OnTerminal(cmd *exec.Cmd, size Size, echo io.Writer) (*Program, error) {
	p := &Program{cmd: cmd, echo: echo, size: size, screen: vt.NewEmulator(size.Columns, size.Rows)}
	cmd.Env = append(environment(cmd), "TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(size.Rows), Cols: uint16(size.Columns)})
	if err != nil {
		return nil, fmt.Errorf("start %s on a terminal: %w", cmd.Path, err)
	}
	p.keys = terminal
	// What the terminal answers to the program's questions goes back to it.
	go func() { _, _ = io.Copy(terminal, p.screen) }() // ends with the emulator's pipe
	p.follow(terminal)
	return p, nil
}

// OnLines starts cmd with pipes for its input and output.
func OnLines(cmd *exec.Cmd, echo io.Writer) (*Program, error) {
	p := &Program{cmd: cmd, echo: echo}
	cmd.Env = append(environment(cmd), "LANG=C.UTF-8")
	var err error
	if p.keys, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = in, in
	err = cmd.Start()
	_ = in.Close() // the program has its own
	if err != nil {
		_ = out.Close()
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	p.follow(out)
	return p, nil
}

func environment(cmd *exec.Cmd) []string {
	if cmd.Env != nil {
		return cmd.Env
	}
	return os.Environ()
}

// follow reads what the program writes, until it ends.
func (p *Program) follow(from io.ReadCloser) {
	p.read, p.exited = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(p.read)
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			p.hear(buf[:n])
			if err != nil { // a terminal whose program is gone gives EIO
				p.mu.Lock()
				p.deaf = err
				p.mu.Unlock()
				return
			}
		}
	}()
	go func() {
		defer close(p.exited)
		p.result = p.cmd.Wait()
		<-p.read
		_ = from.Close()
		if p.screen != nil {
			// The emulator's own Close races with its Read.
			if pipe, ok := p.screen.InputPipe().(io.Closer); ok {
				_ = pipe.Close()
			}
		}
	}()
}

func (p *Program) hear(b []byte) {
	if len(b) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = time.Now()
	p.all.Write(b)
	if p.screen != nil {
		_, _ = p.screen.Write(b) // an emulator takes everything
	} else {
		p.lines.Write(b)
	}
	if p.echo != nil {
		_, _ = p.echo.Write(b) // whoever watches may have left
	}
}

// Screen is what can be read now: the whole screen of a terminal, else what
// was printed since the last answer.
func (p *Program) Screen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.screen == nil {
		return p.lines.String()
	}
	rows := make([]string, p.size.Rows)
	for y := range rows {
		var row strings.Builder
		for x := 0; x < p.size.Columns; x++ {
			cell := p.screen.CellAt(x, y)
			switch {
			case cell == nil || cell.Content == "":
				row.WriteByte(' ')
			default:
				row.WriteString(cell.Content)
				x += max(0, cell.Width-1)
			}
		}
		rows[y] = strings.TrimRight(row.String(), " ")
	}
	return strings.Join(rows, "\n")
}

// Output is everything that the program has written, byte for byte.
func (p *Program) Output() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.all.Bytes())
}

// quiet is how long a screen stays as it is before it is read. Lines are only
// ever added to: what is ready when they are read stays ready.
const quiet = 50 * time.Millisecond

// ErrEnded: the program ended while it was waited for.
var ErrEnded = errors.New("the program has ended")

// Await returns the screen once ready says yes to it and it stands still. It
// returns ErrEnded where the program ends first.
func (p *Program) Await(ctx context.Context, ready func(screen string) bool) (string, error) {
	tick := time.NewTicker(quiet / 8)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			p.mu.Lock()
			heard, deaf := p.heard, p.deaf
			p.mu.Unlock()
			return p.Screen(), fmt.Errorf("waiting for the program: %w; it last wrote at %s (reading ended with %v) and showed:\n%s",
				context.Cause(ctx), heard.Format(time.TimeOnly), deaf, p.Screen())
		case <-p.exited:
			return p.Screen(), ErrEnded
		case <-tick.C:
		}
		p.mu.Lock()
		still := p.screen == nil || time.Since(p.heard) > quiet
		p.mu.Unlock()
		if screen := p.Screen(); still && ready(screen) {
			return screen, nil
		}
	}
}

// Type types keys, one after the other with a pause behind each.
func (p *Program) Type(ctx context.Context, keys string, pause time.Duration) error {
	if p.screen == nil {
		p.mu.Lock()
		p.lines.Reset()
		p.mu.Unlock()
		_, err := io.WriteString(p.keys, keys)
		return err
	}
	for _, key := range split(keys) {
		if _, err := io.WriteString(p.keys, key); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
	return nil
}

// PageDown is the key that turns a page.
const PageDown = "\x1b[6~"

// split takes keys apart; an escape sequence is one.
func split(keys string) []string {
	if strings.HasPrefix(keys, "\x1b") {
		return []string{keys}
	}
	var out []string
	for _, r := range keys {
		out = append(out, string(r))
	}
	return out
}

// Wait waits for the program's end and returns how it ended.
func (p *Program) Wait() error {
	<-p.exited
	return p.result
}

// EndInput ends the input of a program that talks in lines. A terminal that
// goes away is SIGHUP; see Signal.
func (p *Program) EndInput() error { return p.keys.Close() }

// Kill ends the program at once, as a power cut would.
func (p *Program) Kill() error {
	err := p.cmd.Process.Kill()
	<-p.exited
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// Stacks ends a Go program that answers no more, and returns what it says then
// of where each of its goroutines was.
func (p *Program) Stacks() string {
	before := len(p.Output())
	if err := p.Signal(syscall.SIGABRT); err != nil {
		return err.Error()
	}
	select {
	case <-p.exited:
	case <-time.After(5 * time.Second): // it takes no signals either
	}
	return string(p.Output()[before:])
}

// Signal sends the program a signal.
func (p *Program) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }
