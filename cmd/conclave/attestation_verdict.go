package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/ui"
)

// demandFlags say what is demanded of tokens.
type demandFlags struct {
	plan      string
	rehearsal bool
}

func (f *demandFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.plan, "plan", "", "the plan whose demands hold (default: the default ones)")
	c.Flags().BoolVar(&f.rehearsal, "rehearsal", false, "a rehearsal: virtual tokens, and only they, are accepted (a plan says by itself whether it is one)")
}

// demand is what is demanded of tokens and their keys.
type demand struct {
	token.Profile
	source string // who demands it
	at     time.Time
}

// read reads the demands of the plan, if one is named.
func (f *demandFlags) read(ctx context.Context) (demand, error) {
	d := demand{at: time.Now().UTC(), source: "the default demands"}
	if f.plan == "" {
		d.Profile = token.DefaultProfile(f.rehearsal)
		return d, nil
	}
	text, files, err := (&machine{}).ReadPlan(ctx, ui.File{Path: f.plan})
	if err != nil {
		return demand{}, err
	}
	plan, err := plan.Parse(text, files)
	if err != nil {
		return demand{}, err
	}
	if f.rehearsal && !plan.Tokens.Policy.Rehearsal {
		return demand{}, &cli.UsageError{Err: fmt.Errorf("the plan of %s is not one of a rehearsal", plan.Trust)}
	}
	d.Profile, d.source = plan.Tokens, "the plan of "+plan.Trust
	return d, nil
}

// judge holds an attestation of key against the demands. serial "": any token's.
func (d demand) judge(a token.Attestation, key metadata.Key, serial string) verdictReport {
	return d.report(key, hsm.Checker{}.Check(a, key, serial, d.Policy, d.at))
}

// judgeToken is judge for a key that a token holds. a is nil where the token
// does not vouch for it: it can't do that at all, or not for this key.
func (d demand) judgeToken(a *token.Attestation, key metadata.Key, t seen) verdictReport {
	if a != nil {
		return d.judge(*a, key, t.info.Serial)
	}
	c := token.Check{Name: "attestation"}
	switch _, attests := t.Token.(token.Attester); {
	case attests:
		c.Reason = "the token does not vouch for its key: it was not made there"
	case d.Policy.WithoutAttestation:
		c.Pass, c.Reason = true, fmt.Sprintf("none: a %s can't vouch for its key, and the plan allows that", t.info.Kind)
	default:
		c.Reason = fmt.Sprintf("a %s can't vouch for its key, and that is not allowed", t.info.Kind)
	}
	return d.report(key, token.Verdict{
		Checks: []token.Check{c}, Serial: t.info.Serial, Firmware: t.info.Firmware,
		Touch: t.info.Touch, PIN: t.info.PINPolicy, Form: t.info.FormFactor, FIPS: t.info.FIPS,
	})
}

func (d demand) report(key metadata.Key, v token.Verdict) verdictReport {
	r := verdictReport{Passed: v.Err() == nil, Demands: d.source, At: d.at, Verdict: v}
	if key != (metadata.Key{}) {
		r.KeyID = key.ID()
	}
	return r
}

// verdictReport is the outcome of judging an attestation.
type verdictReport struct {
	Passed  bool      `json:"passed"`
	Demands string    `json:"demands"`
	At      time.Time `json:"at"`
	KeyID   string    `json:"keyid,omitempty"`
	OwnKey  bool      `json:"own_key,omitempty"` // it was compared with no other
	token.Verdict
}

// print prints the report, and returns errCheckFailed where a check did.
func (r verdictReport) print(w io.Writer, format string) error {
	if err := cli.Report(w, format, r, r.text); err != nil {
		return err
	}
	if !r.Passed {
		return errCheckFailed
	}
	return nil
}

func (r verdictReport) text(w io.Writer) error {
	p := &printer{w: w}
	p.line("attestation of %s", r.token())
	if r.KeyID != "" {
		p.line("  key %s", r.KeyID)
	}
	if r.OwnKey {
		p.line("  no --key was named: that the key is the one it ought to be is for you to see")
	}
	p.line("  held against %s, on %s", r.Demands, r.At.Format(time.RFC3339))
	p.line("")
	failed := 0
	for _, c := range r.Checks {
		word := "pass"
		if !c.Pass {
			word = "FAIL"
			failed++
		}
		p.line("%s  %-12s  %s", word, c.Name, c.Reason)
	}
	p.line("")
	if r.Passed {
		p.line("It passes every check.")
	} else {
		p.line("It fails %d of %d checks.", failed, len(r.Checks))
	}
	return p.err
}

// token describes the token as the attestation does.
func (r verdictReport) token() string {
	if r.Serial == "" {
		return "a token that it does not name"
	}
	return describe(r.Serial, r.Firmware, r.Form, r.FIPS)
}

// describe names a token by all that is known of it.
func describe(serial, firmware, form string, fips bool) string {
	parts := []string{"token " + serial}
	if firmware != "" {
		parts = append(parts, "firmware "+firmware)
	}
	if form != "" {
		parts = append(parts, form)
	}
	if fips {
		parts = append(parts, "FIPS")
	}
	return strings.Join(parts, ", ")
}
