// Package hsmtest is the vocabulary that the tests of tokens share: what a
// machine must have, the tokens they speak of, the laws that every token
// keeps, and the exchanges that every PIV applet answers.
package hsmtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// Missing ends a test that needs something this machine doesn't have: skipped,
// saying what, but in CI a failure, for there everything is to be installed.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: %s", what)
	}
	t.Skipf("missing: %s", what)
}

// Await polls for what has no event.
func Await(t testing.TB, what string, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute) // for what never comes, not for what is slow
	for !ready() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// The secrets of the tokens in tests.
const (
	GoodPIN = "718293"
	GoodPUK = "41526374"
)

// PIN makes a PIN of s.
func PIN(s string) token.PIN { return token.NewPIN([]byte(s)) }

// Request is how tokens are enrolled in tests.
func Request(subject string) token.EnrolRequest {
	return token.EnrolRequest{
		PIN: PIN(GoodPIN), PUK: PIN(GoodPUK),
		Algorithm: token.P256, Touch: token.TouchAlways, PINPolicy: token.PINAlways,
		Subject: subject, Now: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC),
	}
}

// ImportKey puts a key into a card's signing slot that was not made there. The
// card has the factory's management key.
func ImportKey(t testing.TB, c *virtual.Card) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AuthenticateManagement(provision.FactoryManagementKey()); err != nil {
		t.Fatal(err)
	}
	if err := c.Import(wire.Signature, key, wire.PINAlways, wire.TouchAlways); err != nil {
		t.Fatal(err)
	}
}
