package offline

import (
	"os"

	"golang.org/x/sys/unix"
)

// forget asks the kernel not to keep the file in memory.
func forget(f *os.File) {
	_, _ = unix.FcntlInt(f.Fd(), unix.F_NOCACHE, 1)
}
