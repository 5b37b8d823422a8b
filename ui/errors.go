package ui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
)

// Explain gives an error the words that help a person, for programs that end
// with one outside of a conversation.
func Explain(err error) page.Problem {
	p := *explain(err)
	if p.Code == stopped {
		p.NotDone, p.Next = "The command was not finished.", "Put right what it names, and give the command again."
	}
	return p
}

// stopped is the code of an error that no other words are known for.
const stopped = "STOPPED"

// explain gives an error the words that help: what happened, what was not done,
// what to do next, and a code to look up. It is the only place that does.
func explain(err error) *page.Problem {
	for _, of := range []func(error) *page.Problem{
		ofImport, ofRoots, ofSecret, ofTokenInReader, ofToken, ofReader, ofPlan, ofPayload, ofMetadata, ofMachine, ofCode,
	} {
		if p := of(err); p != nil {
			return p
		}
	}
	return &page.Problem{Code: stopped, Happened: text.Sentence(text.Error(err)), NotDone: "This step was not finished. Everything before it is kept.", Next: "Put right what it names, and do the step again."}
}

const (
	notSigned   = "Nothing was signed."
	noTry       = "Nothing was signed. No try was used."
	notChanged  = "The token was not asked for anything."
	notEdited   = "Nothing was changed."
	notTaken    = "Nothing of it was taken over."
	notWritten  = "Nothing was written."
	nothingDone = "Nothing was done."
	takeItOut   = "Take it out, and put in the one that is expected."
	resetOnly   = "Only a reset makes the token usable again, and that destroys its key. Another holder signs instead."
)

// ofSecret: a PIN or a PUK was refused.
func ofSecret(err error) *page.Problem {
	var pin *token.WrongPINError
	var puk *token.WrongPUKError
	var format *token.PINFormatError
	var named *namedError
	whose := "this token"
	if errors.As(err, &named) {
		whose = named.token
	}
	switch {
	case errors.As(err, &pin) && pin.Tries != 0:
		return &page.Problem{Code: "TOKEN-PIN-WRONG", Happened: "The token refused the PIN. " + takes(pin.Tries),
			NotDone: notSigned, Next: "Make sure that it is the PIV PIN, of this token. If in doubt, go back."}
	case errors.As(err, &pin), errors.Is(err, token.ErrPINBlocked):
		return &page.Problem{Code: "TOKEN-PIN-BLOCKED", Happened: "The PIN of " + whose + " is blocked: there are no tries left.",
			NotDone: notSigned, Next: "Its holder unblocks it with the PUK from their paper, or another holder signs instead."}
	case errors.As(err, &puk) && puk.Tries != 0:
		return &page.Problem{Code: "TOKEN-PUK-WRONG", Happened: "The token refused the PUK. " + takes(puk.Tries),
			NotDone: "The PIN was not changed by it.", Next: "Compare the serial number on the paper with the token's, and read the PUK again. If in doubt, go back."}
	case errors.As(err, &puk), errors.Is(err, token.ErrPUKBlocked):
		return &page.Problem{Code: "TOKEN-PUK-BLOCKED", Happened: "The PUK of " + whose + " is blocked: there are no tries left, and it can't unblock the PIN any more.",
			NotDone: nothingDone, Next: resetOnly}
	case errors.As(err, &format):
		return &page.Problem{Code: "TOKEN-PIN-FORMAT", Happened: "It can't be a PIN: " + format.Why + ".", NotDone: noTry, Next: "Type it again."}
	}
	return nil
}

// namedError says which token it was, where that is no longer on the screen.
type namedError struct {
	token string
	err   error
}

func (e *namedError) Error() string { return e.token + ": " + e.err.Error() }
func (e *namedError) Unwrap() error { return e.err }

func takes(tries int) string {
	if tries < 0 {
		return "It doesn't tell how many tries are left."
	}
	return "It takes " + plural(tries, "more try", "more tries") + "."
}

// differ: a secret that is typed twice was not the same.
func differ(what string) *page.Problem {
	return &page.Problem{Code: what + "-DIFFERS", Happened: "The two " + what + "s were not the same.", NotDone: "The token was not changed.", Next: "Type the " + what + " again, twice."}
}

