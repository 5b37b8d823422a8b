package ui_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

var ada = page.Banner{Trust: "wabbit", Site: "Berlin", Who: "Ada", Doing: "root 1", Progress: "1 of 3 signatures"}

func somePage(title string, body ...page.Block) page.Page {
	return page.Page{Banner: ada, Title: title, Body: body, Help: []string{"This explains the step."}}
}

// long is a body that no screen shows at once.
func long() page.Block {
	facts := make(page.Facts, 40)
	for i := range facts {
		facts[i] = page.Fact{Label: fmt.Sprint("Line ", i+1), Value: "of a long text"}
	}
	return facts
}

// talk is a conversation of one question, and its answer.
type talk struct {
	key, text string
	pin       []byte
	err       error
}

func (a *talk) choose(p page.Page, choices ...page.Choice) func(context.Context, page.Person) error {
	return func(ctx context.Context, person page.Person) error {
		a.key, a.err = person.Choose(ctx, p, choices)
		return a.err
	}
}

func (a *talk) typed(p page.Page, f page.Field) func(context.Context, page.Person) error {
	return func(ctx context.Context, person page.Person) error {
		a.text, a.err = person.Text(ctx, p, f)
		return a.err
	}
}

func (a *talk) secret(p page.Page) func(context.Context, page.Person) error {
	return func(ctx context.Context, person page.Person) error {
		pin, err := person.Secret(ctx, p, page.Field{Label: "PIN", Judge: token.CheckPIN})
		a.pin, a.err = bytes.Clone(pin.Bytes()), err
		return a.err
	}
}

func (a *talk) told(p page.Page) func(context.Context, page.Person) error {
	return func(ctx context.Context, person page.Person) error {
		a.err = person.Tell(ctx, p)
		return a.err
	}
}

var twoWays = []page.Choice{{Key: "found", Label: "Found a new trust", Detail: "from a plan"}, {Key: "co-sign", Label: "Co-sign"}}

func TestChoose(t *testing.T) {
	tests := []struct {
		name, keys, want string
		err              error
	}{
		{"by number", "2", "co-sign", nil},
		{"the first", enter, "found", nil},
		{"by arrow", down + enter, "co-sign", nil},
		{"a number that isn't there, then one that is", "7x2", "co-sign", nil},
		{"back", escape, "", page.ErrBack},
		{"leaving needs a second key", ctrlC + "l", "", page.ErrQuit},
		{"the default is to stay", ctrlC + enter + "2", "co-sign", nil},
		{"Ctrl-C twice stays", ctrlC + ctrlC + "2", "co-sign", nil},
		{"help and back", "?" + "x" + "2", "co-sign", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var a talk
			e := start(t, setting{}, a.choose(somePage("Who acts now?"), twoWays...))
			e.sees("Who acts now?", "Found a new trust")
			e.types(test.keys)
			if err := e.ends(); !errors.Is(err, test.err) || a.key != test.want {
				t.Errorf("chose %q, %v; want %q, %v", a.key, err, test.want, test.err)
			}
		})
	}
}

func TestManyChoices(t *testing.T) {
	choices := make([]page.Choice, 14)
	for i := range choices {
		choices[i] = page.Choice{Key: fmt.Sprint("key ", i+1), Label: fmt.Sprint("Way ", i+1)}
	}
	var a talk
	e := start(t, setting{}, a.choose(somePage("Which file?"), choices...))
	e.sees("1 to 9 of 14")
	e.types("12")
	e.sees("Way 12", "of 14")
	e.types(enter)
	if err := e.ends(); err != nil || a.key != "key 12" {
		t.Errorf("chose %q, %v", a.key, err)
	}
}

// What the choices will cover was not read: a page that fits only without them
// has to be turned first.
func TestReadToTheEndCountsWhatTheChoicesCover(t *testing.T) {
	lines := make(page.Facts, 14) // there is room for 16 without the choices
	for i := range lines {
		lines[i] = page.Fact{Label: fmt.Sprint("Line ", i+1), Value: "of the text"}
	}
	p := somePage("Which one is meant?", lines)
	p.ReadAll = true
	choices := make([]page.Choice, 5)
	for i := range choices {
		choices[i] = page.Choice{Key: fmt.Sprint("key ", i+1), Label: fmt.Sprint("Way ", i+1)}
	}
	var a talk
	e := start(t, setting{}, a.choose(p, choices...))
	if screen := e.sees("Read to the end", "more below"); strings.Contains(screen, "Line 14") {
		t.Errorf("it is all there already:\n%s", screen)
	}
	e.types("1")
	e.sees("There is more to read first")
	e.types(pageDown)
	e.sees("Line 14", "Way 5")
	e.types("1")
	if err := e.ends(); err != nil || a.key != "key 1" {
		t.Errorf("chose %q, %v", a.key, err)
	}
}

