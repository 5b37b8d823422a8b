package ui

import "context"

// freeze makes the payloads that everybody signs.
func (f *flow) freeze(ctx context.Context) error {
	plan := f.Ceremony.Plan()
	p := f.page("Freeze root 1 and targets 1", append([]Block{
		Para("Every holder has a token. Now the first root and the first targets are made from the plan and from the keys. From here on their bytes don't change: these are what is read, signed and published."),
	}, planned(plan, f.Now())...)...).help(
		"Freezing signs nothing. It fixes the bytes, so that all holders read and sign the same.",
		"If the plan turns out to be wrong after this, begin a new ceremony: what is frozen is never edited.",
	)
	p.ReadAll = true
	if _, err := f.Person.Text(ctx, p, phrase("freeze root 1")); err != nil {
		return err
	}
	return f.Ceremony.Freeze()
}
