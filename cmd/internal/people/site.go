package people

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/conclave-tuf/conclave/cmd/internal/player"
)

// Site is the people at one site.
type Site struct {
	Program  *player.Program
	Terminal bool      // the program draws on a terminal; else it talks in lines
	Watched  *Watcher  // somebody who wants to be able to follow; nil: nobody watches
	Log      io.Writer // where what was typed is noted, if there is no terminal to show it

	Name  string            // of the site
	Found bool              // it founds a trust; else it co-signs, or
	Amend bool              // changes a trust that there is
	Adopt bool              // which others made
	Trust string            // of the plan
	Place string            // the directory with plans and bundles, by its name on the screen
	Todo  []string          // what is chosen from the list of steps, and chosen or typed for a draft, one after the other
	PINs  map[string]string // by the token's serial
	Spare []string          // serials of new tokens, where any will do

	// Tokens are the serials by holder, for a program that knows their names alone.
	Tokens map[string]string

	// Bundles are chosen one after the other, the last one again and again;
	// where none is named, one of the trust.
	Bundles []string

	// Insert, if not nil, puts a token into a real reader; else the tokens lie
	// in the program's own drawer.
	Insert func(serial string) error

	// Instead, if not nil, may answer a page otherwise than a careful person
	// would. ErrStop ends the ceremony there.
	Instead func(title, screen string) (a Answer, ok bool, err error)

	papers  map[string]string // PUKs as they were written down, by serial
	key     string            // the last one pressed by itself
	pressed time.Time
}

// ErrStop: the people get up and leave the program as it is.
var ErrStop = errors.New("the people have left")

// Answer is what a person does on a page: one of these.
type Answer struct {
	Choose string // the choice with this label
	Text   string // typed words
	Secret bool   // Text is a PIN or a PUK
	GoOn   bool   // "continue"
	Down   bool   // the rest of the page has to be read first
	Wait   bool   // the hands are at the reader: the program sees that
}

// Hold answers every page until the program ends, and returns how it ended.
func (s *Site) Hold(ctx context.Context) error {
	before, pages := "", 0
	for {
		since := time.Now()
		screen, err := s.Program.Await(ctx, func(screen string) bool {
			return s.asks(screen) && (screen != before || s.Terminal && s.key != "" && time.Since(since) > patience)
		})
		if errors.Is(err, player.ErrEnded) {
			return s.Program.Wait()
		}
		if err != nil {
			return err
		}
		if pages++; pages > 400 {
			return fmt.Errorf("site %s: the ceremony does not come to an end; it shows:\n%s", s.Name, screen)
		}
		if screen == before {
			// The program drops keys that come between two pages.
			err = s.Program.Type(ctx, s.key, keyPause)
		} else {
			before, err = s.reply(ctx, s.title(screen), screen)
		}
		if err != nil {
			return err
		}
	}
}

// patience is how long a person waits before they press a key again.
const patience = 2 * time.Second

// asks says whether the program waits for the person.
func (s *Site) asks(screen string) bool {
	if s.Terminal {
		return strings.Contains(screen, "Ctrl-C leave")
	}
	last := screen[strings.LastIndexByte(screen, '\n')+1:]
	return strings.HasPrefix(last, "> ") && strings.HasSuffix(last, ": ")
}

func (s *Site) title(screen string) string {
	if s.Terminal {
		// The band of a rehearsal, if it is one; the bar, an empty row, the title.
		rows, at := strings.Split(screen, "\n"), 2
		if strings.Contains(rows[0], "REHEARSAL") {
			at++
		}
		if len(rows) > at {
			return strings.TrimSpace(rows[at])
		}
		return ""
	}
	page := screen[strings.LastIndex(screen, "== ")+len("== "):]
	title, _, _ := strings.Cut(page, "\n")
	return title
}

