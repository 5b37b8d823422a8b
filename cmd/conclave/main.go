package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code.
func run(args []string, in io.Reader, out, errs io.Writer) int {
	if err := cli.Harden(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		explain(err).Print(errs)
		return cli.Code(err)
	}
	// SIGHUP is a terminal that went away: like SIGTERM it ends the program in
	// good order, with what is written in the journal. So does SIGQUIT, or the
	// stacks of every goroutine would be printed on a terminal that stays raw.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, os.Interrupt)
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	return cli.Run(ctx, root, cli.Code, explain)
}

func rootCommand() *cobra.Command {
	var s session
	c := &cobra.Command{
		Use:   "conclave",
		Short: "Hold a ceremony with TUF root and targets keys, without a network",
		Long: `Conclave leads a group through creating, co-signing and exporting TUF metadata
on hardware tokens. Without a command it opens the ceremony in the workspace, or
begins one. What is done is kept: after a stop of any kind it goes on at the
same step. It can't reach a network: the code is not in it, and the kernel is
asked to refuse sockets, other programs, and writing to other places.

` + cli.CodesHelp,
		Example: `  conclave
  conclave --workspace /media/ceremony --place /media/stick
  conclave rehearse`,
		Args:              cobra.NoArgs,
		PersistentPreRunE: wallIn,
		RunE:              func(c *cobra.Command, _ []string) error { return s.ceremony(c) },
	}
	s.flags(c, "ceremony")
	c.Flags().StringArrayVar(&s.modules, "pkcs11", nil, modulesHelp+"; one that keeps tokens in files needs their directory as a --place")
	c.AddCommand(rehearseCommand(), inspectCommand(), extractCommand(), exportCommand(), mergeCommand(), versionCommand())
	c.AddCommand(attestationCommand(), tokenCommand())
	c.AddCommand(recordCommand(), scriptCommand(), statusCommand())
	c.CompletionOptions.HiddenDefaultCmd = true
	cli.Prepare(c)
	return c
}
