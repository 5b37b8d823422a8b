package ui

import (
	"context"
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// export writes everything that this site has to hand on to a medium.
func (f *flow) export(ctx context.Context) error {
	to, err := f.place(ctx, "Where is the bundle written to?", true)
	if err != nil {
		return err
	}
	var written Written
	var checked trust.Checked
	err = f.Person.Wait(ctx, f.page("Writing the bundle",
		Facts{{"To", to.Path}},
		Strong("Leave the drive in."),
		Para("What is finished is checked as clients check it. Then the bundle is written, read back and compared."),
	), func(ctx context.Context) (err error) {
		var contents trust.Contents
		if contents, checked, err = f.Ceremony.Handover(); err != nil {
			return err
		}
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
		Hex(written.Digest), WordGrid(text.Words(written.Digest)),
		Strong(last),
		Para(clients(checked)),
	).help(
		"Read the words to the other site over the phone. They see the same words when they open the bundle.",
		"The bundle holds no secret. It holds what is proposed, the signatures so far, the attestations of the keys, and this site's journal.",
	)
	p.NoBack = "The bundle is written."
	return f.Person.Tell(ctx, p)
}

// clients says what the check before the writing came to.
func clients(c trust.Checked) string {
	switch {
	case len(c.Open) > 0:
		return "Not finished yet: " + strings.Join(c.Open, "; ") + "."
	case len(c.Verified) == 0:
		return "All that is finished was published before."
	}
	return strings.Join(append([]string{fmt.Sprintf("Finished: %s. Strict clients take it, and go-tuf's does from root %d.",
		strings.Join(c.Verified, ", "), c.From)}, c.Notes...), " ")
}
