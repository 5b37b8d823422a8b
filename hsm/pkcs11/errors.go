//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"

	ck "github.com/miekg/pkcs11"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// failure is the one place where a return value of a module becomes a typed
// error. op and during are for the error's text; flags are those of the token
// after the call, which tell what is left of the PIN's tries.
func failure(err error, op, during string, flags func() uint) error {
	var code ck.Error
	if err == nil || !errors.As(err, &code) {
		return err
	}
	switch code {
	case ck.CKR_PIN_LOCKED:
		return token.ErrPINBlocked
	case ck.CKR_PIN_INCORRECT, ck.CKR_PIN_INVALID, ck.CKR_PIN_LEN_RANGE:
		left := tries(flags())
		if left == 0 {
			return token.ErrPINBlocked
		}
		return &token.WrongPINError{Tries: left}
	case ck.CKR_PIN_EXPIRED:
		return &token.Error{Op: op, Err: fmt.Errorf("its PIN is one that has to be changed first, by the token's own tools: %w", err)}
	case ck.CKR_USER_PIN_NOT_INITIALIZED:
		return &token.Error{Op: op, Err: fmt.Errorf("it has no PIN yet; the token's own tools set one: %w", err)}
	case ck.CKR_TOKEN_NOT_PRESENT, ck.CKR_DEVICE_REMOVED, ck.CKR_SLOT_ID_INVALID,
		ck.CKR_TOKEN_NOT_RECOGNIZED, ck.CKR_SESSION_CLOSED, ck.CKR_SESSION_HANDLE_INVALID:
		return &token.RemovedError{During: during, Err: err}
	case ck.CKR_SESSION_COUNT, ck.CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
		ck.CKR_USER_TOO_MANY_TYPES, ck.CKR_OPERATION_ACTIVE:
		return &token.BusyError{Err: err}
	case ck.CKR_CRYPTOKI_NOT_INITIALIZED:
		return &token.NoServiceError{Err: err}
	}
	return &token.Error{Op: op, Err: err}
}

// signing is failure once a signature was asked for: what a person can still
// refuse then is the touch, or the button.
func signing(err error, flags func() uint) error {
	var code ck.Error
	if errors.As(err, &code) {
		switch code {
		case ck.CKR_FUNCTION_CANCELED, ck.CKR_FUNCTION_REJECTED:
			return token.ErrNoTouch
		}
	}
	return failure(err, "sign", "between PIN and signature", flags)
}

// tries is what the flags of a token tell of its PIN (PKCS#11 2.40 base, table
// 6): none left, one left, or nothing that could be counted. A low count
// (CKF_USER_PIN_COUNT_LOW) is no number.
func tries(flags uint) int {
	switch {
	case flags&ck.CKF_USER_PIN_LOCKED != 0:
		return 0
	case flags&ck.CKF_USER_PIN_FINAL_TRY != 0:
		return 1
	}
	return -1
}
