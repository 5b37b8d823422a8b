package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// dropInput forgets what was typed ahead (tcflush with TCIFLUSH). A terminal
// that can't do that keeps it, and the next question reads it.
func dropInput(f *os.File) { _ = unix.IoctlSetInt(int(f.Fd()), unix.TCFLSH, unix.TCIFLUSH) }
