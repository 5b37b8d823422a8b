package ui

import (
	"context"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ui/page"
)

// freeze makes the payloads that everybody signs: of a draft where there is
// one, else the first ones of a trust.
func (f *flow) freeze(ctx context.Context) error {
	d, err := f.Ceremony.Preview()
	switch {
	case err != nil:
		return err
	case len(d.Edits) > 0:
		return f.freezeDraft(ctx, d)
	}
	plan, roles := f.Ceremony.Plan(), f.Ceremony.Unfounded()
	if plan == nil || len(roles) == 0 {
		return ceremony.ErrNotNow
	}
	p := f.page("Freeze "+strings.Join(roles, " 1 and ")+" 1", append([]page.Block{
		page.Para("Every holder has a token. Now the first root and the first targets are made from the plan and from the keys. From here on their bytes don't change: these are what is read, signed and published."),
	}, planned(plan, f.Now())...)...).WithHelp(
		"Freezing signs nothing. It fixes the bytes, so that all holders read and sign the same.",
		"What is frozen is never edited. It can be cancelled while it lacks signatures, and frozen anew; a plan that is wrong needs a new ceremony.",
	)
	p.ReadAll = true
	if _, err := f.Person.Text(ctx, p, phrase("freeze "+roles[0]+" 1")); err != nil {
		return err
	}
	return f.Ceremony.Freeze()
}

// freezeDraft shows once more all that a draft comes to, and has its freezing typed.
func (f *flow) freezeDraft(ctx context.Context, d ceremony.Preview) error {
	blocks, err := f.comesTo(d)
	if err != nil {
		return err
	}
	what := d.Names()
	p := f.draftPage("Freeze "+what, append([]page.Block{
		page.Para("From here on the bytes don't change: these are what is read, signed and published."),
	}, blocks...)...).WithHelp(
		"Freezing signs nothing. It fixes the bytes, so that all holders read and sign the same.",
		"What is frozen can be withdrawn as long as it does not have all its signatures, and takes their signatures with it.",
	)
	p.ReadAll = true
	if _, err := f.Person.Text(ctx, p, phrase("freeze "+what)); err != nil {
		return err
	}
	return f.Ceremony.Freeze()
}
