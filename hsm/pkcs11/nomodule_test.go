//go:build !cgo

package pkcs11_test

import (
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/pkcs11"
)

func TestNoSupport(t *testing.T) {
	if _, err := pkcs11.NewReader(pkcs11.Options{}).Tokens(t.Context()); !errors.Is(err, token.ErrNoCardSupport) {
		t.Errorf("got %v", err)
	}
}
