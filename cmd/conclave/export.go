package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/offline"
)

func exportCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "export WORKSPACE",
		Short: "Write what a workspace holds to a bundle, whatever its clock or its end",
		Long: `Export writes a bundle of everything in the workspace that is whole: what is
proposed, every signature, the attestations and the journals. It is for a
workspace in which the ceremony itself does not go on: one that was written by
a clock that was years ahead, or whose journal is damaged, of which it takes
what stands before the damage. The workspace is only read, and may be in use.`,
		Example: `  conclave export ~/.local/state/conclave/ceremony -o /media/stick`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			contents, broken, err := salvage(args[0], time.Now())
			if err != nil {
				return err
			}
			b, err := bundles.Encode(contents)
			if err != nil {
				return err
			}
			written, err := offline.Export(c.Context(), dir, bundles.Name(contents, b.Digest), b.Bytes)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "wrote %s\n%d bytes, %s\n", written.Path, written.Size, written.Digest.OCI())
			if broken != nil {
				fmt.Fprintf(c.OutOrStdout(), "what stands in the journal from line %d on is not in it: %s\n", broken.Line, broken.Why)
			}
			return nil
		},
	}
	c.Flags().StringVarP(&dir, "out", "o", ".", "the directory to write it into")
	return c
}

// salvage is what the workspace in dir holds as far as its journal can be
// believed, and at which line that ends; nil where it is whole.
func salvage(dir string, at time.Time) (trust.Contents, *journal.Error, error) {
	lines, err := readOnly{dir}.Lines()
	if err != nil {
		return trust.Contents{}, nil, err
	}
	if len(lines) == 0 {
		return trust.Contents{}, nil, fmt.Errorf("the workspace %s has no journal: nothing was written", dir)
	}
	var first *journal.Error
	for {
		held, err := ceremony.Open(depsToLook(beginning{readOnly{dir}, lines}, at))
		if broken, ok := errors.AsType[*journal.Error](err); ok {
			first, lines = broken, journal.Before(lines, broken.Line)
			continue
		}
		if err != nil {
			return trust.Contents{}, nil, err
		}
		contents, err := held.Contents()
		if err == nil && len(contents.Proposals)+len(contents.Published) == 0 {
			err = fmt.Errorf("the workspace %s holds nothing yet that a bundle could carry: nothing was written", dir)
		}
		return contents, first, err
	}
}

// beginning is a workspace with the first lines of its journal.
type beginning struct {
	readOnly
	lines []byte
}

func (b beginning) Lines() ([]byte, error) { return b.lines, nil }
