package terminal

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/conclave-tuf/conclave/ui/page"
)

// The smallest terminal that every page fits in, and the widest text that
// reads well.
const (
	minWidth, minHeight = 80, 24
	maxText             = 96
	margin              = 2
)

// frame is how a page stands on a screen of this size.
type frame struct {
	fits   bool
	page   page.Page
	body   []page.Line
	rows   int           // for the body
	scroll int           // first line of body on the screen
	beyond string        // in words, what of the page is out of sight
	now    int           // how far to scroll for the step that is now
	foot   []page.Line   // choices or field, below the body
	cursor *tea.Position // in foot
}

func (m *model) face() page.Typeface {
	return page.Typeface{Width: max(minWidth/2, min(m.width-2*margin, maxText)), ASCII: m.ascii}
}

func (m *model) frame() frame {
	t := m.face()
	f := frame{fits: m.width >= minWidth && m.height >= minHeight, page: m.shown()}
	if m.laid.width != t.Width || m.laid.over != m.over {
		m.laid = laid{t.Width, m.over, t.Body(f.page)}
	}
	f.body = m.laid.lines
	f.foot, f.cursor = m.foot(t)
	for i, l := range f.body {
		if len(l) > 0 && l[0].Look == page.Here {
			f.now = i - 2
			break
		}
	}
	around := 6 // bar, empty, title, empty; rule, keys
	if f.page.Banner.Rehearsal {
		around += 2
	}
	if len(f.foot) > 0 {
		around++ // empty, or how much more there is
	}
	f.rows = max(1, m.height-around-max(len(f.foot), m.reserved(t)))
	f.scroll = m.scroll
	f.beyond = more(m.scroll, len(f.body)-m.scroll-f.rows)
	if m.over == noOverlay {
		m.behind(t, &f)
	}
	return f
}

// reserved are the rows that the answer is going to need once the page was
// read: what they will cover does not count as having been on the screen.
func (m *model) reserved(t page.Typeface) int {
	if m.ready() {
		return 0
	}
	read := *m
	read.read, read.notice = true, ""
	foot, _ := read.foot(t)
	return len(foot)
}

// shown is the page, or what lies over it.
func (m *model) shown() page.Page {
	p := m.asked.page
	switch m.over {
	case helping:
		over := page.Page{Banner: p.Banner, Title: "Help: " + p.Title}
		for _, text := range p.Help {
			over.Body = append(over.Body, page.Para(text))
		}
		if p.Notes {
			over.Body = append(over.Body, page.Para("Ctrl-N writes a note for the record, with who says it and the time."))
		}
		return over
	case leaving:
		return page.Page{Banner: p.Banner, Title: "Leave now?", Body: []page.Block{
			page.Para("Everything that was done so far is kept. When you start again, the ceremony goes on at this step."),
			page.Para("What you were typing on this page is not kept."),
		}}
	}
	return p
}

// foot is where the person answers.
func (m *model) foot(t page.Typeface) (out []page.Line, cursor *tea.Position) {
	a := m.asked
	switch {
	case m.over != noOverlay:
		return nil, nil
	case a.kind == waiting:
		out = m.waited()
	case m.list.asking:
		out, cursor = m.field(t, "Search for")
	case !m.ready():
		out = []page.Line{{{Text: "Read to the end to go on: Page Down.", Look: page.Bold}}}
	case a.kind == choosing:
		out, cursor = m.choices(t)
	case a.kind == typing || a.kind == hiding:
		out, cursor = m.typing(t)
	}
	if m.notice != "" {
		notice := t.Para(m.notice, page.Bold)
		out = append(append(out, page.Line{}), notice[:min(len(notice), 3)]...)
	}
	return out, cursor
}

func (m *model) typing(t page.Typeface) ([]page.Line, *tea.Position) {
	return m.field(t, m.asked.field.Label)
}

// field is what is typed, behind its label or below a long one.
func (m *model) field(t page.Typeface, words string) ([]page.Line, *tea.Position) {
	label := t.Narrower(2).Para(words, page.Bold)
	label = label[:min(len(label), 4)]
	last := &label[len(label)-1]
	if page.Width(*last) > t.Width/2 {
		label = append(label, page.Line{{Text: ">", Look: page.Bold}})
		last = &label[len(label)-1]
	}
	typed := m.input.shown(t)
	room := t.Width - page.Width(*last) - 3
	typed = ansi.TruncateLeft(typed, max(0, ansi.StringWidth(typed)-room), "")
	*last = append(*last, page.Span{Text: "  " + typed, Look: page.Normal})
	return label, &tea.Position{X: page.Width(*last), Y: len(label) - 1}
}

// maxChoices keeps room for the text above them; longer lists move.
const maxChoices = 9