// reply answers the page, and returns the screen as it was just before.
func (s *Site) reply(ctx context.Context, title, screen string) (string, error) {
	if s.Terminal && strings.Contains(screen, "Read to the end to go on") {
		s.Watched.look(ctx, title)
		s.key = player.PageDown
		return screen, s.Program.Type(ctx, s.key, keyPause)
	}
	a, ok, err := Answer{}, false, error(nil)
	if s.Instead != nil {
		a, ok, err = s.Instead(title, screen)
	}
	if err == nil && !ok {
		a, err = s.decide(title, screen)
	}
	if errors.Is(err, ErrStop) {
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("site %s: %w; the program shows:\n%s", s.Name, err, screen)
	}
	s.Watched.look(ctx, title)
	keys, enter := a.Text, a.Text != ""
	switch {
	case a.Wait:
		s.key = ""
		return screen, nil
	case a.Down:
		s.key = player.PageDown
		return screen, s.Program.Type(ctx, s.key, keyPause)
	case a.GoOn:
		keys = "c"
	case a.Choose != "":
		if screen, keys, err = s.number(ctx, a.Choose, screen); err != nil {
			return "", fmt.Errorf("site %s: %w", s.Name, err)
		}
	}
	if !s.Terminal {
		shown := keys
		if a.Secret {
			shown = "(typed, not shown)"
		}
		fmt.Fprintln(s.Log, shown)
		return "", s.Program.Type(ctx, keys+"\n", 0)
	}
	// In a long list the number only moves the cursor.
	if enter = enter || a.Choose != "" && strings.Contains(screen, longList); enter {
		s.letGo(ctx, keys[:1])
		if err := s.Program.Type(ctx, keys, keyPause); err != nil {
			return "", err
		}
		if screen, err = s.typed(ctx, keys); err != nil {
			return "", err
		}
		if s.title(screen) != title {
			return "", nil // the page had its answer before; this is the next one
		}
		keys = "\r"
	}
	if keys == "1" && s.key == keys {
		keys = "\r" // the first choice is the one at the cursor
	}
	s.letGo(ctx, keys)
	return screen, s.Program.Type(ctx, keys, keyPause)
}

// typed waits for the last letter to be on the screen, so that what Enter
// changes is seen, and returns that screen. A long line is not shown whole: then
// it is enough that nothing moves any more.
func (s *Site) typed(ctx context.Context, keys string) (string, error) {
	since, dots := time.Now(), strings.Repeat("•", utf8.RuneCountInString(keys))
	return s.Program.Await(ctx, func(screen string) bool {
		return strings.Contains(screen, keys) || strings.Contains(screen, dots) || time.Since(since) > patience
	})
}

// longList is among the keys of a page with more choices than digits.
const longList = "number, Enter choose"

// number finds the number of a choice. On a terminal a long list shows a part
// of it: the cursor is moved until the choice comes.
func (s *Site) number(ctx context.Context, label, screen string) (there, number string, err error) {
	const down, longest = "\x1b[B", 50
	for range longest {
		if number, err = numberOf(label, screen); err == nil || !strings.Contains(screen, longList) {
			return screen, number, err
		}
		before := screen
		if err := s.Program.Type(ctx, down, 0); err != nil {
			return "", "", err
		}
		if screen, err = s.Program.Await(ctx, func(screen string) bool { return screen != before }); err != nil {
			return "", "", err
		}
	}
	return screen, "", err
}

// keyPause is how long a key is followed by nothing: somewhat longer than in
// the bursts that the program refuses.
const keyPause = 29 * time.Millisecond

// heldDown is how long a key that is pressed again could be one held down.
const heldDown = 350 * time.Millisecond

// letGo waits before a key is pressed a second time: the program takes no key
// that is still held down from the page before.
func (s *Site) letGo(ctx context.Context, key string) {
	if key == s.key {
		pause(ctx, heldDown-time.Since(s.pressed))
	}
	s.key, s.pressed = key, time.Now()
}

// What is read off the pages.
var (
	// asksForWords: what is asked for is typed, and not chosen by a number.
	asksForWords = regexp.MustCompile(`> [^>\n]*\(b back, \? help, q leave\): $|  Enter done  `)

	onPage      = regexp.MustCompile(`YubiKey ([0-9]+)`)
	inTitle     = regexp.MustCompile(`token ([0-9]+)`)
	pukOnPage   = regexp.MustCompile(`(?m)^\s*([ACDEFGHJKMNPQRTUVWXY34679](?: *[ACDEFGHJKMNPQRTUVWXY34679]){7})\s*$`)
	phraseAsked = regexp.MustCompile(`Type: ([^(\n]*[^(\s])`)
	wordAsked   = regexp.MustCompile(`Type word ([0-9]+)`)
	onDraft     = regexp.MustCompile(`facilitator(?:,| ·| \|) draft`)
	enrolling   = regexp.MustCompile(`, enrolment|(?:·|\|) enrolment`)
	signedPage  = regexp.MustCompile(`do you sign ([a-z]+ [0-9]+)\?`)
)

