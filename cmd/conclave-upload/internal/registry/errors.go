package registry

import (
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// ErrNotFound: the repository holds no such manifest or blob.
var ErrNotFound = errors.New("not found in the repository")

// Error is a request that the registry did not fulfil: it could not be
// reached, it refused, or it broke off. It wraps ErrNotFound where that is why.
type Error struct {
	Op  string // "get the manifest wabbit"
	In  string // HOST/REPOSITORY
	Err error

	wait Wait // as the repository waits; nil: by the clock
}

func (e *Error) Error() string { return fmt.Sprintf("registry %s: %s: %v", e.In, e.Op, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// DigestError: the registry answered with other content than was asked for, or
// than it says itself.
type DigestError struct {
	What string // "manifest wabbit", "blob"
	Want metadata.Digest
	Got  metadata.Digest
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("the registry sent a wrong %s: its digest is %s, not %s", e.What, e.Got.OCI(), e.Want.OCI())
}
