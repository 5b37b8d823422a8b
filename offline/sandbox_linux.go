//go:build amd64 || arm64

package offline

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Sandbox walls this process in, on all of its threads and for good: the
// kernel refuses every socket that is not AF_UNIX, and every start of another
// program. On kernels that have Landlock nothing outside of the directories in
// writable can be written any more, but for the terminal; a directory that does
// not exist is passed over. It tries what it forbade, and returns an error
// unless the kernel refuses.
func Sandbox(writable ...string) error {
	// Version 3 is the last that neither asks for more than paths nor stops
	// the ioctls that a terminal needs.
	err := landlock.V3.BestEffort().RestrictPaths(
		landlock.RODirs("/"),
		landlock.RWFiles("/dev/tty", "/dev/null").IgnoreIfMissing(),
		landlock.RWDirs(writable...).IgnoreIfMissing(),
	)
	if err != nil {
		return fmt.Errorf("the kernel did not limit where this program writes: %w", err)
	}
	policy, err := policy()
	if err != nil {
		return err
	}
	err = seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: policy})
	if err != nil {
		return fmt.Errorf("the kernel did not take the network away: %w", err)
	}
	w := tryWalls()
	open := []error{w.network, w.programs}
	if hasLandlock() && errors.Is(w.files, errAllowed) {
		open = append(open, w.files)
	}
	if err := errors.Join(open...); err != nil {
		return fmt.Errorf("this program was not walled in: %w", err)
	}
	return nil
}

// hasLandlock asks the kernel for its version of Landlock.
func hasLandlock() bool {
	version, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	return e == 0 && version > 0
}

// tryWalls tries what [Sandbox] forbids, by what does nothing where it is
// allowed: a socket that is closed again, a program without a name, and the
// opening of a device that anybody may write to and that keeps nothing.
func tryWalls() walls {
	var w walls
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	if !errors.Is(err, unix.EPERM) {
		w.network = fmt.Errorf("network sockets: %w", errAllowed)
	}
	if _, _, err := unix.Syscall(unix.SYS_EXECVE, 0, 0, 0); err != unix.EPERM {
		w.programs = fmt.Errorf("other programs: %w", errAllowed)
	}
	zero, err := os.OpenFile("/dev/zero", os.O_WRONLY, 0)
	switch {
	case err == nil:
		_ = zero.Close()
		w.files = fmt.Errorf("files of others: %w", errAllowed)
	case !errors.Is(err, unix.EACCES):
		w.files = err
	}
	return w
}

// policy allows system calls by name: all that are known, but for sockets
// of other families than AF_UNIX, for io_uring, which opens sockets behind a
// filter's back, and for those that make another program of this one. (A filter that named only what it forbids would let the calls
// of another ABI through, and those of kernels to come.)
func policy() (seccomp.Policy, error) {
	known, err := arch.GetInfo("")
	if err != nil {
		return seccomp.Policy{}, fmt.Errorf("the kernel did not take the network away: %w", err)
	}
	var allowed []string
	for name := range known.SyscallNames {
		switch name {
		case "io_uring_setup", "io_uring_enter", "io_uring_register", "execve", "execveat":
		default:
			allowed = append(allowed, name)
		}
	}
	slices.Sort(allowed)
	return seccomp.Policy{
		DefaultAction: seccomp.ActionErrno, // EPERM
		Syscalls: []seccomp.SyscallGroup{
			{
				Action: seccomp.ActionErrno,
				NamesWithCondtions: []seccomp.NameWithConditions{{
					Name:       "socket",
					Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.NotEqual, Value: unix.AF_UNIX}},
				}},
			},
			{Action: seccomp.ActionAllow, Names: allowed},
		},
	}, nil
}
