// Package cli is what the programs' command lines have in common: exit codes,
// how an error ends a program, the form of reports, and how secrets are kept
// out of files. It does not know any
// command, nor what an error of the registry is.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Exit codes. They are documented in the README and in each program's help.
const (
	Done       = 0
	Refused    = 1 // verification or input
	Usage      = 2
	Token      = 3 // or key
	Incomplete = 4 // a quorum, a role
	Registry   = 5
	Cancelled  = 130
)

// CodesHelp is the text about exit codes in a program's help.
const CodesHelp = `Exit codes: 0 done, 1 refused (verification or input), 2 usage,
3 token or key, 4 incomplete (a quorum, a role, targets), 5 registry, 130 cancelled.`

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
// in flags and arguments as *UsageError. It refuses a command that only holds
// others, and what cobra adds by itself is no exception.
func Prepare(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &UsageError{err} })
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	prepare(root)
}

func prepare(c *cobra.Command) {
	check := c.Args
	switch {
	case c.Name() == "help":
		check = helpsWith
	case !c.Runnable():
		c.RunE = func(c *cobra.Command, _ []string) error {
			return &UsageError{fmt.Errorf("a command is missing after %s", c.CommandPath())}
		}
	}
	if check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return &UsageError{err}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		prepare(sub)
	}
}

// helpsWith refuses what is no command, which cobra's help answers with success.
func helpsWith(c *cobra.Command, args []string) error {
	if _, rest, err := c.Root().Find(args); err != nil || len(rest) > 0 {
		return fmt.Errorf("there is no command %q", strings.Join(args, " "))
	}
	return nil
}

// OutputFlag adds --output to a command that reports, and returns where its
// value stands: "text", "json" or one more.
func OutputFlag(c *cobra.Command, more ...string) *string {
	form := "text"
	f := NewForm(&form, more...)
	c.Flags().Var(f, "output", "form of the report: "+f.known())
	return &form
}

// Form is the value of --output. It takes the known ones, so that another one
// is refused before anything is done.
type Form struct {
	value *string
	forms []string
}

// NewForm makes the flag value that is kept in value: "text", "json" or one more.
func NewForm(value *string, more ...string) *Form {
	*value = "text"
	return &Form{value, append([]string{"text", "json"}, more...)}
}

func (f *Form) String() string { return *f.value }

// Type is what the help calls it.
func (f *Form) Type() string { return "form" }

// Set takes a known form.
func (f *Form) Set(s string) error {
	if !slices.Contains(f.forms, s) {
		return errors.New("it is " + f.known())
	}
	*f.value = s
	return nil
}

func (f *Form) known() string {
	last := len(f.forms) - 1
	return strings.Join(f.forms[:last], ", ") + " or " + f.forms[last]
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
