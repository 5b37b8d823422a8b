package ui

import (
	"context"
	"errors"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ui/page"
)

// onlineKeys asks for the public key with which the uploader signs from now on.
func (f *flow) onlineKeys(ctx context.Context) error {
	var roles []string
	return inTurn(ctx,
		func(ctx context.Context) error {
			key, err := f.Person.Choose(ctx, f.draftPage("Which online key is changed?",
				page.Para("Snapshot and timestamp are signed by the uploader, without people. The new root names its public key."),
				page.Para("Clients that see a new key for a role forget the versions of it that they have seen: its numbers may begin again."),
			).WithHelp("The uploader makes a key with: conclave-upload key new. Its public half comes here in a file, in PEM."),
				[]page.Choice{{Key: "both", Label: "Both, with the same key"}, {Key: "snapshot", Label: "Snapshot only"}, {Key: "timestamp", Label: "Timestamp only"}})
			if roles = []string{key}; key == "both" {
				roles = []string{"snapshot", "timestamp"}
			}
			return err
		},
		func(ctx context.Context) error { return f.newOnlineKey(ctx, roles...) },
	)
}

// newOnlineKey reads a public key, and puts it into the draft for roles.
func (f *flow) newOnlineKey(ctx context.Context, roles ...string) error {
	for {
		file, text, err := f.smallFile(ctx, "public key", ".pub", ".pem")
		if err != nil {
			return err
		}
		key, err := metadata.ParsePublicKey(text)
		if err != nil {
			return &unusableError{file, err}
		}
		fingerprint, err := key.Fingerprint()
		if err != nil {
			return &unusableError{file, err}
		}
		var edits []draft.Edit
		for _, role := range roles {
			edits = append(edits, draft.SetOnlineKey{Role: role, Key: key})
		}
		_, err = f.Person.Choose(ctx, f.draftPage("Is this the uploader's new key?",
			page.Facts{{Label: "File", Value: file.Path}, {Label: "Kind", Value: key.Scheme}, {Label: "Keyid", Value: halves(key.ID())}, {Label: "Fingerprint", Value: halves(fingerprint.String())}},
			page.Para("Compare the keyid with the one that the uploader's machine shows."),
		).WithHelp("Who has the private half of this key says what is current, for as long as it is in the root."),
			[]page.Choice{{Key: "use", Label: "Use this key"}})
		if err == nil {
			return f.Ceremony.Edit(edits...)
		}
		if !errors.Is(err, page.ErrBack) {
			return err
		}
	}
}
