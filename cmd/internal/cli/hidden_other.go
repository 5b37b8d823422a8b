//go:build !linux

package cli

import (
	"os"

	"golang.org/x/term"
)

// Hidden reads a line at a terminal without showing it. On this system its
// beginning may stay in memory.
func Hidden(terminal *os.File) ([]byte, error) { return term.ReadPassword(int(terminal.Fd())) }
