package token

import (
	"errors"
	"fmt"
)

// Sentinel errors of tokens. Each says what happened in its own words; the
// ui adds what to do next.
var (
	ErrNoCardSupport = errors.New("this program was built without card support")
	ErrNoTouch       = errors.New("the token was not touched in time: not signed, and no try was used")
	ErrPINBlocked    = errors.New("the token's PIN is blocked: it takes no PIN until the PUK unblocks it")
	ErrPUKBlocked    = errors.New("the token's PUK is blocked: only a reset, which destroys its key, makes it usable")
	ErrNoKey         = errors.New("the token's signing slot holds no key")
	ErrAlreadySigned = errors.New("this token has signed this already: nothing is left for it to do here")
)

// WrongPINError: the token refused the PIN, and did nothing else.
type WrongPINError struct{ Tries int } // left; -1: not known

func (e *WrongPINError) Error() string { return "wrong PIN: nothing was done" + triesLeft(e.Tries) }

// WrongPUKError: the token refused the PUK, and did nothing else.
type WrongPUKError struct{ Tries int } // left; -1: not known

func (e *WrongPUKError) Error() string { return "wrong PUK: nothing was done" + triesLeft(e.Tries) }

func triesLeft(n int) string {
	switch {
	case n < 0:
		return ""
	case n == 1:
		return "; 1 try left"
	}
	return fmt.Sprintf("; %d tries left", n)
}

// RemovedError: the token went away. Done says whether it had already done
// what it was asked for (a signature came back).
type RemovedError struct {
	During string // "before the PIN", "between PIN and signature"; "" not known
	Err    error
}

func (e *RemovedError) Error() string { return "the token was removed: not signed" }
func (e *RemovedError) Unwrap() error { return e.Err }

// BusyError: another program holds the token.
type BusyError struct {
	By  []string // names of programs that commonly do and are running; may be empty
	Err error
}

func (e *BusyError) Error() string {
	if len(e.By) == 0 {
		return "another program is using the token"
	}
	s := "another program is using the token: " + e.By[0]
	for _, b := range e.By[1:] {
		s += ", " + b
	}
	return s
}
func (e *BusyError) Unwrap() error { return e.Err }

// OccupiedError: the slot holds a key, and a key is never overwritten.
type OccupiedError struct{ Serial, Slot string }

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("slot %s of token %s already holds a key: nothing was changed", e.Slot, e.Serial)
}

// NoServiceError: the card service (pcscd) does not answer.
type NoServiceError struct{ Err error }

func (e *NoServiceError) Error() string { return "the card service does not answer: " + e.Err.Error() }
func (e *NoServiceError) Unwrap() error { return e.Err }

// Error is any other failure of a token, with the cause.
type Error struct {
	Op  string // "sign", "enrol", "read"
	Err error
}

func (e *Error) Error() string { return "token: " + e.Op + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Mismatch says why a token is not the one that is due.
type Mismatch string

const (
	OtherToken    Mismatch = "other token"    // it is somebody else's, or the holder's other one
	OtherKey      Mismatch = "other key"      // the right serial, and another key than the one that was enrolled
	Stranger      Mismatch = "stranger"       // its key is nobody's here
	SignedAlready Mismatch = "signed already" // its owner has signed what is to be signed
	GivenUp       Mismatch = "given up"       // its enrolment was cut short, and people want another one
)

// WrongTokenError: another token is in the reader than the one that is due. It
// was not asked for anything.
type WrongTokenError struct {
	Holder   string // who is expected
	Expected string // serial; "" not known
	Found    string // serial
	Owner    string // whose token was found, where that is known
	Why      Mismatch
	What     string // SignedAlready: "root 1"; Stranger: the trust's name
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

// BadSignatureError: a token gave a signature that does not verify.
type BadSignatureError struct {
	Serial string
	Err    error
}

func (e *BadSignatureError) Error() string {
	return "token " + e.Serial + " returned a signature that its key did not make: it was thrown away, and nothing was recorded"
}
func (e *BadSignatureError) Unwrap() error { return e.Err }
