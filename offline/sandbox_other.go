//go:build !linux || !(amd64 || arm64)

package offline

import (
	"errors"
	"fmt"
)

// Sandbox is not available on this system: it returns an error that wraps
// errors.ErrUnsupported.
func Sandbox(writable ...string) error { return errNoWalls }

var errNoWalls = fmt.Errorf("the kernel can't be asked to wall this program in: %w on this system", errors.ErrUnsupported)

func tryWalls() walls { return walls{errNoWalls, errNoWalls, errNoWalls} }
