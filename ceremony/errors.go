package ceremony

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Errors of the rules. Each says what happened and what was not done; the ui
// adds what to do next.
var (
	ErrNotNow        = errors.New("this step is not due now: nothing was done")
	ErrUnknown       = errors.New("no payload here has this digest: nothing was done")
	ErrAlreadySigned = errors.New("this token has signed this already: nothing is left for it to do here")
)

// WrongTokenError: another token is in the reader than the one that is due.
type WrongTokenError struct {
	Holder   string // who is expected
	Expected string // serial; "" not known
	Found    string // serial
	Owner    string // whose token was found, where that is known
}

func (e *WrongTokenError) Error() string {
	want := "the token of " + e.Holder
	if e.Expected != "" {
		want = "token " + e.Expected + " (" + e.Holder + ")"
	}
	found := e.Found
	if e.Owner != "" {
		found += " (" + e.Owner + ")"
	}
	return want + " is expected; " + found + " is in the reader: it was not asked for anything"
}

// PolicyError: a token that the ceremony may not use.
type PolicyError struct{ Why string }

func (e *PolicyError) Error() string { return e.Why + ": the token was not used" }

// ConsentError: what was typed is not a consent.
type ConsentError struct{ Why string }

func (e *ConsentError) Error() string { return e.Why + ": nothing was signed" }

// ConflictError: two different payloads claim to be one version of a role.
type ConflictError struct {
	Role    string
	Version int64
	Digests []metadata.Digest
}

func (e *ConflictError) Error() string {
	d := make([]string, len(e.Digests))
	for i := range e.Digests {
		d[i] = e.Digests[i].String()
	}
	return fmt.Sprintf("there are %d different payloads of %s %d (%s): neither can be signed or published until people have chosen one",
		len(d), Safe(e.Role), e.Version, strings.Join(d, ", "))
}

// ClockError: the machine's time can't be right.
type ClockError struct {
	Now, Floor time.Time // Floor: the latest time that is known to have passed
	What       string    // what happened at Floor
}

func (e *ClockError) Error() string {
	return fmt.Sprintf("the clock says %s, which is before %s (%s): nothing was done",
		e.Now.UTC().Format(time.RFC3339), e.What, e.Floor.UTC().Format(time.RFC3339))
}

// HorizonError: a payload would be good for longer than anybody planned, or
// the clock is years behind.
type HorizonError struct {
	Role         string
	Version      int64
	Expires, Now time.Time
}

func (e *HorizonError) Error() string {
	return fmt.Sprintf("%s %d expires on %s, later than it may: the clock says %s. Nothing was signed",
		Safe(e.Role), e.Version, e.Expires.UTC().Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339))
}

// BadSignatureError: a token gave a signature that does not verify.
type BadSignatureError struct {
	Serial string
	Err    error
}

func (e *BadSignatureError) Error() string {
	return "token " + e.Serial + " returned a signature that its key did not make: it was thrown away, and nothing was recorded"
}
func (e *BadSignatureError) Unwrap() error { return e.Err }

// ImportError: a bundle holds something that can't be taken over.
type ImportError struct {
	Item string // "proposal root 2", "signature of 1a2b… over root 1"
	Err  error
}

func (e *ImportError) Error() string {
	return "the bundle was refused, nothing of it was taken over: " + e.Item + ": " + e.Err.Error()
}
func (e *ImportError) Unwrap() error { return e.Err }

// ForkError: one site has written two different histories.
type ForkError struct {
	Site string
	Line int // the first line that differs
}

func (e *ForkError) Error() string {
	return fmt.Sprintf("the journal of site %.8s exists in two versions that differ from line %d on: one of them is not what happened", e.Site, e.Line)
}

// IncompleteError: a role lacks signatures.
type IncompleteError struct{ Quorum Quorum }

func (e *IncompleteError) Error() string {
	s := fmt.Sprintf("%s %d is not complete", Safe(e.Quorum.Role), e.Quorum.Version)
	for _, t := range e.Quorum.By {
		s += fmt.Sprintf("; by %s: %d of %d signatures", t.By, len(t.Signed), t.Threshold)
	}
	return s
}
