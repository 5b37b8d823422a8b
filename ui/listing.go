package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/review"
)

// Up to here all changes of targets stand on a page. Beyond, the page counts
// them, and says one by one only what is more than a new target: removed,
// changed, or with a word of caution. Where these are too many as well, they
// come first in the list.
const (
	maxTargets = 40
	maxWeighty = 200
)

// Listing is what is too long to be read whole. It stands behind the body of a
// page: who reads it turns its pages, or searches it.
type Listing struct {
	Changes []review.Change // of targets; the weightiest first
	Seen    []bool          // which of them were on the screen: the driver notes it
}

// listOf is the list of a review's targets; nil where the page has them all.
func listOf(all []review.Change) *Listing {
	_, targets := split(all)
	if len(targets) <= maxTargets {
		return nil
	}
	first, rest := weigh(targets)
	return &Listing{Changes: append(first, rest...), Seen: make([]bool, len(targets))}
}

// split tells the changes of targets from all others.
func split(all []review.Change) (rest, targets []review.Change) {
	for _, c := range all {
		if c.Path == "" {
			rest = append(rest, c)
		} else {
			targets = append(targets, c)
		}
	}
	return rest, targets
}

// weigh tells what is more than a new target from what is no more.
func weigh(targets []review.Change) (weighty, plain []review.Change) {
	for _, c := range targets {
		if c.Before != "" || c.Note != "" {
			weighty = append(weighty, c)
		} else {
			plain = append(plain, c)
		}
	}
	return weighty, plain
}

// find lists the entries that hold the words, in whatever case.
func (l *Listing) find(words string) []int {
	words = strings.ToLower(words)
	var found []int
	for i, c := range l.Changes {
		for _, part := range []string{c.Path, c.Before, c.After, c.Note} {
			if strings.Contains(strings.ToLower(part), words) {
				found = append(found, i)
				break
			}
		}
	}
	return found
}

// unseen counts the entries that were not on the screen.
func (l *Listing) unseen() count {
	var n count
	for i, c := range l.Changes {
		if !l.Seen[i] {
			n.add(c)
		}
	}
	return n
}

// read says how much of the list was on the screen.
func (l *Listing) read() Block {
	n := l.unseen()
	if n.all() == 0 {
		return Para("All of its " + grouped(len(l.Changes)) + " targets were on this screen.")
	}
	return Warning(fmt.Sprintf("Of its %s targets %s were not looked at here: %s.", grouped(len(l.Changes)), grouped(n.all()), n))
}

// count is how many targets are new, changed and removed.
type count struct{ added, changed, removed int }

func (n *count) add(c review.Change) {
	switch {
	case c.Before == "":
		n.added++
	case c.After == "":
		n.removed++
	default:
		n.changed++
	}
}

func (n count) all() int { return n.added + n.changed + n.removed }

func (n count) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{n.added, "new"}, {n.changed, "changed"}, {n.removed, removed}} {
		if p.n > 0 {
			parts = append(parts, grouped(p.n)+" "+p.what)
		}
	}
	return strings.Join(parts, ", ")
}

// grouped writes a number with commas: 100,000.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// summary says how many targets change, and where.
func (t typeface) summary(targets []review.Change) []line {
	var n count
	for _, c := range targets {
		n.add(c)
	}
	out := t.para(fmt.Sprintf("%s targets: %s", grouped(n.all()), n), strong)
	const column = 9
	out = append(out, line{{fmt.Sprintf("%*s%*s%*s   in", column, "new", column, "changed", column, removed), normal}})
	for _, p := range places(targets) {
		numbers := fmt.Sprintf("%*s%*s%*s  ", column, grouped(p.added), column, grouped(p.changed), column, grouped(p.removed))
		out = append(out, t.hang(line{{numbers, normal}}, len(numbers)+1, t.narrower(len(numbers)+1).para(p.name, normal))...)
	}
	return out
}

// place is a directory, with what happens below it.
type place struct {
	name string
	count
}

const maxPlaces = 12

// places groups targets by directory: by the deepest one that holds them all,
// and one step down from there. Of many the largest are named.
func places(targets []review.Change) []place {
	var list []place
	for prefix := ""; ; {
		list = below(prefix, targets)
		if len(list) != 1 || !strings.HasSuffix(list[0].name, "/") {
			break
		}
		prefix = list[0].name
	}
	if len(list) <= maxPlaces {
		return list
	}
	slices.SortStableFunc(list, func(a, b place) int { return b.all() - a.all() })
	other := place{name: fmt.Sprintf("%s other places", grouped(len(list)-maxPlaces+1))}
	for _, p := range list[maxPlaces-1:] {
		other.added += p.added
		other.changed += p.changed
		other.removed += p.removed
	}
	return append(list[:maxPlaces-1], other)
}

// below groups targets, all of which begin with prefix, by the next step of
// their paths, sorted. Those that have none are together.
func below(prefix string, targets []review.Change) []place {
	groups := map[string]*place{}
	for _, c := range targets {
		name := prefix
		if step, _, deeper := strings.Cut(c.Path[len(prefix):], "/"); deeper {
			name += step + "/"
		}
		if groups[name] == nil {
			groups[name] = &place{name: name}
		}
		groups[name].add(c)
	}
	var list []place
	for _, p := range groups {
		if p.name == prefix {
			p.name = prefix + " itself"
			if prefix == "" {
				p.name = "no directory"
			}
		}
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b place) int { return strings.Compare(a.name, b.name) })
	return list
}

// entry sets one target of a list: its path, and below it, with room for a
// whole digest in a line, what happens to it.
func (t typeface) entry(c review.Change, found bool) []line {
	const inset = 2
	look := strong
	if found {
		look = mark
	}
	beside := t.narrower(inset)
	var body []line
	if c.Before != "" && c.After != "" {
		body = append(beside.para("was: "+c.Before, normal), beside.para("now: "+c.After, normal)...)
	} else {
		body = beside.para(t.inWords(c), normal)
	}
	return append(t.para(c.Path, look), t.beside(nil, inset, append(body, beside.note(c)...))...)
}