// decide is what a person does who knows what they came for.
func (s *Site) decide(title, screen string) (Answer, error) {
	has := func(words string) bool { return strings.Contains(title, words) }
	switch {
	case has("What have you come to do"):
		return Answer{Choose: s.purpose()}, nil
	case has("Where are you"):
		return Answer{Text: s.Name}, nil
	case title == "This machine":
		return Answer{Choose: "Go on"}, nil
	case has("Is the clock right"):
		return Answer{Choose: "A wall clock"}, nil
	case has("Compare the clock"):
		return Answer{Text: "the clock is right"}, nil
	case has("Where is the"):
		return Answer{Choose: s.Place}, nil
	case has("Where does the trust come from"):
		if s.Adopt {
			return Answer{Choose: "From a repository"}, nil
		}
		return Answer{Choose: "From a bundle"}, nil
	case has("What is the trust called"):
		return Answer{Text: s.Trust}, nil
	case title == "Adopt "+s.Trust:
		return Answer{Text: "adopt " + s.Trust}, nil
	case has("Which plan"):
		return Answer{Choose: "plan.yaml"}, nil
	case has("Which bundle"):
		return Answer{Choose: s.bundle()}, nil
	case has("The plan of"):
		return Answer{Text: "accept " + s.Trust}, nil
	case has("Who acts now"), has("Every step is done"):
		return s.next(screen)
	case strings.HasPrefix(title, "Freeze") && title != "Freeze root 1 and targets 1":
		return Answer{Text: "f" + strings.TrimPrefix(title, "F")}, nil
	case strings.HasPrefix(title, "Keep payload"), strings.HasPrefix(title, "Cancel "):
		return phraseOn(screen)
	case has("is meant?"), has("cancelled?"), has("should nobody sign?"):
		return s.next(screen)
	case onDraft.MatchString(screen), has("Which file"), has("Which public key"), has("Which descriptor"), has("went wrong"):
		return s.next(screen)
	case strings.HasSuffix(title, "enrols a token"):
		return Answer{Choose: "Enrol a new token"}, nil
	case strings.HasSuffix(title, "was interrupted"):
		return Answer{Choose: "Go on with token"}, nil
	case strings.HasPrefix(title, "Insert"):
		return s.insert(s.expected(title, screen))
	case has("Choose a PIN for"), has("Type the PIN once more"), strings.HasPrefix(title, "PIN of"), has("The PIN of the interrupted"):
		return s.pin(screen)
	case has("Write this PUK"):
		m := pukOnPage.FindStringSubmatch(screen)
		if m == nil {
			return Answer{}, errors.New("there is no PUK to be read")
		}
		if s.papers == nil {
			s.papers = map[string]string{}
		}
		s.papers[tokenOn(screen)] = strings.ReplaceAll(m[1], " ", "")
		return Answer{GoOn: true}, nil
	case has("Type the PUK"), has("The PUK of the interrupted"):
		return Answer{Text: s.papers[tokenOn(screen)], Secret: true}, nil
	case has("Freeze root 1"):
		return Answer{Text: "freeze root 1"}, nil
	case has("sign first"):
		for _, first := range []string{"Sign root", "Sign targets"} {
			if strings.Contains(screen, first) {
				return Answer{Choose: first}, nil
			}
		}
		return Answer{Choose: "Sign"}, nil
	case has("Read the digest"):
		return wordOn(screen)
	case signedPage.MatchString(title):
		return Answer{Text: "sign " + signedPage.FindStringSubmatch(title)[1]}, nil
	case has("do you sign"):
		return phraseOn(screen) // of several payloads at once
	case has("Is this the bundle") && strings.Contains(screen, "c continue"):
		return Answer{GoOn: true}, nil // the machine knows the trust
	case has("Is this the bundle"):
		return Answer{Text: "the words match"}, nil
	case has("Where") && has("written"):
		return Answer{Choose: s.Place}, nil
	case strings.HasPrefix(title, "Token"), strings.HasPrefix(title, "What"), title == "Signed",
		has("was taken over"), has("was adopted"), has("The bundle is written"), title == "Welcome back":
		return Answer{GoOn: true}, nil
	}
	return Answer{}, fmt.Errorf("nobody knows what to do on the page %q", title)
}

