package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/mirror"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/spf13/cobra"
)

// mirrorFlags are those of mirror alone.
type mirrorFlags struct {
	root      string
	elsewhere bool
	dryRun    bool
}

func (p *program) mirrorCommand() *cobra.Command {
	var f mirrorFlags
	c := &cobra.Command{
		Use:   "mirror SRC DST",
		Short: "Copy a published set, as its owners signed it, from one place to another",
		Long: `mirror verifies the set that is published at SRC as a TUF client does, and
writes it to DST byte for byte. It needs no key. SRC and DST are each one of

  HOST[:PORT]/REPOSITORY[:TAG]   a registry; the tag is the name of the trust
  oci:DIR[:TAG]                  an OCI image layout in a directory
  DIR                            a plain TUF repository, for any web server and any
                                 TUF client

SRC need not have been published by this program. Of a registry or an image
layout, an image is read whose layers are the metadata, too. Where the metadata
names no trust, the tag of DST does.

What is at DST may be an older state: its clients find the old one or the new
one, never a mixture. It never goes back, and no other trust is written over it.
File targets and images that DST lacks are copied. Below a DIR they are in
DIR/targets; what SRC lacks is left out there, and the exit code is 4 then.
Metadata of older states stays and is named. A registry has to hold all targets in
the end; a plain directory as SRC has the manifests of images alone, so they have
to be there before. With --targets-elsewhere what SRC lacks is left out, and
nothing is wrong with that.

The root to begin with is --root, or else the oldest that DST holds already.
Without both, SRC's own oldest root is believed if DST is a DIR, and otherwise
nothing is done.`,
		Example: `  conclave-upload mirror registry.example/org/tuf:wabbit /srv/www/tuf --root 1.root.json
  conclave-upload mirror /srv/www/tuf registry.example/org/tuf:wabbit --root 1.root.json
  conclave-upload mirror registry.example/org/tuf:wabbit mirror.example/org/tuf --root 1.root.json
  conclave-upload mirror registry.example/org/tuf:wabbit oci:stick/wabbit --root 1.root.json`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return p.mirror(c.Context(), args[0], args[1], f)
		},
	}
	c.Flags().StringVar(&f.root, "root", "", "the root to begin with, from a source that you trust")
	c.Flags().BoolVar(&f.elsewhere, "targets-elsewhere", false, "targets that SRC lacks are served by something else: leave them out")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "verify, and print the requests that writing to a registry takes")
	p.registryFlags(c)
	return c
}

func (p *program) mirror(ctx context.Context, src, dst string, f mirrorFlags) error {
	from, err := parsePlace(src)
	if err != nil {
		return err
	}
	to, err := parsePlace(dst)
	if err != nil {
		return err
	}
	if f.dryRun && to.plain() {
		return usagef("--dry-run prints requests to a registry, and %s is a directory", dst)
	}
	var pinned []byte
	if f.root != "" {
		if pinned, err = os.ReadFile(f.root); err != nil {
			return err
		}
	}
	if to.plain() && pinned == nil {
		if pinned, err = mirror.OldestRoot(to.dir); err != nil {
			return err
		}
	}
	if from, err = taggedOrigin(from, to, pinned); err != nil {
		return err
	}
	if to.plain() {
		return p.mirrorToDir(ctx, from, to, pinned, f.elsewhere)
	}
	return p.mirrorTo(ctx, from, to, pinned, f)
}

// taggedOrigin gives the origin a tag where it has none, and needs one: that of the
// pinned root's trust, or else that of the destination.
func taggedOrigin(from, to place, pinned []byte) (place, error) {
	if from.plain() || from.tag != "" {
		return from, nil
	}
	tag := to.tag
	if pinned != nil {
		trust, err := trustPinned(pinned)
		if err != nil {
			return from, err
		}
		tag = cmp.Or(trust, tag)
	}
	if tag == "" {
		return from, usagef("%s needs a tag: neither a pinned root nor %s names the trust", from, to)
	}
	return from.withTag(tag), nil
}

// verifiedOrigin runs a client over what is at the origin.
func (p *program) verifiedOrigin(from *origin, pinned []byte) (*client.Verified, error) {
	if pinned == nil {
		p.progress("no root is pinned: the origin's own oldest root is believed")
	}
	v, err := p.verified(from.set, pinned)
	if err == nil && !v.Set.Roots[len(v.Set.Roots)-1].Root.ConsistentSnapshot {
		p.progress("the root asks for no consistent snapshots: what is published has consistent names as well, N.ROLE.json")
	}
	return v, err
}

