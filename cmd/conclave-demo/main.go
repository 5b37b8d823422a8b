package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/cmd/internal/people"
	"github.com/conclave-tuf/conclave/cmd/internal/player"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// limit is far above what the demo takes.
const limit = 5 * time.Minute

func run(args []string, in *os.File, out *os.File, errs io.Writer) int {
	flags := flag.NewFlagSet("conclave-demo", flag.ContinueOnError)
	flags.SetOutput(errs)
	bin := flags.String("bin", "bin", "the directory with conclave and conclave-upload")
	tufjs := flags.String("tuf-js", "", "the directory with the tuf-js client; \"\" leaves it out")
	plain := flags.Bool("plain", false, "plain lines, also on a terminal")
	keep := flags.String("keep", "", "a directory to keep what was made in (default: a new one, which is named at the end)")
	flags.Usage = func() {
		fmt.Fprint(errs, "conclave-demo plays the whole job on virtual tokens and a real registry.\n\nExample:\n  conclave-demo --bin bin\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return cli.Usage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took more than %v", limit))
	defer cancel()

	d := &demo{out: out, bin: *bin, tufjs: *tufjs, in: in, began: time.Now()}
	if !*plain {
		var fits bool
		if d.size, fits = terminal(in, out); fits {
			d.watcher = &people.Watcher{}
		}
	}
	if err := d.prepare(*keep); err != nil {
		cli.Problem{Happened: err.Error(), NotDone: "Nothing was played."}.Print(errs)
		return cli.Refused
	}
	if err := d.play(ctx); err != nil {
		cli.Problem{Happened: err.Error(), NotDone: "The demo did not come to its end.", Next: "Look into " + d.dir + ": what was made so far is there."}.Print(errs)
		if ctx.Err() != nil {
			return cli.Cancelled
		}
		return cli.Refused
	}
	return cli.Done
}

// terminal says how large the terminal is that somebody sits at, and whether
// the screens fit on it.
func terminal(in, out *os.File) (size player.Size, fits bool) {
	if !term.IsTerminal(int(in.Fd())) || os.Getenv("TERM") == "dumb" {
		return size, false
	}
	width, height, err := term.GetSize(int(out.Fd()))
	least := player.Smallest()
	return player.Size{Columns: width, Rows: height}, err == nil && width >= least.Columns && height >= least.Rows
}

// prepare makes the directories: one for each site, the drawer with the
// tokens, and the stick.
func (d *demo) prepare(keep string) error {
	var err error
	if d.bin, err = filepath.Abs(d.bin); err != nil {
		return err
	}
	if d.tufjs != "" {
		if d.tufjs, err = filepath.Abs(d.tufjs); err != nil {
			return err
		}
	}
	if keep == "" {
		d.dir, err = os.MkdirTemp("", "conclave-demo-")
	} else if d.dir, err = filepath.Abs(keep); err == nil {
		err = os.MkdirAll(d.dir, 0o700)
	}
	if err != nil {
		return err
	}
	if d.sticks, err = d.mkdir("stick"); err != nil {
		return err
	}
	d.pinned, err = d.mkdir("pinned")
	return err
}

func (d *demo) mkdir(name string) (string, error) {
	path := filepath.Join(d.dir, name)
	return path, os.Mkdir(path, 0o700)
}
