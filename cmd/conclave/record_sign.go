package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/offline"
	"github.com/conclave-tuf/conclave/ui"
)

// recordSign is one holder's signing of a record.
type recordSign struct {
	tokenFlags
	site   string
	drawer string // of virtual tokens; "": real ones
}

func recordSignCommand() *cobra.Command {
	var s recordSign
	c := &cobra.Command{
		Use:   "sign RECORD.json",
		Short: "Sign a record with a holder's token",
		Long: `Sign has a holder stand by what the journal of a site tells, with their token: the
signature is over the journal's head, and so over every line. It is added to the
record's file, which "conclave record verify" checks. Each holder signs by a
command of their own; anybody may whose token enrolled or signed in the record.
The PIN is typed at the terminal, and only for a rehearsal's record read from a pipe.

In a ceremony "Sign the record" does the same at the end: then the signatures are
in the journal, and travel in the bundle.
Exit code 0: signed. 1: the record was refused, or the token is nobody's in it.
3: the token did not sign. 130: cancelled.`,
		Example: `  conclave record wabbit-root-1-4f2a91c0.tar --format json -o record.json
  conclave record sign record.json --site vienna --serial 5417533
  conclave record verify record.json`,
		Args: cobra.ExactArgs(1),
	}
	s.conversation(c)
	s.pkcs11(c)
	c.Flags().StringVar(&s.site, "site", "", "the site whose journal is signed, by its name or id (default: the only one)")
	c.Flags().StringVar(&s.drawer, "tokens", "", "the drawer with the virtual tokens of a rehearsal; --serial takes one out")
	output := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		signed, err := s.sign(c, args[0])
		if err != nil {
			return err
		}
		return cli.Report(c.OutOrStdout(), *output, signed, signed.text)
	}
	return c
}

// sign has one signature made, and puts it into the file at path.
func (s *recordSign) sign(c *cobra.Command, path string) (signedReport, error) {
	old, err := bundles.ReadFile(path, maxMetadataFile)
	if err != nil {
		return signedReport{}, err
	}
	rec, err := record.Read(old)
	if err != nil {
		return signedReport{}, fmt.Errorf("%s: %w", path, err)
	}
	checks, err := record.Check(rec, nil, nil)
	if err != nil {
		return signedReport{}, err
	}
	if failed(checks) {
		return signedReport{}, fmt.Errorf(`%s does not hold together: "conclave record verify" says why; it was not signed`, path)
	}
	site, err := rec.Site(s.site)
	if err != nil {
		return signedReport{}, &cli.UsageError{Err: err}
	}
	s.rehearsal = site.Rehearsal
	t, err := s.token(c.Context())
	if err != nil {
		return signedReport{}, err
	}
	holder, err := rec.MatchHead(site, t.info)
	if err != nil {
		return signedReport{}, err
	}
	report := signedReport{Site: site.Site, Events: site.Events, Head: site.Head, Holder: holder, Serial: t.info.Serial}
	err = s.talkAbout(c, t, "record", func(ctx context.Context, talk *talk) error {
		return talk.signRecord(ctx, rec, site, holder, t, func() error {
			text, err := rec.JSON()
			if err != nil {
				return err
			}
			w, err := offline.Replace(ctx, path, old, text)
			report.File, report.SHA256 = w.Path, w.Digest
			return err
		})
	})
	return report, err
}

// token is the one that is meant, which the drawer of a rehearsal puts into its reader.
func (s *recordSign) token(ctx context.Context) (seen, error) {
	if s.drawer == "" {
		return s.find(ctx)
	}
	if s.serial == "" {
		return seen{}, &cli.UsageError{Err: errors.New("--tokens needs --serial: which token of the drawer is taken")}
	}
	d, err := openDrawer(s.drawer, time.Second)
	if err != nil {
		return seen{}, err
	}
	if err := (hand{d}).Insert(s.serial); err != nil {
		return seen{}, err
	}
	return s.findIn(ctx, d)
}

// signRecord has the holder read, consent, and sign; keep makes it durable.
func (t *talk) signRecord(ctx context.Context, r *record.Record, site *record.Site, holder string, tok seen, keep func() error) error {
	banner := t.banner()
	banner.Trust, banner.Site, banner.Who = site.Trust, site.Site, holder
	if err := (ui.Testimony{Person: t.Person, Banner: banner, Holder: holder, Site: site}).Consent(ctx); err != nil {
		return err
	}
	pin, err := ui.Secrets{Person: t.Person, Banner: banner, Holder: holder, Token: t.info}.PIN(ctx)
	if err != nil {
		return err
	}
	defer pin.Wipe()
	touch := t.info.Touch != token.TouchNever
	return t.work(ctx, touch, "sign the record of "+site.Site, func(ctx context.Context) error {
		if _, err := r.SignHead(ctx, site, tok, pin); err != nil {
			return err
		}
		return keep()
	})
}

// signedReport says which record was signed, by whom, with which token.
type signedReport struct {
	Site   string          `json:"site"`
	Events int             `json:"events"`
	Head   metadata.Digest `json:"head"`
	Holder string          `json:"holder"`
	Serial string          `json:"serial"`
	File   string          `json:"file"`
	SHA256 metadata.Digest `json:"sha256"` // of the file
}

func (r signedReport) text(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s signed the journal of %s up to line %d, with token %s.\nchanged %s\n%s\n",
		r.Holder, r.Site, r.Events, r.Serial, r.File, r.SHA256.OCI())
	return err
}
