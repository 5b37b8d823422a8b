// Package cli is what the programs' command lines have in common: exit codes,
// how an error ends a program, and the form of reports. It does not know any
// command, nor what an error of the registry is.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Exit codes. They are documented in the README and in each program's help.
const (
	Done       = 0
	Refused    = 1 // verification or input
	Usage      = 2
	Token      = 3
	Incomplete = 4 // a quorum, a role
	Registry   = 5
	Cancelled  = 130
)

// CodesHelp is the text about exit codes in a program's help.
const CodesHelp = `Exit codes: 0 done, 1 refused (verification or input), 2 usage, 3 token,
4 incomplete (a quorum, a role), 5 registry, 130 cancelled.`

// UsageError: the words on the command line are off.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// OpenError: what is reported lacks something that is still to come. Err says what.
type OpenError struct{ Err error }

func (e *OpenError) Error() string { return e.Err.Error() }
func (e *OpenError) Unwrap() error { return e.Err }

// Code is the exit code that an error of the rules or of a token leads to.
func Code(err error) int {
	switch {
	case err == nil:
		return Done
	case errors.Is(err, context.Canceled):
		return Cancelled
	case is[*UsageError](err):
		return Usage
	case is[*trust.IncompleteError](err), is[*OpenError](err):
		return Incomplete
	case tokenError(err):
		return Token
	}
	return Refused
}

func tokenError(err error) bool {
	for _, sentinel := range []error{
		token.ErrNoCardSupport, token.ErrNoTouch, token.ErrPINBlocked,
		token.ErrPUKBlocked, token.ErrNoKey,
	} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return is[*token.WrongPINError](err) || is[*token.WrongPUKError](err) || is[*token.RemovedError](err) || is[*token.BusyError](err) ||
		is[*token.OccupiedError](err) || is[*token.NoServiceError](err) || is[*token.Error](err) ||
		is[*token.WrongTokenError](err) || is[*token.BadSignatureError](err)
}

func is[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

// Prepare makes a command tree report errors to its caller alone, and mistakes
// in flags and arguments as *UsageError.
func Prepare(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &UsageError{err} })
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if check := c.Args; check != nil {
			c.Args = func(c *cobra.Command, args []string) error {
				if err := check(c, args); err != nil {
					return &UsageError{err}
				}
				return nil
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}

// OutputFlag adds --output to a command that reports, and returns where its
// value stands: "text" or "json".
func OutputFlag(c *cobra.Command) *string {
	form := "text"
	c.Flags().Var((*outputForm)(&form), "output", "form of the report: text or json")
	return &form
}

// outputForm takes the two forms, so that another one is refused before anything is done.
type outputForm string

func (f *outputForm) String() string { return string(*f) }
func (f *outputForm) Type() string   { return "form" }
func (f *outputForm) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("it is text or json")
	}
	*f = outputForm(s)
	return nil
}

// Report prints v as JSON, or has text print it for people, as format says.
func Report(w io.Writer, format string, v any, text func(io.Writer) error) error {
	if format != "json" {
		return text(w)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
