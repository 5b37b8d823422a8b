package ui_test

import (
	"regexp"
	"strings"
	"testing"
)

// takes the choice with that label, by its number.
func (e *emulated) takes(label string) {
	e.t.Helper()
	choice := regexp.MustCompile(`(?m)^ *[›>]? *(\d+)  ` + regexp.QuoteMeta(label))
	screen := e.until("a choice "+label, func(screen string) bool {
		return choice.MatchString(screen) && strings.Contains(screen, "Ctrl-C leave")
	})
	e.types(choice.FindStringSubmatch(screen)[1])
	if strings.Contains(screen, "number, Enter choose") {
		e.types(enter)
	}
}

// reads turns pages until the whole text was on the screen.
func (e *emulated) reads() {
	e.t.Helper()
	for screen := e.screen(); strings.Contains(screen, "Read to the end"); screen = e.screen() {
		e.types(pageDown)
		e.changes(screen)
	}
}

// pins is what the holders choose. No screen may ever show one.
var pins = map[string]string{"Ada": "ada-7391", "Bo": "bo-73912", "Cy": "cy-73913", "Di": "di-73914", "Eve": "eve-7395", "Fay": "fay-7396"}

var serialOf = map[string]string{"Ada": "5417501", "Bo": "5417502", "Cy": "5417503", "Di": "5417504", "Eve": "5417505"}

var holders = []string{"Ada", "Bo", "Cy", "Di", "Eve"}

// begins goes from the first page to the accepted plan.
func (e *emulated) begins() {
	e.golden("found-01-welcome", "What have you come to do?")
	e.takes("Found a new trust")
	e.golden("found-02-site", "Where are you?")
	e.types("Berlin" + enter)
	e.golden("found-03-clock", "Is the clock right?")
	e.takes("A wall clock or a watch")
	e.golden("found-04-compare", "Compare the clock")
	e.types("the clock is right" + enter)
	e.golden("found-05-machine", "This machine", "swap")
	e.takes("Go on all the same")
	e.golden("found-06-place", "Where is the plan?")
	e.takes("CEREMONY")
	e.golden("found-07-file", "Which plan?")
	e.takes("plan.yaml")
	e.golden("found-08-plan", "The plan of rehearsal-wabbit")
	e.reads()
	e.golden("found-09-plan-end", "Type: accept rehearsal-wabbit")
	e.types("accept rehearsal-wabbit" + enter)
}

// comesBack goes from the first page of a later start to the step that is due.
func (e *emulated) comesBack() {
	e.t.Helper()
	e.sees("Welcome back")
	e.types("c")
	e.comparesClock()
}

func (e *emulated) comparesClock() {
	e.t.Helper()
	e.takes("A wall clock or a watch")
	e.sees("Compare the clock")
	e.types("the clock is right" + enter)
}

var (
	pukLine  = regexp.MustCompile(`(?m)^ +((?:[A-Z0-9] +){7}[A-Z0-9])$`)
	wordAsk  = regexp.MustCompile(`Type word (\d+)`)
	takeOut  = regexp.MustCompile(`(\d+)  Take out token (\d+)`)
	numbered = regexp.MustCompile(`(\d+) ([A-Za-z]+)`)
)

// enrols makes the drawer's token the token of a holder.
func (e *emulated) enrols(holder string) {
	e.t.Helper()
	e.takes(holder + " enrols a token")
	e.sees(holder+" enrols a token", "as it came from the factory")
	e.enrolsToken(holder, serialOf[holder])
}

func (e *emulated) enrolsToken(holder, serial string) {
	e.t.Helper()
	e.takes("Enrol a new token")
	e.swapsTo(serial, "Choose a PIN")
	e.types(pins[holder] + enter)
	e.sees("Type the PIN once more")
	e.types(pins[holder] + enter)
	e.typesPUK(holder, serial)
}

// typesPUK copies the PUK that is shown, and sees the token enrolled.
func (e *emulated) typesPUK(holder, serial string) {
	e.t.Helper()
	m := pukLine.FindStringSubmatch(e.sees("Write this PUK on paper"))
	if m == nil {
		e.t.Fatalf("no PUK on the screen:\n%s", e.screen())
	}
	e.types("c")
	e.sees("Type the PUK from the paper")
	e.types(strings.ReplaceAll(m[1], " ", "") + enter)
	e.sees("Token "+serial+" is "+holder+"'s", "c continue")
}

// consents goes from the list to the typed consent of a holder to a payload.
func (e *emulated) consents(holder, what string) {
	e.t.Helper()
	e.sees("What " + what + " does")
	e.reads()
	e.types("c")
	e.answersWords(what)
	e.sees("do you sign " + what + "?")
	e.types("sign " + what + enter)
}

// answersWords types the two words that are asked back.
func (e *emulated) answersWords(what string) {
	e.t.Helper()
	asked := ""
	for range 2 {
		e.sees("Read the digest of " + what)
		e.reads()
		screen := e.until("another word to type", func(screen string) bool {
			m := wordAsk.FindStringSubmatch(screen)
			return m != nil && m[1] != asked
		})
		asked = wordAsk.FindStringSubmatch(screen)[1]
		e.types(strings.ToLower(askedWord(screen)) + enter)
	}
}

