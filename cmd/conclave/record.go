package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/paper"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/offline"
)

func recordCommand() *cobra.Command {
	var format, out string
	c := &cobra.Command{
		Use:   "record PATH",
		Short: "Print the record of a ceremony from its journals",
		Long: `Record reads journals and tells what they say: who was there, what was checked,
which tokens were enrolled, what was frozen, signed, opened and written, with
every digest in hex and in words, and boxes for initials. PATH is a workspace, a
journal (journal.jsonl), or a bundle: a bundle has the journals of every site
that it has been to. The same journals always give the same record.

The formats are md (Markdown), html (one page to print, which needs nothing
else), and json, which has the journals in it: holders sign it with "conclave
record sign", and anyone can check it with "conclave record verify".`,
		Example: `  conclave record wabbit-root-1-4f2a91c0.tar --format html -o record.html
  conclave record /media/ceremony --format json -o record.json
  conclave record sign record.json --serial 5417533
  conclave record verify record.json --root pinned/1.root.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			contents, err := readJournals(args[0])
			if err != nil {
				return err
			}
			record, err := record.New(contents.Journals)
			if err != nil {
				return err
			}
			if format == "json" {
				text, err := record.JSON()
				if err != nil {
					return err
				}
				return deliver(c, out, text)
			}
			text, err := render(record.Paper(), format, "md, html or json")
			if err != nil {
				return err
			}
			return deliver(c, out, text)
		},
	}
	c.Flags().StringVar(&format, "format", "md", "form of the record: md, html or json")
	outFlag(c, &out)
	c.AddCommand(recordSignCommand(), recordVerifyCommand())
	return c
}

func outFlag(c *cobra.Command, out *string) {
	c.Flags().StringVarP(out, "out", "o", "", "the file to write; one that is there with other content is never overwritten (default: standard output)")
}

// render gives a paper the form that was asked for.
func render(p *paper.Paper, format, formats string) ([]byte, error) {
	switch format {
	case "md":
		return p.Markdown(), nil
	case "html":
		return p.HTML(), nil
	}
	return nil, &cli.UsageError{Err: fmt.Errorf("--format takes %s, not %q", formats, format)}
}

// deliver writes text to the file, or to standard output where none is named.
func deliver(c *cobra.Command, file string, text []byte) error {
	if file == "" {
		_, err := c.OutOrStdout().Write(text)
		return err
	}
	w, err := offline.Export(c.Context(), filepath.Dir(file), filepath.Base(file), text)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "wrote %s\n%d bytes, %s\n", w.Path, w.Size, w.Digest.OCI())
	return err
}

const journalName = "journal.jsonl"

// readJournals reads a bundle, or the one journal of a workspace or a file.
func readJournals(path string) (trust.Contents, error) {
	info, err := os.Stat(path)
	if err != nil {
		return trust.Contents{}, err
	}
	if !info.IsDir() && strings.HasSuffix(path, ".tar") {
		b, err := bundles.Open(path)
		if err != nil {
			return trust.Contents{}, err
		}
		return b.Contents, nil
	}
	var lines []byte
	if info.IsDir() {
		lines, err = readOnly{path}.Lines()
	} else {
		lines, err = bundles.ReadFile(path, maxMetadataFile)
	}
	if err == nil && len(lines) == 0 {
		err = fmt.Errorf("%s: the journal is empty", path)
	}
	return trust.Contents{Journals: []trust.SiteJournal{{Site: journal.SiteID(lines), Lines: lines}}}, err
}
