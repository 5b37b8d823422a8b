package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/durable"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/rendezvous"
	"github.com/spf13/cobra"
)

func (p *program) fetchCommand() *cobra.Command {
	var root, out string
	c := &cobra.Command{
		Use:   "fetch REF -o BUNDLE",
		Short: "Make the bundle that goes into the locked room",
		Long: `fetch writes a bundle of what is live at REF, and of the proposals, signatures
and attestations that were shared and are not published yet.`,
		Example: `  conclave-upload fetch registry.example/org/tuf:wabbit --root 1.root.json -o wabbit.tar`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.fetch(c.Context(), args[0], root, out)
		},
	}
	c.Flags().StringVar(&root, "root", "", "the root to begin with, from a source that you trust")
	p.outFlag(c, &out)
	p.registryFlags(c)
	return c
}

func (p *program) collectCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "collect REF -o BUNDLE",
		Short: "Bring back what signers have shared, as a bundle",
		Long: `collect writes a bundle of the proposals, signatures and attestations that were
shared at REF and are not published yet. "conclave merge" joins it to another
bundle of the trust.`,
		Example: `  conclave-upload collect registry.example/org/tuf:wabbit -o shared.tar`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.collect(c.Context(), args[0], out)
		},
	}
	p.outFlag(c, &out)
	p.registryFlags(c)
	return c
}

// outFlag names the bundle that a command writes, and has it asked for.
func (p *program) outFlag(c *cobra.Command, out *string) {
	c.Flags().StringVarP(out, "out", "o", "", "the bundle to write; one that is there with other content is never overwritten")
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if *out == "" {
			return usagef("-o BUNDLE is missing: the file to write")
		}
		return run(c, args)
	}
}

func (p *program) fetch(ctx context.Context, name, rootFile, out string) error {
	ref, repository, err := p.trustOf(name)
	if err != nil {
		return err
	}
	published, set, err := p.live(ctx, repository, ref, rootFile)
	if err != nil {
		return err
	}
	if rootFile == "" {
		p.progress("no root is pinned: the registry's own oldest root is believed")
	}
	contents, err := rendezvous.Collect(ctx, repository, ref.Tag, set, p.progress)
	if err != nil {
		return err
	}
	contents.Published = slices.SortedFunc(slices.Values(published.Files), func(a, b trust.NamedFile) int { return strings.Compare(a.Name, b.Name) })
	return p.writeBundle(ref, contents, out)
}

func (p *program) collect(ctx context.Context, name, out string) error {
	ref, repository, err := p.trustOf(name)
	if err != nil {
		return err
	}
	live, err := p.liveIfAny(ctx, repository, ref)
	if err != nil {
		return err
	}
	contents, err := rendezvous.Collect(ctx, repository, ref.Tag, live, p.progress)
	if err != nil {
		return err
	}
	if len(contents.Proposals) == 0 {
		return &registry.Error{Op: "collect what was shared of " + ref.Tag, In: ref.Host + "/" + ref.Repository, Err: registry.ErrNotFound}
	}
	return p.writeBundle(ref, contents, out)
}

func (p *program) writeBundle(ref registry.Reference, c trust.Contents, out string) error {
	bundle, err := bundles.Encode(c)
	if err != nil {
		return err
	}
	if err := createOnce(out, bundle.Bytes); err != nil {
		return err
	}
	return p.report(struct {
		Reference  string          `json:"reference"`
		Bundle     string          `json:"bundle"`
		Digest     metadata.Digest `json:"digest"`
		Proposals  int             `json:"proposals"`
		Signatures int             `json:"signatures"`
	}{ref.String(), out, bundle.Digest, len(c.Proposals), len(c.Signatures)}, []row{
		{"wrote", out},
		{"bytes", fmt.Sprint(bundle.Size())},
		{"sha256", bundle.Digest.String()},
		{"proposals", fmt.Sprint(len(c.Proposals))},
		{"signatures", fmt.Sprint(len(c.Signatures))},
	})
}

// createOnce writes a file durably. The same content that is there already is
// as good; other content stays.
func createOnce(path string, content []byte) error {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	name := filepath.Base(path)
	err = durable.Create(dir, name, content, 0o644)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if there, readErr := dir.ReadFile(name); readErr == nil && bytes.Equal(there, content) {
		return nil
	}
	return fmt.Errorf("%s is there already, with other content: nothing was written", path)
}
