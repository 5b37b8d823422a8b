package ui

import (
	"context"
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
)

// importing has a bundle of another site chosen, checked and taken over.
func (f *flow) importing(ctx context.Context) error {
	for {
		file, err := f.file(ctx, "bundle", f.Machine.Bundles)
		if err != nil {
			return err
		}
		err = f.importFile(ctx, file)
		switch {
		case err == nil, ends(ctx, err):
			return err
		case errors.Is(err, page.ErrBack):
		default:
			body := append([]page.Block{page.Facts{{Label: "File", Value: file.Path}}}, bothRoots(err)...)
			if err := f.Person.Tell(ctx, f.page("This bundle can't be used", body...).WithProblem(explain(err)).
				WithHelp("Everything that was signed here so far is untouched. Ask the other site for the bundle again.")); err != nil && !errors.Is(err, page.ErrBack) {
				return err
			}
		}
	}
}

// bothRoots shows the root that is known and the one that does not follow from
// it, so that people can ask each other which is theirs.
func bothRoots(err error) []page.Block {
	other, ok := errors.AsType[*trust.OtherRootError](err)
	if !ok {
		return nil
	}
	var blocks []page.Block
	for _, r := range []struct {
		whose string
		root  trust.Root
	}{{"known here", other.Known}, {"in the bundle", other.Theirs}} {
		blocks = append(blocks, page.Strong(fmt.Sprintf("Root %d, %s", r.root.Version, r.whose)), page.Hex(r.root.Digest), page.WordGrid(text.Words(r.root.Digest)))
	}
	return blocks
}

func (f *flow) importFile(ctx context.Context, file File) error {
	var contents trust.Contents
	var digest metadata.Digest
	err := f.Person.Wait(ctx, f.page("Reading the bundle",
		page.Facts{{Label: "File", Value: file.Path}, {Label: "Size", Value: bytesText(file.Size)}},
		page.Para("Everything in it is checked before any of it is taken over."),
	), func(ctx context.Context) (err error) {
		contents, digest, err = f.Machine.ReadBundle(ctx, file)
		return err
	})
	if err != nil {
		return err
	}
	first := f.Ceremony.Trust() == ""
	if err := f.compare(ctx, file, contents, digest, first); err != nil {
		return err
	}
	in, err := f.Ceremony.Import(contents, file.Path, digest)
	if err != nil {
		return err
	}
	p := f.page("The bundle was taken over",
		page.Facts{
			{Label: "Trust", Value: contents.Trust},
			{Label: "New to this site", Value: fmt.Sprintf("%s, %s, %s",
				plural(in.Proposals, "proposal", "proposals"),
				plural(in.Signatures, "signature", "signatures"),
				plural(in.Attestations, "attestation", "attestations"))},
		},
		page.Para("Its signatures verify, and it builds on what this site knows."),
		page.StepList(now(f.Ceremony.Steps())),
	)
	if in.Older {
		p.Body = append(p.Body, page.Para("The published set in it is older than the one that this site knows, which stays. The rest of the bundle was taken over."))
	}
	p.Help = []string{"What was in the bundle stands in this site's journal now, with its name and digest."}
	p.NoBack = "The bundle is taken over."
	return f.Person.Tell(ctx, p)
}

// compare shows which bundle it is before it is taken over. A machine that has
// seen nothing of the trust can't tell by itself whether it is the right one:
// then people compare the words.
func (f *flow) compare(ctx context.Context, file File, c trust.Contents, d metadata.Digest, first bool) error {
	p := f.page("Is this the bundle that was sent?",
		page.Facts{{Label: "File", Value: file.Path}, {Label: "Size", Value: bytesText(file.Size)}, {Label: "Trust", Value: c.Trust}},
		page.Hex(d), page.WordGrid(text.Words(d)),
	).WithHelp("Call the other site, on a number that you knew before, and have them read the words that they saw when the bundle was written.")
	p.Banner.Trust, p.ReadAll = c.Trust, true
	if !first {
		return f.Person.Tell(ctx, p)
	}
	p.Body = append([]page.Block{
		page.Strong("This machine knows nothing of this trust yet. Only people can tell whether this is the right bundle: compare the words with the other site by voice."),
	}, p.Body...)
	if root, ok := c.FirstRoot(); ok {
		p.Body = append(p.Body,
			page.Strong(fmt.Sprintf("Root %d is what this site pins from here on: whatever does not follow from it is another trust. Compare its words as well.", root.Version)),
			page.Hex(root.Digest), page.WordGrid(text.Words(root.Digest)))
	}
	_, err := f.Person.Text(ctx, p, phrase("the words match"))
	return err
}
