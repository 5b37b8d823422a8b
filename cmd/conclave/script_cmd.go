package main

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/paper"
	"github.com/conclave-tuf/conclave/ceremony/script"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/ui"
)

func scriptCommand() *cobra.Command {
	var format, out, at string
	c := &cobra.Command{
		Use:   "script PATH",
		Short: "Print the paper script of a coming ceremony",
		Long: `Script prints, before the day, what the people of a ceremony are going to do: who
does what, in the order of the program's own steps, what the program asks for,
and boxes for initials and the time in UTC. PATH is a plan: then it is the script
of the founding, with boxes for the words that are only known on the day. Or it
is a bundle (.tar): then it is that of its co-signing, with the words that
everybody has to see printed. Or it is a workspace in which a ceremony has begun:
then it is that of what is left, such as freezing and signing a draft.

The formats are md (Markdown) and html (one page to print, which needs nothing
else).`,
		Example: `  conclave script plan.yaml --format html -o script.html
  conclave script wabbit-root-2-4f2a91c0.tar
  conclave script /media/ceremony -o rotation.md`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			when := time.Now().UTC()
			if at != "" {
				var err error
				if when, err = parseTime(at); err != nil {
					return err
				}
			}
			paper, err := scriptOf(c, args[0], when)
			if err != nil {
				return err
			}
			text, err := render(paper, format, "md or html")
			if err != nil {
				return err
			}
			return deliver(c, out, text)
		},
	}
	c.Flags().StringVar(&format, "format", "md", "form of the script: md or html")
	c.Flags().StringVar(&at, "at", "", "the time of the ceremony, as in 2026-11-25T09:00:00Z (default: now)")
	outFlag(c, &out)
	return c
}

func scriptOf(c *cobra.Command, path string, at time.Time) (*paper.Paper, error) {
	if filepath.Ext(path) == ".tar" {
		b, err := bundles.Open(path)
		if err != nil {
			return nil, err
		}
		return script.Cosigning(b.Contents, filepath.Base(path), b.Digest, at, hsm.Checker{})
	}
	if isWorkspace(path) {
		held, err := (readOnly{path}).open(at)
		if err != nil {
			return nil, err
		}
		return script.Rest(held)
	}
	text, files, err := (&machine{}).ReadPlan(c.Context(), ui.File{Path: path})
	if err != nil {
		return nil, err
	}
	return script.Founding(text, files)
}
