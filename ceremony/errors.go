package ceremony

import (
	"errors"
	"fmt"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Errors of the rules. Each says what happened and what was not done; the ui
// adds what to do next.
var (
	ErrNotNow = errors.New("this step is not due now: nothing was done")
)

// ConsentError: what was typed is not a consent.
type ConsentError struct{ Why string }

func (e *ConsentError) Error() string { return e.Why + ": nothing was signed" }

// ClockError: the machine's time can't be right.
type ClockError struct {
	Now, Known time.Time // Known: a time that is believed
	What       string    // what happened then
}

func (e *ClockError) Error() string {
	where := "before"
	if e.Now.After(e.Known) {
		where = "more than a year after"
	}
	return fmt.Sprintf("the clock says %s, which is %s %s (%s): nothing was done",
		e.Now.UTC().Format(time.RFC3339), where, e.What, e.Known.UTC().Format(time.RFC3339))
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
		text.Safe(e.Role), e.Version, e.Expires.UTC().Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339))
}

// ImportError: a bundle holds something that can't be taken over.
type ImportError struct {
	Item string // "proposal root 2", "signature of 1a2b… over root 1"
	Err  error
}

func (e *ImportError) Error() string {
	return "the bundle was refused, nothing of it was taken over: " + e.Item + ": " + e.Err.Error()
}
func (e *ImportError) Unwrap() error { return e.Err }
