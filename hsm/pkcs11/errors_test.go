//go:build cgo

package pkcs11

import (
	"errors"
	"testing"

	ck "github.com/miekg/pkcs11"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

func TestFailure(t *testing.T) {
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	wrong := func(n int) func(error) bool {
		return func(err error) bool {
			var e *token.WrongPINError
			return errors.As(err, &e) && e.Tries == n
		}
	}
	for name, c := range map[string]struct {
		code  uint
		flags uint
		want  func(error) bool
	}{
		"wrong PIN":                        {ck.CKR_PIN_INCORRECT, ck.CKF_USER_PIN_COUNT_LOW, wrong(-1)},
		"wrong PIN, one try left":          {ck.CKR_PIN_INCORRECT, ck.CKF_USER_PIN_COUNT_LOW | ck.CKF_USER_PIN_FINAL_TRY, wrong(1)},
		"the try that blocks":              {ck.CKR_PIN_INCORRECT, ck.CKF_USER_PIN_LOCKED, is(token.ErrPINBlocked)},
		"a PIN of the wrong length":        {ck.CKR_PIN_LEN_RANGE, 0, wrong(-1)},
		"a PIN with the wrong characters":  {ck.CKR_PIN_INVALID, 0, wrong(-1)},
		"PIN locked":                       {ck.CKR_PIN_LOCKED, 0, is(token.ErrPINBlocked)},
		"PIN expired":                      {ck.CKR_PIN_EXPIRED, 0, as[*token.Error]},
		"no PIN yet":                       {ck.CKR_USER_PIN_NOT_INITIALIZED, 0, as[*token.Error]},
		"token not present":                {ck.CKR_TOKEN_NOT_PRESENT, 0, as[*token.RemovedError]},
		"device removed":                   {ck.CKR_DEVICE_REMOVED, 0, as[*token.RemovedError]},
		"its slot is gone":                 {ck.CKR_SLOT_ID_INVALID, 0, as[*token.RemovedError]},
		"another card in it":               {ck.CKR_TOKEN_NOT_RECOGNIZED, 0, as[*token.RemovedError]},
		"session closed":                   {ck.CKR_SESSION_CLOSED, 0, as[*token.RemovedError]},
		"session gone":                     {ck.CKR_SESSION_HANDLE_INVALID, 0, as[*token.RemovedError]},
		"too many sessions":                {ck.CKR_SESSION_COUNT, 0, as[*token.BusyError]},
		"somebody else is logged in":       {ck.CKR_USER_ANOTHER_ALREADY_LOGGED_IN, 0, as[*token.BusyError]},
		"another kind of user":             {ck.CKR_USER_TOO_MANY_TYPES, 0, as[*token.BusyError]},
		"an operation is going on":         {ck.CKR_OPERATION_ACTIVE, 0, as[*token.BusyError]},
		"module not initialised":           {ck.CKR_CRYPTOKI_NOT_INITIALIZED, 0, as[*token.NoServiceError]},
		"logged in already, PIN unchecked": {ck.CKR_USER_ALREADY_LOGGED_IN, 0, as[*token.Error]},
		"anything else":                    {ck.CKR_GENERAL_ERROR, 0, as[*token.Error]},
		"a code that nobody knows":         {0xdeadbeef, 0, as[*token.Error]},
		"of a vendor":                      {ck.CKR_VENDOR_DEFINED + 7, 0, as[*token.Error]},
	} {
		t.Run(name, func(t *testing.T) {
			got := failure(ck.Error(c.code), "sign", "before the PIN", func() uint { return c.flags })
			if !c.want(got) {
				t.Errorf("got %T: %v", got, got)
			}
			if e := (*token.RemovedError)(nil); errors.As(got, &e) && e.During != "before the PIN" {
				t.Errorf("it doesn't say when: %+v", e)
			}
			if got := signing(ck.Error(c.code), func() uint { return c.flags }); !c.want(got) {
				t.Errorf("while signing: %T: %v", got, got)
			}
		})
	}
	for _, code := range []uint{ck.CKR_FUNCTION_CANCELED, ck.CKR_FUNCTION_REJECTED} {
		if got := signing(ck.Error(code), noFlags); !errors.Is(got, token.ErrNoTouch) {
			t.Errorf("%x while signing: %v", code, got)
		}
	}
	if err := failure(nil, "sign", "", noFlags); err != nil {
		t.Errorf("no error became %v", err)
	}
}

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
