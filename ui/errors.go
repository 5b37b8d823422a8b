package ui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Explain gives an error the words that help a person, for programs that end
// with one outside of a conversation.
func Explain(err error) Problem { return *explain(err) }

// explain gives an error the words that help: what happened, what was not done,
// what to do next, and a code to look up. It is the only place that does.
func explain(err error) *Problem {
	for _, of := range []func(error) *Problem{ofPIN, ofToken, ofReader, ofPlan, ofPayload, ofBundle, ofMachine} {
		if p := of(err); p != nil {
			return p
		}
	}
	return &Problem{"STOPPED", sentence(err), "This step was not finished. Everything before it is kept.", "Put right what it names, and do the step again."}
}

const (
	notSigned   = "Nothing was signed."
	noTry       = "Nothing was signed. No try was used."
	notChanged  = "The token was not asked for anything."
	notTaken    = "Nothing of it was taken over."
	nothingDone = "Nothing was done."
)

func ofPIN(err error) *Problem {
	var wrong *ceremony.WrongPINError
	var format *ceremony.PINFormatError
	switch {
	case errors.As(err, &wrong) && wrong.Tries > 0:
		return &Problem{"TOKEN-PIN-WRONG", fmt.Sprintf("The token refused the PIN. It takes %s.", plural(wrong.Tries, "more try", "more tries")),
			notSigned, "Make sure that it is the PIV PIN, of this token. If in doubt, go back."}
	case errors.As(err, &wrong), errors.Is(err, ceremony.ErrPINBlocked):
		return &Problem{"TOKEN-PIN-BLOCKED", "The PIN of this token is blocked: there are no tries left.",
			notSigned, "Its holder unblocks it with the PUK from their paper, or another holder signs instead."}
	case errors.Is(err, ceremony.ErrPUKBlocked):
		return &Problem{"TOKEN-PUK-BLOCKED", "The PUK of this token is blocked as well.",
			nothingDone, "Only a reset makes the token usable again, and that destroys its key. Another holder signs instead."}
	case errors.As(err, &format):
		return &Problem{"TOKEN-PIN-FORMAT", "It can't be a PIN: " + format.Why + ".", noTry, "Type it again."}
	}
	return nil
}

func ofToken(err error) *Problem {
	var wrong *ceremony.WrongTokenError
	var policy *ceremony.PolicyError
	var occupied *ceremony.OccupiedError
	var removed *ceremony.RemovedError
	var verdict *ceremony.VerdictError
	var bad *ceremony.BadSignatureError
	var signed *signedAlreadyError
	switch {
	case errors.As(err, &signed):
		return &Problem{"TOKEN-SIGNED-ALREADY", fmt.Sprintf("%s %s has signed %s already.", wrongToken(signed.WrongTokenError), signed.Owner, signed.what),
			notChanged + " It needs no second PIN.", "Take it out, and put in the one that is expected."}
	case errors.As(err, &wrong):
		return &Problem{"TOKEN-WRONG", wrongToken(wrong), notChanged, "Take it out, and put in the one that is expected."}
	case errors.Is(err, ceremony.ErrAlreadySigned):
		return &Problem{"TOKEN-SIGNED-ALREADY", "This token has signed this already.", notChanged + " It needs no second PIN.", "Take it out. Another holder is next."}
	case errors.Is(err, ceremony.ErrNoKey):
		return &Problem{"TOKEN-EMPTY", "The token has no key to sign with.", notChanged, "Put in the token that was enrolled."}
	case errors.As(err, &occupied):
		return &Problem{"TOKEN-OCCUPIED", fmt.Sprintf("Slot %s of token %s holds a key already.", occupied.Slot, occupied.Serial),
			"Nothing on it was changed: a key is never overwritten.", "Take another token, or reset this one elsewhere if its key is not needed by anyone."}
	case errors.As(err, &verdict):
		return &Problem{"TOKEN-ATTESTATION", sentence(err), "It was not enrolled, and nothing was recorded.", "Take another token. This one does not do what the plan demands."}
	case errors.As(err, &policy):
		return &Problem{"TOKEN-POLICY", sentence(errors.New(policy.Why)), notChanged, "Take a token that the plan allows."}
	case errors.As(err, &removed):
		during := "The token was taken out too early."
		if removed.During != "" {
			during = "The token was taken out " + removed.During + "."
		}
		return &Problem{"TOKEN-REMOVED", during, notSigned, "Put it in again, and leave it in until the next page."}
	case errors.Is(err, ceremony.ErrNoTouch):
		return &Problem{"TOKEN-NO-TOUCH", "The token was not touched in time.", "Not signed. No try was used.", "Type the PIN again, and touch the token when it blinks."}
	case errors.As(err, &bad):
		return &Problem{"TOKEN-BAD-SIGNATURE", fmt.Sprintf("Token %s returned a signature that its key did not make.", bad.Serial),
			"The signature was thrown away. Nothing was recorded.", "Stop using this token, and note its serial in the record."}
	}
	return nil
}

