package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

func recordVerifyCommand() *cobra.Command {
	var rootFile string
	c := &cobra.Command{
		Use:   "verify RECORD.json BUNDLE",
		Short: "Hold a record against the journals that it was made from",
		Long: `Verify makes the record again from the journals, compares, checks that each
journal holds together, and checks every signature of the record: those over
payloads that the bundle holds, and those of holders over a journal's head. A
journal may have gone on since. In the place of the bundle a workspace or a
journal will do; then there are no payloads and keys to check signatures with.

That the keys are those of the right trust a bundle can't tell by itself. With
--root only the keys count that follow from a root which you have by other ways.
Exit code 0: every check passed. 1: a check failed, and the report says which.`,
		Example: `  conclave record verify record.json wabbit-root-1-4f2a91c0.tar
  conclave record verify record.json wabbit-root-1-4f2a91c0.tar --root pinned/1.root.json --output json`,
		Args: cobra.ExactArgs(2),
	}
	output := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		text, err := readNamed(args[0])
		if err != nil {
			return err
		}
		var trusted metadata.Digest
		if rootFile != "" {
			if trusted, err = rootDigest(rootFile); err != nil {
				return err
			}
		}
		record, err := ceremony.ReadRecord(text)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		contents, err := readJournals(args[1])
		if err != nil {
			return err
		}
		checks, err := ceremony.CheckRecord(record, contents, trusted)
		if err != nil {
			return err
		}
		return newRecordReport(text, checks).print(c.OutOrStdout(), *output)
	}
	c.Flags().StringVar(&rootFile, "root", "", "a root that you know to be right (default: the bundle's word is taken for its first one)")
	return c
}

func readNamed(path string) ([]byte, error) {
	return readMetadata(os.DirFS(filepath.Dir(path)), filepath.Base(path))
}

// rootDigest is the payload digest of the root in a file.
func rootDigest(path string) (metadata.Digest, error) {
	text, err := readNamed(path)
	if err != nil {
		return metadata.Digest{}, err
	}
	f, err := metadata.ParseFile(text, metadata.Adopted)
	if err == nil && f.Root == nil {
		err = fmt.Errorf("it is no root, but %s", f.Type)
	}
	if err != nil {
		return metadata.Digest{}, fmt.Errorf("%s: %w", path, err)
	}
	return f.Digest(), nil
}

// recordReport is what came of holding a record against journals.
type recordReport struct {
	Passed bool             `json:"passed"`
	SHA256 metadata.Digest  `json:"sha256"` // of the record's file
	Checks []ceremony.Check `json:"checks"`
}

func newRecordReport(record []byte, checks []ceremony.Check) recordReport {
	failed := slices.ContainsFunc(checks, func(c ceremony.Check) bool { return !c.Pass })
	return recordReport{len(checks) > 0 && !failed, metadata.Sum(record), checks}
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
		if !c.Pass {
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