func (m *model) choices(t page.Typeface) ([]page.Line, *tea.Position) {
	all := m.asked.choices
	first := max(0, min(m.choice-maxChoices/2, len(all)-maxChoices))
	last := min(len(all), first+maxChoices)
	const number = 6 // columns
	beside := t.Narrower(number)
	columns := beside.Column(0, beside.Width*2/3, len(all), func(i int) string { return all[i].Label })
	var out []page.Line
	cursor := &tea.Position{}
	for i := first; i < last; i++ {
		l := page.Line{{Text: fmt.Sprintf("  %2d  ", i+1), Look: page.Normal}, {Text: beside.Fit(all[i].Label), Look: page.Normal}}
		if i == m.choice {
			cursor.Y = len(out)
			l[0] = page.Span{Text: fmt.Sprintf("%s %2d  ", t.Glyph("›", ">"), i+1), Look: page.Bold}
			l[1].Look = page.Mark
		}
		gap := max(columns-page.Width(l[1:]), 2)
		if room := beside.Width - page.Width(l[1:]) - gap; all[i].Detail != "" && room > 3 {
			l = append(page.Pad(l, page.Width(l)+gap), page.Span{Text: t.Narrower(t.Width - room).Fit(all[i].Detail), Look: page.Normal})
		}
		out = append(out, l)
	}
	if last-first < len(all) {
		out = append(out, page.Line{{Text: fmt.Sprintf("      %d to %d of %d", first+1, last, len(all)), Look: page.Normal}})
	}
	return out, cursor
}

func (m *model) waited() []page.Line {
	l := page.Line{{Text: fmt.Sprintf("Waiting, %d s", m.seconds), Look: page.Bold}}
	if m.stop {
		l = append(l, page.Span{Text: "   Stopping: this stops when the answer comes.", Look: page.Normal})
	}
	return []page.Line{l}
}

// keys lists the keys that work now.
func (m *model) keys(f frame) [][2]string {
	a := m.asked
	switch {
	case m.over == helping:
		return [][2]string{{"any key", "back to the page"}}
	case m.over == leaving:
		return [][2]string{{"l", "leave"}, {"any other key", "stay"}}
	case !m.open:
		return nil
	case a.kind == waiting && m.stop:
		return nil
	case a.kind == waiting:
		return [][2]string{{"Ctrl-C", "stop"}}
	}
	if m.list.asking {
		return [][2]string{{"Enter", "search"}, {"Esc", "back"}, {"Ctrl-C", "leave"}}
	}
	var keys [][2]string
	switch {
	case !m.ready():
	case a.kind == choosing && len(a.choices) == 1:
		keys = append(keys, [2]string{"1", "go on"})
	case a.kind == choosing && len(a.choices) <= 9:
		keys = append(keys, [2]string{fmt.Sprintf("1-%d", len(a.choices)), "choose"})
	case a.kind == choosing:
		keys = append(keys, [2]string{"number, Enter", "choose"})
	case a.kind == telling:
		keys = append(keys, [2]string{"c", "continue"})
	default:
		keys = append(keys, [2]string{"Enter", "done"})
	}
	if len(f.body) > f.rows || a.page.List != nil {
		keys = append(keys, [2]string{"PgUp PgDn", "read"})
	}
	if a.page.List != nil {
		keys = append(keys, [2]string{"/", "search"})
	}
	if len(m.list.found) > 0 {
		keys = append(keys, [2]string{"n N", "next"})
	}
	if a.page.NoBack == "" {
		keys = append(keys, [2]string{"Esc", "back"})
	}
	switch {
	case len(a.page.Help) == 0:
	case a.kind == hiding:
		keys = append(keys, [2]string{"F1", "help"})
	default:
		keys = append(keys, [2]string{"?", "help"})
	}
	return append(keys, [2]string{"Ctrl-C", "leave"})
}

// View draws the screen.
func (m *model) View() tea.View {
	v := tea.View{AltScreen: true}
	if m.width == 0 {
		return v
	}
	f := m.frame()
	if !f.fits {
		v.Content = m.tooSmall()
		return v
	}
	rows, cursor := m.compose(f)
	v.Content = draw(rows)
	if cursor != nil && m.open {
		v.Cursor = tea.NewCursor(cursor.X, cursor.Y)
	}
	return v
}

