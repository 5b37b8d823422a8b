package ui

import (
	"context"

	"github.com/conclave-tuf/conclave/ceremony"
)

// export writes everything that this site has to hand on to a medium.
func (f *flow) export(ctx context.Context) error {
	to, err := f.place(ctx, "Where is the bundle written to?", true)
	if err != nil {
		return err
	}
	contents, err := f.Ceremony.Contents()
	if err != nil {
		return err
	}
	var written Written
	err = f.Person.Wait(ctx, f.page("Writing the bundle",
		Facts{{"To", to.Path}},
		Strong("Leave the drive in."),
		Para("The bundle is written, read back and compared."),
	), func(ctx context.Context) (err error) {
		written, err = f.Machine.Export(ctx, to, contents)
		return err
	})
	if err != nil {
		return err
	}
	if err := f.Ceremony.Exported(written.Path, written.Digest, written.Size); err != nil {
		return err
	}
	last := Para("It is on the disk of this machine.")
	if to.Removable {
		last = Para("It is safe to remove the drive now.")
	}
	p := f.page("The bundle is written",
		Facts{{"File", written.Path}, {"Size", bytesText(written.Size) + ", read back and compared; SHA-256:"}},
		Hex(written.Digest), WordGrid(ceremony.Words(written.Digest)),
		Strong(last),
	).help(
		"Read the words to the other site over the phone. They see the same words when they open the bundle.",
		"The bundle holds no secret. It holds what is proposed, the signatures so far, the attestations of the keys, and this site's journal.",
	)
	p.NoBack = "The bundle is written."
	return f.Person.Tell(ctx, p)
}
