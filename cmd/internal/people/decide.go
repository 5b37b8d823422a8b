package people

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

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
