package ui

import (
	"context"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
)

// freeze makes the payloads that everybody signs: of a draft where there is
// one, else the first ones of a trust.
func (f *flow) freeze(ctx context.Context) error {
	d, err := f.Ceremony.Draft()
	switch {
	case err != nil:
		return err
	case len(d.Edits) > 0:
		return f.freezeDraft(ctx, d)
	}
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

// freezeDraft shows once more all that a draft comes to, and has its freezing typed.
func (f *flow) freezeDraft(ctx context.Context, d ceremony.Draft) error {
	blocks, err := f.comesTo(d)
	if err != nil {
		return err
	}
	what := payloadNames(d.Payloads)
	p := f.draftPage("Freeze "+what, append([]Block{
		Para("From here on the bytes don't change: these are what is read, signed and published."),
	}, blocks...)...).help(
		"Freezing signs nothing. It fixes the bytes, so that all holders read and sign the same.",
		"What is frozen can be withdrawn as long as it does not have all its signatures, and takes their signatures with it.",
	)
	p.ReadAll = true
	if _, err := f.Person.Text(ctx, p, phrase("freeze "+what)); err != nil {
		return err
	}
	return f.Ceremony.Freeze()
}

// payloadNames names what is frozen at once: "root 2 and targets 2".
func payloadNames(payloads []ceremony.DraftPayload) string {
	const few = 3
	if len(payloads) > few {
		return plural(len(payloads), "version", "versions")
	}
	names := make([]string, len(payloads))
	for i, p := range payloads {
		names[i] = payloadName(p)
	}
	return strings.Join(names, " and ")
}
