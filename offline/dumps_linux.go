package offline

import "golang.org/x/sys/unix"

// coreDumps says whether a crash could leave a dump of this process.
func coreDumps() (allowed bool, err error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return false, err
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	return limit.Cur != 0 || dumpable != 0, err
}
