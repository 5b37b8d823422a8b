package main

import (
	"fmt"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/spf13/cobra"
)

func (p *program) pushCommand() *cobra.Command {
	var keys keyFlags
	lives := publish.Lifetimes{Snapshot: 7 * day, Timestamp: day}
	c := &cobra.Command{
		Use:   "push BUNDLE REF",
		Short: "Sign snapshot and timestamp for a bundle, and publish it",
		Long: `push checks that the bundle goes on from what is live at REF, signs snapshot and
timestamp with the online keys, verifies the result as a client would, and only
then publishes it; the tag of the trust is written last. What is live already
is left as it is, but for a timestamp whose life is half over: that is signed
anew. An interrupted push is completed by running it again.

REF is HOST[:PORT]/REPOSITORY; the tag is the name of the trust.`,
		Example: `  conclave-upload push wabbit-root-1-0a1b2c3d.tar registry.example/org/tuf --online-key online.pem`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := keys.check(); err != nil {
				return err
			}
			if lives.Timestamp > lives.Snapshot {
				return usagef("--timestamp-expires is longer than --snapshot-expires: a timestamp can't outlive the snapshot it speaks of")
			}
			return p.push(c, args[0], args[1], keys, lives)
		},
	}
	keys.register(c)
	p.registryFlags(c)
	c.Flags().Var((*days)(&lives.Snapshot), "snapshot-expires", "how long a new snapshot is good: 7d, 36h")
	c.Flags().Var((*days)(&lives.Timestamp), "timestamp-expires", "how long a new timestamp is good: 1d, 12h")
	return c
}

func (p *program) push(c *cobra.Command, path, name string, keys keyFlags, lives publish.Lifetimes) error {
	ref, err := parseReference(name)
	if err != nil {
		return err
	}
	bundle, err := bundles.Open(path)
	if err != nil {
		return err
	}
	p.progress(fmt.Sprintf("bundle: %s, %d bytes, sha256 %s", path, bundle.Size(), bundle.Digest))
	set, err := ceremony.Assemble(bundle.Contents)
	if err != nil {
		return err
	}
	if ref.Tag != "" && ref.Tag != set.Trust {
		return fmt.Errorf("the bundle is of the trust %s, and %s names the tag %s: nothing was published", set.Trust, ref, ref.Tag)
	}
	if ref, err = ref.WithTag(set.Trust); err != nil {
		return err
	}
	repository, err := p.repository(ref)
	if err != nil {
		return err
	}
	publisher := publish.Publisher{
		Registry:  repository,
		Keys:      p.signers(keys),
		Lifetimes: lives,
		Now:       p.now,
		Progress:  p.progress,
	}
	result, err := publisher.Push(c.Context(), set)
	if err != nil {
		return err
	}
	what := "published"
	if result.Unchanged {
		what = "unchanged"
	}
	rows := append([]row{{what, ref.String()}, {"head", result.Head.OCI()}}, roleRows(result.Roles)...)
	return p.report(struct {
		Reference string `json:"reference"`
		*publish.Result
	}{ref.String(), result}, rows)
}
