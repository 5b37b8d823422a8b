package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

func tokenUnblockCommand() *cobra.Command {
	return changeCommand(&cobra.Command{
		Use:   "unblock --serial N",
		Short: "Set a new PIN by means of the PUK",
		Long: `Unblock shows the token its PUK, which stands on the holder's paper, and sets a
new PIN. The key stays. A wrong PUK costs one of its tries; with none left, only a
reset makes the token usable again.`,
		Example: `  conclave token unblock --serial 5417533`,
	}, "new PIN", "has a new PIN.", func(t seen) (func(context.Context, *talk) error, error) {
		unblocker, ok := t.Token.(token.Unblocker)
		switch {
		case !ok:
			return nil, cannot(t, "be unblocked")
		case t.info.PUKTries == 0:
			return nil, token.ErrPUKBlocked
		}
		return func(ctx context.Context, to *talk) error { return to.secrets().Unblock(ctx, unblocker) }, nil
	})
}
