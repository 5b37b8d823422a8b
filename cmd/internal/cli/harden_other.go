//go:build !linux

package cli

import (
	"errors"
	"fmt"
	"os"
)

// Harden takes away the variables that make the terminal libraries log every
// key. The rest is not available on this system: the error wraps
// errors.ErrUnsupported.
func Harden() error {
	return errors.Join(
		os.Unsetenv("TEA_TRACE"),
		os.Unsetenv("UV_DEBUG"),
		fmt.Errorf("core dumps and memory can't be kept in check: %w on this system", errors.ErrUnsupported),
	)
}
