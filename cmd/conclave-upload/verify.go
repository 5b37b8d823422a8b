package main

import (
	"os"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/spf13/cobra"
)

func (p *program) verifyCommand() *cobra.Command {
	var root string
	var paths []string
	c := &cobra.Command{
		Use:   "verify REF --root FILE",
		Short: "Verify what is published, as a TUF client does",
		Long: `verify runs a whole TUF client over what is published at REF, from the root in
FILE, and reports versions, expiry and targets. With --target it also looks a
target up as a client does, gets it by its digest, and checks it.`,
		Example: `  conclave-upload verify registry.example/org/tuf:wabbit --root 1.root.json --target app:1.0`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if root == "" {
				return usagef("--root FILE is missing: a client has to begin with a root that it knows")
			}
			return p.verify(c, args[0], root, paths)
		},
	}
	c.Flags().StringVar(&root, "root", "", "the root to begin with, from a source that you trust")
	c.Flags().StringArrayVar(&paths, "target", nil, "a target to get and check (may be repeated)")
	p.registryFlags(c)
	return c
}

func (p *program) verify(c *cobra.Command, name, rootFile string, paths []string) error {
	ref, err := parseReference(name)
	if err != nil {
		return err
	}
	root, err := os.ReadFile(rootFile)
	if err != nil {
		return err
	}
	if ref, err = tagged(ref, root); err != nil {
		return err
	}
	repository, err := p.repository(ref)
	if err != nil {
		return err
	}
	set, verified, err := p.published(c.Context(), repository, ref, root)
	if err != nil {
		return err
	}
	checked := []client.Target{}
	for _, path := range paths {
		target, err := verified.Find(path)
		if err != nil {
			return err
		}
		if _, err := client.Content(c.Context(), repository, target); err != nil {
			return err
		}
		checked = append(checked, target)
	}
	rows := []row{{"verified", ref.String()}, {"head", set.Head.Digest.OCI()}}
	rows = append(rows, roleRows(verified.Roles)...)
	rows = append(rows, targetRows("target", verified.Targets)...)
	rows = append(rows, targetRows("checked", checked)...)
	return p.report(struct {
		Reference string          `json:"reference"`
		Trust     string          `json:"trust"`
		Head      metadata.Digest `json:"head"`
		Roles     []client.Role   `json:"roles"`
		Targets   []client.Target `json:"targets"`
		Checked   []client.Target `json:"checked"`
	}{ref.String(), verified.Trust, set.Head.Digest, verified.Roles, verified.Targets, checked}, rows)
}
