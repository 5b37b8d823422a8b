package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/offline"
)

func extractCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "extract BUNDLE DIR",
		Short: "Write the metadata files of a complete bundle, such as the root that clients pin",
		Long: `Extract assembles what a bundle holds and writes the roots and targets as files,
named as clients expect them: 1.root.json, 1.targets.json. The first root is what
a client is given by hand, so that it need not believe the registry. A bundle
that lacks signatures is refused, and nothing is written.`,
		Example: `  conclave extract wabbit-root-1-4f2a91c0.tar pinned`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := bundles.Open(args[0])
			if err != nil {
				return err
			}
			set, err := trust.Assemble(b.Contents)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(args[1], 0o755); err != nil {
				return err
			}
			write := func(role string, f *metadata.File) error {
				w, err := offline.Export(c.Context(), args[1], metadata.FileName(role, f.Version), f.Bytes)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "wrote %s\n%d bytes, %s\n", w.Path, w.Size, w.Digest.OCI())
				return err
			}
			for _, root := range set.Roots {
				if err := write("root", root); err != nil {
					return err
				}
			}
			return write("targets", set.Targets)
		},
	}
}
