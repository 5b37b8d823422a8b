package ui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
)

// reading gets what is to become targets from a file or a directory.
type reading func(context.Context, File) ([]trust.NewTarget, error)

func (f *flow) addDirectory(ctx context.Context, role draft.RoleState) error {
	return f.addMany(ctx, role, "directory", f.Machine.Folders, f.Machine.Tree)
}

// addLayout takes a directory or a tar.
func (f *flow) addLayout(ctx context.Context, role draft.RoleState) error {
	layouts := func(ctx context.Context, in Place) ([]File, error) {
		folders, err := f.Machine.Folders(ctx, in)
		if err != nil {
			return nil, err
		}
		tars, err := f.Machine.Files(ctx, in, ".tar")
		return append(folders, tars...), err
	}
	return f.addMany(ctx, role, "OCI layout", layouts, f.Machine.Images)
}

func (f *flow) addListing(ctx context.Context, role draft.RoleState) error {
	listings := func(ctx context.Context, in Place) ([]File, error) { return f.Machine.Files(ctx, in, ".txt", ".json") }
	return f.addMany(ctx, role, "listing", listings, f.Machine.Listing)
}

// addMany has something chosen that holds many targets, and puts all of them
// into the draft below a path.
func (f *flow) addMany(ctx context.Context, role draft.RoleState, what string, list func(context.Context, Place) ([]File, error), read reading) error {
	for {
		from, err := f.file(ctx, what, list)
		if err != nil {
			return err
		}
		var targets []trust.NewTarget
		err = f.Person.Wait(ctx, f.draftPage("Reading the "+what, page.Facts{{Label: "From", Value: from.Path}},
			page.Para("Digests are taken or compared here. Nothing is changed by it.")),
			func(ctx context.Context) (err error) { targets, err = read(ctx, from); return err })
		if err == nil {
			err = f.addRead(ctx, role, from, targets)
		} else if !ends(ctx, err) && !errors.Is(err, context.Canceled) {
			return &unusableError{from, err}
		}
		if !errors.Is(err, page.ErrBack) {
			return err
		}
	}
}

func (f *flow) addRead(ctx context.Context, role draft.RoleState, from File, targets []trust.NewTarget) error {
	return f.edit(ctx, func(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
		facts := page.Facts{
			{Label: "From", Value: from.Path}, {Label: "Goes into", Value: role.Name}, {Label: "Targets", Value: fmt.Sprint(len(targets))},
			{Label: "First", Value: targets[0].Path}, {Label: "Last", Value: targets[len(targets)-1].Path},
		}
		below, err := f.Person.Text(ctx, f.draftPage("Below which path?", facts,
			page.Para("Clients ask for each target by this path, a slash, and its name. A dot alone puts nothing in front of the names."),
		).WithProblem(problem).WithHelp(
			"What is there already under such a path gets the new content; nothing else is taken out.",
			"The review lists every target, before and after.",
		), page.Field{Label: "Path", Judge: func(typed []byte) error {
			if string(typed) == "." {
				return nil
			}
			return targetPath(typed)
		}})
		if err != nil {
			return nil, err
		}
		placed := make([]trust.NewTarget, len(targets))
		for i, t := range targets {
			if below != "." {
				t.Path = below + "/" + t.Path
			}
			placed[i] = t
		}
		return []draft.Edit{draft.AddTargets{Role: role.Name, Targets: placed}}, nil
	})
}

// setCustom asks for what a target says of itself beside its content.
func (f *flow) setCustom(ctx context.Context, role draft.RoleState) error {
	if len(role.Targets) == 0 {
		return backFrom(f.Person.Tell(ctx, f.draftPage("There is no target", page.Para(role.Name+" has no targets."))))
	}
	return f.edit(ctx, func(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
		e := draft.SetCustom{Role: role.Name}
		items := make([]item, len(role.Targets))
		for i, path := range role.Targets {
			items[i] = item{name: path}
		}
		err := inTurn(ctx,
			func(ctx context.Context) (err error) {
				e.Path, err = f.pick(ctx, f.draftPage("Whose custom data?").WithProblem(problem).
					WithHelp("Custom data are for programs that use the target. Clients check them, and do nothing with them."), "target", items)
				return err
			},
			func(ctx context.Context) (err error) {
				e.Custom, err = f.Person.Text(ctx, f.draftPage("Which custom data?", page.Facts{{Label: "Target", Value: e.Path}},
					page.Para("A JSON object. It takes the place of what is there; {} leaves an empty one. For an image it has to name the media type again."),
				).WithHelp(`An example: {"mediaType": "application/vnd.oci.image.index.v1+json"}`), page.Field{Label: "JSON", Judge: func(typed []byte) error {
					if !strings.HasPrefix(string(typed), "{") {
						return errors.New("a JSON object begins with {")
					}
					return nil
				}})
				return err
			},
		)
		return []draft.Edit{e}, err
	})
}

func (f *flow) removeTargets(ctx context.Context, role draft.RoleState) error {
	return f.edit(ctx, func(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
		pattern, err := f.Person.Text(ctx, f.draftPage("Which targets of "+role.Name+" go?",
			page.Facts{{Label: "There are", Value: plural(len(role.Targets), "target", "targets")}},
			page.Para("old/ is everything below old. old/*.tgz is every name with that ending right below it: a star stops at a slash."),
		).WithProblem(problem).WithHelp("What goes is listed on the next page, and again in the review."), page.Field{Label: "Pattern", Judge: visible})
		return []draft.Edit{draft.RemoveTargets{Role: role.Name, Pattern: pattern}}, err
	})
}