// askedWord finds the word that is asked back in the grid above the question.
func askedWord(screen string) string {
	word := ""
	asked := wordAsk.FindStringSubmatch(screen)[1]
	for _, m := range numbered.FindAllStringSubmatch(screen, -1) {
		if m[1] == asked {
			word = m[2]
		}
	}
	return word
}

// signs signs with the holder's token.
func (e *emulated) signs(holder, what string) {
	e.t.Helper()
	e.signsWith(holder, serialOf[holder], what)
}

func (e *emulated) signsWith(holder, serial, what string) {
	e.t.Helper()
	e.consents(holder, what)
	e.swapsTo(serial, "PIN of token "+serial)
	e.types(pins[holder] + enter)
	e.sees("Signed", "c continue", what)
}

// swaps leaves the holder's token alone in the reader, until the next page says then.
func (e *emulated) swaps(holder, then string) {
	e.t.Helper()
	e.swapsTo(serialOf[holder], then)
}

func (e *emulated) swapsTo(serial, then string) {
	e.t.Helper()
	for screen := e.sees("token"); !strings.Contains(screen, then); screen = e.screen() {
		if strings.Contains(screen, "In the reader") {
			if m := takeOut.FindStringSubmatch(screen); m != nil && m[2] != serial {
				e.types(m[1])
			} else {
				e.takes("Insert token " + serial)
			}
		}
		e.changes(screen)
	}
}

// changes waits until another screen wants an answer.
func (e *emulated) changes(from string) {
	e.t.Helper()
	e.until("anything new", func(screen string) bool { return screen != from && strings.Contains(screen, "Ctrl-C leave") })
}

func TestFoundInATerminal(t *testing.T) {
	s := newSite(t)
	e := start(t, setting{}, s.talk)
	e.begins()
	e.golden("found-10-enrol-list", "Who acts now?", "Ada enrols a token")
	e.takes("Ada enrols a token")
	e.golden("enrol-01", "as it came from the factory")
	e.takes("Enrol a new token")
	e.golden("enrol-02-token", "Insert token 5417501 (Ada)")
	e.takes("Insert token 5417501")
	e.golden("enrol-03-pin", "Choose a PIN")
	e.types("123456" + enter)
	e.sees("That is the PIN that every new token has")
	e.types(pins["Ada"] + enter)
	e.sees("Type the PIN once more")
	e.types(pins["Bo"] + enter)
	e.golden("enrol-04-pin-differs", "PIN-DIFFERS")
	e.types(pins["Ada"] + enter)
	e.sees("Type the PIN once more")
	e.types(pins["Ada"] + enter)
	e.golden("enrol-05-puk", "Write this PUK on paper")
	e.typesPUK("Ada", serialOf["Ada"])
	e.golden("enrol-06-enrolled", "Token 5417501 is Ada's", "c continue")
	e.types("c")
	for _, holder := range holders[1:] {
		e.enrols(holder)
		e.types("c")
	}
	e.golden("found-12-freeze-list", "Who acts now?", "Freeze root 1")
	e.takes("Freeze root 1")
	e.sees("Freeze root 1 and targets 1", "Every holder has a token")
	e.reads()
	e.golden("found-13-freeze", "Type: freeze root 1")
	e.types("freeze root 1" + enter)
	e.golden("found-14-sign-list", "Who acts now?", "Ada signs root 1 or targets 1")
	e.takes("Ada signs root 1 or targets 1")
	e.golden("found-15-which", "What does Ada sign first?")
	e.takes("Sign root 1")
	e.golden("found-16-review", "What root 1 does")
	e.reads()
	e.golden("found-17-review-end", "c continue")
	e.types("c")
	e.golden("found-18-digest", "Type word")
	e.answersWords("root 1")
	e.golden("found-19-consent", "do you sign root 1?")
	e.types("sign root 1" + enter)
	e.swaps("Ada", "PIN of token 5417501")
	e.golden("found-20-pin", "Tries left")
	touch := s.touch.hold()
	e.types(pins["Ada"] + enter)
	e.golden("found-21-touch", "Touch the token when it blinks", "Waiting, 0 s")
	touch()
	e.golden("found-22-signed", "Signed", "c continue")
	e.types("c")
	for _, holder := range []string{"Bo", "Cy"} {
		e.takes(holder + " signs root 1 or targets 1")
		e.takes("Sign root 1")
		e.signs(holder, "root 1")
		e.types("c")
	}
	for _, holder := range []string{"Ada", "Bo"} {
		e.takes(holder + " signs targets 1")
		e.signs(holder, "targets 1")
		e.types("c")
	}
	e.golden("found-24-export-list", "Who acts now?", "Write the bundle")
	e.takes("Write the bundle")
	e.takes("CEREMONY")
	e.golden("found-25-written", "The bundle is written", "c continue")
	e.types("c")
	e.golden("found-26-done", "Every step is done")
	e.takes("Leave")
	if err := e.ends(); err != nil {
		t.Fatal(err)
	}
}
