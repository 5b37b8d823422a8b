package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

func tokenListCommand() *cobra.Command {
	var f tokenFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List the tokens in reach, and what they tell freely",
		Long: `List asks every token in reach for what it tells without a PIN: its serial number
and firmware, the key in its signing slot with the policies of that key, how many
tries PIN and PUK have left, and whether one of them or the management key still
has the value that every token is shipped with. Asking costs no try.`,
		Example: `  conclave token list
  conclave token list --output json`,
		Args: cobra.NoArgs,
	}
	output := cli.OutputFlag(c)
	f.pkcs11(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		all, err := look(c.Context(), readerFor(f.modules))
		if err != nil {
			return err
		}
		r := listReport{Tokens: []tokenReport{}}
		var trouble error
		for _, t := range all {
			r.Tokens = append(r.Tokens, reportOf(t))
			if t.trouble != nil {
				trouble = t.trouble
			}
		}
		if err := cli.Report(c.OutOrStdout(), *output, r, r.text); err != nil {
			return err
		}
		return trouble
	}
	return c
}

type listReport struct {
	Tokens []tokenReport `json:"tokens"` // by serial
}

// tokenReport is what is known of a token in reach. Tries of -1 are not known.
type tokenReport struct {
	Serial     string            `json:"serial"`
	Kind       string            `json:"kind"`
	Reader     string            `json:"reader"`
	Firmware   string            `json:"firmware,omitempty"`
	FormFactor string            `json:"form_factor,omitempty"`
	FIPS       bool              `json:"fips"`
	Virtual    bool              `json:"virtual"`
	Slot       string            `json:"slot"`
	KeyID      string            `json:"keyid"` // "": the slot is empty
	PIN        token.PINPolicy   `json:"pin,omitempty"`
	Touch      token.TouchPolicy `json:"touch,omitempty"`
	PINTries   int               `json:"pin_tries"`
	PUKTries   int               `json:"puk_tries"`
	Factory    bool              `json:"factory_secrets"`
	Problem    string            `json:"problem,omitempty"`
}

func reportOf(t seen) tokenReport {
	i := t.info
	r := tokenReport{
		Serial: i.Serial, Kind: i.Kind, Reader: i.Reader, Firmware: i.Firmware, FormFactor: i.FormFactor,
		FIPS: i.FIPS, Virtual: i.Virtual, Slot: i.Slot, PIN: i.PINPolicy, Touch: i.Touch,
		PINTries: i.PINTries, PUKTries: i.PUKTries, Factory: i.Factory,
	}
	if i.Key != nil {
		r.KeyID = i.Key.ID()
	}
	if t.trouble != nil {
		r.Problem = t.trouble.Error()
	}
	return r
}

func (r listReport) text(w io.Writer) error {
	p := &printer{w: w}
	if len(r.Tokens) == 0 {
		p.line("No token is in a reader.")
	}
	for i, t := range r.Tokens {
		if i > 0 {
			p.line("")
		}
		p.token(t)
	}
	return p.err
}

func (p *printer) token(t tokenReport) {
	if t.Problem != "" {
		p.line("PROBLEM  %s", t.Problem)
		if t.Serial == "" {
			return
		}
	}
	p.line("%s", describe(t.Serial, t.Firmware, t.FormFactor, t.FIPS))
	kind := t.Kind
	if t.Virtual {
		kind += ", a virtual one for rehearsals"
	}
	p.line("  kind        %s", kind)
	p.line("  reader      %s", t.Reader)
	if t.KeyID == "" {
		p.line("  slot %s     no key", t.Slot)
	} else {
		p.line("  slot %s     key %s", t.Slot, t.KeyID)
		p.line("  policies    PIN %s, touch %s", t.PIN, t.Touch)
	}
	p.line("  tries left  PIN %s, PUK %s", tries(t.PINTries), tries(t.PUKTries))
	if t.Factory {
		p.line("  secrets     PIN, PUK or management key are as they were shipped")
	}
}

// tries is a number of tries that are left.
func tries(n int) string {
	if n < 0 {
		return "not known"
	}
	return fmt.Sprint(n)
}
