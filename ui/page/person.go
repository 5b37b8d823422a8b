package page

import (
	"context"
	"errors"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Person is whoever sits at the machine.
//
// Every method returns [ErrBack] when the person goes back, which destroys
// nothing, [ErrQuit] when they leave or the input has ended, and the cause of
// ctx when that ends first.
type Person interface {
	// Choose returns the key of the choice that was taken.
	Choose(ctx context.Context, p Page, choices []Choice) (string, error)

	// Text returns typed words, trimmed, that passed f.Check.
	Text(ctx context.Context, p Page, f Field) (string, error)

	// Secret returns a PIN or a PUK that passed f.Check. It is never shown.
	// The caller wipes it.
	Secret(ctx context.Context, p Page, f Field) (token.PIN, error)

	// Tell returns once the person said that they read the page.
	Tell(ctx context.Context, p Page) error

	// Wait shows the page, and only then runs work and returns its error.
	// Whatever is typed meanwhile is dropped. A person who cancels ends work's
	// context; Wait still returns only when work does.
	Wait(ctx context.Context, p Page, work func(context.Context) error) error
}

// Errors of a [Person].
var (
	ErrBack = errors.New("went back")
	ErrQuit = errors.New("left: everything done so far is kept")
)

// Choice is one of several ways on.
type Choice struct {
	Key    string // what Choose returns; stable, for scripts: "found", "sign"
	Label  string
	Detail string
}

// Field is a line to be typed.
type Field struct {
	Label string
	// Judge says in a sentence why an answer isn't taken; the person is asked
	// again. It must not keep what it is given. nil takes everything.
	Judge func(typed []byte) error
}

// Check is Judge, which may be nil.
func (f Field) Check(typed []byte) error {
	if f.Judge == nil {
		return nil
	}
	return f.Judge(typed)
}

// ErrNote: the person wants to write a note, and after it the same page again.
var ErrNote = errors.New("a note is to be written")
