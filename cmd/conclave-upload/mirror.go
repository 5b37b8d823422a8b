package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/mirror"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/spf13/cobra"
)

func (p *program) mirrorCommand() *cobra.Command {
	var root string
	c := &cobra.Command{
		Use:   "mirror REF DIR",
		Short: "Write what is published as a plain TUF repository",
		Long: `mirror verifies what is published at REF and writes it to DIR as a plain TUF
repository, for any web server and any TUF client. Targets are written below
DIR/targets. DIR may hold an older state: its clients find the old one or the
new one, never a mixture, and it never goes back.

The root to begin with is --root, or else the oldest that DIR holds already.
Without both the registry's own oldest root is believed.`,
		Example: `  conclave-upload mirror registry.example/org/tuf:wabbit /srv/www/tuf --root 1.root.json`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return p.mirror(c.Context(), args[0], args[1], root)
		},
	}
	c.Flags().StringVar(&root, "root", "", "the root to begin with, from a source that you trust")
	p.registryFlags(c)
	return c
}

func (p *program) mirror(ctx context.Context, name, dir, rootFile string) error {
	ref, err := parseReference(name)
	if err != nil {
		return err
	}
	pinned, err := p.pin(dir, rootFile)
	if err != nil {
		return err
	}
	if pinned == nil && ref.Tag == "" {
		return usagef("%s needs a tag, the name of the trust, where no --root is given", ref)
	}
	if pinned != nil {
		if ref, err = tagged(ref, pinned); err != nil {
			return err
		}
	}
	repository, err := p.repository(ref)
	if err != nil {
		return err
	}
	_, verified, err := p.published(ctx, repository, ref, pinned)
	if err != nil {
		return err
	}
	there, missing, err := p.writeMirror(ctx, dir, repository, verified)
	if err != nil {
		return err
	}
	rows := append([]row{{"mirrored", ref.String(), dir}}, roleRows(verified.Roles)...)
	rows = append(rows, targetRows("target", there)...)
	rows = append(rows, targetRows("missing", missing)...)
	return p.report(struct {
		Reference string          `json:"reference"`
		Trust     string          `json:"trust"`
		Directory string          `json:"directory"`
		Roles     []client.Role   `json:"roles"`
		Targets   []client.Target `json:"targets"`
		Missing   []client.Target `json:"missing"`
	}{ref.String(), verified.Trust, dir, verified.Roles, there, missing}, rows)
}

// pin is the root to begin with; nil where there is none.
func (p *program) pin(dir, rootFile string) ([]byte, error) {
	if rootFile != "" {
		return os.ReadFile(rootFile)
	}
	pinned, err := mirror.OldestRoot(dir)
	if err == nil && pinned == nil {
		p.progress("no root is pinned: the registry's own oldest root is believed")
	}
	return pinned, err
}

// writeMirror writes the targets that the repository holds, and then the
// metadata that vouches for them.
func (p *program) writeMirror(ctx context.Context, dir string, store *registry.Repository, verified *client.Verified) (there, missing []client.Target, err error) {
	m, err := mirror.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	defer m.Close()
	there, missing = []client.Target{}, []client.Target{}
	for _, t := range verified.Targets {
		content, err := client.Content(ctx, store, t)
		switch {
		case errors.Is(err, registry.ErrNotFound):
			p.progress(fmt.Sprintf("target %s: the registry does not hold it", t.Path))
			missing = append(missing, t)
			continue
		case err != nil:
			return nil, nil, err
		}
		if err := m.PutTarget(t.Path, t.SHA256, content); err != nil {
			return nil, nil, err
		}
		there = append(there, t)
	}
	return there, missing, m.PutMetadata(verified.Set)
}
