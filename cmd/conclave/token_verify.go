package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/offline"
)

func tokenVerifyCommand() *cobra.Command {
	var f tokenFlags
	var d demandFlags
	var out string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Have a token vouch for its key, and judge that",
		Long: `Verify asks the token in the reader to attest the key in its signing slot, and
holds the attestation against a plan's demands or the default ones, as
"conclave attestation" does with files. No PIN is needed.
Exit code 0: every check passed. 1: a check failed, and the report says which.
3: the token could not be asked.`,
		Example: `  conclave token verify
  conclave token verify --serial 5417533 --plan plan.yaml --out ada.pem`,
		Args: cobra.NoArgs,
	}
	d.add(c)
	output := cli.OutputFlag(c)
	c.Flags().StringVar(&f.serial, "serial", "", "the serial number of the token (default: that of the only one in a reader)")
	f.pkcs11(c)
	c.Flags().StringVar(&out, "out", "", "a file to write the attestation to, where every check passed")
	c.RunE = func(c *cobra.Command, _ []string) error {
		demanded, err := d.read(c.Context())
		if err != nil {
			return err
		}
		t, err := f.find(c.Context())
		if err != nil {
			return err
		}
		if t.trouble != nil {
			return t.trouble
		}
		if t.info.Key == nil {
			return token.ErrNoKey
		}
		var a *token.Attestation
		if attester, ok := t.Token.(token.Attester); ok {
			if a, err = attester.Attestation(c.Context()); err != nil {
				return err
			}
		}
		if err := demanded.judgeToken(a, *t.info.Key, t).print(c.OutOrStdout(), *output); err != nil {
			return err
		}
		return writeAttestation(c.Context(), c.ErrOrStderr(), out, a)
	}
	return c
}

// writeAttestation writes what there is to where it is wanted, and says so.
func writeAttestation(ctx context.Context, said io.Writer, out string, a *token.Attestation) error {
	if out == "" {
		return nil
	}
	if a == nil {
		_, err := fmt.Fprintf(said, "%s was not written: there is no attestation\n", out)
		return err
	}
	w, err := offline.Export(ctx, filepath.Dir(out), filepath.Base(out), a.PEM())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(said, "wrote %s\n%d bytes, %s\n", w.Path, w.Size, w.Digest.OCI())
	return err
}

// checkOut says beforehand what would keep writeAttestation from writing.
func checkOut(out string) error {
	if err := offline.CheckName(filepath.Base(out)); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Dir(out)); err != nil {
		return err
	}
	if _, err := os.Lstat(out); err == nil {
		return &offline.ExistsError{Path: out}
	}
	return nil
}
