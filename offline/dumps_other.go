//go:build !linux

package offline

import (
	"errors"
	"fmt"
)

func coreDumps() (bool, error) {
	return false, fmt.Errorf("core dumps: %w on this system", errors.ErrUnsupported)
}
