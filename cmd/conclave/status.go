package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/schedule"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

func statusCommand() *cobra.Command {
	var at, margin string
	var output *string
	c := &cobra.Command{
		Use:   "status PATH",
		Short: "Say what expires when, and who has to sign by which day",
		Long: `Status looks at a bundle, a workspace, a metadata file or a directory of
metadata. It says when each role expires, by which day its next version has to be
signed, and by whom; and which signatures are missing from what is frozen. The
margin is how long before an expiry people sign: a plan may say it, and --margin
says it for this once.

In a bundle or a workspace what is complete counts as published, and the age of
snapshot and timestamp says nothing: a program renews them. In a directory of
metadata, such as a mirror that clients read, they count.

With --output ics the days are a calendar (RFC 5545), which can be imported
again and again: no entry is doubled.

For a cron job: exit code 0, nothing is due. 1: something has expired or does not
verify. 4: something is due within the margin, or signatures are missing.`,
		Example: `  conclave status wabbit-root-1-4f2a91c0.tar
  conclave status /srv/tuf --margin 45d --output json
  conclave status /media/ceremony --output ics >wabbit.ics`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			when := time.Now().UTC()
			if at != "" {
				var err error
				if when, err = parseTime(at); err != nil {
					return err
				}
			}
			days, err := strconv.Atoi(strings.TrimSuffix(margin, "d"))
			if err != nil || !strings.HasSuffix(margin, "d") || days < 0 || days > schedule.MaxMargin {
				return &cli.UsageError{Err: fmt.Errorf("--margin takes a number of days from 0d to %dd, not %q", schedule.MaxMargin, margin)}
			}
			s, err := scheduleAt(args[0], when, days, c.Flags().Changed("margin"))
			if err != nil {
				return err
			}
			if _, torn, err := (readOnly{args[0]}).read(); err == nil && torn != (journal.Torn{}) {
				fmt.Fprintf(c.ErrOrStderr(), "note:  %s\n", torn)
			}
			return printSchedule(c.OutOrStdout(), *output, s)
		},
	}
	c.Flags().StringVar(&at, "at", "", "the time to hold everything against, as in 2026-11-25T09:00:00Z (default: now)")
	c.Flags().StringVar(&margin, "margin", "30d", "how long before an expiry people sign, in days; left out, a plan that says it is followed")
	output = cli.OutputFlag(c, "ics")
	return c
}

// printSchedule prints the schedule, and returns as an error what its exit code says.
func printSchedule(w io.Writer, format string, s *schedule.Schedule) error {
	var err error
	if format == "ics" {
		_, err = w.Write(s.Calendar())
	} else {
		err = cli.Report(w, format, s, func(w io.Writer) error { return scheduleText(w, s) })
	}
	switch {
	case err != nil:
		return err
	case len(s.Problems) > 0:
		return errNotVerified
	case s.State == schedule.Expired:
		return errExpired
	case s.State == schedule.Now:
		return &cli.OpenError{Err: errDue}
	}
	return nil
}

func scheduleText(w io.Writer, s *schedule.Schedule) error {
	p := &printer{w: w}
	name := s.Trust
	if name == "" {
		name = "a trust without a name"
	}
	p.line("%s, held against %s, with a margin of %d days", name, s.At.Format(time.RFC3339), s.Margin)
	for _, r := range s.Roles {
		p.role(r, s.At)
	}
	for _, m := range s.Missing {
		p.missing(m)
	}
	p.line("")
	for _, problem := range s.Problems {
		p.line("PROBLEM  %s", problem)
	}
	switch {
	case len(s.Problems) > 0:
		p.line("It does not verify.")
	case s.State == schedule.Expired:
		p.line("Something has expired.")
	case s.State == schedule.Now:
		p.line("Signatures are due.")
	default:
		p.line("Nothing is due.")
	}
	return p.err
}

func (p *printer) role(r schedule.Role, at time.Time) {
	word := map[schedule.State]string{
		schedule.Later: "later", schedule.Now: "DUE", schedule.Expired: "EXPIRED", schedule.Online: "online",
	}[r.State]
	p.line("")
	p.line("%-7s  %s %d expires %s, %s", word, r.Role, r.Version, r.Expires.Format(time.RFC3339), inDays(at, r.Expires))
	who := strings.Join(r.Signers, ", ")
	if r.Online {
		p.line("         a program renews it, with %s", who)
		return
	}
	p.line("         sign %s %d by %s: %d of %s (%s)", r.Role, r.Version+1, r.SignBy.Format(time.DateOnly), r.Threshold, who, r.By)
}

func (p *printer) missing(m schedule.OpenQuorum) {
	p.line("")
	p.line("OPEN     %s %d lacks signatures, sign by %s", m.Role, m.Version, m.SignBy.Format(time.DateOnly))
	p.line("         payload sha256 %s", m.Payload)
	p.line("         %s", m.Quorum)
	if m.Problem != "" {
		p.line("         PROBLEM  %s", m.Problem)
		return
	}
	p.line("         can still sign: %s", strings.Join(m.From, ", "))
}

// inDays says how far a time is away.
func inDays(from, to time.Time) string {
	days := int(to.Sub(from).Abs() / (24 * time.Hour))
	text := fmt.Sprintf("%d days", days)
	switch days {
	case 0:
		text = "less than a day"
	case 1:
		text = "1 day"
	}
	if to.After(from) {
		return "in " + text
	}
	return text + " ago"
}
