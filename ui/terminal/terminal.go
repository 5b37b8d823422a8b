package terminal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// Driver draws pages on a terminal, with Bubble Tea.
type Driver struct {
	In  io.Reader // *os.File where it is a terminal
	Out io.Writer // *os.File where it is a terminal
	Env []string  // TERM, LANG, NO_COLOR
	Now func() time.Time

	// Width and Height are the terminal's where Out can't be asked.
	Width, Height int
}

// Run holds a conversation. It returns once talk has ended, and with it
// whatever talk had begun with a card, and once the terminal is as it was.
// Where ctx ends first, the error says so, also if talk returned none.
func (t Driver) Run(ctx context.Context, talk func(context.Context, page.Person) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	m := newModel(!UTF8(t.Env), t.Now)
	s := &screen{}
	s.program = tea.NewProgram(m,
		tea.WithInput(endOf(t.In, func() { s.program.Send(endedMsg{}) })),
		tea.WithOutput(t.Out),
		tea.WithEnvironment(t.Env),
		tea.WithColorProfile(colours(t.Env)),
		tea.WithWindowSize(t.Width, t.Height),
		tea.WithoutSignalHandler(), // the caller's context knows of more signals
	)

	talked := make(chan error, 1)
	go func() {
		defer s.program.Quit()
		defer func() {
			if bug := recover(); bug != nil { // or the terminal would stay raw
				talked <- fmt.Errorf("internal error: %v\n%s", bug, debug.Stack())
			}
		}()
		talked <- talk(ctx, s)
	}()
	// Not by tea.WithContext: that closes the input under a read of it.
	quit := context.AfterFunc(ctx, s.program.Quit)
	_, err := s.program.Run()
	quit()
	ended := context.Cause(ctx)
	cancel(err)
	if said := <-talked; said != nil {
		return said
	}
	return cmp.Or(err, ended)
}

// UTF8 says whether the locale that env names is one with UTF-8.
func UTF8(env []string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := lookup(env, name); value != "" {
			value = strings.ToLower(value)
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return false
}

func lookup(env []string, name string) string {
	value := ""
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// colours is what the terminal can, as far as the environment tells, but never
// more than its own 16 colours, and none where NO_COLOR is set to anything.
// Nothing else is asked: colorprofile.Detect starts a program called tmux.
func colours(env []string) colorprofile.Profile {
	if lookup(env, "NO_COLOR") != "" {
		return colorprofile.ASCII
	}
	return min(colorprofile.Env(env), colorprofile.ANSI)
}

// endOf calls ended when r has no more to give. A terminal stays a terminal.
func endOf(r io.Reader, ended func()) io.Reader {
	if f, ok := r.(*os.File); ok {
		return &endingFile{File: f, ended: ended}
	}
	return &endingReader{Reader: r, ended: ended}
}

type endingFile struct {
	*os.File
	ended func()
}

func (f *endingFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	if errors.Is(err, io.EOF) {
		f.ended()
	}
	return n, err
}

type endingReader struct {
	io.Reader
	ended func()
}

func (r *endingReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if errors.Is(err, io.EOF) {
		r.ended()
	}
	return n, err
}

// screen is the person in front of a Bubble Tea program.
type screen struct{ program *tea.Program }

// askMsg puts a page in front of the person.
type askMsg struct {
	kind    askKind
	page    page.Page
	choices []page.Choice
	field   page.Field
	reply   chan answer   // asking: has room for one
	shown   chan struct{} // waiting: closed when the page is on the screen
	cancel  func()        // waiting: stops the work
}

type askKind int

const (
	choosing askKind = iota
	typing
	hiding
	telling
	waiting
)

type answer struct {
	key  string
	text []byte
	err  error
}

// Messages to the model besides askMsg.
type (
	withdrawMsg struct{}                   // the question is void
	shownMsg    struct{ of chan struct{} } // a page has been on the screen for some frames
	secondMsg   struct{ of chan struct{} } // a second of waiting has passed
	goMsg       struct{ by *byte }         // the key that goes on stayed the last one
	endedMsg    struct{}                   // there is no more input
)

func (s *screen) ask(ctx context.Context, a askMsg) (answer, error) {
	if err := context.Cause(ctx); err != nil {
		return answer{}, err
	}
	a.reply = make(chan answer, 1)
	s.program.Send(a)
	select {
	case got := <-a.reply:
		return got, got.err
	case <-ctx.Done():
		s.program.Send(withdrawMsg{})
		select {
		case got := <-a.reply:
			clear(got.text)
		default:
		}
		return answer{}, context.Cause(ctx)
	}
}

func (s *screen) Choose(ctx context.Context, p page.Page, choices []page.Choice) (string, error) {
	a, err := s.ask(ctx, askMsg{kind: choosing, page: p, choices: choices})
	return a.key, err
}

func (s *screen) Text(ctx context.Context, p page.Page, f page.Field) (string, error) {
	a, err := s.ask(ctx, askMsg{kind: typing, page: p, field: f})
	return string(a.text), err
}

func (s *screen) Secret(ctx context.Context, p page.Page, f page.Field) (token.PIN, error) {
	a, err := s.ask(ctx, askMsg{kind: hiding, page: p, field: f})
	return token.NewPIN(a.text), err
}

func (s *screen) Tell(ctx context.Context, p page.Page) error {
	_, err := s.ask(ctx, askMsg{kind: telling, page: p})
	return err
}

func (s *screen) Wait(ctx context.Context, p page.Page, work func(context.Context) error) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	shown := make(chan struct{})
	s.program.Send(askMsg{kind: waiting, page: p, shown: shown, cancel: cancel})
	select {
	case <-shown:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := work(working)
	s.program.Send(withdrawMsg{})
	return err
}
