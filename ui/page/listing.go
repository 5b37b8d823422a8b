package page

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

// ListOf is the list of a review's targets; nil where the page has them all.
func ListOf(all []review.Change) *Listing {
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

// Find lists the entries that hold the words, in whatever case.
func (l *Listing) Find(words string) []int {
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

// Unseen counts the entries that were not on the screen.
func (l *Listing) Unseen() count {
	var n count
	for i, c := range l.Changes {
		if !l.Seen[i] {
			n.add(c)
		}
	}
	return n
}

// ReadIn says how much of the list was on the screen.
func (l *Listing) ReadIn() Block {
	n := l.Unseen()
	if n.All() == 0 {
		return Para("All of its " + Grouped(len(l.Changes)) + " targets were on this screen.")
	}
	return Warning(fmt.Sprintf("Of its %s targets %s were not looked at here: %s.", Grouped(len(l.Changes)), Grouped(n.All()), n))
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

func (n count) All() int { return n.added + n.changed + n.removed }

func (n count) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{n.added, "new"}, {n.changed, "changed"}, {n.removed, removed}} {
		if p.n > 0 {
			parts = append(parts, Grouped(p.n)+" "+p.what)
		}
	}
	return strings.Join(parts, ", ")
}

// Grouped writes a number with commas: 100,000.
func Grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// summary says how many targets change, and where.
func (t Typeface) summary(targets []review.Change) []Line {
	var n count
	for _, c := range targets {
		n.add(c)
	}
	out := t.Para(fmt.Sprintf("%s targets: %s", Grouped(n.All()), n), Bold)
	const column = 9
	out = append(out, Line{{fmt.Sprintf("%*s%*s%*s   in", column, "new", column, "changed", column, removed), Normal}})
	for _, p := range places(targets) {
		numbers := fmt.Sprintf("%*s%*s%*s  ", column, Grouped(p.added), column, Grouped(p.changed), column, Grouped(p.removed))
		out = append(out, t.hang(Line{{numbers, Normal}}, len(numbers)+1, t.Narrower(len(numbers)+1).Para(p.name, Normal))...)
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
	slices.SortStableFunc(list, func(a, b place) int { return b.All() - a.All() })
	other := place{name: fmt.Sprintf("%s other places", Grouped(len(list)-maxPlaces+1))}
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

// Entry sets one target of a list: its path, and below it, with room for a
// whole digest in a line, what happens to it.
func (t Typeface) Entry(c review.Change, found bool) []Line {
	const inset = 2
	look := Bold
	if found {
		look = Mark
	}
	beside := t.Narrower(inset)
	var body []Line
	if c.Before != "" && c.After != "" {
		body = append(beside.Para("was: "+c.Before, Normal), beside.Para("now: "+c.After, Normal)...)
	} else {
		body = beside.Para(t.inWords(c), Normal)
	}
	return append(t.Para(c.Path, look), t.beside(nil, inset, append(body, beside.note(c)...))...)
}
