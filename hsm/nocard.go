//go:build !windows && (!cgo || !(linux || darwin))

package hsm

import (
	"context"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Reader finds the YubiKeys that can be reached over PC/SC. This program was
// built without card support.
type Reader struct{}

var _ token.Reader = (*Reader)(nil)

// NewReader makes a Reader.
func NewReader() *Reader { return &Reader{} }

// Tokens returns ErrNoCardSupport.
func (*Reader) Tokens(context.Context) ([]token.Token, error) {
	return nil, token.ErrNoCardSupport
}
