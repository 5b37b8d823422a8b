//go:build linux && cgo

package hsm_test

import (
	"testing"

	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

func TestTokenLaws(t *testing.T) {
	hsmtest.Laws(t, func(t *testing.T, c virtual.Config) hsmtest.Subject {
		a := card(t, c)
		s := insert(t, 0, a)
		return hsmtest.Subject{Token: s.Token, Card: a.Card, Remove: s.pull}
	})
}
