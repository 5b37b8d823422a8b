package ui

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
)

// opening asks in which form the trust comes that is to be changed. To co-sign
// there is only one.
func (f *flow) opening(ctx context.Context) error {
	if f.Ceremony.Kind() != ceremony.Changing {
		return f.importing(ctx)
	}
	return f.menu(ctx, f.page("Where does the trust come from?",
		page.Para("What it says today is needed first: every change builds on it."),
	).WithHelp(
		"A bundle was written by this program, at the last ceremony or by the uploader.",
		"A repository is a directory of metadata files, as TUF clients see it. Its whole chain of roots has to be there.",
	),
		option{page.Choice{Key: "bundle", Label: "From a bundle", Detail: "of an earlier ceremony"}, f.importing},
		option{page.Choice{Key: "adopt", Label: "From a repository that others made", Detail: "to be adopted"}, f.adopt},
	)
}

// adopt takes over a trust that other programs have kept so far.
func (f *flow) adopt(ctx context.Context) error {
	for {
		in, err := f.place(ctx, "Where is the repository?", false)
		if err != nil {
			return err
		}
		err = f.adoptFrom(ctx, in)
		switch {
		case err == nil, ends(ctx, err):
			return err
		case errors.Is(err, page.ErrBack):
		default:
			if err := f.Person.Tell(ctx, f.page("This repository can't be adopted", page.Facts{{Label: "In", Value: in.Path}}).WithProblem(explain(err)).
				WithHelp("Nothing of it was taken over. Every root from the oldest on has to be there, and the newest file of every other role.")); err != nil && !errors.Is(err, page.ErrBack) {
				return err
			}
		}
	}
}

func (f *flow) adoptFrom(ctx context.Context, in Place) error {
	var found *metadata.Found
	var adopted trust.Adopted
	var next []page.Block
	err := f.Person.Wait(ctx, f.page("Reading the repository", page.Facts{{Label: "In", Value: in.Path}},
		page.Para("The roots, and what follows from the timestamp, are read and verified."),
	), func(ctx context.Context) (err error) {
		if found, err = f.Machine.Repository(ctx, in); err == nil {
			next, err = outlook(found.Map())
		}
		return err
	})
	if err != nil {
		return err
	}
	files := found.Map()
	err = inTurn(ctx,
		func(ctx context.Context) error {
			name, err := f.trustName(ctx, in, len(files), next)
			if err != nil {
				return err
			}
			adopted, err = trust.Adopt(files, name)
			return err
		},
		func(ctx context.Context) error { return f.adopted(ctx, in, adopted, found.Beside) },
	)
	if err != nil {
		return err
	}
	if _, err := f.Ceremony.Import(adopted.Contents, in.Path, listing(files)); err != nil {
		return err
	}
	p := f.page("The trust was adopted",
		page.Facts{{Label: "Trust", Value: adopted.Contents.Trust}},
		page.Para("Nothing of it was changed. The next version is written as strict clients want it, and the keys of today sign it too."),
		page.StepList(now(f.Ceremony.Steps())),
	).WithHelp("Say whose the keys are first: then the list of steps can name who signs.")
	p.NoBack = "The trust is adopted."
	return f.Person.Tell(ctx, p)
}

// outlook says, role by role, what can go on of a trust that others made, what
// has to change first, and who signs it. It is said before anything is typed:
// under a name that is not yet known.
func outlook(files map[string][]byte) ([]page.Block, error) {
	adopted, err := trust.Adopt(files, "to-be-named")
	if err != nil {
		return nil, err
	}
	known, err := trust.KnownOf(adopted.Contents)
	if err != nil {
		return nil, err
	}
	set, err := known.Set()
	if err != nil {
		return nil, err
	}
	var facts page.Facts
	var kept []page.Block
	for _, o := range draft.Outlooks(set) {
		value := "can be made, signed by " + o.By
		if len(o.Along) > 0 {
			value += "; with it " + strings.Join(o.Along, ", ")
		}
		if o.Problem != "" {
			value = "can't be made as things are: " + o.Problem
		}
		facts = append(facts, page.Fact{Label: fmt.Sprintf("%s %d", o.Role, o.Next), Value: value})
		for _, words := range o.Kept {
			kept = append(kept, page.Para(words))
		}
	}
	return append([]page.Block{page.Strong("What the next versions can be"), facts}, kept...), nil
}

