package plain

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// Driver talks in lines that are only ever appended: for screen readers, serial
// consoles, TERM=dumb and pipes. Package ui's documentation says how a script
// reads it.
type Driver struct {
	Out   io.Writer
	Lines *Lines
	ASCII bool // the locale has no UTF-8

	// Hidden reads a line from a terminal without showing it. nil where there
	// is no terminal.
	Hidden func() ([]byte, error)
	// Drop forgets what was typed ahead at a terminal. nil where there is none.
	Drop func()
	// PipedSecrets lets a PIN come from a pipe where Hidden is nil: in a
	// rehearsal only, where no token is real.
	PipedSecrets bool
	// Every is how often a long wait says that it is still waiting; 0: never.
	Every time.Duration
}

const plainWidth = 78 // columns

func (p *Driver) face() page.Typeface { return page.Typeface{Width: plainWidth, ASCII: p.ASCII} }

// page prints a page.
func (p *Driver) page(shown page.Page) error {
	t := p.face()
	var b strings.Builder
	say := func(s string) { b.WriteString(strings.TrimRight(s, " ") + "\n") }
	say("")
	say("== " + t.Clean(shown.Title))
	if shown.Banner.Rehearsal {
		say(page.Rehearsal + ": " + page.RehearsalMeans)
	}
	left, right := shown.Banner.Parts()
	if banner := t.Clean(strings.Join(append(left[1:], right...), ", ")); banner != "" {
		say("Now: " + banner)
	}
	for _, l := range t.Body(shown) {
		say(l.String())
	}
	_, err := io.WriteString(p.Out, b.String())
	return err
}

func (p *Driver) say(s string) error {
	var b strings.Builder
	for i, l := range p.face().Narrower(2).Wrap(s) {
		if i == 0 {
			b.WriteString("! " + l + "\n")
		} else {
			b.WriteString("  " + l + "\n")
		}
	}
	_, err := io.WriteString(p.Out, b.String())
	return err
}

// prompt asks until answer takes a line. It knows the words that every prompt
// takes: b, ? and q.
func (p *Driver) prompt(ctx context.Context, shown page.Page, words string, answer func(typed string) (taken bool, complaint string)) error {
	var list *plainList
	if shown.List != nil {
		list, words = &plainList{Listing: shown.List}, listWords+words
	}
	for {
		typed, err := p.line(ctx, words)
		if err != nil {
			return err
		}
		complaint := ""
		typed = strings.TrimSpace(typed)
		if typed == "n" && shown.Notes {
			return page.ErrNote
		}
		switch typed {
		case "":
			complaint = "Nothing was typed."
		case "b":
			if shown.NoBack == "" {
				return page.ErrBack
			}
			complaint = shown.NoBack
		case "q":
			leave, err := p.line(ctx, "Leave? Type leave, or anything else to stay")
			if err != nil {
				return err
			}
			if strings.TrimSpace(leave) == "leave" {
				return page.ErrQuit
			}
			continue
		case "?":
			if err := p.help(shown); err != nil {
				return err
			}
			continue
		default:
			var taken bool
			if taken, complaint, err = list.answer(p, typed); err != nil {
				return err
			} else if taken && complaint == "" {
				continue
			} else if taken {
				break
			}
			if taken, complaint = answer(typed); taken {
				return nil
			}
		}
		if err := p.say(complaint); err != nil {
			return err
		}
	}
}

func (p *Driver) line(ctx context.Context, words string) (string, error) {
	if _, err := fmt.Fprintf(p.Out, "> %s: ", p.face().Clean(words)); err != nil {
		return "", err
	}
	typed, err := p.Lines.next(ctx)
	if p.Hidden == nil {
		_, _ = io.WriteString(p.Out, "\n") // a terminal shows the Enter by itself
	}
	return string(typed), err
}

func (p *Driver) help(page page.Page) error {
	help := page.Help
	if len(help) == 0 {
		help = []string{"There is no more to say about this step."}
	}
	if page.Notes {
		help = append(slices.Clip(help), "n writes a note for the record, with who says it and the time.")
	}
	for _, text := range help {
		for _, l := range p.face().Wrap(text) {
			if _, err := io.WriteString(p.Out, l+"\n"); err != nil {
				return err
			}
		}
	}
	return nil
}

// ways is the part of a prompt that every prompt has.
func ways(page page.Page) string {
	if page.NoBack != "" {
		return "? help, q leave"
	}
	return "b back, ? help, q leave"
}

