package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

func attestationCommand() *cobra.Command {
	var d demandFlags
	var serial, keyFile, at string
	c := &cobra.Command{
		Use:   "attestation LEAF [F9]",
		Short: "Judge a token's attestation of its key",
		Long: `Attestation holds the certificate of a key, which the token made, and that of the
token (slot f9), which its maker made, against a plan's demands or the default
ones: a key born on the token, a touch for each signature, a PIN, and firmware
5.7.0 or later for ECDSA. The files are PEM. One file with both certificates will
do, as "conclave token enrol" writes it and bundles carry it.
Exit code 0: every check passed. 1: a check failed, and the report says which.`,
		Example: `  conclave attestation 5417533-9c.pem 5417533-f9.pem
  conclave attestation ada.pem --plan plan.yaml --serial 5417533
  conclave attestation ada.pem --key ada.pub --at 2026-11-25T09:00:00Z --output json`,
		Args: cobra.RangeArgs(1, 2),
	}
	d.add(c)
	output := cli.OutputFlag(c)
	c.Flags().StringVar(&serial, "serial", "", "the serial number that the token has to have (default: any)")
	c.Flags().StringVar(&keyFile, "key", "", "a public key in PEM that the attested one has to be (default: its own)")
	c.Flags().StringVar(&at, "at", "", "the time at which the certificates have to be valid, as in 2026-11-25T09:00:00Z (default: now)")
	c.RunE = func(c *cobra.Command, args []string) error {
		demanded, err := d.read(c.Context())
		if err != nil {
			return err
		}
		if at != "" {
			if demanded.at, err = parseTime(at); err != nil {
				return err
			}
		}
		a, err := readAttestation(args)
		if err != nil {
			return err
		}
		// A key that TUF has no scheme for stays the zero key, and fails its check.
		key, _ := metadata.NewKey(a.Leaf.PublicKey)
		if keyFile != "" {
			if key, err = readKey(keyFile); err != nil {
				return err
			}
		}
		report := demanded.judge(a, key, serial)
		report.OwnKey = keyFile == ""
		return report.print(c.OutOrStdout(), *output)
	}
	return c
}

// parseTime reads the value of --at.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, &cli.UsageError{Err: fmt.Errorf("--at takes a time such as 2026-11-25T09:00:00Z, not %q", text)}
	}
	return t.UTC(), nil
}

// readAttestation reads the key's certificate and the token's, from one file
// or from two.
func readAttestation(paths []string) (token.Attestation, error) {
	var all []*x509.Certificate
	for _, path := range paths {
		text, err := bundles.ReadFile(path, maxPEM)
		if err != nil {
			return token.Attestation{}, err
		}
		certs, err := parseCertificates(text)
		if want := 2 / len(paths); err == nil && len(certs) != want {
			err = fmt.Errorf("certificates in it: %d, expected: %d", len(certs), want)
		}
		if err != nil {
			return token.Attestation{}, fmt.Errorf("the file %s: %w", path, err)
		}
		all = append(all, certs...)
	}
	return token.Attestation{Leaf: all[0], Device: all[1]}, nil
}

// parseCertificates reads certificates in PEM (RFC 7468, 5).
func parseCertificates(text []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for rest := text; len(certs) == 0 || strings.TrimSpace(string(rest)) != ""; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("it holds something that is no certificate in PEM")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("a certificate can't be read: %w", err)
		}
		certs = append(certs, c)
	}
	return certs, nil
}

// readKey reads a public key in PEM (RFC 7468, 13).
func readKey(path string) (metadata.Key, error) {
	text, err := bundles.ReadFile(path, maxPEM)
	if err != nil {
		return metadata.Key{}, err
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
		return metadata.Key{}, fmt.Errorf("the file %s is not one public key in PEM", path)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return metadata.Key{}, fmt.Errorf("the file %s: %w", path, err)
	}
	key, err := metadata.NewKey(public)
	if err != nil {
		return metadata.Key{}, fmt.Errorf("the file %s: %w", path, err)
	}
	return key, nil
}

// maxPEM is far more than a few certificates have. In bytes.
const maxPEM = 1 << 20