func (f *flow) trustName(ctx context.Context, in Place, files int, next []page.Block) (string, error) {
	blocks := append([]page.Block{page.Facts{{Label: "In", Value: in.Path}, {Label: "Read", Value: plural(files, "metadata file", "metadata files")}}}, next...)
	p := f.page("What is the trust called?", append(blocks,
		page.Para("From the next version on the metadata names its trust, so that no other trust's can be mistaken for it. If it has a name already, it keeps that one."),
	)...).WithHelp("Lower-case letters and digits, in groups joined by dashes. The name is a tag in the registry, too.",
		"What a next version can't take over is said before anything is adopted: to change it first, adopt the trust and say what is to change, or have it changed where its keys are.")
	p.ReadAll = true
	return f.Person.Text(ctx, p,
		page.Field{Label: "Name of the trust", Judge: func(typed []byte) error {
			name := string(typed)
			if err := trust.CheckName(name); err != nil {
				return err
			}
			if f.Ceremony.Rehearsal() != trust.IsRehearsal(name) {
				return errors.New("the name of a rehearsal's trust begins with rehearsal-, and no other trust's does")
			}
			return nil
		}})
}

// adopted shows what was read, and what is odd about it, and has the adoption typed.
func (f *flow) adopted(ctx context.Context, in Place, a trust.Adopted, beside []string) error {
	root, err := newestRoot(a.Contents.Published)
	if err != nil {
		return err
	}
	who := root.Root.Roles["root"]
	d := root.Digest()
	p := f.page("Adopt "+a.Contents.Trust,
		append(page.Facts{{Label: "In", Value: in.Path}}, headFacts(a.Contents.Published)...),
		page.Facts{
			{Label: fmt.Sprintf("Root %d", root.Version), Value: fmt.Sprintf("signed by %d of %s", who.Threshold, plural(len(who.KeyIDs), "key", "keys"))},
			{Label: "Expires", Value: date(root.Expires)},
		},
		page.Strong("Only people can tell whether this is the right root. Compare its SHA-256 with one that you know from elsewhere:"),
		page.Hex(d), page.WordGrid(text.Words(d)),
		page.Para("What strict clients would stumble over, by kind. A next version, where one can be made, has none of it."),
		append(findings(a.Findings), besideFacts(beside)...),
	).WithHelp(
		"The chain of roots and every threshold were verified. Expiry was not looked at: a trust that has expired can be renewed.",
		"The digest is that of the canonical form of what the root's holders signed.",
	)
	p.Banner.Trust, p.ReadAll = a.Contents.Trust, true
	_, err = f.Person.Text(ctx, p, phrase("adopt "+a.Contents.Trust))
	return err
}

// newestRoot is the last one: Head is sorted by role and version.
func newestRoot(head []trust.NamedFile) (*metadata.File, error) {
	for _, file := range slices.Backward(head) {
		if isRoot(file) {
			return metadata.ParseFile(file.Bytes, metadata.Adopted)
		}
	}
	return nil, errors.New("there is no root")
}

// isRoot: a delegated role may be called x.root.
func isRoot(file trust.NamedFile) bool {
	role, _, err := metadata.ParseFileName(file.Name)
	return err == nil && role == "root"
}

// headFacts name the files that are taken over, the roots as one.
func headFacts(head []trust.NamedFile) page.Facts {
	var roots, others []string
	for _, file := range head {
		if isRoot(file) {
			roots = append(roots, file.Name)
		} else {
			others = append(others, file.Name)
		}
	}
	facts := page.Facts{{Label: "Roots", Value: roots[0]}}
	if n := len(roots); n > 1 {
		facts[0].Value = fmt.Sprintf("%s to %s: the chain verifies", roots[0], roots[n-1])
	}
	if len(others) > 0 {
		facts = append(facts, page.Fact{Label: "Others", Value: strings.Join(others, ", ") + ": signed as they should be"})
	}
	return facts
}

// besideFacts name the files that are not taken over.
func besideFacts(names []string) page.Facts {
	n := len(names)
	if n == 0 {
		return nil
	}
	const named = 3
	list := strings.Join(names[:min(n, named)], ", ")
	if n > named {
		list += fmt.Sprintf(" and %d more", n-named)
	}
	return page.Facts{{Label: "Left out", Value: list + ": not part of the set"}}
}

// findings are counted by their codes, with the first of each.
func findings(found []trust.FileFinding) page.Facts {
	if len(found) == 0 {
		return page.Facts{{Label: "Findings", Value: "none"}}
	}
	count, first := map[string]int{}, map[string]trust.FileFinding{}
	for _, a := range found {
		if count[a.Finding.Code]++; count[a.Finding.Code] == 1 {
			first[a.Finding.Code] = a
		}
	}
	var facts page.Facts
	for _, code := range slices.Sorted(maps.Keys(count)) {
		a := first[code]
		facts = append(facts, page.Fact{Label: code, Value: fmt.Sprintf("%s, the first in %s: %s", plural(count[code], "time", "times"), a.File, a.Finding.Text)})
	}
	return facts
}

// listing is the SHA-256 of what sha256sum prints for the files, sorted by
// name: the record says by it what was adopted.
func listing(files map[string][]byte) metadata.Digest {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "%s  %s\n", metadata.Sum(files[name]), name)
	}
	return metadata.Sum([]byte(b.String()))
}
