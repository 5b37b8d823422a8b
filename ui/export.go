package ui

import (
	"context"
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
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
		page.Facts{{Label: "To", Value: to.Path}},
		page.Strong("Leave the drive in."),
		page.Para("What is finished is checked as clients check it. Then the bundle is written, read back and compared."),
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
	last := page.Para("It is on the disk of this machine.")
	if to.Removable {
		last = page.Para("It is safe to remove the drive now.")
	}
	p := f.page("The bundle is written",
		page.Facts{{Label: "File", Value: written.Path}, {Label: "Size", Value: bytesText(written.Size) + ", read back and compared; SHA-256:"}},
		page.Hex(written.Digest), page.WordGrid(text.Words(written.Digest)),
		page.Strong(last),
		page.Para(clients(checked)),
	).WithHelp(
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
