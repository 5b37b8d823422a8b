package ui

import (
	"context"
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ui/page"
)

// place asks for a directory or a drive.
func (f *flow) place(ctx context.Context, title string, forWriting bool) (Place, error) {
	var problem *page.Problem
	for {
		places, err := f.Machine.Places(ctx)
		if err != nil {
			problem = explain(err)
		}
		var choices []page.Choice
		for i, p := range places {
			if !forWriting || p.Writable {
				choices = append(choices, page.Choice{Key: fmt.Sprint(i), Label: p.Name, Detail: joined(p.Path, p.Detail)})
			}
		}
		choices = append(choices, page.Choice{Key: "again", Label: "Look again", Detail: "after a drive was put in"})
		page := f.page(title,
			page.Para("Drives are listed when the system has mounted them."),
		).WithProblem(problem).WithHelp("Put the drive in, wait until its light is steady, then choose Look again.")
		key, err := f.Person.Choose(ctx, page, choices)
		if err != nil {
			return Place{}, err
		}
		problem = nil
		for i, p := range places {
			if key == fmt.Sprint(i) {
				return p, nil
			}
		}
	}
}

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + ", " + b
}

// file asks for a place and for a file in it; going back from the files leads
// to the places.
func (f *flow) file(ctx context.Context, what string, list func(context.Context, Place) ([]File, error)) (File, error) {
	for {
		in, err := f.place(ctx, "Where is the "+what+"?", false)
		if err != nil {
			return File{}, err
		}
		file, err := f.fileIn(ctx, what, in, list)
		if !errors.Is(err, page.ErrBack) {
			return file, err
		}
	}
}

func (f *flow) fileIn(ctx context.Context, what string, in Place, list func(context.Context, Place) ([]File, error)) (File, error) {
	for {
		files, err := list(ctx, in)
		p := f.page("Which "+what+"?", page.Facts{{Label: "In", Value: in.Path}}).
			WithHelp("Only files that could be a " + what + " by their names are listed. What is in one is checked when it is chosen.")
		if err != nil {
			p.Problem = explain(err)
		} else if len(files) == 0 {
			p.Body = append(p.Body, page.Strong("There is no "+what+" here."))
		}
		names := make([]string, len(files))
		for i, file := range files {
			names[i] = file.Name
		}
		for _, w := range review.LookAlikes(names) {
			p.Body = append(p.Body, page.Warning(w))
		}
		choices := make([]page.Choice, 0, len(files)+1)
		for i, file := range files {
			detail := bytesText(file.Size)
			if file.Folder {
				detail = "directory"
			}
			choices = append(choices, page.Choice{Key: fmt.Sprint(i), Label: file.Name, Detail: detail})
		}
		choices = append(choices, page.Choice{Key: "again", Label: "Look again"})
		key, err := f.Person.Choose(ctx, p, choices)
		if err != nil {
			return File{}, err
		}
		for i, file := range files {
			if key == fmt.Sprint(i) {
				return file, nil
			}
		}
	}
}