// ofTokenInReader: another token is there than the one that is due.
func ofTokenInReader(err error) *page.Problem {
	var several *severalError
	var wrong *token.WrongTokenError
	var occupied *token.OccupiedError
	switch {
	case errors.As(err, &several):
		next := "Leave " + tokenOf(several.due) + " in, and take out the others."
		if several.due.Serial != "" && !several.in {
			next = "Take them out, and put in " + tokenOf(several.due) + "."
		}
		return &page.Problem{Code: "TOKEN-SEVERAL", Happened: "There are several tokens in reach: " + several.names + ".", NotDone: "None of them was asked for anything.", Next: next}
	case errors.As(err, &wrong):
		return ofWrongToken(wrong)
	case errors.Is(err, token.ErrAlreadySigned):
		return &page.Problem{Code: "TOKEN-SIGNED-ALREADY", Happened: "This token has signed this already.", NotDone: notChanged + " It needs no second PIN.", Next: "Take it out. Another holder is next."}
	case errors.Is(err, token.ErrNoKey):
		return &page.Problem{Code: "TOKEN-EMPTY", Happened: "The token has no key to sign with.", NotDone: notChanged,
			Next: "Put in the token that was enrolled. If this is the one, it was reset: its key is gone, and another holder signs instead."}
	case errors.As(err, &occupied):
		return &page.Problem{Code: "TOKEN-OCCUPIED", Happened: fmt.Sprintf("Slot %s of token %s holds a key already. It may serve another trust.", occupied.Slot, occupied.Serial),
			NotDone: "Nothing on it was changed: a key is never overwritten.", Next: "Take another token, or reset this one elsewhere if its key is not needed by anyone."}
	}
	return nil
}

// severalError: more than one token is in reach.
type severalError struct {
	names string
	due   ceremony.Holder
	in    bool // the one that is due is among them
}

func (e *severalError) Error() string { return "several tokens are in reach: " + e.names }

// ofWrongToken has words for each reason why a token is not the one that is due.
func ofWrongToken(e *token.WrongTokenError) *page.Problem {
	p := &page.Problem{Code: "TOKEN-WRONG", Happened: wrongToken(e), NotDone: notChanged, Next: takeItOut}
	switch e.Why {
	case token.Stranger:
		p.Code = "TOKEN-STRANGER"
		p.Happened += " Its key is nobody's in " + e.What + "."
		p.Next += " This one may be a spare, or serve another trust."
	case token.OtherKey:
		p.Code = "TOKEN-OTHER-KEY"
		p.Happened = fmt.Sprintf("Token %s (%s) holds another key than the one that was enrolled.", e.Found, e.Owner)
		p.Next = "Another holder signs instead. Find out who reset this token: the key that was enrolled is gone."
	case token.SignedAlready:
		p.Code = "TOKEN-SIGNED-ALREADY"
		p.Happened += fmt.Sprintf(" %s has signed %s already.", e.Owner, e.What)
		p.NotDone += " It needs no second PIN."
	case token.GivenUp:
		p.Code = "TOKEN-GIVEN-UP"
		p.Happened = "Token " + e.Found + " is the one whose enrolment was interrupted, and another one is to be enrolled instead."
		p.Next = "Put in the other token. To go on with this one, go back."
	}
	return p
}

