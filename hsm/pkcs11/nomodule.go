//go:build !cgo

package pkcs11

import (
	"context"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Reader finds the tokens that a PKCS#11 module reaches. This program was
// built without support for modules.
type Reader struct{}

var _ token.Reader = (*Reader)(nil)

// NewReader makes a Reader.
func NewReader(Options) *Reader { return &Reader{} }

// Tokens returns ErrNoCardSupport.
func (*Reader) Tokens(context.Context) ([]token.Token, error) {
	return nil, token.ErrNoCardSupport
}

// Close does nothing.
func (*Reader) Close() error { return nil }
