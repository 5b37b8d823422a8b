package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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
		if line = sentence(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	fmt.Fprintf(w, "error: %s\n", strings.Join(lines, "\n       "))
	if p.Next != "" {
		fmt.Fprintf(w, "next:  %s\n", sentence(p.Next))
	}
}

// untouched is how the text of an error ends that says itself what was not done.
var untouched = regexp.MustCompile(`(?::|;|, and) (nothing was [^:\n]*)$`)

// sentence is a line of an error as people write it. The name of a file or a
// field at its beginning stays as it is.
func sentence(s string) string {
	s = text.Safe(strings.TrimSpace(s))
	if s == "" {
		return ""
	}
	if first, _, _ := strings.Cut(s, " "); !strings.ContainsAny(strings.TrimRight(first, ".,:;"), `./\_="0123456789`) {
		r, n := utf8.DecodeRuneInString(s)
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	if !strings.ContainsAny(s[len(s)-1:], ".?!") {
		s += "."
	}
	return s
}
