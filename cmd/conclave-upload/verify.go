package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/seen"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/walk"
	"github.com/spf13/cobra"
)

func (p *program) verifyCommand() *cobra.Command {
	var root, state, targetsIn string
	var paths []string
	c := &cobra.Command{
		Use:   "verify REF --root FILE",
		Short: "Verify what is published, as a TUF client does",
		Long: `verify runs a whole TUF client over what is published at REF, from the root in
FILE, and reports versions, expiry and targets. With --target it also looks a
target up as a client does, gets it by its digest, and checks it.

With --state it remembers what it has verified: the next run asks whether
anything is new, reads only that, and refuses a registry that has gone back.
The root is needed the first time only; a newer one counts from then on that it
verified, whatever becomes of the rest.

go-tuf's client is asked as well. Where it can't read the root in FILE, it begins
with the oldest one after it that it can read, and "begins" says so. A target is
looked for by our own client, and go-tuf's has to agree: it gives no second opinion
on hash bins by path_hash_prefixes, which it can't read.`,
		Example: `  conclave-upload verify registry.example/org/tuf:wabbit --root 1.root.json --target app:1.0
  conclave-upload verify registry.example/org/tuf:wabbit --root 1.root.json --state /var/lib/conclave`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if root == "" && state == "" {
				return usagef("--root FILE is missing: a client has to begin with a root that it knows")
			}
			return p.verify(c.Context(), args[0], root, state, targetsIn, paths)
		},
	}
	c.Flags().StringVar(&root, "root", "", "the root to begin with, from a source that you trust")
	c.Flags().StringVar(&state, "state", "", "remember in this directory what was verified")
	c.Flags().StringArrayVar(&paths, "target", nil, "a target to get and check (may be repeated)")
	c.Flags().StringVar(&targetsIn, "targets-repository", "", "the file targets are in this repository, HOST[:PORT]/REPOSITORY, not in that of REF")
	p.registryFlags(c)
	return c
}

func (p *program) verify(ctx context.Context, name, rootFile, stateDir, targetsIn string, paths []string) error {
	ref, err := parseReference(name)
	if err != nil {
		return err
	}
	var root []byte
	if rootFile != "" {
		if root, err = os.ReadFile(rootFile); err != nil {
			return err
		}
		if ref, err = tagged(ref, root); err != nil {
			return err
		}
	}
	if ref.Tag == "" {
		return usagef("%s needs a tag, the name of the trust, where no --root is given", ref)
	}
	repository, err := p.repository(ref)
	if err != nil {
		return err
	}
	files := repository
	if targetsIn != "" {
		if files, err = p.repositoryOf(targetsIn); err != nil {
			return err
		}
	}
	set, verified, err := p.verifiedSince(ctx, repository, ref, root, stateDir)
	if err != nil {
		return err
	}
	checked := []client.Target{}
	for _, path := range paths {
		target, err := verified.Find(path)
		if err != nil {
			return err
		}
		holds := files
		if target.IsManifest() {
			holds = repository
		}
		if _, err := client.Content(ctx, holds, target); err != nil {
			return err
		}
		checked = append(checked, target)
	}
	rows := []row{{"verified", ref.String()}, {"head", set.Head.Digest.OCI()}}
	rows = append(rows, beginRows(verified.Begins)...)
	rows = append(rows, roleRows(verified.Roles)...)
	rows = append(rows, targetRows("target", verified.Targets)...)
	rows = append(rows, targetRows("checked", checked)...)
	return p.report(struct {
		Reference string          `json:"reference"`
		Trust     string          `json:"trust"`
		Head      metadata.Digest `json:"head"`
		Begins    []client.Begin  `json:"begins"`
		Roles     []client.Role   `json:"roles"`
		Targets   []client.Target `json:"targets"`
		Checked   []client.Target `json:"checked"`
	}{ref.String(), verified.Trust, set.Head.Digest, verified.Begins, verified.Roles, verified.Targets, checked}, rows)
}

// verifiedSince reads and verifies the set that ref names. Of what stateDir
// remembers it reads nothing again, and refuses what is older. stateDir may be
// "", and root nil where something is remembered.
func (p *program) verifiedSince(ctx context.Context, repository *registry.Repository, ref registry.Reference, root []byte, stateDir string) (*client.Published, *client.Verified, error) {
	if stateDir == "" {
		return p.published(ctx, repository, ref, root)
	}
	state, err := seen.Open(stateDir)
	if err != nil {
		return nil, nil, err
	}
	defer state.Close()
	last, err := state.Last(ctx, ref.Tag)
	if err != nil {
		return nil, nil, err
	}
	kept, err := state.Root(ref.Tag)
	if err != nil {
		return nil, nil, err
	}
	if last == nil && kept == nil && root == nil {
		return nil, nil, usagef("--root FILE is missing: %s remembers nothing of %s", stateDir, ref.Tag)
	}
	set, err := client.ReadSince(ctx, repository, ref.Tag, last, state.Known(ref.Tag))
	if err != nil {
		return nil, nil, err
	}
	if root == nil && last == nil {
		root = kept
	} else if root == nil {
		if root, err = last.OldestRoot(); err != nil {
			return nil, nil, err
		}
	}
	if kept == nil {
		kept = root
	}
	if kept, err = keepRoots(ctx, state, ref.Tag, kept, set); err != nil {
		return nil, nil, err
	}
	verified, err := p.verified(set, root)
	if err != nil {
		return nil, nil, err
	}
	err = client.GoesOnFrom(kept, verified.Set)
	if err == nil && last != nil {
		err = client.GoesOn(last, set)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the registry has gone back behind what this machine has seen there: %w", err)
	}
	if last != set {
		err = state.Remember(ref.Tag, set.Head, set.Files)
	}
	return set, verified, err
}

// keepRoots keeps each root of a set that follows from the trusted one and verifies,
// before it is known whether the rest does (TUF 1.0, 5.3.8), and returns the newest.
// What is wrong with the set is for the verification to say.
func keepRoots(ctx context.Context, state *seen.Dir, trust string, trusted []byte, set *client.Published) ([]byte, error) {
	root, err := metadata.ParseFile(trusted, metadata.Adopted)
	if err != nil {
		return nil, fmt.Errorf("the root to begin with: %w", err)
	}
	var failed error
	root, _ = walk.Roots(ctx, root, func(_ context.Context, name string, _ int64) ([]byte, error) {
		for _, f := range set.Files {
			if f.Name == name {
				return f.Bytes, nil
			}
		}
		return nil, fs.ErrNotExist
	}, func(file []byte) error {
		failed = state.KeepRoot(trust, file)
		return failed
	})
	return root.Bytes, failed
}
