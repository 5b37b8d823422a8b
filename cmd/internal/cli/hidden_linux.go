package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// Hidden reads a line at a terminal without showing it. x/term's reader lets
// its array grow, and leaves the shorter ones behind.
func Hidden(terminal *os.File) ([]byte, error) {
	fd := int(terminal.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	hidden.Lflag |= unix.ICANON | unix.ISIG
	hidden.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &hidden); err != nil {
		return nil, err
	}
	defer func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, before) }()
	return ReadSecret(terminal)
}
