package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/durable"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/spf13/cobra"
)

func (p *program) keyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "key",
		Short:   "Make online keys",
		Example: `  conclave-upload key new online.pem`,
		Args:    cobra.NoArgs,
	}
	c.AddCommand(p.keyNewCommand())
	return c
}

func (p *program) keyNewCommand() *cobra.Command {
	var algorithm string
	var source secretFlags
	c := &cobra.Command{
		Use:   "new FILE",
		Short: "Make a key for snapshot and timestamp",
		Long: `new makes an online key and writes it to FILE, encrypted under a passphrase, and
its public key to FILE.pub, which goes into the plan of the ceremony. Nothing
that exists is overwritten.`,
		Example: `  conclave-upload key new online.pem`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := onlinekey.ParseAlgorithm(algorithm)
			if err != nil {
				return &cli.UsageError{Err: err}
			}
			if err := source.check(); err != nil {
				return err
			}
			return p.newKey(c.Context(), args[0], a, source)
		},
	}
	c.Flags().StringVar(&algorithm, "algorithm", string(onlinekey.P256), "p256 or ed25519")
	source.register(c, "passphrase")
	return c
}

func (p *program) newKey(ctx context.Context, path string, a onlinekey.Algorithm, source secretFlags) error {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	name := filepath.Base(path)
	for _, n := range []string{name, name + ".pub"} {
		if _, err := dir.Lstat(n); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already, and a key is never overwritten: nothing was written", filepath.Join(filepath.Dir(path), n))
		}
	}
	passphrase, err := p.newPassphrase(ctx, source)
	if err != nil {
		return err
	}
	defer clear(passphrase)
	key, err := onlinekey.New(a, rand.Reader)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(passphrase, onlinekey.Strong)
	if err != nil {
		return err
	}
	public, err := key.PublicPEM()
	if err != nil {
		return err
	}
	if err := durable.Create(dir, name, sealed, 0o600); err != nil {
		return err
	}
	if err := durable.Create(dir, name+".pub", public, 0o644); err != nil {
		return err
	}
	id := key.Public().ID()
	return p.report(map[string]string{"key": path, "public": path + ".pub", "keyid": id, "algorithm": string(a)},
		[]row{{"key", path}, {"public key, for the plan", path + ".pub"}, {"keyid", id}})
}
