package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
)

// Config is all that a conversation needs.
type Config struct {
	Ceremony *ceremony.Ceremony
	Reader   token.Reader
	Machine  Machine
	Hand     Hand // nil outside of a rehearsal
	Person   page.Person
	Now      func() time.Time
	Rand     io.Reader // for PUKs, and for which words are asked back

	// Rehearsal says what a ceremony that has not begun is going to be.
	Rehearsal bool
	// Poll is how often the reader is looked at while a token is awaited; 0:
	// only when the person says so.
	Poll time.Duration
	// Found are sentences about what the end of an earlier run left, for the first page.
	Found []string
}

// Run leads the people at the machine through the ceremony, from the step at
// which it stands, until they leave. It returns nil where they left from the
// list of steps, ErrQuit where they left in the middle of one (everything done
// is kept all the same), and otherwise why the conversation ended.
func Run(ctx context.Context, c Config) error {
	f := &flow{c}
	f.Person = noting{
		Person: c.Person,
		open:   func() bool { return c.Ceremony.Begun() && !c.Ceremony.ClockDue() },
		write:  func(during page.Page) error { return note(ctx, c, during) },
	}
	if f.Ceremony.Begun() {
		if err := f.resume(ctx); err != nil && !errors.Is(err, page.ErrBack) {
			return err
		}
	}
	return f.steps(ctx)
}

// flow is a conversation. It holds no state: that is the ceremony's.
type flow struct{ Config }

// steps goes from step to step. Those that only the facilitator can do follow
// each other; going back from one, and all that lies beyond, leads to the list.
func (f *flow) steps(ctx context.Context) error {
	list := false
	var problem *page.Problem
	for {
		if f.Ceremony.Begun() && f.Ceremony.ClockDue() {
			if err := f.clock(ctx); err != nil && !errors.Is(err, page.ErrBack) {
				return err
			}
			continue
		}
		do := f.straight()
		if list || do == nil {
			var err error
			if do, err = f.home(ctx, problem); err != nil || do == nil {
				return err
			}
		}
		list, problem = false, nil
		switch err := do(ctx); {
		case err == nil:
		case errors.Is(err, page.ErrBack), errors.Is(err, ceremony.ErrClockDue):
			list = true
		case ends(ctx, err):
			return err
		default:
			list, problem = true, explain(err)
		}
	}
}

// ends says whether err is no mishap of a step but the end of the conversation.
func ends(ctx context.Context, err error) bool {
	return errors.Is(err, page.ErrQuit) || context.Cause(ctx) != nil
}

// action is a step that can be done now.
type action func(context.Context) error

// straight returns the step that is due where there is no choice of steps.
func (f *flow) straight() action {
	for _, s := range f.Ceremony.Steps() {
		if s.State != ceremony.Now {
			continue
		}
		switch s.Kind {
		case ceremony.StepBegin:
			return f.welcome
		case ceremony.StepPreflight:
			return f.preflight
		case ceremony.StepPlan:
			return f.plan
		case ceremony.StepImport:
			return f.opening
		}
		return nil
	}
	return nil
}

// inTurn asks one thing after the other. Going back leads to the one before,
// and from the first one out.
func inTurn(ctx context.Context, asked ...action) error {
	for i := 0; i < len(asked); {
		switch err := asked[i](ctx); {
		case err == nil:
			i++
		case errors.Is(err, page.ErrBack) && i > 0:
			i--
		default:
			return err
		}
	}
	return nil
}

// option is a choice, and what it leads to.
type option struct {
	page.Choice
	do action
}

// menu has one of several options chosen and done. Going back from it leads to
// the menu again, and so does what goes wrong, which the menu then says.
func (f *flow) menu(ctx context.Context, p page.Page, options ...option) error {
	choices := make([]page.Choice, len(options))
	for i, o := range options {
		choices[i] = o.Choice
	}
	for problem := p.Problem; ; {
		key, err := f.Person.Choose(ctx, p.WithProblem(problem), choices)
		if err != nil {
			return err
		}
		chosen := slices.IndexFunc(options, func(o option) bool { return o.Key == key })
		switch err := options[chosen].do(ctx); {
		case err == nil, ends(ctx, err):
			return err
		case errors.Is(err, page.ErrBack):
			problem = p.Problem
		default:
			problem = explain(err)
		}
	}
}

// page makes a page of the facilitator's.
func (f *flow) page(title string, body ...page.Block) page.Page {
	c := f.Ceremony
	rehearsal := f.Rehearsal
	if c.Begun() {
		rehearsal = c.Rehearsal()
	}
	return page.Page{
		Banner: page.Banner{Rehearsal: rehearsal, Trust: c.Trust(), Site: c.Site(), Who: ceremony.Facilitator},
		Title:  title,
		Body:   body,
	}
}

// found is what the first page says of an earlier run.
func (f *flow) found() []page.Block {
	var blocks []page.Block
	for _, s := range f.Found {
		blocks = append(blocks, page.Para(s))
	}
	return blocks
}

// what names the payload of a step: "root 1".
func what(q trust.Quorum) string { return q.Name() }

// progress is how far a quorum is, in few words: "1 of 3 signatures".
func progress(q trust.Quorum) string {
	parts := make([]string, len(q.By))
	for i, t := range q.By {
		parts[i] = fmt.Sprintf("%d of %d", len(t.Signed), t.Threshold)
	}
	return strings.Join(parts, " + ") + " signatures"
}

// phrase is a field that takes exactly one answer, typed out.
func phrase(words string) page.Field {
	return page.Field{
		Label: "Type: " + words,
		Judge: func(typed []byte) error {
			if string(typed) != words {
				return fmt.Errorf("that was not %q: nothing was done", words)
			}
			return nil
		},
	}
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func bytesText(n int64) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 10_000:
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%d bytes (%.1f KB)", n, float64(n)/1000)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
