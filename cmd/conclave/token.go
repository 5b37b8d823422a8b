package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/pkcs11"
)

func tokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "token",
		Short: "Look after hardware tokens, outside of a ceremony",
		Long: `Token lists tokens and verifies their keys, makes a new token ready, replaces a
blocked PIN by means of the PUK, and resets a token. PIN and PUK are typed at the
terminal: they can't come from the command line, from the environment or, but in
a rehearsal, from a pipe.

` + cli.CodesHelp,
		Example: `  conclave token list
  conclave token enrol --serial 5417533 --subject "Ada of wabbit" --out ada.pem`,
		Args: cobra.NoArgs,
	}
	c.AddCommand(tokenListCommand(), tokenVerifyCommand(), tokenEnrolCommand(), tokenUnblockCommand(), tokenResetCommand())
	return c
}

// tokenFlags say which token is meant, and how its holder is talked to.
type tokenFlags struct {
	serial    string
	modules   []string // PKCS#11
	rehearsal bool
	plain     bool
}

// conversation adds the flags of a command that asks the holder.
func (f *tokenFlags) conversation(c *cobra.Command) {
	c.Flags().StringVar(&f.serial, "serial", "", "the serial number that is printed on the token")
	c.Flags().BoolVar(&f.plain, "plain", false, "append-only lines, for screen readers and serial consoles (the default where the output is no terminal)")
}

// pkcs11 adds the flag for tokens that are reached through a module.
func (f *tokenFlags) pkcs11(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.modules, "pkcs11", nil, modulesHelp)
}

// readerFor is where the tokens are looked for: in the card service, and in
// each PKCS#11 module.
func readerFor(modules []string) token.Reader {
	readers := []token.Reader{hsm.NewReader()}
	for _, path := range modules {
		readers = append(readers, pkcs11.NewReader(pkcs11.Options{Module: path}))
	}
	return hsm.Readers(readers...)
}

const modulesHelp = "a PKCS#11 module whose tokens are used too, such as /usr/lib/softhsm/libsofthsm2.so (repeatable)"

// needed refuses a command line that lacks a flag.
func needed(c *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if c.Flags().Lookup(name).Value.String() == "" {
			return &cli.UsageError{Err: fmt.Errorf("--%s is needed", name)}
		}
	}
	return nil
}

// seen is a token in reach, with what it tells freely.
type seen struct {
	token.Token
	info    token.Info
	trouble error // why it did not tell all of that
}

// look lists the tokens in reach.
func look(ctx context.Context, r token.Reader) ([]seen, error) {
	tokens, err := r.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]seen, len(tokens))
	for i, t := range tokens {
		all[i].Token = t
		all[i].info, all[i].trouble = t.Info(ctx)
	}
	return all, nil
}

// find returns the token with the serial number, or without one the only
// token there is. No other token is asked for more than what it tells freely.
func (f *tokenFlags) find(ctx context.Context) (seen, error) {
	return f.findIn(ctx, readerFor(f.modules))
}

func (f *tokenFlags) findIn(ctx context.Context, r token.Reader) (seen, error) {
	all, err := look(ctx, r)
	if err != nil {
		return seen{}, err
	}
	var there []string
	var silent error // of a token that does not even tell its serial
	for _, t := range all {
		switch t.info.Serial {
		case "":
			silent = t.trouble
			continue
		case f.serial:
			return t, nil
		}
		there = append(there, t.info.Serial)
	}
	switch {
	case silent != nil:
		return seen{}, silent
	case len(there) == 0:
		return seen{}, notFound("no token is in a reader")
	case f.serial != "":
		return seen{}, notFound("token %s is not in a reader; %s is", f.serial, strings.Join(there, ", "))
	case len(there) > 1:
		return seen{}, notFound("there are several tokens: %s; --serial names the one that is meant", strings.Join(there, ", "))
	}
	return all[0], nil
}

func notFound(format string, args ...any) error {
	return &token.Error{Op: "find", Err: fmt.Errorf(format, args...)}
}

// allow keeps rehearsals and real tokens apart, so that no PIN of a real token
// comes from a pipe, and no virtual token is taken for a real one.
func (f *tokenFlags) allow(info token.Info) error {
	switch {
	case info.Virtual && !f.rehearsal:
		return &token.PolicyError{Why: fmt.Sprintf("token %s is a virtual one, and without --rehearsal only real ones are used", info.Serial)}
	case !info.Virtual && f.rehearsal:
		return &token.PolicyError{Why: fmt.Sprintf("token %s is a real one, and this is a rehearsal", info.Serial)}
	}
	return nil
}

// cannot is the error of a token that lacks an ability.
func cannot(t seen, what string) error {
	return &token.PolicyError{Why: fmt.Sprintf("a %s can't %s here", t.info.Kind, what)}
}
