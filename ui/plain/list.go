package plain

import (
	"fmt"
	"io"
	"strings"

	"github.com/conclave-tuf/conclave/ui/page"
)

// plainList goes through the list behind a page, some entries at a time.
type plainList struct {
	*page.Listing
	next  int    // the next entry of all
	words string // what was searched for
	found []int  // what is left of what was found
}

// perTurn is how many entries of a list are printed at once.
const perTurn = 20

// listWords is the part of the prompt that speaks of the list.
const listWords = "l list, /WORDS search, "

// answer takes what moves in the list, and prints what it asks for. It says
// whether it was such an answer, and a complaint where there is nothing to print.
func (l *plainList) answer(p *Driver, typed string) (taken bool, complaint string, err error) {
	switch {
	case l == nil:
		return false, "", nil
	case typed == "l" && l.next == len(l.Changes):
		l.next = 0
		return true, "That was the whole list. l begins anew.", nil
	case typed == "l":
		from := l.next
		l.next = min(len(l.Changes), from+perTurn)
		entries := make([]int, l.next-from)
		for i := range entries {
			entries[i] = from + i
		}
		return true, "", l.print(p, fmt.Sprintf("%s to %s of %s targets:", page.Grouped(from+1), page.Grouped(l.next), page.Grouped(len(l.Changes))), entries)
	case strings.HasPrefix(typed, "/"):
		if words := strings.TrimSpace(typed[1:]); words != "" {
			l.words, l.found = words, l.Find(words)
		}
		if len(l.found) == 0 {
			return true, fmt.Sprintf("Nothing more in the list holds %q.", p.face().Clean(l.words)), nil
		}
		n := min(len(l.found), perTurn)
		entries := l.found[:n]
		title := fmt.Sprintf("%s with %s in them", page.Grouped(len(l.found)), l.words)
		if l.found = l.found[n:]; len(l.found) > 0 {
			title += fmt.Sprintf(", the next %d (/ goes on)", n)
		}
		return true, "", l.print(p, title+":", entries)
	}
	return false, "", nil
}

func (l *plainList) print(p *Driver, title string, entries []int) error {
	t := p.face()
	lines := t.Para(title, page.Normal)
	for _, i := range entries {
		lines = append(lines, t.Entry(l.Changes[i], false)...)
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line.String() + "\n")
	}
	if _, err := io.WriteString(p.Out, b.String()); err != nil {
		return err
	}
	for _, i := range entries {
		l.Seen[i] = true
	}
	return nil
}