func (p *program) mirrorToDir(ctx context.Context, from, to place, pinned []byte, elsewhere bool) error {
	o, err := p.origin(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	verified, err := p.verifiedOrigin(o, pinned)
	if err != nil {
		return err
	}
	there, missing, beside, err := p.writeMirror(ctx, to.dir, o, verified)
	if err != nil {
		return err
	}
	rows := append([]row{{"mirrored", from.String(), to.dir}}, beginRows(verified.Begins)...)
	rows = append(rows, roleRows(verified.Roles)...)
	rows = append(rows, targetRows("target", there)...)
	rows = append(rows, targetRows("missing", missing)...)
	rows = append(rows, besideRows(beside)...)
	err = p.report(struct {
		Reference string          `json:"reference"`
		Trust     string          `json:"trust"`
		Directory string          `json:"directory"`
		Begins    []client.Begin  `json:"begins"`
		Roles     []client.Role   `json:"roles"`
		Targets   []client.Target `json:"targets"`
		Missing   []client.Target `json:"missing"`
		Beside    []string        `json:"beside"` // files in the directory that are not part of the set
	}{from.String(), verified.Trust, to.dir, verified.Begins, verified.Roles, there, missing, beside}, rows)
	if err == nil && len(missing) > 0 && !elsewhere {
		err = &missingError{from.String(), missing}
	}
	return err
}

// missingError: the metadata was mirrored, and targets that it vouches for were not.
type missingError struct {
	from    string
	targets []client.Target
}

func (e *missingError) Error() string {
	return fmt.Sprintf("%s does not hold %d of the targets that the metadata vouches for, the first of them %q: the rest was mirrored",
		e.from, len(e.targets), e.targets[0].Path)
}

// besideRows name what older runs left, if it is not too much for people.
func besideRows(beside []string) (rows []row) {
	const most = 20
	for _, name := range beside[:min(len(beside), most)] {
		rows = append(rows, row{"beside", name, "not part of the set"})
	}
	if more := len(beside) - most; more > 0 {
		rows = append(rows, row{"beside", fmt.Sprintf("%d more", more), "not part of the set"})
	}
	return rows
}

// writeMirror writes the targets that the origin holds, and then the metadata
// that vouches for them. beside is what else lies there.
func (p *program) writeMirror(ctx context.Context, dir string, o *origin, verified *client.Verified) (there, missing []client.Target, beside []string, err error) {
	m, err := mirror.Open(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	defer m.Close()
	there, missing = []client.Target{}, []client.Target{}
	for _, t := range verified.Targets {
		switch err := copyTarget(ctx, m, o, t); {
		case errors.Is(err, fs.ErrNotExist):
			why := "the origin does not hold it"
			if t.SHA256 == "" {
				why += ", or can't be asked for it: its metadata has no sha256"
			}
			p.progress(fmt.Sprintf("target %s: %s", t.Path, why))
			missing = append(missing, t)
		case err != nil:
			return nil, nil, nil, err
		default:
			there = append(there, t)
		}
	}
	if err := m.PutMetadata(verified.Set); err != nil {
		return nil, nil, nil, err
	}
	beside, err = m.Beside(verified.Set)
	return there, missing, beside, err
}

func copyTarget(ctx context.Context, m *mirror.Repository, o *origin, t client.Target) error {
	if m.HasTarget(t) {
		return nil
	}
	r, err := o.Open(ctx, t)
	if err != nil {
		return err
	}
	defer r.Close()
	return m.PutTarget(t, r)
}

// mirrorTo publishes the origin's set in a registry or an image layout.
func (p *program) mirrorTo(ctx context.Context, from, to place, pinned []byte, f mirrorFlags) error {
	o, err := p.origin(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	if p.wire.mountFrom == "" && from.dir == "" && from.ref.Host == to.ref.Host {
		p.wire.mountFrom = from.ref.Repository
	}
	r, done, err := p.repositoryAt(to, !f.dryRun)
	if err != nil {
		return err
	}
	defer done()
	set, err := head.Set(o.set.Files)
	if err != nil {
		return err
	}
	trust, err := trustAt(to, set)
	if err != nil {
		return err
	}
	to = to.withTag(trust)
	if pinned == nil {
		if pinned, err = oldestLive(ctx, r, trust); err != nil {
			return err
		}
	}
	verified, err := p.verifiedOrigin(o, pinned)
	if err != nil {
		return err
	}
	if err := metadata.VerifyRootChain(set.Roots, time.Time{}); err != nil {
		p.progress(fmt.Sprintf("the roots before root %d do not lead to it, and are left out: %v", verified.Set.Roots[0].Version, err))
		set = verified.Set
	}
	publisher := &publish.Publisher{Registry: r, Now: p.now, Progress: p.progress, Patience: patience, From: o.Origin, Elsewhere: f.elsewhere, Root: pinned}
	return p.publish(to.String(), publisher, f.dryRun, func(result *publish.Result, err error) error {
		if err != nil {
			return err
		}
		return p.reportResult(to.String(), "mirrored", result)
	}, func() (*publish.Result, error) { return publisher.Mirror(ctx, trust, set) })
}

// trustAt is the name of the trust at the destination.
func trustAt(to place, set *metadata.Set) (string, error) {
	named := set.Roots[len(set.Roots)-1].Trust()
	switch {
	case to.tag == "" && named == "":
		return "", usagef("%s needs a tag: the metadata names no trust", to)
	case to.tag == "":
		return named, nil
	case named != "" && named != to.tag:
		return "", fmt.Errorf("the set is of the trust %s, and %s names the tag %s: nothing was published", named, to, to.tag)
	}
	return to.tag, nil
}

// oldestLive is the oldest root that is live in a repository, from where its
// clients set out.
func oldestLive(ctx context.Context, r repository, trust string) ([]byte, error) {
	published, err := client.Read(ctx, r, trust, nil)
	if errors.Is(err, registry.ErrNotFound) {
		return nil, usagef("--root FILE is missing: nothing is live yet from which the set could go on")
	}
	if err != nil {
		return nil, err
	}
	return published.OldestRoot()
}
