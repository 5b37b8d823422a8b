package hsm

import (
	"errors"
	"fmt"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/scard"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
)

// pivError is as piv-go's error for a status word.
type pivError uint16

func (e pivError) Status() uint16 { return uint16(e) }
func (e pivError) Error() string  { return fmt.Sprintf("smart card error %04x", uint16(e)) }

func TestFailure(t *testing.T) {
	wrong := func(n int) func(error) bool {
		return func(err error) bool {
			var e *token.WrongPINError
			return errors.As(err, &e) && e.Tries == n
		}
	}
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	wrongPUK := func(err error) bool {
		var e *token.WrongPUKError
		return errors.As(err, &e) && e.Tries == 1
	}
	text := func(s string) error { return fmt.Errorf("connecting to smart card: %v", s) }

	for name, c := range map[string]struct {
		err   error
		means meaning
		want  func(error) bool
	}{
		"wrong PIN":                   {pivError(0x63c2), refusal.PIN, wrong(2)},
		"the try that blocks, 63C0":   {pivError(0x63c0), refusal.PIN, is(token.ErrPINBlocked)},
		"the try that blocks, 6983":   {pivError(0x6983), refusal.PIN, is(token.ErrPINBlocked)},
		"another status of VERIFY":    {pivError(0x6a80), refusal.PIN, as[*token.Error]},
		"wrong PUK":                   {pivError(0x63c1), refusal.PUK, wrongPUK},
		"PUK blocked":                 {pivError(0x6983), refusal.PUK, is(token.ErrPUKBlocked)},
		"management key":              {pivError(0x6982), refusal.Management, is(refusal.ErrManagementKey)},
		"no touch":                    {pivError(0x6982), signing(token.TouchAlways), is(token.ErrNoTouch)},
		"no touch, policy not known":  {pivError(0x6982), signing(token.TouchUnknown), is(token.ErrNoTouch)},
		"refused without touch":       {pivError(0x6982), signing(token.TouchNever), as[*token.Error]},
		"no key":                      {pivError(0x6a88), signing(token.TouchAlways), is(token.ErrNoKey)},
		"status of our own reading":   {status.WrongPIN(1), refusal.PIN, wrong(1)},
		"held by another program":     {text("the smart card cannot be accessed because of other connections outstanding"), refusal.Other, as[*token.BusyError]},
		"held, by code":               {scard.SharingViolation, refusal.Other, as[*token.BusyError]},
		"reset by another program":    {text("the smart card has been reset, so any shared state information is invalid"), refusal.PIN, as[*token.BusyError]},
		"no daemon":                   {text("the Smart card resource manager is not running"), refusal.Other, as[*token.NoServiceError]},
		"the daemon ended":            {text("the Smart card resource manager has shut down"), refusal.Other, as[*token.NoServiceError]},
		"the daemon's line broke":     {text("an internal communications error has been detected"), refusal.Other, as[*token.NoServiceError]},
		"empty reader":                {text("the operation requires a Smart Card, but no Smart Card is currently in the device"), refusal.Other, as[*token.RemovedError]},
		"removed":                     {text("the smart card has been removed, so further communication is not possible"), refusal.PIN, as[*token.RemovedError]},
		"removed, by code":            {scard.RemovedCard, refusal.PIN, as[*token.RemovedError]},
		"without power":               {text("power has been removed from the smart card, so that further communication is not possible"), refusal.PIN, as[*token.RemovedError]},
		"no answer to reset":          {text("the smart card is not responding to a reset"), refusal.PIN, as[*token.RemovedError]},
		"its reader is gone":          {text("the specified reader name is not recognized"), refusal.PIN, as[*token.RemovedError]},
		"its reader went":             {text("the specified reader is not currently available for use"), refusal.PIN, as[*token.RemovedError]},
		"no readers":                  {text("cannot find a smart card reader"), refusal.PIN, as[*token.RemovedError]},
		"pulled during an answer":     {text("scard response too short: 0"), refusal.PIN, as[*token.RemovedError]},
		"pulled during a transaction": {text("an attempt was made to end a non-existent transaction"), refusal.PIN, as[*token.RemovedError]},
		"contact lost":                {text("a communications error with the smart card has been detected. More.."), refusal.PIN, as[*token.RemovedError]},
		"anything else":               {errors.New("what is this"), refusal.PIN, as[*token.Error]},
	} {
		t.Run(name, func(t *testing.T) {
			got := failure(c.err, "sign", "between PIN and signature", c.means, func() []string { return []string{"scdaemon"} })
			if !c.want(got) {
				t.Errorf("got %T: %v", got, got)
			}
			if e := (*token.BusyError)(nil); errors.As(got, &e) && (len(e.By) != 1 || e.By[0] != "scdaemon") {
				t.Errorf("it doesn't name the culprit: %v", got)
			}
			if e := (*token.RemovedError)(nil); errors.As(got, &e) && e.During != "between PIN and signature" {
				t.Errorf("it doesn't say when: %+v", e)
			}
		})
	}
	if err := failure(nil, "sign", "", refusal.PIN, nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// Whatever status a card answers with, it is an error, and one that says how
// many tries are left only where the card did.
func TestEveryStatus(t *testing.T) {
	for n := range 1 << 16 {
		s := status.Word(n)
		if s == status.OK {
			continue
		}
		_, refused := s.Tries()
		for name, c := range map[string]struct {
			err  error
			said bool // that a secret was refused
		}{
			"PIN":        {refusal.PIN("sign", s), refused},
			"PUK":        {refusal.PUK("unblock", s), refused},
			"management": {refusal.Management("enrol", s), false},
			"sign":       {refusal.Sign(s, token.TouchAlways), false},
			"other":      {refusal.Other("read", s), false},
		} {
			said := as[*token.WrongPINError](c.err) || as[*token.WrongPUKError](c.err) ||
				errors.Is(c.err, token.ErrPINBlocked) || errors.Is(c.err, token.ErrPUKBlocked)
			if c.err == nil || said != c.said {
				t.Errorf("%s, %04x: %v", name, n, c.err)
			}
		}
	}
}
