// Command hold stands behind "go test -json": it shows what "go test" would
// have shown, and then fails where a test that CONTROLS.md names did not run
// and pass.
//
//	go test -json ./... | go run ./cmd/internal/controls/hold ceremony/CONTROLS.md
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/conclave-tuf/conclave/cmd/internal/controls"
)

func main() {
	if err := hold(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func hold(args []string, in io.Reader, out io.Writer) error {
	self, ok := debug.ReadBuildInfo()
	if len(args) != 1 || !ok {
		return errors.New("usage: go test -json ./... | hold CONTROLS.md")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return fmt.Errorf("read the table: %w", err)
	}
	rows, err := controls.Parse(string(text))
	if err != nil {
		return fmt.Errorf("read %s: %w", args[0], err)
	}
	results := controls.NewResults(self.Main.Path)
	if err := results.Read(in, out); err != nil {
		return err
	}
	if err := results.Check(rows); err != nil {
		return fmt.Errorf("controls are not held by tests that ran and passed:\n%w", err)
	}
	_, err = fmt.Fprintf(out, "All %d controls are held by tests that ran and passed.\n", len(rows))
	return err
}
