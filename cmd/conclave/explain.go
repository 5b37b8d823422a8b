package main

import (
	"errors"

	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/ui"
)

// verdictError ends a command that did its work: what it looked at is not as
// it should be, and its report says why.
type verdictError struct{ happened, next string }

func (e *verdictError) Error() string { return e.happened }

var (
	errNotVerified = &verdictError{"it does not verify: the report above says what is wrong", "Don't use it. Get it again, from where it was signed."}
	errCheckFailed = &verdictError{"a check failed: the report above says which", "Don't rely on it before it is known why."}
	errExpired     = &verdictError{"something has expired, and clients refuse it: the report above says what", "Check the clock. If it is right, hold a ceremony that signs the next version."}
	errDue         = &verdictError{"signatures are due: the report above says whose, and by when", "Hold a ceremony with those it names."}
)

// explain says an error to people. Those of the rules, tokens, files and media
// are the words that the screens have for them.
func explain(err error) cli.Problem {
	if v, ok := errors.AsType[*verdictError](err); ok {
		return cli.Problem{Happened: v.happened, Next: v.next}
	}
	p := ui.Explain(err)
	return cli.Problem{Happened: p.Happened, NotDone: p.NotDone, Next: p.Next}
}
