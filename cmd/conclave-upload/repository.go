package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/spf13/cobra"
)

// wire says how a registry is spoken to.
type wire struct {
	plainHTTP bool
	caFile    string
	authHosts []string
	mountFrom string
	trace     bool
}

func (p *program) registryFlags(c *cobra.Command) {
	c.Flags().BoolVar(&p.wire.plainHTTP, "plain-http", false, "speak HTTP without TLS (a registry on this machine is always spoken to so, unless --ca-file is given)")
	c.Flags().StringVar(&p.wire.caFile, "ca-file", "", "believe these certificate authorities, PEM in a file, beside the system's")
	c.Flags().StringArrayVar(&p.wire.authHosts, "auth-host", nil, "another host, HOST[:PORT], that may be sent the credential, for a token (may be repeated)")
	c.Flags().BoolVar(&p.wire.trace, "trace", false, "print each request, without secrets")
	deadline := c.Flags().Duration("deadline", 0, "give up after this time: 10m, 1h (0: each request has a limit of its own)")
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if *deadline <= 0 {
			return run(c, args)
		}
		ctx, cancel := context.WithTimeout(c.Context(), *deadline)
		defer cancel()
		c.SetContext(ctx)
		return run(c, args)
	}
}

// repository opens the repository that ref names.
func (p *program) repository(ref registry.Reference) (*registry.Repository, error) {
	credentials, err := registry.DockerCredentials()
	if err != nil {
		return nil, fmt.Errorf("docker's credentials: %w", err)
	}
	var authorities []byte
	if p.wire.caFile != "" {
		if authorities, err = os.ReadFile(p.wire.caFile); err != nil {
			return nil, err
		}
	}
	transport, err := registry.NewTransport(authorities)
	if err != nil {
		return nil, err
	}
	o := registry.Options{
		PlainHTTP:   p.wire.plainHTTP || ref.Loopback() && p.wire.caFile == "",
		UserAgent:   "conclave-upload/" + version,
		Credentials: credentials,
		AuthHosts:   p.wire.authHosts,
		MountFrom:   p.wire.mountFrom,
		Transport:   transport,
	}
	if p.wire.trace {
		o.OnRequest = p.traced
	}
	return registry.Open(ref, o)
}

func (p *program) traced(r registry.Request) {
	status := "no answer"
	if r.Status != 0 {
		status = fmt.Sprint(r.Status)
	}
	p.progress(fmt.Sprintf("trace: %s %s%s: %s, %s", r.Method, r.Host, r.Path, status, r.Took.Round(time.Millisecond)))
}

// parseReference reads a REF of the command line.
func parseReference(arg string) (registry.Reference, error) {
	ref, err := registry.ParseReference(arg)
	if err != nil {
		return ref, &cli.UsageError{Err: err}
	}
	return ref, nil
}

// repositoryOf opens the repository of a reference that has no tag.
func (p *program) repositoryOf(arg string) (*registry.Repository, error) {
	ref, err := parseReference(arg)
	if err != nil {
		return nil, err
	}
	if ref.Tag != "" {
		return nil, usagef("%s: name a repository, without a tag", ref)
	}
	return p.repository(ref)
}

// trustOf opens the repository of a REF that has to name its trust.
func (p *program) trustOf(arg string) (registry.Reference, *registry.Repository, error) {
	ref, err := parseReference(arg)
	if err != nil {
		return ref, nil, err
	}
	if ref.Tag == "" {
		return ref, nil, usagef("%s needs a tag, the name of the trust", ref)
	}
	repository, err := p.repository(ref)
	return ref, repository, err
}

// bundleFor opens a bundle and the repository of a REF that it is for, whose tag
// is the bundle's trust. done is what becomes of it.
func (p *program) bundleFor(path, name, done string) (*bundles.Bundle, registry.Reference, *registry.Repository, error) {
	ref, err := parseReference(name)
	if err != nil {
		return nil, ref, nil, err
	}
	bundle, err := bundles.Open(path)
	if err != nil {
		return nil, ref, nil, err
	}
	trust := bundle.Contents.Trust
	if ref.Tag != "" && ref.Tag != trust {
		return nil, ref, nil, fmt.Errorf("the bundle is of the trust %s, and %s names the tag %s: nothing was %s", trust, ref, ref.Tag, done)
	}
	if ref, err = ref.WithTag(trust); err != nil {
		return nil, ref, nil, err
	}
	repository, err := p.repository(ref)
	return bundle, ref, repository, err
}

// published reads the set that ref names and verifies it from the pinned root.
// Where pinned is nil, the oldest root of the set itself is believed, if the set
// is of the trust that the tag names: nothing else says which one is meant.
func (p *program) published(ctx context.Context, repository *registry.Repository, ref registry.Reference, pinned []byte) (*client.Published, *client.Verified, error) {
	set, err := client.Read(ctx, repository, ref.Tag, nil)
	if err != nil {
		return nil, nil, err
	}
	verified, err := p.verified(set, pinned)
	if err == nil && pinned == nil {
		err = set.IsOf(ref.Tag, verified.Set)
	}
	return set, verified, err
}

// verified runs a client over a set, from the pinned root or else its own
// oldest one.
func (p *program) verified(set *client.Published, pinned []byte) (*client.Verified, error) {
	var err error
	if pinned == nil {
		if pinned, err = set.OldestRoot(); err != nil {
			return nil, err
		}
	}
	verified, err := client.Verify(set.Files, pinned, p.now())
	if err != nil {
		return nil, err
	}
	p.unlisted(verified.Set)
	if verified.Trust != "" && set.Trust != "" && verified.Trust != set.Trust {
		return nil, &metadata.OtherTrustError{Role: "the head", Want: verified.Trust, Got: set.Trust}
	}
	return verified, nil
}

// unlisted says which delegations clients can't follow yet.
func (p *program) unlisted(s *metadata.Set) {
	for _, f := range s.Unlisted() {
		p.progress(fmt.Sprintf("snapshot %d: %s", s.Snapshot.Version, f.Text))
	}
}

// live reads the set that ref names and verifies it in all but its expiry,
// which is what there is to report. rootFile may be "".
func (p *program) live(ctx context.Context, repository *registry.Repository, ref registry.Reference, rootFile string) (*client.Published, *metadata.Set, error) {
	published, err := client.Read(ctx, repository, ref.Tag, nil)
	if err != nil {
		return nil, nil, err
	}
	set, err := head.Set(published.Files)
	if err == nil {
		err = published.IsOf(ref.Tag, set)
	}
	if err == nil {
		err = metadata.VerifySet(set, time.Time{})
	}
	if err == nil {
		p.unlisted(set)
	}
	if err != nil || rootFile == "" {
		return published, set, err
	}
	pinned, err := os.ReadFile(rootFile)
	if err == nil {
		err = client.GoesOnFrom(pinned, set)
	}
	return published, set, err
}

// tagged gives ref the tag of the trust that the pinned root names, where it has none.
func tagged(ref registry.Reference, pinned []byte) (registry.Reference, error) {
	if ref.Tag != "" {
		return ref, nil
	}
	trust, err := trustPinned(pinned)
	if err != nil {
		return ref, err
	}
	if trust == "" {
		return ref, usagef("%s needs a tag: the pinned root names no trust", ref)
	}
	return ref.WithTag(trust)
}

// trustPinned is the trust that a pinned root names; "" where it names none.
func trustPinned(pinned []byte) (string, error) {
	root, err := metadata.ParseFile(pinned, metadata.Adopted)
	if err != nil {
		return "", fmt.Errorf("the pinned root: %w", err)
	}
	return root.Trust(), nil
}