// signedAlreadyError is the wrong token, of a holder who has signed already.
type signedAlreadyError struct {
	*ceremony.WrongTokenError
	what string
}

func wrongToken(e *ceremony.WrongTokenError) string {
	expected := "The token of " + e.Holder
	if e.Expected != "" {
		expected = fmt.Sprintf("Token %s (%s)", e.Expected, e.Holder)
	}
	there := e.Found
	if e.Owner != "" {
		there += " (" + e.Owner + ")"
	}
	return expected + " is expected; " + there + " is in the reader."
}

func ofReader(err error) *Problem {
	var busy *ceremony.BusyError
	var service *ceremony.NoServiceError
	var token *ceremony.TokenError
	switch {
	case errors.As(err, &busy):
		by := "Another program is using the token."
		if len(busy.By) > 0 {
			by = "Another program is using the token: it may be " + strings.Join(busy.By, " or ") + "."
		}
		return &Problem{"READER-BUSY", by, noTry, "Close that program, then try again."}
	case errors.As(err, &service):
		return &Problem{"READER-SERVICE", "The card service does not answer: " + service.Err.Error() + ".", "No token was looked for.", "Start the service (pcscd), then look again."}
	case errors.Is(err, ceremony.ErrNoCardSupport):
		return &Problem{"READER-NONE", "This program was built without card support.", "No token was looked for.", "Use a build with card support, or rehearse with virtual tokens."}
	case errors.As(err, &token):
		return &Problem{"TOKEN-FAILED", sentence(token.Err), "What the token was asked for is not done.", "Take the token out, put it in again, and repeat the step."}
	}
	return nil
}

func ofPlan(err error) *Problem {
	var plan *ceremony.PlanError
	if errors.As(err, &plan) {
		return &Problem{"PLAN", sentence(plan), "The plan was not accepted.", "Correct the file, and choose it again."}
	}
	return nil
}

func ofPayload(err error) *Problem {
	var consent *ceremony.ConsentError
	var conflict *ceremony.ConflictError
	var expired *metadata.ExpiredError
	switch {
	case errors.As(err, &consent):
		return &Problem{"CONSENT", sentence(errors.New(consent.Why)), notSigned, "Read the payload again, and type what is asked for."}
	case errors.As(err, &conflict):
		return &Problem{"CONFLICT", sentence(err), notSigned, "Ask the other sites which one is meant, and begin anew without the other."}
	case errors.As(err, &expired):
		return &Problem{"EXPIRED", sentence(err), notSigned, "Check the clock. If it is right, a new version with a later expiry is needed."}
	case errors.Is(err, ceremony.ErrNotNow):
		return &Problem{"NOT-NOW", "This step is not due now.", nothingDone, "Go on with a step that the list calls now."}
	}
	return nil
}

func ofBundle(err error) *Problem {
	var fork *ceremony.ForkError
	var trust *metadata.OtherTrustError
	var in *ceremony.ImportError
	switch {
	case errors.As(err, &fork):
		return &Problem{"BUNDLE-FORK", sentence(fork), notTaken, "Stop, and find out with the other site which of the two happened."}
	case errors.As(err, &trust):
		return &Problem{"BUNDLE-OTHER-TRUST", sentence(trust), notTaken, "Choose a bundle of this trust."}
	case errors.As(err, &in):
		return &Problem{"BUNDLE-REFUSED", sentence(fmt.Errorf("%s: %w", in.Item, in.Err)), notTaken, "Ask the other site to write the bundle again. If it happens twice, treat the medium as tampered with."}
	}
	return nil
}

func ofMachine(err error) *Problem {
	var clock *ceremony.ClockError
	var journal *ceremony.JournalError
	switch {
	case errors.As(err, &clock):
		return &Problem{"CLOCK", fmt.Sprintf("The clock says %s, which is before %s (%s).", date(clock.Now), date(clock.Floor), clock.What),
			nothingDone, "Set the clock of this machine, and start again."}
	case errors.As(err, &journal):
		return &Problem{"JOURNAL", sentence(err), nothingDone, "Don't go on with this journal. Keep the medium as it is, and go on at another site."}
	case errors.Is(err, context.Canceled):
		return &Problem{"CANCELLED", "It was stopped before it was done.", "No signature was recorded.", "Do the step again when you are ready."}
	}
	return nil
}

// sentence is an error as people write: a capital first, a full stop last.
func sentence(err error) string {
	s := err.Error()
	r, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[n:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