func TestKeyHeldDownAnswersNoSecondPage(t *testing.T) {
	e := start(t, setting{}, func(ctx context.Context, p page.Person) error {
		if err := p.Tell(ctx, somePage("First page")); err != nil {
			return err
		}
		return p.Tell(ctx, somePage("Second page"))
	})
	e.sees("First page")
	e.types("\r\r\r") // Enter is no way on
	e.types("c")
	e.sees("Second page")
	e.types("c")
	if err := e.ends(); err != nil {
		t.Fatal(err)
	}
}

func TestNoWayBackIsSaid(t *testing.T) {
	var a talk
	p := somePage("Signed")
	p.NoBack = "The signature is made."
	e := start(t, setting{}, a.told(p))
	if s := e.sees("Signed"); strings.Contains(s, "Esc") {
		t.Error("the footer lists Esc, which does nothing here")
	}
	e.types(escape)
	e.sees("The signature is made.")
	e.types("c")
	if err := e.ends(); err != nil {
		t.Fatal(err)
	}
}

func TestWholeTextMustBeSeen(t *testing.T) {
	var a talk
	p := somePage("What root 1 does", long())
	p.ReadAll = true
	e := start(t, setting{}, a.typed(p, page.Field{Label: "Type: sign root 1"}))
	if s := e.sees("Read to the end to go on", "more below"); strings.Contains(s, "Enter") {
		t.Error("the footer offers Enter before the text was read")
	}
	e.types("sign root 1" + enter)
	e.sees("There is more to read first")
	e.types(pageDown + pageDown + pageDown)
	e.sees("Line 40", "more above", "Type: sign root 1")
	e.types(pageUp)
	e.types("sign root 1" + enter)
	if err := e.ends(); err != nil || a.text != "sign root 1" {
		t.Errorf("typed %q, %v", a.text, err)
	}
}

