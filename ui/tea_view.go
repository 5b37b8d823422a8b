package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
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
	page   Page
	body   []line
	rows   int           // for the body
	scroll int           // first line of body on the screen
	beyond string        // in words, what of the page is out of sight
	now    int           // how far to scroll for the step that is now
	foot   []line        // choices or field, below the body
	cursor *tea.Position // in foot
}

func (m *model) face() typeface {
	return typeface{width: max(minWidth/2, min(m.width-2*margin, maxText)), ascii: m.ascii}
}

func (m *model) frame() frame {
	t := m.face()
	f := frame{fits: m.width >= minWidth && m.height >= minHeight, page: m.shown()}
	if m.laid.width != t.width || m.laid.over != m.over {
		m.laid = laid{t.width, m.over, t.body(f.page)}
	}
	f.body = m.laid.lines
	f.foot, f.cursor = m.foot(t)
	for i, l := range f.body {
		if len(l) > 0 && l[0].look == here {
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
func (m *model) reserved(t typeface) int {
	if m.ready() {
		return 0
	}
	read := *m
	read.read, read.notice = true, ""
	foot, _ := read.foot(t)
	return len(foot)
}

// shown is the page, or what lies over it.
func (m *model) shown() Page {
	p := m.asked.page
	switch m.over {
	case helping:
		over := Page{Banner: p.Banner, Title: "Help: " + p.Title}
		for _, text := range p.Help {
			over.Body = append(over.Body, Para(text))
		}
		if p.Notes {
			over.Body = append(over.Body, Para("Ctrl-N writes a note for the record, with who says it and the time."))
		}
		return over
	case leaving:
		return Page{Banner: p.Banner, Title: "Leave now?", Body: []Block{
			Para("Everything that was done so far is kept. When you start again, the ceremony goes on at this step."),
			Para("What you were typing on this page is not kept."),
		}}
	}
	return p
}

// foot is where the person answers.
func (m *model) foot(t typeface) (out []line, cursor *tea.Position) {
	a := m.asked
	switch {
	case m.over != noOverlay:
		return nil, nil
	case a.kind == waiting:
		out = m.waited()
	case m.list.asking:
		out, cursor = m.field(t, "Search for")
	case !m.ready():
		out = []line{{{"Read to the end to go on: Page Down.", strong}}}
	case a.kind == choosing:
		out, cursor = m.choices(t)
	case a.kind == typing || a.kind == hiding:
		out, cursor = m.typing(t)
	}
	if m.notice != "" {
		notice := t.para(m.notice, strong)
		out = append(append(out, line{}), notice[:min(len(notice), 3)]...)
	}
	return out, cursor
}

func (m *model) typing(t typeface) ([]line, *tea.Position) { return m.field(t, m.asked.field.Label) }

// field is what is typed, behind its label or below a long one.
func (m *model) field(t typeface, words string) ([]line, *tea.Position) {
	label := t.narrower(2).para(words, strong)
	label = label[:min(len(label), 4)]
	last := &label[len(label)-1]
	if width(*last) > t.width/2 {
		label = append(label, line{{">", strong}})
		last = &label[len(label)-1]
	}
	typed := m.input.shown(t)
	room := t.width - width(*last) - 3
	typed = ansi.TruncateLeft(typed, max(0, ansi.StringWidth(typed)-room), "")
	*last = append(*last, span{"  " + typed, normal})
	return label, &tea.Position{X: width(*last), Y: len(label) - 1}
}

// maxChoices keeps room for the text above them; longer lists move.
const maxChoices = 9

func (m *model) choices(t typeface) ([]line, *tea.Position) {
	all := m.asked.choices
	first := max(0, min(m.choice-maxChoices/2, len(all)-maxChoices))
	last := min(len(all), first+maxChoices)
	const number = 6 // columns
	beside := t.narrower(number)
	columns := beside.column(0, beside.width*2/3, len(all), func(i int) string { return all[i].Label })
	var out []line
	cursor := &tea.Position{}
	for i := first; i < last; i++ {
		l := line{{fmt.Sprintf("  %2d  ", i+1), normal}, {beside.fit(all[i].Label), normal}}
		if i == m.choice {
			cursor.Y = len(out)
			l[0] = span{fmt.Sprintf("%s %2d  ", t.glyph("›", ">"), i+1), strong}
			l[1].look = mark
		}
		gap := max(columns-width(l[1:]), 2)
		if room := beside.width - width(l[1:]) - gap; all[i].Detail != "" && room > 3 {
			l = append(pad(l, width(l)+gap), span{t.narrower(t.width - room).fit(all[i].Detail), normal})
		}
		out = append(out, l)
	}
	if last-first < len(all) {
		out = append(out, line{{fmt.Sprintf("      %d to %d of %d", first+1, last, len(all)), normal}})
	}
	return out, cursor
}

func (m *model) waited() []line {
	l := line{{fmt.Sprintf("Waiting, %d s", m.seconds), strong}}
	if m.stop {
		l = append(l, span{"   Stopping: this stops when the answer comes.", normal})
	}
	return []line{l}
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
func (m *model) compose(f frame) (rows []line, cursor *tea.Position) {
	full := typeface{width: m.width, ascii: m.ascii}
	banner := f.page.Banner
	if banner.Rehearsal {
		rows = append(rows, watermark())
	}
	rows = append(rows, barOf(full, banner), line{}, indent(line{{full.narrower(2 * margin).fit(f.page.Title), strong}}), line{})

	last := min(len(f.body), f.scroll+f.rows)
	for _, l := range f.body[min(f.scroll, last):last] {
		rows = append(rows, indent(l))
	}
	bottom := m.height - 2
	if banner.Rehearsal {
		bottom--
	}
	for len(rows) < bottom-len(f.foot)-min(1, len(f.foot)) {
		rows = append(rows, line{})
	}
	if len(f.foot) > 0 {
		rows = append(rows, line{})
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

func indent(l line) line { return append(line{{strings.Repeat(" ", margin), normal}}, l...) }

// watermark is the row above and below every page of a rehearsal.
func watermark() line {
	return line{{" ", normal}, {" " + rehearsal + " ", watered}, {" " + rehearsalMeans, normal}}
}

// barOf is the row that says where one is, and who acts for what.
func barOf(t typeface, b Banner) line {
	left, right := b.parts()
	gap := " " + t.glyph("·", "|") + " "
	acting := span{" " + t.narrower(t.width/3).fit(strings.Join(right, gap)) + " ", bar}
	place := t.narrower(2*margin + width(line{acting}) + 2).fit(strings.Join(left, gap))
	name, rest, _ := strings.Cut(place, gap)
	l := line{{strings.Repeat(" ", margin), normal}, {name, strong}}
	if rest != "" {
		l = append(l, span{gap + rest, normal})
	}
	return append(pad(l, t.width-margin-width(line{acting})), acting)
}

// ruleWith is a row that divides, with words in it where there are any.
func ruleWith(t typeface, words string) line {
	if words == "" {
		return line{{t.rule(), quiet}}
	}
	dash := t.glyph("─", "-")
	words = " " + words + " "
	rest := max(0, t.width-2-ansi.StringWidth(words))
	return line{{strings.Repeat(dash, 2), quiet}, {words, strong}, {strings.Repeat(dash, rest), quiet}}
}

// legend lists keys, as far apart as there is room for.
func legend(t typeface, keys [][2]string) line {
	var l line
	for gap := 4; gap > 0; gap-- {
		l = line{{strings.Repeat(" ", margin), normal}}
		for i, k := range keys {
			if i > 0 {
				l = append(l, span{strings.Repeat(" ", gap), normal})
			}
			l = append(l, span{k[0], strong}, span{" " + k[1], normal})
		}
		if width(l) <= t.width {
			break
		}
	}
	return l
}

// tooSmall is the screen of a terminal that is too small to decide on.
func (m *model) tooSmall() string {
	t := typeface{width: max(8, m.width), ascii: true}
	rows := t.para(fmt.Sprintf("This terminal has %d x %d characters. Conclave needs %d x %d.", m.width, m.height, minWidth, minHeight), strong)
	rows = append(rows, t.para("Make it larger to go on. Nothing is lost. Ctrl-C leaves.", normal)...)
	if m.over == leaving {
		rows = t.para("Leave? l leaves, any other key stays.", strong)
	}
	if m.asked.page.Banner.Rehearsal {
		rows = append(t.para(rehearsal, strong), rows...)
	}
	return draw(rows[:min(len(rows), max(1, m.height))])
}
