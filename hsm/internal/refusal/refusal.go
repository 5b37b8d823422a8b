// Package refusal is the one place that says what a card's refusal means: it
// turns status words into the typed errors of the ceremony. The same word
// means different things after different commands, so there is one function
// for each kind of command.
//
// It does not know of readers and their failures; see package hsm for those.
package refusal

import (
	"errors"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
)

// ErrManagementKey: the card refused the management key.
var ErrManagementKey = errors.New("the token's management key is neither the factory's nor kept on the token under its PIN: only a reset of its PIV application, which destroys its keys, makes it usable here")

// PIN is what s means after a command that showed the PIN. The try that
// blocks it is told as 63C0 or as 6983.
func PIN(op string, s status.Word) error {
	switch n, refused := s.Tries(); {
	case refused && n == 0:
		return token.ErrPINBlocked
	case refused:
		return &token.WrongPINError{Tries: n}
	}
	return Other(op, s)
}

// PUK is what s means after a command that showed the PUK.
func PUK(op string, s status.Word) error {
	switch n, refused := s.Tries(); {
	case refused && n == 0:
		return token.ErrPUKBlocked
	case refused:
		return &token.WrongPUKError{Tries: n}
	}
	return Other(op, s)
}

// Management is what s means after a command that showed the management key,
// which has no tries.
func Management(op string, s status.Word) error {
	if s == status.SecurityNotSatisfied {
		return &token.Error{Op: op, Err: ErrManagementKey}
	}
	return Other(op, s)
}

// Sign is what s means after a signature was asked for under a PIN that the
// card had just accepted: what is still missing is the touch.
func Sign(s status.Word, touch token.TouchPolicy) error {
	switch {
	case s == status.SecurityNotSatisfied && touch != token.TouchNever:
		return token.ErrNoTouch
	case s == status.ReferenceNotFound, s == status.NotFound:
		return token.ErrNoKey
	}
	return Other("sign", s)
}

// Other is what s means after any other command.
func Other(op string, s status.Word) error { return &token.Error{Op: op, Err: s} }
