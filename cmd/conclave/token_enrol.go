package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

func tokenEnrolCommand() *cobra.Command {
	var f tokenFlags
	var d demandFlags
	var e enrolling
	c := &cobra.Command{
		Use:   "enrol --serial N --subject NAME --out FILE",
		Short: "Make a new token ready to sign",
		Long: `Enrol replaces the PIN, the PUK and the management key that every token is
shipped with, has the token make a key in its signing slot and vouch for it, and
proves that the token signs. A slot that holds a key is refused: nothing is ever
overwritten. The attestation is judged as by "conclave attestation", and written
where every check passed; "conclave token verify --out" writes it another time.

A run that was cut short leaves a token that is half ready. With --resume, and the
PIN and the PUK of that run, it is taken up again.`,
		Example: `  conclave token enrol --serial 5417533 --subject "Ada of wabbit" --out ada.pem
  conclave token enrol --serial 5417533 --subject "Ada of wabbit" --plan plan.yaml --out ada.pem --resume`,
		Args: cobra.NoArgs,
	}
	d.add(c)
	f.conversation(c)
	c.Flags().StringVar(&e.subject, "subject", "", "the name in the certificate beside the key: whose key it is, and of which trust")
	c.Flags().StringVar(&e.out, "out", "", "the file to write the attestation to; one that is there is never overwritten")
	c.Flags().BoolVar(&e.resume, "resume", false, "go on with an enrolment of this token that was cut short")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if err := needed(c, "serial", "subject", "out"); err != nil {
			return err
		}
		if len(e.subject) > maxSubject || text.Safe(e.subject) != e.subject {
			return &cli.UsageError{Err: fmt.Errorf("--subject takes a name of at most %d bytes that can be read", maxSubject)}
		}
		if e.demand, err = d.read(c.Context()); err != nil {
			return err
		}
		f.rehearsal = e.Policy.Rehearsal
		if err := checkOut(e.out); err != nil {
			return err
		}
		if e.seen, err = f.find(c.Context()); err != nil {
			return err
		}
		return e.run(c, f)
	}
	return c
}

// maxSubject is what a common name holds (RFC 5280, appendix A.1). In bytes.
const maxSubject = 64

// enrolling is one enrolment outside of a ceremony.
type enrolling struct {
	demand
	seen
	subject, out string
	resume       bool

	made   token.Enrolment
	report verdictReport
}

func (e *enrolling) run(c *cobra.Command, f tokenFlags) error {
	enroller, ok := e.Token.(token.Enroller)
	switch {
	case e.trouble != nil:
		return e.trouble
	case !ok:
		return cannot(e.seen, "make a key of its own")
	case e.info.Key != nil && !e.resume:
		return &token.OccupiedError{Serial: e.info.Serial, Slot: e.info.Slot}
	}
	asked := false // the token
	err := f.talkAbout(c, e.seen, "enrolment", func(ctx context.Context, t *talk) error {
		if err := e.explain(ctx, t); err != nil {
			return err
		}
		pin, puk, err := e.secrets(ctx, t.secrets())
		if err != nil {
			return err
		}
		defer pin.Wipe()
		defer puk.Wipe()
		asked = true
		return t.work(ctx, e.Touch != token.TouchNever, "make the key of "+e.subject, func(ctx context.Context) error {
			return e.enrol(ctx, enroller, pin, puk.PIN)
		})
	})
	if err != nil {
		if asked {
			fmt.Fprintln(c.ErrOrStderr(), "The enrolment was cut short. With --resume it goes on, with the same PIN and PUK.")
		}
		return err
	}
	if err := e.report.print(c.OutOrStdout(), "text"); err != nil {
		return err
	}
	return writeAttestation(c.Context(), c.OutOrStdout(), e.out, e.made.Attestation)
}

// explain says what is going to happen.
func (e *enrolling) explain(ctx context.Context, t *talk) error {
	state := "used before, or it does not tell"
	switch {
	case e.resume:
		state = "an enrolment was cut short"
	case e.info.Factory:
		state = "as it came from the factory"
	}
	p := t.page("Token "+e.info.Serial+" is made ready",
		page.Facts{
			{Label: "Reader", Value: e.info.Reader},
			{Label: "State", Value: state},
			{Label: "Key for", Value: e.subject},
			{Label: "Key", Value: fmt.Sprintf("%s in slot %s, PIN %s, touch %s", e.Algorithm, e.info.Slot, e.PIN, e.Touch)},
			{Label: "Held to", Value: e.source},
			{Label: "Written to", Value: e.out},
		},
		page.Para("These are replaced: the PIN and the PUK that every new token has, and its management key. Then the token makes a key that never leaves it, vouches for it, and signs once to prove that it can."),
		page.Para("A token that holds a key already is refused: nothing is ever overwritten."),
	)
	p.Help = []string{"The PIN is what the holder types to sign. The PUK unblocks the PIN after too many wrong ones."}
	return t.Tell(ctx, p)
}

// secrets has PIN and PUK chosen, or typed as they were chosen by the run that
// was cut short. The caller wipes them.
func (e *enrolling) secrets(ctx context.Context, ask ui.Secrets) (pin token.PIN, puk ui.PUK, err error) {
	choosePIN, choosePUK := ask.NewPIN, func(ctx context.Context) (ui.PUK, error) { return ask.NewPUK(ctx, rand.Reader) }
	if e.resume {
		choosePIN, choosePUK = ask.PINOfThen, ask.PUKOfThen
	}
	if pin, err = choosePIN(ctx); err != nil {
		return token.PIN{}, ui.PUK{}, err
	}
	if puk, err = choosePUK(ctx); err != nil {
		pin.Wipe()
		return token.PIN{}, ui.PUK{}, err
	}
	return pin, puk, nil
}

// enrol makes the key, has it judged, and proves that it signs. A key that
// fails a check is left alone: the report says so.
func (e *enrolling) enrol(ctx context.Context, t token.Enroller, pin, puk token.PIN) error {
	var err error
	e.made, err = t.Enrol(ctx, token.EnrolRequest{
		PIN: pin, PUK: puk,
		Algorithm: e.Algorithm, Touch: e.Touch, PINPolicy: e.PIN,
		Subject: e.subject, Now: e.at, Resume: e.resume,
	})
	if err != nil {
		return err
	}
	if e.report = e.judgeToken(e.made.Attestation, e.made.Key, e.seen); !e.report.Passed {
		return nil
	}
	payload := fmt.Appendf(nil, "conclave: possession\nsubject: %s\nserial: %s\nkey: %s\n", e.subject, e.info.Serial, e.made.Key.ID())
	sig, err := t.Sign(ctx, pin, payload)
	if err != nil {
		return err
	}
	if err := e.made.Key.Verify(payload, sig); err != nil {
		return &token.BadSignatureError{Serial: e.info.Serial, Err: err}
	}
	return nil
}
