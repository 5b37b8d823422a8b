//go:build linux && cgo

package hsm_test

import (
	"testing"

	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

func TestTokenLaws(t *testing.T) {
	hsmtest.YubiKeyLaws(t, func(t *testing.T, c virtual.Config) hsmtest.Yubi {
		a := card(t, c)
		s := insert(t, 0, a)
		return hsmtest.Yubi{Token: s.Token, Card: a.Card, Applet: a, Remove: s.pull}
	})
}
