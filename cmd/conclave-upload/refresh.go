package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) refreshCommand() *cobra.Command {
	var s signing
	var every days
	c := &cobra.Command{
		Use:   "refresh REF",
		Short: "Sign the timestamp of what is live anew, from a timer or a pipeline",
		Long: `refresh signs a new timestamp for what is live at REF, and a new snapshot where
that is due too, and publishes them. It needs no bundle. A timestamp that will
still be good when the next refresh has come is left as it is.

--every says how often it is run. It refuses lifetimes that are too short for
that. Where a role that holders sign expires before the next run, it does its
work and then ends with exit code 4, so that somebody hears of it.

With --state it refuses to sign for an older set than it has signed for before,
which a registry could otherwise slip it.

` + keysHelp,
		Example: `  conclave-upload refresh registry.example/org/tuf:wabbit --every 12h --state /var/lib/conclave \
    --online-key online.pem --passphrase-file /run/credentials/passphrase`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := s.check(); err != nil {
				return err
			}
			if every == 0 {
				every = days(s.lives.Timestamp / 2)
			}
			return p.refresh(c.Context(), args[0], s, time.Duration(every))
		},
	}
	s.register(c)
	p.registryFlags(c)
	c.Flags().Var(&every, "every", "how often refresh is run: 12h, 1d (0d: half of --timestamp-expires)")
	return c
}

func (p *program) refresh(ctx context.Context, name string, s signing, every time.Duration) error {
	ref, repository, err := p.trustOf(name)
	if err != nil {
		return err
	}
	session, err := p.session(ctx, ref, repository, s)
	if err != nil {
		return err
	}
	defer session.close()
	return session.report(session.publisher.Refresh(ctx, ref.Tag, every))
}
