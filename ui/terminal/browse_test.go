package terminal

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ui/page"
)

// browsing is a screen with the list behind a page of n targets open.
func browsing(n int) *model {
	changes := make([]review.Change, n)
	for i := range changes {
		path := fmt.Sprintf("wabbit/%d/package-%06d.tar", i%7, i)
		changes[i] = review.Change{Field: "target " + path, Path: path, After: fmt.Sprintf("%d bytes, sha256:%064x", i, i)}
	}
	m := newModel(false, time.Now)
	m.width, m.height = minWidth, minHeight
	m.take(askMsg{kind: telling, page: page.Page{Title: "What targets 9 does", Body: []page.Block{page.Changes(changes)}, List: page.ListOf(changes)}})
	m.browses("pgdown", tea.KeyPressMsg{})
	m.settle()
	return m
}

// turns is a page of the list: a key, and the screen after it.
func (m *model) turns() {
	for _, key := range []string{"pgdown", "pgup"} {
		m.browses(key, tea.KeyPressMsg{})
		m.settle()
		m.View()
	}
}

// What a page costs does not depend on how long the list is: nothing is set
// into lines but what is on the screen.
func TestListIsSetOnlyWhereItIsSeen(t *testing.T) {
	few, many := browsing(100), browsing(100_000)
	if !few.list.open || !many.list.open {
		t.Fatal("the list is not open")
	}
	a, b := testing.AllocsPerRun(20, few.turns), testing.AllocsPerRun(20, many.turns)
	if b > a*1.1 {
		t.Errorf("a page of 100 targets takes %.0f allocations, one of 100,000 takes %.0f", a, b)
	}
}

// Every entry that is noted as seen was on the screen as a whole, and who turns
// all pages has seen all.
func TestWholeListIsSeen(t *testing.T) {
	m := browsing(200)
	list := m.asked.page.List
	for range 200 {
		m.browses("pgdown", tea.KeyPressMsg{})
		m.settle()
	}
	if n := list.Unseen(); n.All() != 0 {
		t.Errorf("%d entries were never on the screen", n.All())
	}
	if m.list.top+1 >= len(list.Changes) {
		t.Error("the last page is not full")
	}
	clear(list.Seen)
	m.list.top, m.list.skip = 100, 1 // the first line of entry 100 is above the screen
	m.settle()
	if list.Seen[100] || !list.Seen[101] {
		t.Errorf("seen: %v", list.Seen[99:103])
	}
	for range 400 {
		m.browses("up", tea.KeyPressMsg{})
		m.settle()
	}
	if !m.list.open && m.list.top != 0 || !list.Seen[0] {
		t.Error("the way up does not end at the body")
	}
}

func BenchmarkPage(b *testing.B) {
	perPage := map[int]float64{}
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := browsing(n)
			b.ResetTimer()
			for b.Loop() {
				m.turns()
			}
			perPage[n] = float64(b.Elapsed().Microseconds()) / float64(2*b.N)
			b.ReportMetric(perPage[n], "us/page")
			if n > 100 {
				b.ReportMetric(perPage[n]/perPage[100], "x-of-100")
			}
		})
	}
}

func BenchmarkSummary(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			changes := page.Changes(browsing(n).asked.page.List.Changes)
			b.ResetTimer()
			for b.Loop() {
				changes.Lines(page.Typeface{Width: 76})
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	list := browsing(100_000).asked.page.List
	for b.Loop() {
		list.Find("package-0999")
	}
}
