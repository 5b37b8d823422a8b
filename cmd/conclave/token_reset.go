package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

func tokenResetCommand() *cobra.Command {
	return changeCommand(&cobra.Command{
		Use:   "reset --serial N",
		Short: "Destroy every PIV key on a token, and make it as it was shipped",
		Long: `Reset makes the PIV application of a token as it left the factory. Every key in
it is destroyed, in all slots and not only in the signing one, with the
certificates, the PIN and the PUK. Nothing brings them back. What else is on the
token (FIDO, OpenPGP, one-time passwords) is not touched. The serial number has to
be typed before anything is done.`,
		Example: `  conclave token reset --serial 5417533`,
	}, "reset", "is as it was shipped. Its keys are destroyed.", func(t seen) (func(context.Context, *talk) error, error) {
		resetter, ok := t.Token.(token.Resetter)
		if !ok {
			return nil, cannot(t, "be reset")
		}
		return func(ctx context.Context, to *talk) error { return reset(ctx, to, t, resetter) }, nil
	})
}

// reset says what is destroyed, and has it done once the serial was typed.
func reset(ctx context.Context, to *talk, t seen, token token.Resetter) error {
	key := "none"
	switch {
	case t.trouble != nil:
		key = t.trouble.Error()
	case t.info.Key != nil:
		key = t.info.Key.ID()
	}
	p := to.page("Reset token "+t.info.Serial,
		page.Facts{{Label: "Reader", Value: t.info.Reader}, {Label: "Slot " + t.info.Slot, Value: key}},
		page.Warning("Every PIV key on this token is destroyed, in all slots, with the certificates, the PIN and the PUK. Nothing brings them back."),
		page.Para("What was signed with a key stays valid. Nobody can sign with it again: a trust that counts on it needs another one first."),
	)
	p.Help = []string{"What else is on the token (FIDO, OpenPGP, one-time passwords) is not touched."}
	if _, err := to.Text(ctx, p, exactly("Type the token's serial number to reset it", t.info.Serial)); err != nil {
		return err
	}
	return to.work(ctx, false, "destroy every PIV key", token.Reset)
}
