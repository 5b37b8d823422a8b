package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/ui/page"
	"github.com/conclave-tuf/conclave/ui/plain"
	"github.com/conclave-tuf/conclave/ui/terminal"
)

// converse puts the person at the machine in front of one of the two drivers.
func converse(c *cobra.Command, lines, pipedSecrets bool, hold func(context.Context, page.Person) error) error {
	in, inTerminal := asTerminal(c.InOrStdin())
	out, outTerminal := asTerminal(c.OutOrStdout())
	env := os.Environ()
	if !lines && inTerminal && outTerminal && os.Getenv("TERM") != "dumb" {
		t := terminal.Driver{In: in, Out: out, Env: env, Now: time.Now}
		return t.Run(c.Context(), hold)
	}
	p := &plain.Driver{
		Out:          c.OutOrStdout(),
		Lines:        plain.NewLines(c.InOrStdin()),
		ASCII:        !terminal.UTF8(env),
		PipedSecrets: pipedSecrets,
		Every:        5 * time.Second,
	}
	if inTerminal {
		before, err := term.GetState(int(in.Fd()))
		if err != nil {
			return err
		}
		// A hidden line is still being read where a signal ends the conversation.
		defer func() { _ = term.Restore(int(in.Fd()), before) }()
		p.Hidden = func() ([]byte, error) { return cli.Hidden(in) }
		p.Drop = func() { dropInput(in) }
	}
	return hold(c.Context(), p)
}

// asTerminal says whether a stream of the program is a terminal.
func asTerminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}
