package page

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/review"
)

// Body sets what a page says below its title: first what went wrong, then the
// blocks, an empty line between each two.
func (t Typeface) Body(p Page) []Line {
	var out []Line
	if p.Problem != nil {
		out = append(out, p.Problem.lines(t)...)
	}
	for _, b := range p.Body {
		if len(out) > 0 {
			out = append(out, Line{})
		}
		out = append(out, b.Lines(t)...)
	}
	return out
}

const labels = 20 // columns of what stands before the parts of a problem

// minLabel is the least room for labels, so that the facts of one page line up.
const minLabel = 14 // columns

// Column is how many columns n labels need, with a gap.
func (t Typeface) Column(least, most, n int, label func(int) string) int {
	columns := least
	for i := range n {
		columns = max(columns, ansi.StringWidth(t.Clean(label(i)))+3)
	}
	return min(columns, most)
}

func (p *Problem) lines(t Typeface) []Line {
	const label = " ERROR "
	out := t.hang(Line{{label, Alarm}}, len(label)+1, t.Narrower(len(label)+1).Para(p.Code, Bold))
	for _, part := range []Fact{{"What happened", p.Happened}, {"What was not done", p.NotDone}, {"What to do next", p.Next}} {
		if part.Value != "" {
			out = append(out, t.labelled(Span{part.Label, Normal}, labels, part.Value)...)
		}
	}
	return out
}

func (p Para) Lines(t Typeface) []Line   { return t.Para(string(p), Normal) }
func (p Strong) Lines(t Typeface) []Line { return t.Para(string(p), Bold) }

func (w Warning) Lines(t Typeface) []Line {
	const label = " WARNING "
	return t.labelled(Span{label, Warn}, len(label)+2, string(w))
}

func (f Facts) Lines(t Typeface) []Line {
	columns := t.Column(minLabel, t.Width/2, len(f), func(i int) string { return f[i].Label })
	var out []Line
	for _, fact := range f {
		out = append(out, t.labelled(Span{t.Clean(fact.Label), Normal}, columns, fact.Value)...)
	}
	return out
}

const removed = "removed"

// Lines says all that changes; where targets are too many for a page, how many
// they are, where, and which of them are not simply new.
func (c Changes) Lines(t Typeface) []Line {
	rest, targets := split(c)
	if len(targets) <= maxTargets {
		return t.changes(c)
	}
	out := t.changes(rest)
	if len(out) > 0 {
		out = append(out, Line{})
	}
	out = append(out, t.summary(targets)...)
	weighty, _ := weigh(targets)
	switch n := len(weighty); {
	case n > maxWeighty:
		out = append(append(out, Line{}), t.Para("Those that are not simply new are too many for this page: they come first in the list of the review.", Bold)...)
	case n > 0:
		out = append(append(out, Line{}), t.Para("Of these, not simply new:", Bold)...)
		for _, c := range weighty {
			out = append(out, t.Entry(c, false)...)
		}
	}
	return out
}

func (t Typeface) changes(c []review.Change) []Line {
	columns := t.Column(minLabel, t.Width/2, len(c), func(i int) string { return c[i].Field })
	allNew := !slices.ContainsFunc(c, func(c review.Change) bool { return c.Before != "" })
	beside := t.Narrower(columns)
	var out []Line
	for _, change := range c {
		body := beside.change(change)
		if allNew { // a first version: to say so on every line would hide the rest
			body = append(beside.Para(change.After, Normal), beside.note(change)...)
		}
		out = append(out, t.hang(Line{{t.Clean(change.Field), Normal}}, columns, body)...)
	}
	return out
}

// change is what happens to a field.
func (t Typeface) change(c review.Change) []Line {
	var out []Line
	switch {
	case c.Before == "":
		out = t.labelled(Span{"new", Bold}, 5, c.After)
	case c.After == "":
		out = t.labelled(Span{removed, Bold}, len(removed)+2, "was "+c.Before)
	default:
		out = t.Para(c.Before+" "+t.arrow()+" "+c.After, Normal)
		if len(out) > 1 { // two long values are compared below each other
			out = append(t.labelled(Span{"was", Bold}, 5, c.Before), t.labelled(Span{"now", Bold}, 5, c.After)...)
		}
	}
	return append(out, t.note(c)...)
}

// note is why a change matters, where that is known.
func (t Typeface) note(c review.Change) []Line {
	if c.Note == "" || c.Note == removed {
		return nil
	}
	return t.labelled(Span{"!", Bold}, 2, c.Note)
}

