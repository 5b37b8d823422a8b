package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/upkeep"
	"github.com/spf13/cobra"
)

func (p *program) statusCommand() *cobra.Command {
	var root string
	offline, online := days(30*day), days(6*time.Hour)
	c := &cobra.Command{
		Use:   "status REF",
		Short: "Say what is live, when it expires, and who has to sign soon",
		Long: `status reads what is live at REF and says for each role its version, when it
expires, and who signs it. It ends with exit code 4 where a role is due to be
signed, and with 1 where one has expired or the set does not verify, so that a
timer can watch over it.`,
		Example: `  conclave-upload status registry.example/org/tuf:wabbit --root 1.root.json --within 45d`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			warning := upkeep.Warning{Offline: time.Duration(offline), Online: time.Duration(online)}
			return p.status(c.Context(), args[0], root, warning)
		},
	}
	c.Flags().StringVar(&root, "root", "", "the root to begin with, from a source that you trust")
	c.Flags().Var(&offline, "within", "a role that holders sign is due this long before it expires")
	c.Flags().Var(&online, "online-within", "snapshot and timestamp are due this long before they expire")
	p.registryFlags(c)
	return c
}

func (p *program) status(ctx context.Context, name, rootFile string, warning upkeep.Warning) error {
	ref, repository, err := p.trustOf(name)
	if err != nil {
		return err
	}
	published, set, err := p.live(ctx, repository, ref, rootFile)
	if err != nil {
		return err
	}
	standings := upkeep.Standings(set, p.now(), warning)
	rows := []row{{"live", ref.String()}, {"head", published.Head.Digest.OCI()}}
	for _, s := range standings {
		who := fmt.Sprintf("%d of %s", s.Threshold, strings.Join(s.Signers, ", "))
		if s.Online {
			who = "online"
		}
		rows = append(rows, row{s.Name, fmt.Sprint(s.Version), "expires " + s.Expires.UTC().Format(time.RFC3339),
			fmt.Sprintf("%d days", s.Days), s.State, who})
	}
	err = p.report(struct {
		Reference string            `json:"reference"`
		Trust     string            `json:"trust"`
		Head      metadata.Digest   `json:"head"`
		Roles     []upkeep.Standing `json:"roles"`
	}{ref.String(), published.Trust, published.Head.Digest, standings}, rows)
	return errors.Join(err, upkeep.Err(standings))
}
