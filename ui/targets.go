package ui

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
)

// targets asks which files and images a role vouches for from now on.
func (f *flow) targets(ctx context.Context) error {
	p := f.draftPage("Which change of targets?",
		page.Para("A target is a path, and the length and SHA-256 of what clients get for it. An image is a target by its manifest."),
	).WithHelp(
		"A path that is there already gets the new content: before and after are shown.",
		"The digest of a file is taken here. That of an image comes in a descriptor, as registry tools write it, or is typed.",
	)
	return f.menu(ctx, p,
		option{page.Choice{Key: "file", Label: "Put a file in", Detail: "hashed here"}, f.inRole(f.addFile)},
		option{page.Choice{Key: "descriptor", Label: "Put an image in", Detail: "from its OCI descriptor"}, f.inRole(f.addDescribed)},
		option{page.Choice{Key: "digest", Label: "Put an image in by its digest", Detail: "typed"}, f.inRole(f.addTyped)},
		option{page.Choice{Key: "directory", Label: "Put a directory in", Detail: "every file in it, hashed here"}, f.inRole(f.addDirectory)},
		option{page.Choice{Key: "layout", Label: "Put the images of an OCI layout in", Detail: "a directory or a tar"}, f.inRole(f.addLayout)},
		option{page.Choice{Key: "listing", Label: "Put in what a listing names", Detail: "by digest"}, f.inRole(f.addListing)},
		option{page.Choice{Key: "custom", Label: "Change the custom data of a target"}, f.inRole(f.setCustom)},
		option{page.Choice{Key: "remove", Label: "Take a target out"}, f.inRole(f.removeTarget)},
		option{page.Choice{Key: "remove many", Label: "Take out all that match a pattern"}, f.inRole(f.removeTargets)},
	)
}

// inRole asks which role's targets are meant, where several have some.
func (f *flow) inRole(do func(context.Context, draft.RoleState) error) action {
	return func(ctx context.Context) error {
		d, err := f.Ceremony.Editable()
		if err != nil {
			return err
		}
		roles := slices.DeleteFunc(draft.SignedByHolders(d.Roles), func(r draft.RoleState) bool { return r.Name == "root" || r.Bins > 0 })
		if len(roles) == 1 {
			return do(ctx, roles[0])
		}
		for {
			role, err := f.pickRoleOf(ctx, f.draftPage("Which role's targets?",
				page.Para("Clients believe a delegated role only for the paths that are delegated to it."),
			).WithHelp("A target that is in targets itself is found before those of the delegated roles."), roles,
				func(r draft.RoleState) string { return plural(len(r.Targets), "target", "targets") })
			if err != nil {
				return err
			}
			if err := do(ctx, role); !errors.Is(err, page.ErrBack) {
				return err
			}
		}
	}
}

func (f *flow) addFile(ctx context.Context, role draft.RoleState) error {
	for {
		file, err := f.file(ctx, "file", func(ctx context.Context, in Place) ([]File, error) { return f.Machine.Files(ctx, in) })
		if err != nil {
			return err
		}
		t := draft.AddTarget{Role: role.Name}
		err = f.Person.Wait(ctx, f.draftPage("Reading the file",
			page.Facts{{Label: "File", Value: file.Path}, {Label: "Size", Value: bytesText(file.Size)}},
			page.Para("Its SHA-256 is taken."),
		), func(ctx context.Context) (err error) {
			t.SHA256, t.Length, err = f.Machine.Hash(ctx, file)
			return err
		})
		if err != nil {
			return err
		}
		if err := f.addTarget(ctx, t, page.Fact{Label: "File", Value: file.Path}); !errors.Is(err, page.ErrBack) {
			return err
		}
	}
}

func (f *flow) addDescribed(ctx context.Context, role draft.RoleState) error {
	for {
		file, text, err := f.smallFile(ctx, "descriptor", ".json")
		if err != nil {
			return err
		}
		d, err := readDescriptor(text)
		if err != nil {
			return &unusableError{file, err}
		}
		t := draft.AddTarget{Role: role.Name, SHA256: d.digest, Length: d.Size, MediaType: d.MediaType}
		if err := f.addTarget(ctx, t, page.Fact{Label: "Descriptor", Value: file.Path}); !errors.Is(err, page.ErrBack) {
			return err
		}
	}
}