// compose puts a frame together: exactly as many rows as the screen has.
func (m *model) compose(f frame) (rows []page.Line, cursor *tea.Position) {
	full := page.Typeface{Width: m.width, ASCII: m.ascii}
	banner := f.page.Banner
	if banner.Rehearsal {
		rows = append(rows, watermark())
	}
	rows = append(rows, barOf(full, banner), page.Line{}, indent(page.Line{{Text: full.Narrower(2 * margin).Fit(f.page.Title), Look: page.Bold}}), page.Line{})

	last := min(len(f.body), f.scroll+f.rows)
	for _, l := range f.body[min(f.scroll, last):last] {
		rows = append(rows, indent(l))
	}
	bottom := m.height - 2
	if banner.Rehearsal {
		bottom--
	}
	for len(rows) < bottom-len(f.foot)-min(1, len(f.foot)) {
		rows = append(rows, page.Line{})
	}
	if len(f.foot) > 0 {
		rows = append(rows, page.Line{})
	}
	if f.cursor != nil {
		cursor = &tea.Position{X: f.cursor.X + margin, Y: len(rows) + f.cursor.Y}
	}
	for _, l := range f.foot {
		rows = append(rows, indent(l))
	}
	rows = append(rows, ruleWith(full, f.beyond), legend(full, m.keys(f)))
	if banner.Rehearsal {
		rows = append(rows, watermark())
	}
	return rows, cursor
}

// more says in words what of the body is out of sight.
func more(above, below int) string {
	var parts []string
	if above > 0 {
		parts = append(parts, fmt.Sprintf("%d more above", above))
	}
	if below > 0 {
		parts = append(parts, fmt.Sprintf("%d more below", below))
	}
	return strings.Join(parts, ", ")
}

func indent(l page.Line) page.Line {
	return append(page.Line{{Text: strings.Repeat(" ", margin), Look: page.Normal}}, l...)
}

// watermark is the row above and below every page of a rehearsal.
func watermark() page.Line {
	return page.Line{{Text: " ", Look: page.Normal}, {Text: " " + page.Rehearsal + " ", Look: page.Watermark}, {Text: " " + page.RehearsalMeans, Look: page.Normal}}
}

// barOf is the row that says where one is, and who acts for what.
func barOf(t page.Typeface, b page.Banner) page.Line {
	left, right := b.Parts()
	gap := " " + t.Glyph("·", "|") + " "
	acting := page.Span{Text: " " + t.Narrower(t.Width/3).Fit(strings.Join(right, gap)) + " ", Look: page.Bar}
	place := t.Narrower(2*margin + page.Width(page.Line{acting}) + 2).Fit(strings.Join(left, gap))
	name, rest, _ := strings.Cut(place, gap)
	l := page.Line{{Text: strings.Repeat(" ", margin), Look: page.Normal}, {Text: name, Look: page.Bold}}
	if rest != "" {
		l = append(l, page.Span{Text: gap + rest, Look: page.Normal})
	}
	return append(page.Pad(l, t.Width-margin-page.Width(page.Line{acting})), acting)
}

// ruleWith is a row that divides, with words in it where there are any.
func ruleWith(t page.Typeface, words string) page.Line {
	if words == "" {
		return page.Line{{Text: t.Rule(), Look: page.Quiet}}
	}
	dash := t.Glyph("─", "-")
	words = " " + words + " "
	rest := max(0, t.Width-2-ansi.StringWidth(words))
	return page.Line{{Text: strings.Repeat(dash, 2), Look: page.Quiet}, {Text: words, Look: page.Bold}, {Text: strings.Repeat(dash, rest), Look: page.Quiet}}
}

// legend lists keys, as far apart as there is room for.
func legend(t page.Typeface, keys [][2]string) page.Line {
	var l page.Line
	for gap := 4; gap > 0; gap-- {
		l = page.Line{{Text: strings.Repeat(" ", margin), Look: page.Normal}}
		for i, k := range keys {
			if i > 0 {
				l = append(l, page.Span{Text: strings.Repeat(" ", gap), Look: page.Normal})
			}
			l = append(l, page.Span{Text: k[0], Look: page.Bold}, page.Span{Text: " " + k[1], Look: page.Normal})
		}
		if page.Width(l) <= t.Width {
			break
		}
	}
	return l
}

// tooSmall is the screen of a terminal that is too small to decide on.
func (m *model) tooSmall() string {
	t := page.Typeface{Width: max(8, m.width), ASCII: true}
	rows := t.Para(fmt.Sprintf("This terminal has %d x %d characters. Conclave needs %d x %d.", m.width, m.height, minWidth, minHeight), page.Bold)
	rows = append(rows, t.Para("Make it larger to go on. Nothing is lost. Ctrl-C leaves.", page.Normal)...)
	if m.over == leaving {
		rows = t.Para("Leave? l leaves, any other key stays.", page.Bold)
	}
	if m.asked.page.Banner.Rehearsal {
		rows = append(t.Para(page.Rehearsal, page.Bold), rows...)
	}
	return draw(rows[:min(len(rows), max(1, m.height))])
}
