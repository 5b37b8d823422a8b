package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const minPassphrase = 8 // bytes, of a new one

// secretFlags say where a secret comes from: a terminal, unless they name
// something else. It never comes from an argument or the environment, which
// others on the machine can read, and a PIN never from a file.
type secretFlags struct {
	name string // "passphrase", "pin"
	file string
	fd   int
}

func (f *secretFlags) register(c *cobra.Command, name string) {
	f.name = name
	if name != "pin" {
		c.Flags().StringVar(&f.file, name+"-file", "", "read the "+name+" from the first line of this file")
	}
	c.Flags().IntVar(&f.fd, name+"-fd", -1, "read the "+name+" from this file descriptor, up to its end or a newline")
}

func (f *secretFlags) check() error {
	if f.file != "" && f.fd >= 0 {
		return usagef("--%s-file and --%s-fd exclude each other", f.name, f.name)
	}
	return nil
}

// asks says whether a person is asked.
func (f *secretFlags) asks() bool { return f.file == "" && f.fd < 0 }

// given reads what the flags name.
func (f *secretFlags) given() ([]byte, error) {
	source := os.NewFile(uintptr(f.fd), "the "+f.name+" descriptor")
	if f.file != "" {
		var err error
		if source, err = os.Open(f.file); err != nil {
			return nil, err
		}
	}
	defer source.Close()
	line, err := cli.ReadSecret(source)
	switch {
	case errors.Is(err, cli.ErrTooLong), errors.Is(err, io.EOF), err == nil && len(line) == 0:
		return nil, fmt.Errorf("the %s is empty or too long: 1 to %d bytes are allowed", f.name, cli.MaxSecret)
	case err != nil:
		return nil, fmt.Errorf("read the %s: %w", f.name, err)
	}
	return line, nil
}

// newPassphrase gets the passphrase for a new key. A person types it twice. The
// caller wipes it.
func (p *program) newPassphrase(ctx context.Context, f secretFlags) (first []byte, err error) {
	first, err = p.secret(ctx, f, "Passphrase for the new key: ")
	if err != nil {
		return nil, err
	}
	defer func(typed []byte) {
		if err != nil {
			clear(typed)
		}
	}(first)
	if len(first) < minPassphrase {
		return nil, fmt.Errorf("the passphrase is too short: %d characters are the least: no key was made", minPassphrase)
	}
	if !f.asks() {
		return first, nil
	}
	second, err := p.secret(ctx, f, "The same again: ")
	if err != nil {
		return nil, err
	}
	defer clear(second)
	if !bytes.Equal(first, second) {
		return nil, errors.New("the two passphrases differ: no key was made")
	}
	return first, nil
}

// secret gets one secret. The caller wipes it.
func (p *program) secret(ctx context.Context, f secretFlags, prompt string) ([]byte, error) {
	if !f.asks() {
		return f.given()
	}
	terminal := int(p.stdin.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return nil, usagef("there is no terminal to type a %s at: use --%s-file or --%s-fd", f.name, f.name, f.name)
	}
	fmt.Fprint(p.stderr, prompt)
	defer fmt.Fprintln(p.stderr)
	type answer struct {
		line []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		line, err := cli.Hidden(p.stdin)
		typed <- answer{line, err}
	}()
	select {
	case a := <-typed:
		if a.err != nil || len(a.line) == 0 {
			return nil, errors.Join(fmt.Errorf("no %s was typed", f.name), a.err)
		}
		return a.line, nil
	case <-ctx.Done():
		// The read goes on until the program ends; the terminal must not wait for that.
		return nil, errors.Join(ctx.Err(), term.Restore(terminal, before))
	}
}