// smallFile has a small file chosen, and reads it.
func (f *flow) smallFile(ctx context.Context, what string, suffixes ...string) (File, []byte, error) {
	file, err := f.file(ctx, what, func(ctx context.Context, in Place) ([]File, error) { return f.Machine.Files(ctx, in, suffixes...) })
	if err != nil {
		return file, nil, err
	}
	text, err := f.Machine.Read(ctx, file)
	return file, text, err
}

func (f *flow) addTyped(ctx context.Context, role draft.RoleState) error {
	t := draft.AddTarget{Role: role.Name}
	return inTurn(ctx,
		func(ctx context.Context) error {
			typed, err := f.Person.Text(ctx, f.draftPage("Which digest has the image?",
				page.Para("The digest of its manifest, or of its index: sha256: and 64 digits. A second person compares them."),
			).WithHelp("A descriptor in a file spares the typing: oras and skopeo write one."),
				page.Field{Label: "Digest", Judge: func(typed []byte) error {
					_, err := metadata.ParseDigest(string(typed))
					return err
				}})
			if err != nil {
				return err
			}
			t.SHA256, err = metadata.ParseDigest(typed)
			return err
		},
		func(ctx context.Context) error {
			typed, err := f.Person.Text(ctx, f.draftPage("How long is the manifest?", page.Hex(t.SHA256),
				page.Para("In bytes, as the registry says. Clients refuse a manifest of another length."),
			).WithHelp("It is the size in the descriptor of the image, not the size of the whole image."),
				page.Field{Label: "Length in bytes", Judge: func(typed []byte) error {
					if n, err := strconv.ParseInt(string(typed), 10, 64); err != nil || n < 1 {
						return errors.New("that is not a whole number from 1 on")
					}
					return nil
				}})
			if err != nil {
				return err
			}
			t.Length, err = strconv.ParseInt(typed, 10, 64)
			return err
		},
		func(ctx context.Context) (err error) {
			t.MediaType, err = f.Person.Choose(ctx, f.draftPage("What is it?", page.Hex(t.SHA256)).
				WithHelp("The media type tells a client how to read the manifest."), mediaTypes())
			return err
		},
		func(ctx context.Context) error {
			return f.addTarget(ctx, t, page.Fact{Label: "Digest", Value: "typed by hand"})
		},
	)
}

func mediaTypes() []page.Choice {
	return []page.Choice{
		{Key: "application/vnd.oci.image.index.v1+json", Label: "An OCI image index", Detail: "several platforms"},
		{Key: "application/vnd.oci.image.manifest.v1+json", Label: "An OCI image manifest", Detail: "one platform, or an artifact"},
		{Key: "application/vnd.docker.distribution.manifest.list.v2+json", Label: "A Docker manifest list", Detail: "several platforms"},
		{Key: "application/vnd.docker.distribution.manifest.v2+json", Label: "A Docker manifest", Detail: "one platform"},
	}
}

// addTarget asks for the path of a target, and puts it into the draft.
func (f *flow) addTarget(ctx context.Context, t draft.AddTarget, from page.Fact) error {
	return f.edit(ctx, func(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
		facts := page.Facts{from, {Label: "Goes into", Value: t.Role}, {Label: "Length", Value: bytesText(t.Length)}}
		if t.MediaType != "" {
			facts = append(facts, page.Fact{Label: "Media type", Value: t.MediaType})
		}
		path, err := f.Person.Text(ctx, f.draftPage("Under which path?", facts, page.Hex(t.SHA256),
			page.Para("Clients ask for a target by this path. It has no slash in front, and no dots that lead upwards."),
		).WithProblem(problem).WithHelp("If the path is there already, its content is replaced."), page.Field{Label: "Path", Judge: targetPath})
		t.Path = path
		return []draft.Edit{t}, err
	})
}

// targetPath takes a path that stays where it is put.
func targetPath(typed []byte) error { return trust.CheckTargetPath(string(typed)) }

func (f *flow) removeTarget(ctx context.Context, role draft.RoleState) error {
	if len(role.Targets) == 0 {
		return backFrom(f.Person.Tell(ctx, f.draftPage("There is nothing to take out", page.Para(role.Name+" has no targets."))))
	}
	return f.edit(ctx, func(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
		items := make([]item, len(role.Targets))
		for i, path := range role.Targets {
			items[i] = item{name: path}
		}
		path, err := f.pick(ctx, f.draftPage("Which target of "+role.Name+" goes?",
			page.Para("Clients that ask for it get nothing any more."),
		).WithProblem(problem).WithHelp("A long list is searched by a part of the path."), "target", items)
		return []draft.Edit{draft.RemoveTarget{Role: role.Name, Path: path}}, err
	})
}