func (s *Site) purpose() string {
	switch {
	case s.Found:
		return "Found a new trust"
	case s.Adopt:
		return "Adopt a trust that others made"
	case s.Amend:
		return "Change a trust"
	}
	return "Co-sign what another site proposes"
}

func (s *Site) bundle() string {
	if len(s.Bundles) == 0 {
		return s.Trust
	}
	name := s.Bundles[0]
	if len(s.Bundles) > 1 {
		s.Bundles = s.Bundles[1:]
	}
	return name
}

// next does what is next on the list of what is to be done.
func (s *Site) next(screen string) (Answer, error) {
	if len(s.Todo) == 0 {
		return Answer{}, errors.New("nothing is left to do, and the program goes on")
	}
	todo := s.Todo[0]
	s.Todo = s.Todo[1:]
	if asksForWords.MatchString(screen) {
		return Answer{Text: todo}, nil
	}
	return Answer{Choose: todo}, nil
}

// insert puts in the token that is expected, or a new one where any will do.
func (s *Site) insert(serial string) (Answer, error) {
	if serial == "" && len(s.Spare) > 0 {
		serial, s.Spare = s.Spare[0], s.Spare[1:]
	}
	if s.Insert != nil {
		return Answer{Wait: true}, s.Insert(serial)
	}
	return Answer{Choose: "Insert token " + serial}, nil
}

func (s *Site) pin(screen string) (Answer, error) {
	pin, ok := s.PINs[tokenOn(screen)]
	if !ok {
		return Answer{}, fmt.Errorf("nobody knows the PIN of token %q", tokenOn(screen))
	}
	return Answer{Text: pin, Secret: true}, nil
}

// tokenOn reads which token a page is about.
func tokenOn(screen string) string {
	if m := onPage.FindStringSubmatch(screen); m != nil {
		return m[1]
	}
	return ""
}

// expected is the token that is asked for; "" where any new one will do.
func (s *Site) expected(title, screen string) string {
	if m := inTitle.FindStringSubmatch(title); m != nil {
		return m[1]
	}
	if enrolling.MatchString(screen) {
		return ""
	}
	return s.Tokens[strings.TrimPrefix(title, "Insert the token of ")]
}

// wordOn reads the word that is asked for out of the numbered words.
func wordOn(screen string) (Answer, error) {
	m := wordAsked.FindStringSubmatch(screen)
	if m == nil {
		return Answer{}, errors.New("no word is asked for")
	}
	if strings.Contains(screen, "That is not word") && strings.Contains(screen, "more below") {
		return Answer{Down: true}, nil // a slip of the finger: the complaint takes room from the words
	}
	word := regexp.MustCompile(`(?m)(?:^ *|  )` + m[1] + ` ([A-Za-z]+)`).FindStringSubmatch(screen)
	if word == nil {
		return Answer{}, fmt.Errorf("word %s is not on the screen", m[1])
	}
	return Answer{Text: word[1]}, nil
}

// phraseOn reads what has to be typed, word for word.
func phraseOn(screen string) (Answer, error) {
	m := phraseAsked.FindStringSubmatch(screen)
	if m == nil {
		return Answer{}, errors.New("no phrase is asked for")
	}
	return Answer{Text: m[1]}, nil
}

// numberOf finds the number in front of a choice; the beginning of its label is enough.
func numberOf(label, screen string) (string, error) {
	at := regexp.MustCompile(`(?m)^\W*([0-9]+)\.?\s+` + regexp.QuoteMeta(label))
	if m := at.FindStringSubmatch(screen); m != nil {
		return m[1], nil
	}
	return "", fmt.Errorf("there is no choice %q; the program shows:\n%s", label, screen)
}
