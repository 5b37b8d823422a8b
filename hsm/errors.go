package hsm

import (
	"errors"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/scard"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
)

// meaning is what a status word means after one kind of command: a function
// of package refusal.
type meaning func(op string, s status.Word) error

// signing is the meaning of a status after a signature was asked for.
func signing(touch token.TouchPolicy) meaning {
	return func(_ string, s status.Word) error { return refusal.Sign(s, touch) }
}

// failure is the one place where an error of a card or of its reader becomes
// a typed one. op and during are for the error's text, means is asked about
// what the card refused, and culprits about who may hold it.
func failure(err error, op, during string, means meaning, culprits func() []string) error {
	if err == nil {
		return nil
	}
	var refused interface{ Status() uint16 } // piv-go's error, which has no name
	var sw status.Word
	switch {
	case errors.As(err, &sw):
		return means(op, sw)
	case errors.As(err, &refused):
		return means(op, status.Word(refused.Status()))
	}
	switch codeOf(err) {
	case scard.SharingViolation, scard.ResetCard:
		return &token.BusyError{By: culprits(), Err: err}
	case scard.NoService, scard.ServiceStopped, scard.CommError:
		return &token.NoServiceError{Err: err}
	case scard.NoSmartcard, scard.RemovedCard, scard.UnpoweredCard, scard.UnresponsiveCard, scard.ReaderUnavailable,
		scard.UnknownReader, scard.NoReaders, scard.NotTransacted, scard.CommDataLost:
		return &token.RemovedError{During: during, Err: err}
	}
	return &token.Error{Op: op, Err: err}
}

// codeOf finds the return code of PC/SC behind an error, 0 for none. piv-go
// gives the code's text only, wrapped at times without a chain.
func codeOf(err error) scard.Code {
	var code scard.Code
	if errors.As(err, &code) {
		return code
	}
	text := err.Error()
	for _, m := range []struct {
		code scard.Code
		text string
	}{
		{scard.SharingViolation, "cannot be accessed because of other connections outstanding"},
		{scard.ResetCard, "the smart card has been reset"},
		{scard.NoService, "the Smart card resource manager is not running"},
		{scard.ServiceStopped, "the Smart card resource manager has shut down"},
		{scard.CommError, "an internal communications error has been detected"},
		{scard.NoSmartcard, "no Smart Card is currently in the device"},
		{scard.RemovedCard, "the smart card has been removed"},
		{scard.UnpoweredCard, "power has been removed from the smart card"},
		{scard.UnresponsiveCard, "the smart card is not responding to a reset"},
		{scard.ReaderUnavailable, "the specified reader is not currently available"},
		{scard.UnknownReader, "the specified reader name is not recognized"},
		{scard.NoReaders, "cannot find a smart card reader"},
		{scard.NotTransacted, "an attempt was made to end a non-existent transaction"},
		{scard.CommDataLost, "a communications error with the smart card"},
		{scard.CommDataLost, "scard response too short"},
	} {
		if strings.Contains(text, m.text) {
			return m.code
		}
	}
	return 0
}