func wrongToken(e *token.WrongTokenError) string {
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

// ofToken: the token is the right one, and something is the matter with it.
func ofToken(err error) *page.Problem {
	var policy *token.PolicyError
	var removed *token.RemovedError
	var verdict *token.VerdictError
	var bad *token.BadSignatureError
	switch {
	case errors.As(err, &verdict):
		return &page.Problem{Code: "TOKEN-ATTESTATION", Happened: text.Sentence(err.Error()), NotDone: "It was not enrolled, and nothing was recorded.", Next: "Take another token. This one does not do what the plan demands."}
	case errors.As(err, &policy):
		return &page.Problem{Code: "TOKEN-POLICY", Happened: text.Sentence(policy.Why), NotDone: notChanged, Next: "Take a token that the plan allows."}
	case errors.As(err, &removed):
		during := "The token was taken out too early."
		if removed.During != "" {
			during = "The token was taken out " + removed.During + "."
		}
		return &page.Problem{Code: "TOKEN-REMOVED", Happened: during, NotDone: notSigned, Next: "Put it in again, and leave it in until the next page."}
	case errors.Is(err, token.ErrNoTouch):
		return &page.Problem{Code: "TOKEN-NO-TOUCH", Happened: "The token was not touched in time.", NotDone: "Not signed. No try was used.", Next: "Type the PIN again, and touch the token when it blinks."}
	case errors.As(err, &bad):
		return &page.Problem{Code: "TOKEN-BAD-SIGNATURE", Happened: fmt.Sprintf("Token %s returned a signature that its key did not make.", bad.Serial),
			NotDone: "The signature was thrown away. Nothing was recorded.", Next: "Stop using this token, and note its serial in the record."}
	}
	return nil
}

func ofReader(err error) *page.Problem {
	var busy *token.BusyError
	var service *token.NoServiceError
	var tok *token.Error
	switch {
	case errors.As(err, &busy):
		by := "Another program is using the token."
		if len(busy.By) > 0 {
			by = "Another program is using the token: it may be " + strings.Join(busy.By, " or ") + "."
		}
		return &page.Problem{Code: "READER-BUSY", Happened: by, NotDone: noTry, Next: "Close that program, then try again."}
	case errors.As(err, &service):
		return &page.Problem{Code: "READER-SERVICE", Happened: "The card service does not answer: " + service.Err.Error() + ".", NotDone: "No token was looked for.", Next: "Start the service (pcscd), then look again."}
	case errors.Is(err, token.ErrNoCardSupport):
		return &page.Problem{Code: "READER-NONE", Happened: "This program was built without card support.", NotDone: "No token was looked for.", Next: "Use a build with card support, or rehearse with virtual tokens."}
	case errors.As(err, &tok):
		return &page.Problem{Code: "TOKEN-FAILED", Happened: text.Sentence(tok.Err.Error()), NotDone: "What the token was asked for is not done.", Next: "Take the token out, put it in again, and repeat the step."}
	}
	return nil
}

func ofPlan(err error) *page.Problem {
	var plan *plan.Error
	if errors.As(err, &plan) {
		return &page.Problem{Code: "PLAN", Happened: text.Sentence(plan.Error()), NotDone: "The plan was not accepted.", Next: "Correct the file, and choose it again."}
	}
	return nil
}

// ofPayload: what was to be signed can't be, or not now.
func ofPayload(err error) *page.Problem {
	var edit *draft.EditError
	var needed *draft.NeededError
	var stuck *draft.Error
	var unusable *unusableError
	var consent *ceremony.ConsentError
	var conflict *trust.ConflictError
	var expired *metadata.ExpiredError
	var horizon *ceremony.HorizonError
	var incomplete *trust.IncompleteError
	switch {
	case errors.As(err, &edit):
		why := edit.Why
		if edit.Edit != nil {
			why = edit.Edit.String() + ": " + why
		}
		return &page.Problem{Code: "EDIT", Happened: text.Sentence(why), NotDone: notEdited, Next: "Look at what stands there now, and change it in another way."}
	case errors.As(err, &needed):
		return &page.Problem{Code: "EDIT-NEEDED", Happened: text.Sentence(fmt.Sprintf("a later edit needs it (%s): without it, %s", needed.By, needed.Why)), NotDone: notEdited, Next: "Take the later edit back first."}
	case errors.As(err, &stuck):
		return &page.Problem{Code: "DRAFT-STUCK", Happened: text.Sentence(stuck.Err.Error()), NotDone: "Nothing is frozen: as it is, this draft can't be.", Next: "Change something more, or throw the draft away."}
	case errors.As(err, &unusable):
		return &page.Problem{Code: "FILE-UNUSABLE", Happened: text.Sentence(unusable.Error()), NotDone: notEdited, Next: "Choose another file, or have this one made again."}
	case errors.As(err, &consent):
		return &page.Problem{Code: "CONSENT", Happened: text.Sentence(consent.Why), NotDone: notSigned, Next: "Read the payload again, and type what is asked for."}
	case errors.As(err, &conflict):
		return &page.Problem{Code: "CONFLICT", Happened: text.Sentence(conflict.Error()), NotDone: notSigned, Next: "Ask the other sites which one is meant, and choose it in the list of steps."}
	case errors.As(err, &expired):
		return &page.Problem{Code: "EXPIRED", Happened: text.Sentence(expired.Error()), NotDone: notSigned, Next: "Check the clock. If it is right, a new version with a later expiry is needed."}
	case errors.As(err, &horizon):
		return &page.Problem{Code: "HORIZON", Happened: fmt.Sprintf("%s %d expires on %s, later than it may. The clock says %s.", horizon.Role, horizon.Version, date(horizon.Expires), date(horizon.Now)),
			NotDone: notSigned, Next: "Check the clock: it may be behind. If it is right, a new version with an earlier expiry is needed."}
	case errors.As(err, &incomplete):
		return &page.Problem{Code: "INCOMPLETE", Happened: text.Sentence(incomplete.Error()), NotDone: "It was not treated as complete.", Next: "Have the missing holders sign, here or at another site."}
	case errors.Is(err, trust.ErrUnknown):
		return &page.Problem{Code: "PAYLOAD-UNKNOWN", Happened: "What this was about is not here any more: it was cancelled, or another took its place.", NotDone: nothingDone, Next: "Look at the list again, and choose there."}
	case errors.Is(err, ceremony.ErrNotNow):
		return &page.Problem{Code: "NOT-NOW", Happened: "This step is not due now.", NotDone: nothingDone, Next: "Go on with a step that the list calls now."}
	}
	return nil
}

// unusableError: a file that was chosen is not what it has to be.
type unusableError struct {
	file File
	err  error
}

func (e *unusableError) Error() string { return "the file " + e.file.Name + ": " + text.Error(e.err) }
func (e *unusableError) Unwrap() error { return e.err }

// ofImport: a bundle was refused. What it holds may say why in its own words;
// in any case nothing of it was taken over.
func ofImport(err error) *page.Problem {
	var in *ceremony.ImportError
	if !errors.As(err, &in) {
		return nil
	}
	var policy *token.PolicyError
	if errors.As(in.Err, &policy) {
		return &page.Problem{Code: "BUNDLE-OTHER-KIND", Happened: text.Sentence(policy.Why), NotDone: notTaken, Next: "Choose a bundle of this trust. A rehearsal and a real trust never meet."}
	}
	for _, of := range []func(error) *page.Problem{ofRoots, ofPayload, ofMachine} {
		if p := of(in.Err); p != nil {
			p.NotDone = notTaken
			return p
		}
	}
	if p := ofMetadata(in.Err); p != nil && p.Code == otherTrust {
		return p
	}
	return &page.Problem{Code: "BUNDLE-REFUSED", Happened: text.Sentence(fmt.Sprintf("%s: %v", in.Item, in.Err)), NotDone: notTaken, Next: writeAgain}
}

// ofRoots: a published set that does not verify, or roots that don't follow from
// the one that is known.
func ofRoots(err error) *page.Problem {
	var other *trust.OtherRootError
	var unverified *trust.UnverifiedError
	switch {
	case errors.As(err, &unverified):
		return &page.Problem{Code: "BUNDLE-UNVERIFIED", Happened: text.Sentence(err.Error()), NotDone: "Nothing of it was used.",
			Next: "Get the bundle again, from whoever made it. If it happens twice, treat its source as tampered with."}
	case !errors.As(err, &other):
		return nil
	}
	return &page.Problem{
		Code:     "BUNDLE-OTHER-ROOT",
		Happened: fmt.Sprintf("Root %d in it does not follow from root %d that is known here: it is another trust of the same name.", other.Theirs.Version, other.Known.Version),
		NotDone:  notTaken,
		Next:     "Compare both with the other site by voice. Whoever has this one was given another trust, or somebody wants you to believe in it.",
	}
}

const (
	otherTrust = "BUNDLE-OTHER-TRUST"
	writeAgain = "Ask the other site to write the bundle again. If it happens twice, treat the medium as tampered with."
)

// ofMetadata: metadata that is not what it must be. Inside of a bundle that
// makes the bundle one that is refused.
func ofMetadata(err error) *page.Problem {
	var of *metadata.OtherTrustError
	var threshold *metadata.ThresholdError
	var version *metadata.VersionError
	var field *metadata.FieldError
	var mismatch *metadata.MismatchError
	const notUsed = "Nothing of it was used."
	switch {
	case errors.As(err, &of):
		return &page.Problem{Code: otherTrust, Happened: text.Sentence(of.Error()), NotDone: notTaken, Next: "Choose a bundle of this trust."}
	case errors.As(err, &threshold):
		return &page.Problem{Code: "METADATA-UNSIGNED", Happened: text.Sentence(threshold.Error()), NotDone: notUsed, Next: "Get the file with the missing signatures, from where it was signed."}
	case errors.As(err, &version):
		return &page.Problem{Code: "METADATA-VERSION", Happened: text.Sentence(version.Error()), NotDone: notUsed, Next: "Get the version that is asked for. An older one may be an attempt to go back."}
	case errors.As(err, &field):
		return &page.Problem{Code: "METADATA-FIELD", Happened: text.Sentence(field.Error()), NotDone: notUsed, Next: "Have the file corrected where it was made: a field of it is not as the standard says."}
	case errors.As(err, &mismatch):
		return &page.Problem{Code: "METADATA-MISMATCH", Happened: text.Sentence(mismatch.Error()), NotDone: notUsed, Next: "Get all files of one published set, from one place."}
	case errors.Is(err, metadata.ErrSignature):
		return &page.Problem{Code: "METADATA-SIGNATURE", Happened: text.Sentence(err.Error()), NotDone: notUsed, Next: "Get the file again. If it happens twice, treat its source as tampered with."}
	}
	return nil
}

// ofMachine: the clock, a journal, or somebody who stopped it.
func ofMachine(err error) *page.Problem {
	var clock *ceremony.ClockError
	var broken *journal.Error
	var fork *journal.ForkError
	switch {
	case errors.As(err, &clock):
		where, next := "before", "Set the clock of this machine to UTC, and start again."
		if clock.Now.After(clock.Known) {
			where, next = "more than a year after", next+" If it is right, this program is too old to tell: take one that was built within the last year."
		}
		return &page.Problem{Code: "CLOCK", Happened: fmt.Sprintf("The clock says %s, which is %s %s (%s).", date(clock.Now), where, clock.What, date(clock.Known)), NotDone: nothingDone, Next: next}
	case errors.Is(err, ceremony.ErrClockDue):
		return &page.Problem{Code: "CLOCK-DUE", Happened: text.Sentence(err.Error()), NotDone: nothingDone, Next: "Compare the clock: the list of steps asks for it. Then do the step again."}
	case errors.As(err, &fork):
		return &page.Problem{Code: "BUNDLE-FORK", Happened: text.Sentence(fork.Error()), NotDone: notTaken, Next: "Stop, and find out with the other site which of the two happened."}
	case errors.As(err, &broken):
		return &page.Problem{Code: "JOURNAL", Happened: text.Sentence(err.Error()), NotDone: nothingDone, Next: "Don't go on with this journal, and keep the medium as it is. conclave export WORKSPACE writes what stands before the damage to a bundle, for another site to go on with."}
	case errors.Is(err, fs.ErrPermission):
		return &page.Problem{Code: "NOT-ALLOWED", Happened: text.Sentence(err.Error()), NotDone: nothingDone,
			Next: "Find out whether this user may read it, or write there. The program itself writes only to its workspace, to drives that are mounted below /media, /run/media or /mnt, and to what its command line names, as by --place."}
	case errors.Is(err, context.Canceled):
		return &page.Problem{Code: "CANCELLED", Happened: "It was stopped before it was done.", NotDone: "No signature was recorded.", Next: "Do the step again when you are ready."}
	}
	return nil
}

// coded is an error of a package that this one does not know. Its code is the
// one that people look up.
type coded interface {
	error
	Code() string
}

// ofCode has the words for errors of files and media, known by their codes.
func ofCode(err error) *page.Problem {
	var known coded
	if !errors.As(err, &known) {
		return nil
	}
	words := map[string]struct{ notDone, next string }{
		"BUNDLE-REFUSED":        {"Nothing of it was taken over, and nothing was written.", writeAgain},
		"BUNDLE-HEADS":          {"The bundles were not merged.", "Two sites hold different published sets: find out which one is live, and leave the other bundle out."},
		otherTrust:              {"The bundles were not merged.", "Choose bundles of one trust."},
		"BUNDLE-PROPOSED-TWICE": {"The bundles were not merged.", "Ask the sites which of the two is meant, and leave the other bundle out."},
		"REPOSITORY-AMBIGUOUS":  {"Nothing of them was used.", "Name the directory of the one that is meant."},
		"WORKSPACE-LOCKED":      {nothingDone, "Close the other program, or choose another workspace."},
		"FILE-REFUSED":          {"Nothing of it was used.", "Name the file itself: one that is read is a regular file of ordinary size."},
		"FILE-DAMAGED":          {"What it holds was not used.", "Keep the medium as it is, take another one, and do the step again or go on at another site."},
		"EXPORT-REFUSED":        {"Nothing left this machine. What was signed is kept.", "Make a new version in which that is put right, and have it signed."},
		"MEDIUM-FULL":           {notWritten, "Make room on the medium, or take another one."},
		"FILE-EXISTS":           {"The file that is there was not touched, and nothing was written.", "Choose another place, or take the other file away first."},
		"FILE-NAME":             {notWritten, "Choose another name: this one can't travel to every kind of machine."},
	}[known.Code()]
	if words.next == "" {
		return nil
	}
	return &page.Problem{Code: known.Code(), Happened: text.Sentence(err.Error()), NotDone: words.notDone, Next: words.next}
}
