package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

func tokenUnblockCommand() *cobra.Command {
	var f tokenFlags
	c := &cobra.Command{
		Use:   "unblock --serial N",
		Short: "Set a new PIN by means of the PUK",
		Long: `Unblock shows the token its PUK, which stands on the holder's paper, and sets a
new PIN. The key stays. A wrong PUK costs one of its tries; with none left, only a
reset makes the token usable again.`,
		Example: `  conclave token unblock --serial 5417533`,
		Args:    cobra.NoArgs,
	}
	f.conversation(c)
	c.Flags().BoolVar(&f.rehearsal, "rehearsal", false, "a rehearsal, with a virtual token")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := needed(c, "serial"); err != nil {
			return err
		}
		t, err := f.find(c.Context())
		if err != nil {
			return err
		}
		unblocker, ok := t.Token.(token.Unblocker)
		switch {
		case !ok:
			return cannot(t, "be unblocked")
		case t.info.PUKTries == 0:
			return token.ErrPUKBlocked
		}
		err = f.talkAbout(c, t, "new PIN", func(ctx context.Context, t *talk) error { return t.secrets().Unblock(ctx, unblocker) })
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "Token %s has a new PIN.\n", t.info.Serial)
		return err
	}
	return c
}
