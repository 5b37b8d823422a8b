package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/review"
)

// body sets what a page says below its title: first what went wrong, then the
// blocks, an empty line between each two.
func (t typeface) body(p Page) []line {
	var out []line
	if p.Problem != nil {
		out = append(out, p.Problem.lines(t)...)
	}
	for _, b := range p.Body {
		if len(out) > 0 {
			out = append(out, line{})
		}
		out = append(out, b.lines(t)...)
	}
	return out
}

const labels = 20 // columns of what stands before the parts of a problem

// minLabel is the least room for labels, so that the facts of one page line up.
const minLabel = 14 // columns

// column is how many columns n labels need, with a gap.
func (t typeface) column(least, most, n int, label func(int) string) int {
	columns := least
	for i := range n {
		columns = max(columns, ansi.StringWidth(t.clean(label(i)))+3)
	}
	return min(columns, most)
}

func (p *Problem) lines(t typeface) []line {
	const label = " ERROR "
	out := t.hang(line{{label, alarm}}, len(label)+1, t.narrower(len(label)+1).para(p.Code, strong))
	for _, part := range []Fact{{"What happened", p.Happened}, {"What was not done", p.NotDone}, {"What to do next", p.Next}} {
		if part.Value != "" {
			out = append(out, t.labelled(span{part.Label, normal}, labels, part.Value)...)
		}
	}
	return out
}

func (p Para) lines(t typeface) []line   { return t.para(string(p), normal) }
func (p Strong) lines(t typeface) []line { return t.para(string(p), strong) }

func (w Warning) lines(t typeface) []line {
	const label = " WARNING "
	return t.labelled(span{label, warn}, len(label)+2, string(w))
}

func (f Facts) lines(t typeface) []line {
	columns := t.column(minLabel, t.width/2, len(f), func(i int) string { return f[i].Label })
	var out []line
	for _, fact := range f {
		out = append(out, t.labelled(span{t.clean(fact.Label), normal}, columns, fact.Value)...)
	}
	return out
}

const removed = "removed"

// lines says all that changes; where targets are too many for a page, how many
// they are, where, and which of them are not simply new.
func (c Changes) lines(t typeface) []line {
	rest, targets := split(c)
	if len(targets) <= maxTargets {
		return t.changes(c)
	}
	out := t.changes(rest)
	if len(out) > 0 {
		out = append(out, line{})
	}
	out = append(out, t.summary(targets)...)
	weighty, _ := weigh(targets)
	switch n := len(weighty); {
	case n > maxWeighty:
		out = append(append(out, line{}), t.para("Those that are not simply new are too many for this page: they come first in the list of the review.", strong)...)
	case n > 0:
		out = append(append(out, line{}), t.para("Of these, not simply new:", strong)...)
		for _, c := range weighty {
			out = append(out, t.entry(c, false)...)
		}
	}
	return out
}

func (t typeface) changes(c []review.Change) []line {
	columns := t.column(minLabel, t.width/2, len(c), func(i int) string { return c[i].Field })
	allNew := !slices.ContainsFunc(c, func(c review.Change) bool { return c.Before != "" })
	beside := t.narrower(columns)
	var out []line
	for _, change := range c {
		body := beside.change(change)
		if allNew { // a first version: to say so on every line would hide the rest
			body = append(beside.para(change.After, normal), beside.note(change)...)
		}
		out = append(out, t.hang(line{{t.clean(change.Field), normal}}, columns, body)...)
	}
	return out
}

// change is what happens to a field.
func (t typeface) change(c review.Change) []line {
	var out []line
	switch {
	case c.Before == "":
		out = t.labelled(span{"new", strong}, 5, c.After)
	case c.After == "":
		out = t.labelled(span{removed, strong}, len(removed)+2, "was "+c.Before)
	default:
		out = t.para(c.Before+" "+t.arrow()+" "+c.After, normal)
		if len(out) > 1 { // two long values are compared below each other
			out = append(t.labelled(span{"was", strong}, 5, c.Before), t.labelled(span{"now", strong}, 5, c.After)...)
		}
	}
	return append(out, t.note(c)...)
}

