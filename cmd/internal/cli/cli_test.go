package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestPrint(t *testing.T) {
	for name, c := range map[string]struct {
		p    Problem
		want []string
	}{
		"all there is": {Problem{"a b", "c", "d"}, []string{"error: A b.", "       C.", "next:  D."}},
		"no advice":    {Problem{Happened: "a b"}, []string{"error: A b."}},
		"what was not done stands in the error": {Problem{"x: y z: nothing was done", "The command was not finished.", ""},
			[]string{"error: X: y z.", "       Nothing was done."}},
		"said twice":             {Problem{"It is locked: nothing was done.", "Nothing was done.", ""}, []string{"error: It is locked.", "       Nothing was done."}},
		"said at the end":        {Problem{"it is there: it was not touched, and nothing was written", "", ""}, []string{"error: It is there: it was not touched.", "       Nothing was written."}},
		"said in the middle":     {Problem{"it was cut, and nothing was written: why", "", ""}, []string{"error: It was cut, and nothing was written: why."}},
		"several errors":         {Problem{"one a\ntwo b\n\none a", "", ""}, []string{"error: One a.", "       Two b."}},
		"a file comes first":     {Problem{"plan.yaml is missing", "", "is it there? Look!"}, []string{"error: plan.yaml is missing.", "next:  Is it there? Look!"}},
		"it steers the terminal": {Problem{"a \x1b[2J", "", ""}, []string{`error: A \x1b[2J.`}},
	} {
		var out bytes.Buffer
		c.p.Print(&out)
		if want := strings.Join(c.want, "\n") + "\n"; out.String() != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, &out, want)
		}
	}
}

// TestRun: what every program has in common, whatever its commands do.
func TestRun(t *testing.T) {
	const (
		usage   = "       Nothing was done.\nnext:  See "
		stopped = "error: It was stopped before it was done.\n       What was done until then is kept.\nnext:  Run it again: that completes what was begun.\n"
	)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		line string
		ctx  context.Context
		err  error
		code int
		says string
	}{
		{"do", t.Context(), nil, Done, ""},
		{"do", t.Context(), errors.New("x"), Refused, "error: Explained.\n"},
		{"do", gone, errors.New("x"), Cancelled, stopped},
		{"do", t.Context(), context.Canceled, Cancelled, stopped},
		{"do", gone, nil, Done, ""},
		{"do --output json", t.Context(), nil, Done, ""},
		{"do --output ics", t.Context(), nil, Done, ""},
		{"do --output xml", t.Context(), nil, Usage, "text, json or ics.\n" + usage + "prog do --help.\n"},
		{"do --nope", t.Context(), nil, Usage, "error: Unknown flag: --nope.\n" + usage + "prog do --help.\n"},
		{"do twice", t.Context(), nil, Usage, usage + "prog do --help.\n"},
		{"undo", t.Context(), nil, Usage, usage + "prog --help.\n"},
		{"group", t.Context(), nil, Usage, "error: A command is missing after prog group.\n" + usage + "prog group --help.\n"},
		{"group undo", t.Context(), nil, Usage, usage + "prog group --help.\n"},
		{"", t.Context(), nil, Usage, "error: A command is missing after prog.\n" + usage + "prog --help.\n"},
		{"help do", t.Context(), nil, Done, ""},
		{"help undo", t.Context(), nil, Usage, "error: There is no command \"undo\".\n"},
		{"completion bash extra", t.Context(), nil, Usage, usage + "prog completion bash --help.\n"},
	} {
		do := &cobra.Command{Use: "do", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return c.err }}
		OutputFlag(do, "ics")
		group := &cobra.Command{Use: "group", Args: cobra.NoArgs}
		group.AddCommand(&cobra.Command{Use: "inner", RunE: do.RunE})
		root := &cobra.Command{Use: "prog", Args: cobra.NoArgs}
		root.AddCommand(do, group)
		Prepare(root)
		var errs bytes.Buffer
		root.SetOut(&bytes.Buffer{})
		root.SetErr(&errs)
		root.SetArgs(strings.Fields(c.line))
		code := Run(c.ctx, root, Code, func(error) Problem { return Problem{Happened: "explained"} })
		if code != c.code || (c.says == "") != (errs.Len() == 0) || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%q: exit code %d, want %d, and it says\n%s", c.line, code, c.code, &errs)
		}
	}
}