// Choose implements [page.Person].
func (p *Driver) Choose(ctx context.Context, page page.Page, choices []page.Choice) (string, error) {
	if err := p.page(page); err != nil {
		return "", err
	}
	t := p.face()
	for i, c := range choices {
		text := c.Label
		if c.Detail != "" {
			text += " (" + c.Detail + ")"
		}
		for j, l := range t.Narrower(5).Wrap(text) {
			number := fmt.Sprintf("%3d. ", i+1)
			if j > 0 {
				number = "     "
			}
			if _, err := io.WriteString(p.Out, number+l+"\n"); err != nil {
				return "", err
			}
		}
	}
	key := ""
	err := p.prompt(ctx, page, fmt.Sprintf("Number (1 to %d), %s", len(choices), ways(page)), func(typed string) (bool, string) {
		n, err := strconv.Atoi(typed)
		for i, c := range choices {
			if err == nil && n == i+1 || err != nil && typed == c.Key {
				key = c.Key
				return true, ""
			}
		}
		return false, fmt.Sprintf("There is no choice %q. Type a number from 1 to %d.", p.face().Clean(typed), len(choices))
	})
	return key, err
}

// Text implements [page.Person].
func (p *Driver) Text(ctx context.Context, shown page.Page, f page.Field) (string, error) {
	if err := p.page(shown); err != nil {
		return "", err
	}
	answer := ""
	err := p.prompt(ctx, shown, f.Label+" ("+ways(shown)+")", func(typed string) (bool, string) {
		if err := f.Check([]byte(typed)); err != nil {
			return false, text.Sentence(err.Error())
		}
		answer = typed
		return true, ""
	})
	return answer, err
}

// Secret implements [page.Person].
func (p *Driver) Secret(ctx context.Context, shown page.Page, f page.Field) (token.PIN, error) {
	if err := p.page(shown); err != nil {
		return token.PIN{}, err
	}
	if p.Hidden == nil && !p.PipedSecrets {
		err := p.say("A PIN is typed at a terminal. There is none, and only a rehearsal takes one from a pipe. No try was used.")
		if err != nil {
			return token.PIN{}, err
		}
		return token.PIN{}, page.ErrQuit
	}
	for {
		typed, err := p.hidden(ctx, f.Label)
		if err != nil {
			return token.PIN{}, err
		}
		if len(typed) == 0 {
			if shown.NoBack == "" {
				return token.PIN{}, page.ErrBack
			}
			err = p.say(shown.NoBack)
		} else if why := f.Check(typed); why != nil {
			clear(typed)
			err = p.say(text.Sentence(why.Error()))
		} else {
			return token.NewPIN(typed), nil
		}
		if err != nil {
			return token.PIN{}, err
		}
	}
}

func (p *Driver) hidden(ctx context.Context, label string) ([]byte, error) {
	if p.Hidden != nil && p.Lines.waiting() { // of a question that became void: it would show what is typed
		if _, err := p.line(ctx, "Press Enter first"); err != nil {
			return nil, err
		}
	}
	if _, err := fmt.Fprintf(p.Out, "> %s (not shown; empty line goes back): ", p.face().Clean(label)); err != nil {
		return nil, err
	}
	typed, err := p.Lines.hidden(ctx, p.Hidden)
	if _, werr := io.WriteString(p.Out, "\n"); werr != nil {
		clear(typed)
		return nil, werr
	}
	return typed, err
}

// Tell implements [page.Person].
func (p *Driver) Tell(ctx context.Context, page page.Page) error {
	if err := p.page(page); err != nil {
		return err
	}
	return p.prompt(ctx, page, "c continue, "+ways(page), func(typed string) (bool, string) {
		return typed == "c", "Type c and Enter to continue."
	})
}

// Wait implements [page.Person].
func (p *Driver) Wait(ctx context.Context, page page.Page, work func(context.Context) error) error {
	if err := p.page(page); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	done := make(chan struct{})
	var ticking sync.WaitGroup
	if p.Every > 0 {
		ticking.Go(func() { p.tick(ctx, done) })
	}
	err := work(ctx)
	close(done)
	ticking.Wait()
	if p.Drop != nil {
		p.Drop()
	}
	return err
}

// tick says now and then that the wait goes on.
func (p *Driver) tick(ctx context.Context, done <-chan struct{}) {
	every := time.NewTicker(p.Every)
	defer every.Stop()
	stopping := ctx.Done()
	for n := 1; ; n++ {
		select {
		case <-done:
			return
		case <-stopping:
			stopping = nil
			_, _ = io.WriteString(p.Out, "Stopping: this stops when the answer comes.\n")
		case <-every.C:
			_, _ = fmt.Fprintf(p.Out, "Still waiting, %d s.\n", n*int(p.Every/time.Second))
		}
	}
}
