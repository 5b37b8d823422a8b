package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Every error that people can meet says what happened, what was not done, what
// to do next, and has a code to look up.
func TestExplain(t *testing.T) {
	for _, test := range []struct {
		err  error
		code string
	}{
		{&token.WrongPINError{Tries: 2}, "TOKEN-PIN-WRONG"},
		{&token.WrongPINError{}, "TOKEN-PIN-BLOCKED"},
		{token.ErrPINBlocked, "TOKEN-PIN-BLOCKED"},
		{token.ErrPUKBlocked, "TOKEN-PUK-BLOCKED"},
		{token.CheckPIN([]byte("1")), "TOKEN-PIN-FORMAT"},
		{&token.WrongTokenError{Holder: "Ada", Found: "1"}, "TOKEN-WRONG"},
		{&token.WrongTokenError{Why: token.SignedAlready}, "TOKEN-SIGNED-ALREADY"},
		{&token.WrongTokenError{Why: token.Stranger}, "TOKEN-STRANGER"},
		{&token.WrongTokenError{Why: token.OtherKey}, "TOKEN-OTHER-KEY"},
		{&token.WrongTokenError{Why: token.GivenUp}, "TOKEN-GIVEN-UP"},
		{token.ErrAlreadySigned, "TOKEN-SIGNED-ALREADY"},
		{token.ErrNoKey, "TOKEN-EMPTY"},
		{&token.OccupiedError{Serial: "1", Slot: "9c"}, "TOKEN-OCCUPIED"},
		{&token.VerdictError{}, "TOKEN-ATTESTATION"},
		{&token.PolicyError{Why: "no"}, "TOKEN-POLICY"},
		{&token.RemovedError{}, "TOKEN-REMOVED"},
		{token.ErrNoTouch, "TOKEN-NO-TOUCH"},
		{&token.BadSignatureError{Err: io.EOF}, "TOKEN-BAD-SIGNATURE"},
		{&token.BusyError{By: []string{"scdaemon"}}, "READER-BUSY"},
		{&token.NoServiceError{Err: io.EOF}, "READER-SERVICE"},
		{token.ErrNoCardSupport, "READER-NONE"},
		{&token.Error{Op: "sign", Err: io.EOF}, "TOKEN-FAILED"},
		{&plan.Error{Why: "no"}, "PLAN"},
		{&ceremony.ConsentError{Why: "no"}, "CONSENT"},
		{&trust.ConflictError{}, "CONFLICT"},
		{&metadata.ExpiredError{}, "EXPIRED"},
		{ceremony.ErrNotNow, "NOT-NOW"},
		{&journal.ForkError{}, "BUNDLE-FORK"},
		{&metadata.OtherTrustError{}, "BUNDLE-OTHER-TRUST"},
		{&ceremony.ImportError{Item: "trust", Err: io.EOF}, "BUNDLE-REFUSED"},
		{&ceremony.ClockError{}, "CLOCK"},
		{&journal.Error{}, "JOURNAL"},
		{context.Canceled, "CANCELLED"},
		{errors.New("disk full"), "STOPPED"},
		{&fs.PathError{Op: "stat", Path: "x.tar", Err: fs.ErrNotExist}, "STOPPED"},
	} {
		p := explain(fmt.Errorf("in a step: %w", test.err))
		if p.Code != test.code || p.Happened == "" || p.NotDone == "" || p.Next == "" {
			t.Errorf("%T: %+v, want %s", test.err, p, test.code)
		}
	}
}
