package virtual_test

import (
	"testing"

	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

func TestTokenLaws(t *testing.T) {
	hsmtest.Laws(t, func(t *testing.T, c virtual.Config) hsmtest.Subject {
		card, err := virtual.NewCard(c)
		if err != nil {
			t.Fatal(err)
		}
		token := virtual.NewToken(card)
		return hsmtest.Subject{Token: token, Card: card, Remove: token.Remove}
	})
}
