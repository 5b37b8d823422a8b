package ui_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
	"github.com/conclave-tuf/conclave/ui/plain"
)

// player plays a conversation in plain lines, as a script would: it reads up to
// a prompt, and answers.
type player struct {
	t       *testing.T
	out     *io.PipeReader
	in      *io.PipeWriter
	all     bytes.Buffer // everything that was printed
	stopped chan error
}

// plays runs talk in plain lines; change may alter the driver.
func plays(t *testing.T, talk func(context.Context, page.Person) error, change ...func(*plain.Driver)) *player {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	plain := &plain.Driver{Out: outW, Lines: plain.NewLines(inR), PipedSecrets: true}
	for _, c := range change {
		c(plain)
	}
	p := &player{t: t, out: outR, in: inW, stopped: make(chan error, 1)}
	go func() {
		err := talk(t.Context(), plain)
		_ = outW.Close()
		_ = inR.Close()
		p.stopped <- err
	}()
	t.Cleanup(func() { _ = inW.Close(); _ = outR.Close() })
	return p
}

// prompt returns what was printed up to the next prompt, or up to the end.
func (p *player) prompt() string {
	p.t.Helper()
	var b bytes.Buffer
	chunk := make([]byte, 4096)
	for {
		n, err := p.out.Read(chunk)
		b.Write(chunk[:n])
		p.all.Write(chunk[:n])
		s := b.String()
		last := s[strings.LastIndexByte(s, '\n')+1:]
		if err != nil || strings.HasPrefix(last, "> ") && strings.HasSuffix(last, ": ") {
			return s
		}
	}
}

// sees wants words in what is printed up to the next prompt.
func (p *player) sees(words ...string) string {
	p.t.Helper()
	s := p.prompt()
	if !containsAll(s, words) {
		p.t.Fatalf("%q was not printed:\n%s", words, s)
	}
	return s
}

// answers types a line at the prompt.
func (p *player) answers(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// takes wants words, and then a choice by the beginning of its label.
func (p *player) takes(label string, words ...string) {
	p.t.Helper()
	s := p.sees(append(words, label)...)
	m := regexp.MustCompile(`(?m)^ *(\d+)\. ` + regexp.QuoteMeta(label)).FindStringSubmatch(s)
	if m == nil {
		p.t.Fatalf("there is no choice %q:\n%s", label, s)
	}
	p.answers(m[1])
}

func (p *player) ends() error {
	p.t.Helper()
	for p.prompt() != "" {
	}
	select {
	case err := <-p.stopped:
		return err
	case <-time.After(patience):
		p.t.Fatal("the conversation did not end")
		return nil
	}
}

// signs goes from a review to the signature.
func (p *player) signs(holder, what string) {
	p.t.Helper()
	p.sees("== What " + what + " does")
	p.answers("c")
	for range 2 {
		p.answers(askedWord(p.sees("== Read the digest of " + what)))
	}
	p.sees("do you sign " + what + "?")
	p.answers("sign " + what)
	for s := p.prompt(); !strings.Contains(s, "== PIN of token "+serialOf[holder]); s = p.prompt() {
		if m := regexp.MustCompile(`(\d+)\. Take out token (\d+)`).FindStringSubmatch(s); m != nil && m[2] != serialOf[holder] {
			p.answers(m[1])
		} else {
			p.answers("insert " + serialOf[holder])
		}
	}
	p.answers(pins[holder])
	p.sees("== Touch the token when it blinks", "== Signed")
	p.answers("c")
}

// Two sites: one founds and signs, the other co-signs what the stick brings.
func TestCosignInPlainLines(t *testing.T) {
	first := newSite(t).frozen()
	p := plays(t, first.talk)
	p.comesBack()
	p.takes("Ada signs root 1 or targets 1")
	p.takes("Sign root 1")
	p.signs("Ada", "root 1")
	p.takes("Write the bundle to a medium", "1 of 3 by root 1: Ada")
	p.takes("CEREMONY")
	p.sees("== The bundle is written", "It is safe to remove the drive now.")
	p.answers("c")
	p.takes("Leave")
	if err := p.ends(); err != nil {
		t.Fatal(err)
	}

	second := first.other()
	p = plays(t, second.talk)
	p.takes("Co-sign what another site proposes")
	p.sees("== Where are you?")
	p.answers("Oslo")
	p.comparesClock()
	p.takes("Go on all the same", "== This machine")
	p.takes("CEREMONY", "== Where is the bundle?")
	p.takes("rehearsal-wabbit-all-")
	p.sees("== Is this the bundle that was sent?", "compare the words with the other site by voice")
	p.answers("yes")
	p.sees(`! That was not "the words match": nothing was done.`)
	p.answers("the words match")
	p.sees("== The bundle was taken over", "2 proposals, 1 signature, 5 attestations")
	p.answers("c")
	for _, holder := range []string{"Bo", "Cy"} {
		p.takes(holder + " signs root 1 or targets 1")
		p.takes("Sign root 1")
		p.signs(holder, "root 1")
	}
	p.takes("Leave", "root 1 is signed", "3 of 3 by root 1: Ada, Bo, Cy")
	if err := p.ends(); err != nil {
		t.Fatal(err)
	}
	golden(t, "cosign.txt", p.all.String())
	for _, secret := range pins {
		if bytes.Contains(p.all.Bytes(), []byte(secret)) {
			t.Error("a PIN was printed")
		}
	}
}

func TestPlainAnswers(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		key   string
		err   error
		says  string
	}{
		{"by number", []string{"2"}, "co-sign", nil, ""},
		{"by key", []string{"co-sign"}, "co-sign", nil, ""},
		{"an empty line is no answer", []string{"", "1"}, "found", nil, "! Nothing was typed."},
		{"what is not there", []string{"7", "1"}, "found", nil, `! There is no choice "7".`},
		{"help", []string{"?", "1"}, "found", nil, "This explains the step."},
		{"back", []string{"b"}, "", page.ErrBack, ""},
		{"leave", []string{"q", "leave"}, "", page.ErrQuit, ""},
		{"stay", []string{"q", "", "2"}, "co-sign", nil, ""},
		{"what steers a terminal", []string{"\x1b[2J", "1"}, "found", nil, `\x1b[2J`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var a talk
			p := plays(t, a.choose(somePage("Who acts now?"), twoWays...))
			for _, line := range test.lines {
				p.prompt()
				p.answers(line)
			}
			if err := p.ends(); !errors.Is(err, test.err) || a.key != test.key {
				t.Errorf("chose %q, %v", a.key, err)
			}
			if !strings.Contains(p.all.String(), test.says) {
				t.Errorf("%q was not printed:\n%s", test.says, p.all.String())
			}
		})
	}
}