// note is why a change matters, where that is known.
func (t typeface) note(c review.Change) []line {
	if c.Note == "" || c.Note == removed {
		return nil
	}
	return t.labelled(span{"!", strong}, 2, c.Note)
}

func (r Rivals) lines(t typeface) []line {
	const inset = 2
	names := t.column(0, t.width/2, len(r), func(i int) string { return r[i].Name })
	fields, changes := r.byField()
	var out []line
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
		out = append(out, t.para(field, strong)...)
		for i, c := range of {
			label := line{{strings.Repeat(" ", inset), normal}, {t.clean(r[i].Name), normal}}
			out = append(out, t.hang(label, inset+names, t.narrower(inset+names).para(t.inWords(c), normal))...)
		}
	}
	if targets > maxTargets {
		out = append(out, t.para(fmt.Sprintf("They differ in %s more targets.", grouped(targets-maxTargets)), strong)...)
	}
	if len(common) > 0 {
		out = append(append(append(out, line{}), t.para("The same in all of them:", strong)...), common.lines(t)...)
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
func (t typeface) inWords(c review.Change) string {
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

func (c Checks) lines(t typeface) []line {
	columns := t.column(0, t.width/2, len(c), func(i int) string { return c[i].Name })
	const verdict = 6
	var out []line
	for _, check := range c {
		word := span{"ok", normal}
		if !check.Pass {
			word = span{" NO ", alarm}
		}
		label := append(pad(line{word}, verdict), span{t.clean(check.Name), strong})
		out = append(out, t.hang(label, verdict+columns, t.narrower(verdict+columns).para(check.Reason, normal))...)
	}
	return out
}

func (s StepList) lines(t typeface) []line {
	const columns = 8
	beside := t.narrower(columns)
	texts := beside.column(0, beside.width, len(s), func(i int) string { return s[i].Text })
	var out []line
	for _, step := range s {
		state, text := span{t.clean(string(step.State)), normal}, normal
		if step.State == ceremony.Now {
			state, text = span{t.clean(string(step.State)), here}, strong
		}
		body := beside.para(step.Text, text)
		detail := beside.para(step.Detail, normal)
		switch {
		case step.Detail == "":
		case len(body) == 1 && len(detail) == 1 && texts+width(detail[0]) <= beside.width:
			body[0] = append(pad(body[0], texts), detail[0]...)
		default:
			body = append(body, detail...)
		}
		out = append(out, t.hang(line{state}, columns, body)...)
	}
	return out
}

func (h Hex) lines(typeface) []line {
	digits := fmt.Sprintf("%x", h[:])
	var out []line
	for row := 0; row < len(digits); row += 32 {
		var groups []string
		for i := row; i < row+32; i += 4 {
			groups = append(groups, digits[i:i+4])
		}
		out = append(out, line{{strings.Join(groups, " "), normal}})
	}
	return out
}

func (w WordGrid) lines(typeface) []line {
	const across, cell = 4, 18 // words, columns
	var out []line
	for row := 0; row < len(w); row += across {
		var l line
		for i := row; i < row+across; i++ {
			l = append(l, span{fmt.Sprintf("%2d ", i+1), normal}, span{fmt.Sprintf("%-*s", cell-3, w[i]), strong})
		}
		out = append(out, l)
	}
	return out
}

func (s Secret) lines(typeface) []line {
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
	return []line{{{"   ", normal}, {b.String(), strong}}}
}

// parts are where one is, and who acts for what.
func (b Banner) parts() (left, right []string) {
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
	rehearsal      = "REHEARSAL"
	rehearsalMeans = "virtual tokens; nothing signed here can enter a real trust"
)