func (r Rivals) Lines(t Typeface) []Line {
	const inset = 2
	names := t.Column(0, t.Width/2, len(r), func(i int) string { return r[i].Name })
	fields, changes := r.byField()
	var out []Line
	var common Changes
	targets := 0 // in which they differ
	for _, field := range fields {
		of := changes[field]
		if !slices.ContainsFunc(of, func(c review.Change) bool { return c != of[0] }) {
			common = append(common, of[0])
			continue
		}
		if slices.ContainsFunc(of, func(c review.Change) bool { return c.Path != "" }) {
			if targets++; targets > maxTargets {
				continue
			}
		}
		out = append(out, t.Para(field, Bold)...)
		for i, c := range of {
			label := Line{{strings.Repeat(" ", inset), Normal}, {t.Clean(r[i].Name), Normal}}
			out = append(out, t.hang(label, inset+names, t.Narrower(inset+names).Para(t.inWords(c), Normal))...)
		}
	}
	if targets > maxTargets {
		out = append(out, t.Para(fmt.Sprintf("They differ in %s more targets.", Grouped(targets-maxTargets)), Bold)...)
	}
	if len(common) > 0 {
		out = append(append(append(out, Line{}), t.Para("The same in all of them:", Bold)...), common.Lines(t)...)
	}
	return out
}

// byField lists the fields that any of them changes, in the order of the first
// that does, and for each what every one of them does to it.
func (r Rivals) byField() (fields []string, changes map[string][]review.Change) {
	changes = map[string][]review.Change{}
	for i, rival := range r {
		for _, c := range rival.Changes {
			of := changes[c.Field]
			if of == nil {
				fields = append(fields, c.Field)
				of = make([]review.Change, len(r))
				for j := range of {
					of[j].Field = c.Field
				}
				changes[c.Field] = of
			}
			of[i] = c
		}
	}
	return fields, changes
}

// inWords is a change in one sentence.
func (t Typeface) inWords(c review.Change) string {
	switch {
	case c.Before == "" && c.After == "":
		return "stays as it is"
	case c.Before == "":
		return "new: " + c.After
	case c.After == "":
		return removed + ", was " + c.Before
	}
	return c.Before + " " + t.arrow() + " " + c.After
}

func (c Checks) Lines(t Typeface) []Line {
	columns := t.Column(0, t.Width/2, len(c), func(i int) string { return c[i].Name })
	const verdict = 6
	var out []Line
	for _, check := range c {
		word := Span{"ok", Normal}
		if !check.Pass {
			word = Span{" NO ", Alarm}
		}
		label := append(Pad(Line{word}, verdict), Span{t.Clean(check.Name), Bold})
		out = append(out, t.hang(label, verdict+columns, t.Narrower(verdict+columns).Para(check.Reason, Normal))...)
	}
	return out
}

func (s StepList) Lines(t Typeface) []Line {
	const columns = 8
	beside := t.Narrower(columns)
	texts := beside.Column(0, beside.Width, len(s), func(i int) string { return s[i].Text })
	var out []Line
	for _, step := range s {
		state, text := Span{t.Clean(string(step.State)), Normal}, Normal
		if step.State == ceremony.Now {
			state, text = Span{t.Clean(string(step.State)), Here}, Bold
		}
		body := beside.Para(step.Text, text)
		detail := beside.Para(step.Detail, Normal)
		switch {
		case step.Detail == "":
		case len(body) == 1 && len(detail) == 1 && texts+Width(detail[0]) <= beside.Width:
			body[0] = append(Pad(body[0], texts), detail[0]...)
		default:
			body = append(body, detail...)
		}
		out = append(out, t.hang(Line{state}, columns, body)...)
	}
	return out
}

func (h Hex) Lines(Typeface) []Line {
	digits := fmt.Sprintf("%x", h[:])
	var out []Line
	for row := 0; row < len(digits); row += 32 {
		var groups []string
		for i := row; i < row+32; i += 4 {
			groups = append(groups, digits[i:i+4])
		}
		out = append(out, Line{{strings.Join(groups, " "), Normal}})
	}
	return out
}

func (w WordGrid) Lines(Typeface) []Line {
	const across, cell = 4, 18 // words, columns
	var out []Line
	for row := 0; row < len(w); row += across {
		var l Line
		for i := row; i < row+across; i++ {
			l = append(l, Span{fmt.Sprintf("%2d ", i+1), Normal}, Span{fmt.Sprintf("%-*s", cell-3, w[i]), Bold})
		}
		out = append(out, l)
	}
	return out
}

func (s Secret) Lines(Typeface) []Line {
	var b strings.Builder
	for i, c := range s {
		switch {
		case i == 0:
		case i%4 == 0:
			b.WriteString("    ")
		default:
			b.WriteString("  ")
		}
		if c != 0 { // it was wiped
			b.WriteByte(c)
		}
	}
	return []Line{{{"   ", Normal}, {b.String(), Bold}}}
}

// Parts are where one is, and who acts for what.
func (b Banner) Parts() (left, right []string) {
	for _, s := range []string{"Conclave", b.Trust, b.Site} {
		if s != "" {
			left = append(left, s)
		}
	}
	for _, s := range []string{b.Who, b.Doing, b.Progress} {
		if s != "" {
			right = append(right, s)
		}
	}
	return left, right
}

// What every page of a rehearsal says.
const (
	Rehearsal      = "REHEARSAL"
	RehearsalMeans = "virtual tokens; nothing signed here can enter a real trust"
)