func TestPlainEndOfInputMeansNo(t *testing.T) {
	for name, ask := range map[string]func(*talk) func(context.Context, page.Person) error{
		"choose": func(a *talk) func(context.Context, page.Person) error { return a.choose(somePage("Who?"), twoWays...) },
		"text": func(a *talk) func(context.Context, page.Person) error {
			return a.typed(somePage("Do you?"), page.Field{Label: "Type"})
		},
		"secret": func(a *talk) func(context.Context, page.Person) error { return a.secret(somePage("PIN")) },
		"tell":   func(a *talk) func(context.Context, page.Person) error { return a.told(somePage("Signed")) },
	} {
		t.Run(name, func(t *testing.T) {
			var a talk
			p := plays(t, ask(&a))
			p.prompt()
			_, _ = io.WriteString(p.in, "1") // a line without its end was not entered
			_ = p.in.Close()
			if err := p.ends(); !errors.Is(err, page.ErrQuit) || a.key != "" || a.text != "" || len(a.pin) != 0 {
				t.Errorf("answered %+v, %v", a, err)
			}
		})
	}
}

func TestPlainSecrets(t *testing.T) {
	t.Run("not from a pipe", func(t *testing.T) {
		var a talk
		p := plays(t, a.secret(somePage("PIN of token 5417533")), func(p *plain.Driver) { p.PipedSecrets = false })
		if err := p.ends(); !errors.Is(err, page.ErrQuit) {
			t.Error(err)
		}
		if !containsAll(p.all.String(), []string{"only a rehearsal takes one from a pipe", "No try was used."}) {
			t.Error(p.all.String())
		}
	})
	t.Run("from a terminal, checked", func(t *testing.T) {
		lines := []string{"1234", "739184"}
		var a talk
		p := plays(t, a.secret(somePage("PIN of token 5417533")), func(p *plain.Driver) {
			p.Hidden = func() ([]byte, error) {
				line := lines[0]
				lines = lines[1:]
				return []byte(line), nil
			}
		})
		if err := p.ends(); err != nil || string(a.pin) != "739184" {
			t.Errorf("typed %q, %v", a.pin, err)
		}
		if !strings.Contains(p.all.String(), "the shortest allowed has 6") {
			t.Error(p.all.String())
		}
	})
}

func TestPlainWait(t *testing.T) {
	dropped := false
	p := plays(t, func(ctx context.Context, person page.Person) error {
		return person.Wait(ctx, somePage("Touch the token when it blinks"), func(context.Context) error { return token.ErrNoTouch })
	}, func(p *plain.Driver) { p.Drop = func() { dropped = true } })
	if err := p.ends(); !errors.Is(err, token.ErrNoTouch) || !dropped {
		t.Errorf("%v; dropped what was typed ahead: %v", err, dropped)
	}
}

// comesBack goes from the first page of a later start to the step that is due.
func (p *player) comesBack() {
	p.t.Helper()
	p.sees("== Welcome back", "REHEARSAL: ")
	p.answers("c")
	p.comparesClock()
}

func (p *player) comparesClock() {
	p.t.Helper()
	p.takes("A wall clock", "== Is the clock right?")
	p.sees("== Compare the clock")
	p.answers("the clock is right")
}
