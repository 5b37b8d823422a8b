// Command conformance is our own TUF client as tuf-conformance asks for one, a suite
// of tests that nobody here wrote. README.md says how the suite is run against it.
// It is no program for people, and none that is published.
//
//	conformance --metadata-dir DIR init ROOT
//	conformance --metadata-dir DIR --metadata-url URL refresh
//	conformance --metadata-dir DIR --metadata-url URL --target-name PATH --target-base-url URL --target-dir DIR download
//
// It exits with 0 where all went well, and with 1 otherwise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/durable"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/walk"
)

func main() {
	at, err := clock(os.Getenv)
	if err == nil {
		err = run(context.Background(), os.Args[1:], at, os.Stderr)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

// clock is the time. The suite fakes it for programs that ask the C library, which
// this one does not: then date, which does, is asked.
func clock(env func(string) string) (time.Time, error) {
	if env("FAKETIME") == "" {
		return time.Now(), nil
	}
	out, err := exec.Command("date", "+%s").Output()
	if err != nil {
		return time.Time{}, fmt.Errorf("ask date for the time: %w", err)
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return time.Unix(seconds, 0), err
}

// command is what a command line says.
type command struct {
	metadataDir, metadataURL       string
	target, targetsURL, targetsDir string
}

func run(ctx context.Context, args []string, at time.Time, usage io.Writer) error {
	var c command
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&c.metadataDir, "metadata-dir", "", "where the metadata is kept that is trusted")
	flags.StringVar(&c.metadataURL, "metadata-url", "", "where the repository's metadata is")
	flags.StringVar(&c.target, "target-name", "", "the path of the target")
	flags.StringVar(&c.targetsURL, "target-base-url", "", "where the repository's targets are")
	flags.StringVar(&c.targetsDir, "target-dir", "", "where the target is written to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	root, err := os.OpenRoot(c.metadataDir)
	if err != nil {
		return err
	}
	defer root.Close()
	kept := memory{root}
	client := walk.New(kept, repository{http.DefaultClient, c.metadataURL}.get, at)
	switch words := flags.Args(); {
	case len(words) == 2 && words[0] == "init":
		trusted, err := os.ReadFile(words[1])
		if err != nil {
			return err
		}
		return kept.Keep(head.Root, trusted)
	case len(words) == 1 && words[0] == "refresh":
		return client.Refresh(ctx)
	case len(words) == 1 && words[0] == "download":
		if err := client.Refresh(ctx); err != nil {
			return err
		}
		return c.download(ctx, client)
	}
	return errors.New("the command has to be one of init ROOT, refresh, download")
}

// memory is a directory with one file for each role.
type memory struct{ dir *os.Root }

func (m memory) Load(role string) ([]byte, error) { return m.dir.ReadFile(fileName(role)) }

func (m memory) Keep(role string, file []byte) error {
	return durable.Replace(m.dir, fileName(role), file)
}
