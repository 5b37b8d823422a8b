package people

import (
	"context"
	"errors"
	"fmt"
	"io"
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
