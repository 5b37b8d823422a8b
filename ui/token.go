package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// inReader is a token that is in the reader.
type inReader struct {
	token token.Token
	info  token.Info
}

// expect names the token that is due, and returns it once it alone is in the
// reader and refusal has no reason against it. No other token is asked for more
// than what it tells freely. dress makes the page one of whoever is served;
// problem is what went wrong before.
func (f *flow) expect(ctx context.Context, h ceremony.Holder, dress func(page.Page) page.Page, match func(token.Info) error, problem *page.Problem) (inReader, error) {
	for ; ; problem = nil {
		tokens, err := f.look(ctx)
		switch {
		case ends(ctx, err):
			return inReader{}, err
		case err != nil:
			problem = explain(err)
		case len(tokens) == 1:
			if err = match(tokens[0].info); err == nil {
				return tokens[0], nil
			}
			problem = explain(err)
		case len(tokens) > 1:
			due := slices.ContainsFunc(tokens, func(t inReader) bool { return t.info.Serial == h.Serial })
			problem = explain(&severalError{f.names(tokens), h, due})
		}
		if err := f.awaitToken(ctx, h, tokens, dress, problem); err != nil {
			return inReader{}, err
		}
	}
}

// look lists the tokens in reach with what they tell freely.
func (f *flow) look(ctx context.Context) ([]inReader, error) {
	tokens, err := f.Reader.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	var out []inReader
	for _, t := range tokens {
		info, err := t.Info(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, inReader{t, info})
	}
	return out, nil
}

// awaitToken shows which token is expected and which are there, and returns
// when something may have changed.
func (f *flow) awaitToken(ctx context.Context, h ceremony.Holder, tokens []inReader, dress func(page.Page) page.Page, problem *page.Problem) error {
	in := "nothing"
	if len(tokens) > 0 {
		in = f.names(tokens)
	}
	p := dress(f.page("Insert "+tokenOf(h),
		page.Facts{{Label: "Expected", Value: tokenOf(h)}, {Label: "In the reader", Value: in}},
	)).WithProblem(problem).WithHelp(
		"The serial number is printed on the token. No other token than the expected one is ever asked for a PIN.",
		"If the token is in and isn't seen: take it out, wait a moment, put it in again. Other programs that use it (gpg, ssh agents) must be closed.",
	)
	choices := []page.Choice{{Key: "again", Label: "Look again", Detail: "the token is in"}}
	if f.Hand != nil {
		p.Body = append(p.Body, page.Para("This is a rehearsal: the tokens lie in a drawer, and you put them into the reader here."))
		choices = f.drawer(h)
	}
	key, err := f.chooseOrMoved(ctx, p, choices, tokens)
	if err != nil {
		return err
	}
	if verb, serial, ok := strings.Cut(key, " "); ok && f.Hand != nil {
		if verb == "insert" {
			err = f.Hand.Insert(serial)
		} else {
			err = f.Hand.Remove(serial)
		}
	}
	return err
}

// drawer is what a hand can do in a rehearsal, what helps h first.
func (f *flow) drawer(h ceremony.Holder) []page.Choice {
	var ways [4][]page.Choice
	for _, t := range f.Hand.Tokens() {
		owner := "nobody's yet"
		if o := f.Ceremony.OwnerOf(t.Serial); o != "" {
			owner = "of " + o
		}
		wanted := t.Serial == h.Serial
		switch {
		case t.InReader && !wanted:
			ways[0] = append(ways[0], page.Choice{Key: "remove " + t.Serial, Label: "Take out token " + t.Serial, Detail: owner})
		case t.InReader:
			ways[3] = append(ways[3], page.Choice{Key: "remove " + t.Serial, Label: "Take out token " + t.Serial, Detail: owner})
		case wanted:
			ways[1] = append(ways[1], page.Choice{Key: "insert " + t.Serial, Label: "Insert token " + t.Serial, Detail: owner})
		default:
			ways[2] = append(ways[2], page.Choice{Key: "insert " + t.Serial, Label: "Insert token " + t.Serial, Detail: owner})
		}
	}
	return slices.Concat(ways[:]...)
}

// errMoved is the cause that ends a question when the tokens in reach change.
var errMoved = errors.New("the tokens in the reader have changed")

// chooseOrMoved asks, but no longer than until other tokens are in reach.
func (f *flow) chooseOrMoved(ctx context.Context, p page.Page, choices []page.Choice, tokens []inReader) (string, error) {
	if f.Poll == 0 || f.Hand != nil {
		return f.Person.Choose(ctx, p, choices)
	}
	asking, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.watch(asking, cancel, serials(tokens))
	}()
	key, err := f.Person.Choose(asking, p, choices)
	cancel(nil)
	<-ended // nobody but us may hold a card from here on
	if errors.Is(err, errMoved) {
		return "again", nil
	}
	return key, err
}

// watch cancels when the serials in reach are others than seen.
func (f *flow) watch(ctx context.Context, cancel context.CancelCauseFunc, seen string) {
	ticker := time.NewTicker(f.Poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		tokens, err := f.look(ctx)
		if err == nil && serials(tokens) != seen {
			cancel(errMoved)
			return
		}
	}
}

func serials(tokens []inReader) string {
	var s []string
	for _, t := range tokens {
		s = append(s, t.info.Serial)
	}
	return strings.Join(s, " ")
}

func (f *flow) names(tokens []inReader) string {
	var names []string
	for _, t := range tokens {
		name := t.info.Serial
		if o := f.Ceremony.OwnerOf(name); o != "" {
			name += " (" + o + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// tokenOf names a holder's token: "token 5417533 (Ada)".
func tokenOf(h ceremony.Holder) string {
	if h.Serial == "" {
		return "the token of " + h.Name
	}
	return fmt.Sprintf("token %s (%s)", h.Serial, h.Name)
}
