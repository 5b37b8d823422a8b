//go:build !linux || !(amd64 || arm64)

package offline

import (
	"errors"
	"fmt"
)

// Sandbox is not available on this system: it returns an error that wraps
// errors.ErrUnsupported.
func Sandbox(writable ...string) error {
	return fmt.Errorf("the kernel can't be asked to refuse network connections: %w on this system", errors.ErrUnsupported)
}
