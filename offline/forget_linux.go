package offline

import (
	"os"

	"golang.org/x/sys/unix"
)

// forget asks the kernel to drop what it keeps of the file in memory, so that
// it is read from the medium. It is a request: dirty pages stay.
func forget(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
