package cli

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Harden is called once by each program, before anything else: it makes sure that no secret in
// this process's memory gets into a file. No core dumps, by the limit and by
// the flag that also stops a crash handler and other processes of the same
// user; memory locked where that is allowed (a preflight of conclave says whether it was);
// and the two variables that make the terminal libraries log every key are
// gone.
func Harden() error {
	errs := []error{
		os.Unsetenv("TEA_TRACE"),
		os.Unsetenv("UV_DEBUG"),
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
	}
	lockMemory()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("this process could not be hardened: %w", err)
	}
	return nil
}

// lockMemory locks what is mapped now and what will be, page by page as it is
// used. It does so only where no limit applies: under one, the first allocation
// that goes over it would end the program in the middle of a ceremony.
func lockMemory() {
	unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unlimited) != nil && !mayLock() {
		return
	}
	_ = unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT)
}

// mayLock says whether the process is exempt from the limit (capabilities(7)).
func mayLock() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	return unix.Capget(&header, &sets[0]) == nil && sets[0].Effective&(1<<unix.CAP_IPC_LOCK) != 0
}
