package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/upkeep"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

func TestExitCodes(t *testing.T) {
	for want, errs := range map[int][]error{
		cli.Done:    {nil},
		cli.Refused: {errors.New("x"), &publish.MovedError{}, &publish.ForeignTagError{}, &registry.DigestError{}, &upkeep.DueError{Expired: true}, &publish.ScheduleError{}, &publish.MarginError{}, &publish.NumberError{}},
		cli.Usage:   {usagef("x")},
		cli.Token: {onlinekey.ErrPassphrase, onlinekey.ErrNotEncrypted, onlinekey.ErrLastTry, &onlinekey.CommandError{}, &onlinekey.NoTokenError{},
			token.ErrNoKey, &token.WrongPINError{}, &token.PINFormatError{}, &onlinekey.CommandError{Err: context.DeadlineExceeded}},
		cli.Incomplete: {&trust.IncompleteError{}, &publish.DueError{}, &upkeep.DueError{}, &missingError{targets: make([]client.Target, 1)}},
		cli.Registry:   {&registry.Error{Err: errors.New("x")}, &registry.Error{Err: context.DeadlineExceeded}, &registry.Error{Err: &registry.CredentialError{}}, context.DeadlineExceeded},
		cli.Cancelled:  {context.Canceled, &registry.Error{Err: context.Canceled}},
	} {
		for _, err := range errs {
			if err != nil {
				err = fmt.Errorf("wrapped: %w", err)
			}
			if got := exitCode(err); got != want {
				t.Errorf("%v: exit code %d, want %d", err, got, want)
			}
		}
	}
}

func TestDays(t *testing.T) {
	for text, want := range map[string]time.Duration{"7d": 7 * day, "36h": 36 * time.Hour, "1m": time.Minute, "3650d": 3650 * day} {
		var d days
		if err := d.Set(text); err != nil || time.Duration(d) != want {
			t.Errorf("%s: %v, %v", text, time.Duration(d), err)
		}
	}
	for _, text := range []string{"", "7", "d", "-1d", "0d", "1.5d", "7dd", "7d ", "59s", "3651d", "9999999999999999999d", "200000000000d", "soon"} {
		var d days
		if err := d.Set(text); err == nil {
			t.Errorf("%q was taken as %v", text, time.Duration(d))
		}
	}
	for d, want := range map[days]string{days(7 * day): "7d", days(90 * time.Minute): "1h30m0s"} {
		if got := d.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
