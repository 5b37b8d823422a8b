package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/rendezvous"
	"github.com/spf13/cobra"
)

func (p *program) shareCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "share BUNDLE REF",
		Short: "Put a bundle's proposals and signatures where other signers find them",
		Long: `share puts what a bundle proposes, and the signatures over it, into the
repository, each under a tag of its own that never moves: any number of signers
may share at once. Nothing of it is live. What is published already is left out.

REF is HOST[:PORT]/REPOSITORY; the tag is the name of the trust.`,
		Example: `  conclave-upload share oslo.tar registry.example/org/tuf`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return p.share(c.Context(), args[0], args[1])
		},
	}
	p.registryFlags(c)
	return c
}

func (p *program) share(ctx context.Context, path, name string) error {
	bundle, ref, repository, err := p.bundleFor(path, name, "shared")
	if err != nil {
		return err
	}
	live, err := p.liveIfAny(ctx, repository, ref)
	if err != nil {
		return err
	}
	shared, err := rendezvous.Share(ctx, repository, bundle, live)
	if err != nil {
		return err
	}
	if shared.Proposals == 0 {
		return errors.New("the bundle proposes nothing that is not published already: nothing was shared")
	}
	return p.report(struct {
		Reference string `json:"reference"`
		rendezvous.Shared
	}{ref.String(), shared}, []row{
		{"shared", ref.String()},
		{"proposals", fmt.Sprint(shared.Proposals)},
		{"signatures", fmt.Sprint(shared.Signatures)},
		{"new objects", fmt.Sprint(shared.New)},
	})
}

// liveIfAny is what is live; nil where nothing is yet.
func (p *program) liveIfAny(ctx context.Context, repository *registry.Repository, ref registry.Reference) (*metadata.Set, error) {
	_, set, err := p.live(ctx, repository, ref, "")
	if errors.Is(err, registry.ErrNotFound) {
		return nil, nil
	}
	return set, err
}
