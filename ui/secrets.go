package ui

import (
	"bytes"
	"context"
	"errors"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// Secrets asks the holder of a token for its PIN and its PUK. It is also for
// programs that look after a token outside of a ceremony: a holder meets the
// same pages everywhere. What it returns the caller wipes. No page of it asks
// the token for anything, but the one that [Secrets.Unblock] ends with.
type Secrets struct {
	Person page.Person
	Banner page.Banner // of its pages
	Holder string      // who types; "" not known
	Token  token.Info  // with the tries as they are now

	// Problem is what went wrong just before. The first page says it.
	Problem *page.Problem
}

// PUK is a PUK that a holder typed or wrote down. It is not a [token.PIN]
// but holds one, so that the compiler keeps it from where a PIN is meant.
type PUK struct{ token.PIN }

func (s Secrets) page(title string, body ...page.Block) page.Page {
	return page.Page{Banner: s.Banner, Title: title, Body: body}
}

// facts say which token, and whose. More facts follow them.
func (s Secrets) facts(more ...page.Fact) page.Facts {
	facts := page.Facts{{Label: "Token", Value: tokenText(s.Token)}}
	if s.Holder != "" {
		facts = append(facts, page.Fact{Label: "Holder", Value: s.Holder})
	}
	return append(facts, more...)
}

// token names it: "token 5417533 (Ada)".
func (s Secrets) token() string {
	if s.Holder == "" {
		return "token " + s.Token.Serial
	}
	return tokenOf(ceremony.Holder{Name: s.Holder, Serial: s.Token.Serial})
}

// holder names who types, also where no name is known.
func (s Secrets) holder() string {
	if s.Holder == "" {
		return "the token's holder"
	}
	return s.Holder
}

// twice has a secret typed on two pages, and on the first again where they
// differ: what the token then knows is what the holder thinks it is.
func (s Secrets) twice(ctx context.Context, what string, first, second page.Page, f page.Field) (token.PIN, error) {
	problem := s.Problem
	for {
		typed, err := s.Person.Secret(ctx, first.WithProblem(problem), f)
		if err != nil {
			return token.PIN{}, err
		}
		again, err := s.Person.Secret(ctx, second, page.Field{Label: f.Label + ", again", Judge: f.Judge})
		same := err == nil && bytes.Equal(typed.Bytes(), again.Bytes())
		again.Wipe()
		if same {
			return typed, nil
		}
		typed.Wipe()
		switch {
		case err == nil:
			problem = differ(what)
		case errors.Is(err, page.ErrBack):
			problem = nil
		default:
			return token.PIN{}, err
		}
	}
}

// risk has a person confirm that they use a last try. The problem was said then.
func (s *Secrets) risk(ctx context.Context, title string, warning page.Warning, otherwise page.Para, help string) error {
	p := s.page(title, s.facts(page.Fact{Label: "Tries left", Value: "1"}), warning, otherwise).WithProblem(s.Problem).WithHelp(
		"A token counts what it refuses. After the last try it takes nothing at all, not even what is right.",
		help,
	)
	s.Problem = nil
	_, err := s.Person.Text(ctx, p, phrase("use the last try"))
	return err
}

const keyboard = "Most wrong ones come from a keyboard layout that isn't what it seems: type letters where you can see them first."
