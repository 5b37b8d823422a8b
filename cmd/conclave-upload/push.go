package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/spf13/cobra"
)

// pushFlags are those of push alone.
type pushFlags struct {
	margin    days
	root      string
	targets   string
	targetsIn string
	elsewhere bool
	pointers  bool
	dryRun    bool
}

func (p *program) pushCommand() *cobra.Command {
	var s signing
	f := pushFlags{margin: days(day)}
	c := &cobra.Command{
		Use:   "push BUNDLE REF",
		Short: "Sign snapshot and timestamp for a bundle, and publish it",
		Long: `push checks that the bundle goes on from what is live at REF, signs snapshot and
timestamp with the online keys, verifies the result as a client would, and only
then publishes it; the tag of the trust is written last. What is live already
is left as it is, but for a timestamp whose life is half over: that is signed
anew. An interrupted push is completed by running it again. Where nothing is live
yet, and the bundle is no founding, --root says whose trust it is. Snapshot and
timestamp go on from the numbers that are live, and from those of the published
set in the bundle, which the clients of an adopted trust hold.

The result is verified from the oldest root that each client can read, ours and
go-tuf's, and "begins" says which that is, and why it is no older.

Targets have to be in the repository: images are pushed there before, and files
are uploaded from --with-targets DIR, where each lies under its path. Clients of
docker/attest look for files in a repository of their own: --targets-repository
names it, and files are laid out there as those clients read them.

` + keysHelp + `

REF is HOST[:PORT]/REPOSITORY; the tag is the name of the trust.`,
		Example: `  conclave-upload push wabbit-root-1-0a1b2c3d.tar registry.example/org/tuf --online-key online.pem
  conclave-upload push wabbit.tar registry.example/org/tuf --online-key online.pem --with-targets files --dry-run
  conclave-upload push wabbit.tar registry.example/org/tuf --online-key 'exec:kms-sign alias/tuf' --public-key kms.pub`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := s.check(); err != nil {
				return err
			}
			if f.elsewhere && f.targets+f.targetsIn != "" {
				return usagef("--targets-elsewhere excludes --with-targets and --targets-repository")
			}
			return p.push(c.Context(), args[0], args[1], s, f)
		},
	}
	s.register(c)
	p.registryFlags(c)
	c.Flags().Var(&f.margin, "expiry-margin", "refuse what holders have signed if it expires sooner than this: 1d, 1m")
	c.Flags().StringVar(&f.root, "root", "", "a root of this trust, from a source that you trust; needed where nothing is live yet, but for a founding")
	c.Flags().StringVar(&f.targets, "with-targets", "", "upload file targets from this directory")
	c.Flags().StringVar(&f.targetsIn, "targets-repository", "", "the file targets are in this repository, HOST[:PORT]/REPOSITORY, not in that of REF")
	c.Flags().BoolVar(&f.elsewhere, "targets-elsewhere", false, "file targets are served by something else: don't ask the repository for them")
	c.Flags().BoolVar(&f.pointers, "pointers", true, "link each new image to the role that vouches for it (a referrer of type "+head.PointerArtifactType+")")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "do everything but send: print the requests, and what they would store")
	c.Flags().StringVar(&p.wire.mountFrom, "mount-from", "", "take blobs that are missing from this repository of the same registry, where it holds them")
	return c
}

func (p *program) push(ctx context.Context, path, name string, s signing, f pushFlags) error {
	bundle, ref, repository, err := p.bundleFor(path, name, "published")
	if err != nil {
		return err
	}
	p.progress(fmt.Sprintf("bundle: %s, %d bytes, sha256 %s", path, bundle.Size(), bundle.Digest))
	set, err := trust.Assemble(bundle.Contents)
	if err != nil {
		return err
	}
	var pinned []byte
	if f.root != "" {
		if pinned, err = os.ReadFile(f.root); err != nil {
			return err
		}
	}
	session, err := p.session(ctx, ref, repository, s)
	if err != nil {
		return err
	}
	defer session.close()
	publisher := session.publisher
	publisher.Root, publisher.Margin, publisher.Elsewhere, publisher.Pointers = pinned, time.Duration(f.margin), f.elsewhere, f.pointers
	if f.targets != "" {
		root, err := os.OpenRoot(f.targets)
		if err != nil {
			return err
		}
		defer root.Close()
		publisher.Files = root.FS()
	}
	if f.targetsIn != "" {
		if publisher.FilesIn, err = p.repositoryOf(f.targetsIn); err != nil {
			return err
		}
	}
	return p.publish(ref.String(), publisher, f.dryRun, session.report, func() (*publish.Result, error) { return publisher.Push(ctx, set) })
}

// publish runs do with publisher and has its result reported, or, in a dry run,
// the requests that it would take.
func (p *program) publish(ref string, publisher *publish.Publisher, dry bool, report func(*publish.Result, error) error,
	do func() (*publish.Result, error)) error {
	if !dry {
		bar := p.bar()
		publisher.Meter = bar.show
		result, err := do()
		bar.end()
		return report(result, err)
	}
	publisher.Progress = func(line string) { p.progress("dry run: " + line) }
	plan := publish.NewPlan(publisher.Registry)
	publisher.Registry = plan
	steps := plan.Steps
	if publisher.FilesIn != nil {
		files := publish.NewPlan(publisher.FilesIn)
		publisher.FilesIn = files
		steps = func() []publish.Step { return append(files.Steps(), plan.Steps()...) }
	}
	if _, err := do(); err != nil {
		return err
	}
	return p.reportPlan(ref, steps())
}

func (p *program) reportPlan(ref string, steps []publish.Step) error {
	stores := 0
	var rows []row
	for _, step := range steps {
		word := "would ask"
		if step.Stores() {
			word = "would send"
			stores++
		}
		rows = append(rows, row{word, step.String()})
	}
	rows = slices.Insert(rows, 0, row{"would publish", ref, fmt.Sprintf("%d objects in %d requests", stores, len(steps))})
	return p.report(struct {
		Reference string         `json:"reference"`
		Plan      []publish.Step `json:"plan"`
	}{ref, steps}, rows)
}
