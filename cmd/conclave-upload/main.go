package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/spf13/cobra"
)

func main() {
	if err := cli.Harden(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		explain(err).Print(os.Stderr)
		os.Exit(exitCode(err))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now, tokens: hsm.NewReader()}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// program is what the commands take from outside.
type program struct {
	stdin          *os.File
	stdout, stderr io.Writer
	now            func() time.Time
	tokens         token.Reader

	format string // of --output
	wire   wire
	drawn  sync.Once
	shown  *bar
}

// run executes one command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.command()
	root.SetArgs(args)
	return cli.Run(ctx, root, exitCode, explain)
}

func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "conclave-upload",
		Short: "Publish what a ceremony has signed, and verify what is published",
		Long: `conclave-upload signs snapshot and timestamp for what a ceremony has signed,
publishes the set to an OCI registry, keeps it fresh, and verifies and mirrors
what is there. Signers who are not in one room share through the registry.

` + cli.CodesHelp,
		Example: `  conclave-upload key new online.pem
  conclave-upload push wabbit-root-1-0a1b2c3d.tar registry.example/org/tuf --online-key online.pem
  conclave-upload verify registry.example/org/tuf:wabbit --root 1.root.json`,
		Args: cobra.NoArgs,
	}
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.PersistentFlags().Var(cli.NewForm(&p.format), "output", "how to report: text, or one JSON document on standard output (progress goes to standard error)")
	root.AddCommand(p.pushCommand(), p.refreshCommand(), p.statusCommand(), p.verifyCommand(), p.mirrorCommand(),
		p.fetchCommand(), p.shareCommand(), p.collectCommand(), p.pruneCommand(), p.keyCommand(), p.versionCommand())
	cli.Prepare(root)
	return root
}
