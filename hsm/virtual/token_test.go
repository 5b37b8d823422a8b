package virtual_test

import (
	"testing"

	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

func TestTokenLaws(t *testing.T) {
	hsmtest.YubiKeyLaws(t, func(t *testing.T, c virtual.Config) hsmtest.Yubi {
		card, err := virtual.NewCard(c)
		if err != nil {
			t.Fatal(err)
		}
		token := virtual.NewToken(card)
		return hsmtest.Yubi{Token: token, Card: card, Remove: token.Remove}
	})
}
