package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Problem is what a program says about an error that ends it. What is "" is
// left out.
type Problem struct {
	Happened string
	NotDone  string
	Next     string
}

// Run executes the command line of a prepared tree, prints the error that it
// ends with, and returns the exit code. Only the words for usage and for an
// interruption are the same in each program.
func Run(ctx context.Context, root *cobra.Command, code func(error) int, explain func(error) Problem) int {
	frugal()
	ran, err := root.ExecuteContextC(ctx)
	if err == nil {
		return Done
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		err = ctx.Err()
	}
	var p Problem
	switch code(err) {
	case Usage:
		p = Problem{err.Error(), "Nothing was done.", "See " + ran.CommandPath() + " --help."}
	case Cancelled:
		p = Problem{"It was stopped before it was done.", "What was done until then is kept.", "Run it again: that completes what was begun."}
	default:
		p = explain(err)
	}
	p.Print(root.ErrOrStderr())
	return code(err)
}

// frugal has the collector work harder above 192 MiB, rather than let a hostile
// file take twice of what reading it needs. GOMEMLIMIT comes before it.
func frugal() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(192 << 20)
	}
}

// Print is the only form that errors have:
//
//	error: The token refused the PIN. It takes 2 more tries.
//	       Nothing was signed.
//	next:  Make sure that it is the PIV PIN, of this token.
func (p Problem) Print(w io.Writer) {
	happened, notDone := p.Happened, p.NotDone
	if at := untouched.FindStringSubmatchIndex(happened); at != nil {
		happened, notDone = happened[:at[0]], happened[at[2]:]
	}
	var lines []string
	for line := range strings.Lines(happened + "\n" + notDone) {
		if line = text.Sentence(text.Safe(strings.TrimSpace(line))); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	fmt.Fprintf(w, "error: %s\n", strings.Join(lines, "\n       "))
	if p.Next != "" {
		fmt.Fprintf(w, "next:  %s\n", text.Sentence(text.Safe(strings.TrimSpace(p.Next))))
	}
}

// untouched is how the text of an error ends that says itself what was not done.
var untouched = regexp.MustCompile(`(?::|;|, and) (nothing was [^:\n]*)$`)
