package ui_test

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ui/page"
)

var (
	titleLine  = regexp.MustCompile(`(?m)^== (.*)$`)
	phraseLine = regexp.MustCompile(`(?m)^> Type: (.*) \(`)
	holderLine = regexp.MustCompile(`(?m)^Holder +(.*)$`)
)

// found answers every page of a founding.
type founder struct{ puk string }

func (f *founder) answer(s string) string {
	titles := titleLine.FindAllStringSubmatch(s, -1)
	title := titles[len(titles)-1][1]
	holder := ""
	if m := holderLine.FindStringSubmatch(s); m != nil {
		holder = m[1]
	}
	if m := phraseLine.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	switch {
	case strings.HasPrefix(title, "Where are you"):
		return "Berlin"
	case strings.HasPrefix(title, "This machine"):
		return "go on"
	case strings.HasPrefix(title, "Every step is done"):
		return "leave"
	case strings.HasPrefix(title, "Choose a PIN"), strings.HasPrefix(title, "Type the PIN"), strings.HasPrefix(title, "PIN of"):
		return pins[holder]
	case strings.HasPrefix(title, "Write this PUK"):
		f.puk = strings.ReplaceAll(pukLine.FindStringSubmatch(s)[1], " ", "")
	case strings.HasPrefix(title, "Type the PUK"):
		return f.puk
	case strings.HasPrefix(title, "Read the digest"):
		return askedWord(s)
	}
	if strings.Contains(s, "> c continue") {
		return "c"
	}
	return "1" // of several ways, the first leads on
}

// Wherever the program ends, the next start goes on there: nothing is lost, and
// nothing is asked for a second time that was done.
func TestCutAnywhereAndResumed(t *testing.T) {
	s := newSite(t)
	random := rand.New(rand.NewPCG(1, 2))
	starts, signed := 0, 0
	for ; ; starts++ {
		if starts > 200 {
			t.Fatal("the ceremony does not come to an end")
		}
		p := plays(t, s.talk)
		var f founder
		left := 3 + random.IntN(20)
		text := p.prompt()
		for ; left > 0 && strings.Contains(text, "\n> "); left-- {
			p.answers(f.answer(text))
			text = p.prompt()
		}
		signed += strings.Count(p.all.String(), "\n== Signed")
		_ = p.in.Close()
		err := p.ends()
		if err == nil {
			break // it left by itself
		}
		if !errors.Is(err, page.ErrQuit) {
			t.Fatal(err)
		}
	}
	if starts < 5 {
		t.Errorf("only %d starts: nothing was resumed", starts)
	}
	if n := s.signatures(); n != 5 || signed != n {
		t.Errorf("%d signatures are in the journal, %d were made; 5 were due", n, signed)
	}
	for _, step := range s.read().Steps() {
		if step.State != ceremony.Done {
			t.Errorf("not done: %s", step.Text)
		}
	}
}
