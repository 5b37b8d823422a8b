package main

import (
	"context"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/spf13/cobra"
)

func (p *program) registryFlags(c *cobra.Command) {
	c.Flags().BoolVar(&p.plainHTTP, "plain-http", false, "speak HTTP without TLS (a registry on this machine is always spoken to so)")
}

// repository opens the repository that ref names.
func (p *program) repository(ref registry.Reference) (*registry.Repository, error) {
	credentials, err := registry.DockerCredentials()
	if err != nil {
		return nil, fmt.Errorf("docker's credentials: %w", err)
	}
	return registry.Open(ref, registry.Options{
		PlainHTTP:   p.plainHTTP || ref.Loopback(),
		UserAgent:   "conclave-upload/" + version,
		Credentials: credentials,
	})
}

// parseReference reads a REF of the command line.
func parseReference(arg string) (registry.Reference, error) {
	ref, err := registry.ParseReference(arg)
	if err != nil {
		return ref, &cli.UsageError{Err: err}
	}
	return ref, nil
}

// published reads the set that ref names and verifies it from the pinned root.
// Where pinned is nil, the oldest root of the set itself is believed.
func (p *program) published(ctx context.Context, repository *registry.Repository, ref registry.Reference, pinned []byte) (*client.Published, *client.Verified, error) {
	set, err := client.Read(ctx, repository, ref.Tag)
	if err != nil {
		return nil, nil, err
	}
	if pinned == nil {
		if pinned, err = set.OldestRoot(); err != nil {
			return nil, nil, err
		}
	}
	verified, err := client.Verify(set.Files, pinned, p.now())
	if err != nil {
		return nil, nil, err
	}
	if verified.Trust != "" && verified.Trust != set.Trust {
		return nil, nil, &metadata.OtherTrustError{Role: "the head", Want: verified.Trust, Got: set.Trust}
	}
	return set, verified, nil
}

// tagged gives ref the tag of the trust that the pinned root names, where it has none.
func tagged(ref registry.Reference, pinned []byte) (registry.Reference, error) {
	if ref.Tag != "" {
		return ref, nil
	}
	root, err := metadata.ParseFile(pinned, metadata.Adopted)
	if err != nil {
		return ref, fmt.Errorf("the pinned root: %w", err)
	}
	if root.Trust() == "" {
		return ref, usagef("%s needs a tag: the pinned root names no trust", ref)
	}
	return ref.WithTag(root.Trust())
}
