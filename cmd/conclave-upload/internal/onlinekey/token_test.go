package onlinekey_test

import (
	"context"
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

const serial, pin = "5417501", "471147"

// drawer has one token in the reader, enrolled, and an empty one.
func drawer(t *testing.T, touch token.TouchPolicy) *virtual.Drawer {
	t.Helper()
	d, err := virtual.OpenDrawer("", virtual.Options{Touch: func(context.Context, string) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint32{5417501, 5417502} {
		if err := d.Add(n, "5.7.4"); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []string{serial, "5417502"} {
		if err := d.Insert(s); err != nil {
			t.Fatal(err)
		}
	}
	tokens, err := d.Tokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = tokens[0].(token.Enroller).Enrol(t.Context(), token.EnrolRequest{
		PIN: token.NewPIN([]byte(pin)), PUK: token.NewPIN([]byte("81547114")),
		Algorithm: token.P256, Touch: touch, PINPolicy: token.PINOnce, Subject: "online",
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// asker answers with a PIN, and counts how often it is asked.
type asker struct {
	pin        string
	unattended bool
	asked      int
}

func (a *asker) ask(context.Context, token.Info) (token.PIN, bool, error) {
	a.asked++
	return token.NewPIN([]byte(a.pin)), a.unattended, nil
}

func tries(t *testing.T, d *virtual.Drawer) int {
	t.Helper()
	tokens, err := d.Tokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	info, err := tokens[0].Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.PINTries
}

// TestToken signs twice with one PIN, and says when a touch is awaited.
func TestToken(t *testing.T) {
	var said []string
	a := &asker{pin: pin}
	key, err := onlinekey.OpenToken(t.Context(), drawer(t, token.TouchAlways), serial, a.ask, func(line string) { said = append(said, line) })
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	for _, payload := range []string{"snapshot", "timestamp"} {
		signature, err := key.Sign(t.Context(), []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		if err := key.Public().Verify([]byte(payload), signature); err != nil {
			t.Error(err)
		}
	}
	if a.asked != 1 || len(said) != 2 {
		t.Errorf("the PIN was asked for %d times, and the touch %d times", a.asked, len(said))
	}
}

// TestTokenUnattended: a wrong PIN in a file never blocks the token.
func TestTokenUnattended(t *testing.T) {
	d := drawer(t, token.TouchNever)
	a := &asker{pin: "999999", unattended: true}
	for run := range 6 {
		key, err := onlinekey.OpenToken(t.Context(), d, serial, a.ask, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		_, err = key.Sign(t.Context(), []byte("payload"))
		var wrong *token.WrongPINError
		if left := tries(t, d); left < 1 || (run < 2 && !errors.As(err, &wrong)) || (run >= 2 && !errors.Is(err, onlinekey.ErrLastTry)) {
			t.Errorf("run %d: %d tries are left, %v", run+1, left, err)
		}
		key.Close()
	}
}

// TestTokenRefuses without a try.
func TestTokenRefuses(t *testing.T) {
	d := drawer(t, token.TouchNever)
	a := &asker{pin: "12345"}
	key, err := onlinekey.OpenToken(t.Context(), d, serial, a.ask, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	before := tries(t, d)
	var format *token.PINFormatError
	if _, err := key.Sign(t.Context(), []byte("payload")); !errors.As(err, &format) || tries(t, d) != before {
		t.Errorf("%d tries are left, %v", tries(t, d), err)
	}
	var missing *onlinekey.NoTokenError
	if _, err := onlinekey.OpenToken(t.Context(), d, "5417503", a.ask, nil); !errors.As(err, &missing) || len(missing.Found) != 2 {
		t.Errorf("a token that is not there: %v", err)
	}
	if _, err := onlinekey.OpenToken(t.Context(), d, "5417502", a.ask, nil); !errors.Is(err, token.ErrNoKey) {
		t.Errorf("a token without a key: %v", err)
	}
}
