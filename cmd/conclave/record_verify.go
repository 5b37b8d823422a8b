package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

func recordVerifyCommand() *cobra.Command {
	var rootFile string
	c := &cobra.Command{
		Use:   "verify RECORD.json [BUNDLE]",
		Short: "Check a record, and the holders' signatures over it",
		Long: `Verify makes the record again from the journals in it, compares, checks that each
journal holds together, and checks the holders' signatures over the journals. A
journal may have gone on since one was made: it is said which lines it covers.
With a bundle, a workspace or a journal its copies of the journals are compared
too; with a bundle also the signatures over its payloads.

Whose key is whose the record says itself, or the bundle. With --root only keys
count that a root names which you have by other ways, or that follow from it in
the bundle: without it a made-up record of made-up people would pass.
What there is nothing to check with is open: it has neither passed nor failed.
Exit code 0: no check failed. 1: a check failed, and the report says which.`,
		Example: `  conclave record verify record.json --root pinned/1.root.json
  conclave record verify record.json wabbit-root-1-4f2a91c0.tar --root pinned/1.root.json --output json`,
		Args: cobra.RangeArgs(1, 2),
	}
	output := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		text, err := bundles.ReadFile(args[0], maxMetadataFile)
		if err != nil {
			return err
		}
		var root *metadata.File
		if rootFile != "" {
			if root, err = readRoot(rootFile); err != nil {
				return err
			}
		}
		record, err := record.Read(text)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		checks, err := checkRecord(record, args[1:], root)
		if err != nil {
			return err
		}
		return newRecordReport(text, checks).print(c.OutOrStdout(), *output)
	}
	c.Flags().StringVar(&rootFile, "root", "", "a root that you know to be right (default: the bundle, or the record itself, is taken at its word)")
	return c
}

// checkRecord checks a record by itself, or against the bundle that is named.
// root is one that is known to be right; nil for none.
func checkRecord(r *record.Record, bundle []string, root *metadata.File) ([]token.Check, error) {
	if len(bundle) == 0 && root == nil {
		return record.Check(r, nil, nil)
	}
	if len(bundle) == 0 {
		return record.Check(r, nil, trust.KeysOfRoot(root))
	}
	contents, err := readJournals(bundle[0])
	if err != nil {
		return nil, err
	}
	var trusted metadata.Digest
	if root != nil {
		trusted = root.Digest()
	}
	keys, err := trust.HolderKeys(contents, trusted)
	if err != nil {
		return nil, err
	}
	return record.Check(r, &contents, keys)
}

// readRoot reads the root in a file.
func readRoot(path string) (*metadata.File, error) {
	text, err := bundles.ReadFile(path, maxMetadataFile)
	if err != nil {
		return nil, err
	}
	f, err := metadata.ParseFile(text, metadata.Adopted)
	if err == nil && f.Root == nil {
		err = fmt.Errorf("it is no root, but %s", f.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// recordReport is the outcome of checking a record.
type recordReport struct {
	Passed bool            `json:"passed"`
	SHA256 metadata.Digest `json:"sha256"` // of the record's file
	Checks []token.Check   `json:"checks"`
}

func newRecordReport(record []byte, checks []token.Check) recordReport {
	looked := slices.ContainsFunc(checks, func(c token.Check) bool { return c.Pass })
	return recordReport{looked && !failed(checks), metadata.Sum(record), checks}
}

func failed(checks []token.Check) bool {
	return slices.ContainsFunc(checks, func(c token.Check) bool { return !c.Pass && !c.Open })
}

// print prints the report, and returns errCheckFailed where a check did.
func (r recordReport) print(w io.Writer, format string) error {
	if err := cli.Report(w, format, r, r.text); err != nil {
		return err
	}
	if !r.Passed {
		return errCheckFailed
	}
	return nil
}

func (r recordReport) text(w io.Writer) error {
	p := &printer{w: w}
	p.line("record, sha256 %s", r.SHA256)
	for _, c := range r.Checks {
		word := "pass"
		switch {
		case c.Open:
			word = "open"
		case !c.Pass:
			word = "FAIL"
		}
		p.line("%s  %-14s  %s", word, c.Name, c.Reason)
	}
	switch {
	case r.Passed:
		p.line("The record is what the journals tell.")
	case len(r.Checks) == 0:
		p.line("The record tells of no site: there is nothing to check.")
	default:
		p.line("It does not verify.")
	}
	return p.err
}
