package hsmtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

const plan = `trust: %s
holders:
  - name: Ada
roles:
  root: {threshold: 1, holders: [Ada], expires: 365d}
  targets: {threshold: 1, holders: [Ada], expires: 180d}
online:
  snapshot: online.pub
  timestamp: online.pub
%s`

// Ceremony founds a trust with one holder, Ada. tokens is the plan's section of
// that name, "" for the default. It is a rehearsal where the trust's name says so.
func Ceremony(t *testing.T, judge token.Attestations, trust, tokens string) *ceremony.Ceremony {
	t.Helper()
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	c, err := ceremony.Open(ceremony.Deps{
		Workspace: &journal.Memory{}, Now: func() time.Time { return now }, Rand: rand.Reader, Attestations: judge, Tool: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	online := map[string][]byte{"online.pub": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}
	if err := errors.Join(
		c.ConfirmClock(now, "wall clock"),
		c.Begin(ceremony.Founding, "vienna", strings.HasPrefix(trust, "rehearsal-")),
		c.Preflight([]token.Check{{Name: "network", Pass: true, Reason: "no interface is up"}}),
		c.AcceptPlan(fmt.Appendf(nil, plan, trust, tokens), online),
	); err != nil {
		t.Fatal(err)
	}
	return c
}
