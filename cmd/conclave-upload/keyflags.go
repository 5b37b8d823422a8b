package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/spf13/cobra"
)

// Kinds of online keys beside a file.
const (
	execPrefix  = "exec:"
	tokenPrefix = "yubikey:"
)

// keysHelp is the part of a command's help that says what an online key is.
const keysHelp = `An online key is FILE, made by "key new"; or exec:COMMAND, a command for the
shell that reads the payload on its standard input and writes the signature to
its standard output, as bytes or in base64, whose public key --public-key
names; or yubikey:SERIAL, a token in a reader of this machine. A signature is
checked before it is used.`

// keyFlags name the online keys. A role whose threshold is higher than one
// takes its flag more than once.
type keyFlags struct {
	both, snapshot, timestamp []string
	public                    []string // of the commands, in their order
	passphrase, pin           secretFlags
}

func (f *keyFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.both, "online-key", nil, "the key for snapshot and timestamp: FILE, exec:COMMAND or yubikey:SERIAL (may be repeated)")
	c.Flags().StringArrayVar(&f.snapshot, "snapshot-key", nil, "a key for snapshot alone (may be repeated)")
	c.Flags().StringArrayVar(&f.timestamp, "timestamp-key", nil, "a key for timestamp alone (may be repeated)")
	c.Flags().StringArrayVar(&f.public, "public-key", nil, "the public key of an exec:COMMAND, PEM in a file (once for each, in their order)")
	f.passphrase.register(c, "passphrase")
	f.pin.register(c, "pin")
}

func (f *keyFlags) check() error {
	if len(f.both) == 0 && (len(f.snapshot) == 0 || len(f.timestamp) == 0) {
		return usagef("--online-key FILE is missing, or --snapshot-key FILE and --timestamp-key FILE")
	}
	if n := len(f.commands()); n != len(f.public) {
		return usagef("%d keys are behind commands, and --public-key was given %d times", n, len(f.public))
	}
	if err := f.passphrase.check(); err != nil {
		return err
	}
	return f.pin.check()
}

// commands are the different exec: keys, in the order of the flags.
func (f *keyFlags) commands() []string {
	var found []string
	for _, spec := range slices.Concat(f.both, f.snapshot, f.timestamp) {
		if strings.HasPrefix(spec, execPrefix) && !slices.Contains(found, spec) {
			found = append(found, spec)
		}
	}
	return found
}

// keyring opens each key once, when it is needed. A passphrase that comes from
// a file or a descriptor is read once and opens all key files.
type keyring struct {
	program *program
	flags   keyFlags
	given   []byte
	opened  map[string]publish.Signer
	tokens  []*onlinekey.Token
}

func (p *program) keyring(f keyFlags) *keyring {
	return &keyring{program: p, flags: f, opened: map[string]publish.Signer{}}
}

// signers opens the keys.
func (r *keyring) signers(ctx context.Context) (publish.Signers, error) {
	var s publish.Signers
	for _, use := range []struct {
		specs []string
		roles []*[]publish.Signer
	}{
		{r.flags.both, []*[]publish.Signer{&s.Snapshot, &s.Timestamp}},
		{r.flags.snapshot, []*[]publish.Signer{&s.Snapshot}},
		{r.flags.timestamp, []*[]publish.Signer{&s.Timestamp}},
	} {
		for _, spec := range use.specs {
			key, err := r.open(ctx, spec)
			if err != nil {
				return publish.Signers{}, fmt.Errorf("%s: %w", spec, err)
			}
			for _, role := range use.roles {
				*role = append(*role, key)
			}
		}
	}
	return s, nil
}

func (r *keyring) open(ctx context.Context, spec string) (key publish.Signer, err error) {
	if key := r.opened[spec]; key != nil {
		return key, nil
	}
	if line, ok := strings.CutPrefix(spec, execPrefix); ok {
		key, err = r.command(spec, line)
	} else if serial, ok := strings.CutPrefix(spec, tokenPrefix); ok {
		key, err = r.token(ctx, serial)
	} else {
		key, err = r.file(ctx, spec)
	}
	if err != nil {
		return nil, err
	}
	r.opened[spec] = key
	return key, nil
}

func (r *keyring) command(spec, line string) (*onlinekey.Command, error) {
	public, err := os.ReadFile(r.flags.public[slices.Index(r.flags.commands(), spec)])
	if err != nil {
		return nil, err
	}
	return onlinekey.NewCommand(line, public)
}

func (r *keyring) token(ctx context.Context, serial string) (*onlinekey.Token, error) {
	ask := func(ctx context.Context, info token.Info) (token.PIN, bool, error) {
		prompt := fmt.Sprintf("PIV PIN of token %s: ", info.Serial)
		if info.PINTries > 0 {
			prompt = fmt.Sprintf("PIV PIN of token %s (tries left: %d): ", info.Serial, info.PINTries)
		}
		typed, err := r.program.secret(ctx, r.flags.pin, prompt)
		return token.NewPIN(typed), !r.flags.pin.asks(), err
	}
	t, err := onlinekey.OpenToken(ctx, r.program.tokens, serial, ask, r.program.progress)
	if err == nil {
		r.tokens = append(r.tokens, t)
	}
	return t, err
}

func (r *keyring) file(ctx context.Context, name string) (*onlinekey.Key, error) {
	sealed, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	passphrase := r.given
	if passphrase == nil {
		if passphrase, err = r.program.secret(ctx, r.flags.passphrase, "Passphrase of "+name+": "); err != nil {
			return nil, err
		}
		if r.flags.passphrase.asks() {
			defer clear(passphrase)
		} else {
			r.given = passphrase
		}
	}
	return onlinekey.Open(sealed, passphrase)
}

// close wipes the secrets.
func (r *keyring) close() {
	clear(r.given)
	for _, t := range r.tokens {
		t.Close()
	}
}