func TestTextIsChecked(t *testing.T) {
	var a talk
	check := func(b []byte) error {
		if string(b) != "sign root 1" {
			return errors.New("that was not the phrase: nothing was done")
		}
		return nil
	}
	e := start(t, setting{}, a.typed(somePage("Do you sign?"), page.Field{Label: "Type it", Judge: check}))
	e.sees("Do you sign?")
	e.types(enter)
	e.sees("Nothing was typed yet.")
	e.types("yes" + enter)
	e.sees("That was not the phrase: nothing was done.")
	e.types("  sign root 2\x7f1 " + enter)
	if err := e.ends(); err != nil || a.text != "sign root 1" {
		t.Errorf("typed %q, %v", a.text, err)
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	const canary = "7391x84!"
	var a talk
	e := start(t, setting{}, a.secret(somePage("PIN of token 5417533 (Ada)")))
	e.sees("PIN of token")
	e.types("73")
	e.sees("••")
	e.types("9\x7f91x84!")
	e.sees("••••••••")
	e.types(enter)
	if err := e.ends(); err != nil || string(a.pin) != canary {
		t.Fatalf("typed %q, %v", a.pin, err)
	}
	for n := 3; n <= len(canary); n++ {
		if bytes.Contains(e.bytes(), []byte(canary[:n])) {
			t.Fatalf("the terminal was sent the first %d characters of the PIN", n)
		}
	}
}

func TestSecretIsCheckedBeforeAnythingElse(t *testing.T) {
	var a talk
	e := start(t, setting{}, a.secret(somePage("PIN of token 5417533 (Ada)")))
	e.sees("PIN of token")
	e.types("1234" + enter)
	e.sees("No try was used.")
	e.types(strings.Repeat("c", 44) + enter)
	e.sees("it has 44 characters", "No try was used.")
	e.types(escape)
	if err := e.ends(); !errors.Is(err, page.ErrBack) {
		t.Fatal(err)
	}
}

func TestPastesAndBurstsAreRefused(t *testing.T) {
	const otp = "cccccchbbbklnvtgtdtgjirnfgfddtruhhkcvcgjkhcf"
	for name, sent := range map[string]string{
		"paste":               "\x1b[200~739184\x1b[201~",
		"paste with an Enter": "\x1b[200~739184\r\x1b[201~",
		"token touched early": otp + enter,
	} {
		t.Run(name, func(t *testing.T) {
			var a talk // and a clock by which all of it comes at once
			e := start(t, setting{clock: fixedClock}, a.secret(somePage("PIN of token 5417533 (Ada)")))
			e.sees("PIN of token")
			e.types(sent)
			e.sees("That was not typed")
			if s := e.screen(); strings.Contains(s, "•") {
				t.Errorf("something of it stayed in the field:\n%s", s)
			}
			_ = e.keys.Close()
			if err := e.ends(); err == nil {
				t.Errorf("%q was taken as a PIN", a.pin)
			}
		})
	}
}

// A token that is touched too early takes no page further.
func TestBurstAnswersNothing(t *testing.T) {
	const otp = "cccccchbbbklnvtgtdtgjirnfgfddtruhhkcvcgjkhcf"
	for name, ask := range map[string]func(*talk) func(context.Context, page.Person) error{
		"told":   func(a *talk) func(context.Context, page.Person) error { return a.told(somePage("Signed")) },
		"choose": func(a *talk) func(context.Context, page.Person) error { return a.choose(somePage("Who?"), twoWays...) },
	} {
		t.Run(name, func(t *testing.T) {
			var a talk
			e := start(t, setting{clock: fixedClock}, ask(&a))
			e.sees("Ctrl-C leave")
			e.types(otp + enter)
			e.sees("That was not typed")
			_ = e.keys.Close()
			if err := e.ends(); !errors.Is(err, page.ErrQuit) {
				t.Errorf("it answered %q, %v", a.key, err)
			}
		})
	}
}

func TestWaitShowsItsPageFirst(t *testing.T) {
	var e *emulated
	ready := make(chan struct{})
	touched := make(chan struct{})
	var before string
	e = start(t, setting{}, func(ctx context.Context, p page.Person) error {
		<-ready
		err := p.Wait(ctx, somePage("Now: sign root 1", page.Strong("Touch the token when it blinks.")), func(context.Context) error {
			before = e.screen()
			<-touched
			return nil
		})
		if err != nil {
			return err
		}
		return p.Tell(ctx, somePage("Signed"))
	})
	close(ready)
	e.sees("Touch the token when it blinks.", "Waiting, 0 s")
	e.types("ccc\r" + escape) // dropped
	e.sees("Waiting, 1 s")
	close(touched)
	e.sees("Signed", "c continue")
	e.types("c")
	if err := e.ends(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(before, "Touch the token when it blinks.") {
		t.Errorf("the work began while the screen showed:\n%s", before)
	}
}

func TestCancelTellsTheTruth(t *testing.T) {
	answered := make(chan struct{})
	e := start(t, setting{}, func(ctx context.Context, p page.Person) error {
		return p.Wait(ctx, somePage("Now: sign root 1"), func(ctx context.Context) error {
			<-ctx.Done()
			<-answered
			return ctx.Err()
		})
	})
	e.sees("Waiting, 0 s", "Ctrl-C stop")
	e.types(ctrlC)
	e.sees("Stopping: this stops when the answer comes.")
	close(answered)
	if err := e.ends(); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestEndOfInputMeansNo(t *testing.T) {
	var a talk
	e := start(t, setting{}, a.choose(somePage("Who acts now?"), twoWays...))
	e.sees("Who acts now?")
	_ = e.keys.Close()
	if err := e.ends(); !errors.Is(err, page.ErrQuit) || a.key != "" {
		t.Errorf("chose %q, %v", a.key, err)
	}
}

// ownScreen gives the terminal back the screen that it had.
const ownScreen = "\x1b[?1049l"

func TestSignalWaitsForTheToken(t *testing.T) {
	ctx, terminate := context.WithCancel(t.Context())
	signing := make(chan struct{})
	finish := make(chan struct{})
	done := false
	e := startWith(ctx, t, setting{}, func(ctx context.Context, p page.Person) error {
		return p.Wait(ctx, somePage("Now: sign root 1"), func(ctx context.Context) error {
			close(signing)
			<-ctx.Done()
			<-finish
			done = true
			return nil
		})
	})
	<-signing
	terminate()
	e.sent(ownScreen)
	select {
	case <-e.stopped:
		t.Error("Run returned while the token was at work")
	default:
	}
	close(finish)
	if err := e.ends(); err == nil || !done {
		t.Errorf("Run returned %v, work done: %v", err, done)
	}
}

func TestPanicRestoresTheTerminal(t *testing.T) {
	e := start(t, setting{}, func(context.Context, page.Person) error { panic("a bug") })
	if err := e.ends(); err == nil || !strings.Contains(err.Error(), "a bug") {
		t.Fatal(err)
	}
	e.sent(ownScreen)
}
