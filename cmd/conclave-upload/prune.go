package main

import (
	"context"
	"time"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/upkeep"
	"github.com/spf13/cobra"
)

func (p *program) pruneCommand() *cobra.Command {
	grace := days(7 * day)
	var dry bool
	c := &cobra.Command{
		Use:   "prune REF",
		Short: "Delete the heads that no client needs any more",
		Long: `prune deletes the heads of the trust whose timestamp has expired longer ago than
--grace: first the tag, then the manifest. It keeps the live head, every root,
and what it does not understand. A registry that does not delete is no error:
what it kept is reported.`,
		Example: `  conclave-upload prune registry.example/org/tuf:wabbit --grace 14d`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.prune(c.Context(), args[0], time.Duration(grace), dry)
		},
	}
	c.Flags().Var(&grace, "grace", "keep a head for this long after its timestamp has expired")
	c.Flags().BoolVar(&dry, "dry-run", false, "delete nothing: print what would be deleted")
	p.registryFlags(c)
	return c
}

func (p *program) prune(ctx context.Context, name string, grace time.Duration, dry bool) error {
	ref, repository, err := p.trustOf(name)
	if err != nil {
		return err
	}
	pruned, err := upkeep.Prune(ctx, repository, ref.Tag, p.now(), grace, dry)
	if err != nil {
		return err
	}
	word := "deleted"
	if dry {
		word = "would delete"
	}
	rows := []row{{"pruned", ref.String()}}
	for _, part := range []struct {
		word string
		tags []string
	}{{word, pruned.Deleted}, {"kept", pruned.Kept}, {"not deleted by the registry", pruned.Refused}} {
		for _, tag := range part.tags {
			rows = append(rows, row{part.word, tag})
		}
	}
	return p.report(struct {
		Reference string `json:"reference"`
		DryRun    bool   `json:"dry_run"`
		*upkeep.Pruned
	}{ref.String(), dry, pruned}, rows)
}
