package terminal

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/conclave-tuf/conclave/ui/page"
)

// browse is where a person is in the list behind a page. Of a list only what is
// on the screen is ever set into lines.
type browse struct {
	open   bool   // the list is on the screen, not the body
	top    int    // the entry that the screen begins with
	skip   int    // its lines above the screen
	asking bool   // words to search for are being typed
	words  string // what was searched for; "" for nothing
	found  []int  // the entries that hold the words
	at     int    // the one of found that was jumped to
}

// browses is a key that moves in the list or searches it; it says whether it was one.
func (m *model) browses(key string, k tea.KeyPressMsg) bool {
	list := m.asked.page.List
	if list == nil || m.asked.kind != telling {
		return false
	}
	b := &m.list
	if b.asking {
		return m.asks(key, k)
	}
	switch {
	case key == "/":
		b.asking = true
	case key == "n" || key == "N":
		m.jump(key)
	case b.open && key == "esc":
		b.open = false
	case b.open && (key == "pgdown" || key == "pgup"):
		m.turnList(key)
	case b.open && key == "down":
		m.move(1)
	case b.open && key == "up":
		m.move(-1)
	case !b.open && m.ready() && (key == "pgdown" || key == "down") && m.atEnd():
		b.open, b.top, b.skip = true, 0, 0
	default:
		return false
	}
	return true
}

// atEnd says whether the end of the body is on the screen.
func (m *model) atEnd() bool {
	f := m.frame()
	return m.scroll+f.rows >= len(f.body)
}

// asks is a key of the words to search for.
func (m *model) asks(key string, k tea.KeyPressMsg) bool {
	switch {
	case key == "ctrl+n" || key == "f1":
		return false
	case key == "esc":
		m.list.asking = false
		m.input.wipe()
	case key == "enter":
		words := strings.TrimSpace(string(m.input.buf))
		m.list.asking = false
		m.input.wipe()
		if words != "" {
			m.search(words)
		}
	case key == "backspace":
		m.input.backspace()
	case key == "ctrl+u":
		m.input.wipe()
	case k.Text != "" && !strings.ContainsAny(k.Text, "\r\n"):
		m.input.add(k.Text)
	}
	return true
}

func (m *model) search(words string) {
	b := &m.list
	b.words, b.found = words, m.asked.page.List.Find(words)
	if len(b.found) == 0 {
		m.notice = fmt.Sprintf("Nothing in the list holds %q.", words)
		return
	}
	from := 0
	if b.open {
		from = b.top
	}
	b.at = max(0, slices.IndexFunc(b.found, func(i int) bool { return i >= from }))
	b.open, b.top, b.skip = true, b.found[b.at], 0
}

// jump goes to the next match, or with N to the one before.
func (m *model) jump(key string) {
	b := &m.list
	n := len(b.found)
	switch {
	case n == 0:
		m.notice = "Nothing was searched for yet: / searches."
		return
	case !b.open:
	case key == "n":
		b.at = (b.at + 1) % n
	default:
		b.at = (b.at + n - 1) % n
	}
	b.open, b.top, b.skip = true, b.found[b.at], 0
}

// move turns the list by so many lines. Above its first entry is the body.
func (m *model) move(by int) {
	b, t := &m.list, m.face()
	for ; by > 0; by-- {
		if b.skip++; b.skip >= len(m.entry(t, b.top)) {
			if b.top+1 == len(m.asked.page.List.Changes) {
				b.skip--
				return
			}
			b.top, b.skip = b.top+1, 0
		}
	}
	if by < 0 && b.top == 0 && b.skip == 0 {
		b.open = false
		return
	}
	for ; by < 0; by++ {
		if b.skip == 0 {
			if b.top == 0 {
				return
			}
			b.top--
			b.skip = len(m.entry(t, b.top))
		}
		b.skip--
	}
}

// entry sets one entry of the list.
func (m *model) entry(t page.Typeface, i int) []page.Line {
	_, found := slices.BinarySearch(m.list.found, i)
	return t.Entry(m.asked.page.List.Changes[i], found)
}

// behind puts the part of the list that is on the screen in the place of the
// body, or says that there is a list.
func (m *model) behind(t page.Typeface, f *frame) {
	list, b := m.asked.page.List, &m.list
	switch {
	case list == nil:
		return
	case !b.open:
		if f.beyond == "" || m.scroll+f.rows >= len(f.body) {
			f.beyond = "Page Down: the list of all " + page.Grouped(len(list.Changes)) + " targets"
		}
		return
	}
	var lines []page.Line
	last := b.top
	for ; last < len(list.Changes) && len(lines) < f.rows+b.skip; last++ {
		lines = append(lines, m.entry(t, last)...)
	}
	f.body, f.scroll, f.now = lines, b.skip, 0
	f.beyond = fmt.Sprintf("%s to %s of %s targets", page.Grouped(b.top+1), page.Grouped(last), page.Grouped(len(list.Changes)))
	if b.words != "" && len(b.found) > 0 {
		f.beyond += fmt.Sprintf(", found %s of %s: %s", page.Grouped(b.at+1), page.Grouped(len(b.found)), t.Narrower(t.Width-20).Fit(b.words))
	}
}

// turnList goes on with the first entry that was not on the screen as a whole,
// or back by as many as there is room for.
func (m *model) turnList(key string) {
	b, t, rows := &m.list, m.face(), m.frame().rows
	to, room := b.top, rows
	if key == "pgup" {
		for room -= b.skip; to > 0; to-- {
			if room -= len(m.entry(t, to-1)); room < 0 {
				break
			}
		}
		if to == b.top { // the beginning, or an entry longer than the screen
			m.move(-max(1, rows-1))
			return
		}
	} else {
		for room += b.skip; to < len(m.asked.page.List.Changes); to++ {
			if room -= len(m.entry(t, to)); room < 0 {
				break
			}
		}
		switch to {
		case len(m.asked.page.List.Changes): // the end is on the screen
			return
		case b.top:
			m.move(max(1, rows-1))
			return
		}
	}
	b.top, b.skip = to, 0
}

// look fills the screen to the list's end, and notes which entries are on it.
func (m *model) look(f frame) {
	if m.over != noOverlay || !f.fits {
		return
	}
	list, b, t := m.asked.page.List, &m.list, m.face()
	for len(f.body)-f.scroll < f.rows && (b.top > 0 || b.skip > 0) {
		m.move(-1)
		f = m.frame()
	}
	room := f.rows + b.skip
	for i := b.top; i < len(list.Changes); i++ {
		high := len(m.entry(t, i))
		if room -= high; room < 0 {
			return
		}
		if i > b.top || b.skip == 0 || high > f.rows {
			list.Seen[i] = true
		}
	}
}
