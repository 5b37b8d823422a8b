//go:build amd64 || arm64

package offline

import (
	"errors"
	"fmt"
	"slices"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Sandbox walls this process in, on all of its threads and for good: the
// kernel refuses every socket that is not AF_UNIX. Where writable names
// directories, nothing outside of them (and of /dev, for the terminal) can be
// written any more, on kernels that have Landlock; a directory that does not
// exist is passed over. It tries what it forbade, and returns an error unless
// the kernel refuses.
func Sandbox(writable ...string) error {
	if len(writable) > 0 {
		// Version 3 is the last that neither asks for more than paths nor stops
		// the ioctls that a terminal needs.
		err := landlock.V3.BestEffort().RestrictPaths(
			landlock.RODirs("/"),
			landlock.RWDirs("/dev"),
			landlock.RWDirs(writable...).IgnoreIfMissing(),
		)
		if err != nil {
			return fmt.Errorf("the kernel did not limit where this program writes: %w", err)
		}
	}
	policy, err := noNetwork()
	if err != nil {
		return err
	}
	err = seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: policy})
	if err != nil {
		return fmt.Errorf("the kernel did not take the network away: %w", err)
	}
	if fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0); !errors.Is(err, unix.EPERM) {
		_ = unix.Close(fd)
		return errors.New("the kernel still gives this program network sockets")
	}
	return nil
}

// noNetwork allows system calls by name: all that are known, but for sockets
// of other families than AF_UNIX and for io_uring, which opens sockets behind a
// filter's back. (A filter that named only what it forbids would let the calls
// of another ABI through, and those of kernels to come.)
func noNetwork() (seccomp.Policy, error) {
	known, err := arch.GetInfo("")
	if err != nil {
		return seccomp.Policy{}, fmt.Errorf("the kernel did not take the network away: %w", err)
	}
	var allowed []string
	for name := range known.SyscallNames {
		switch name {
		case "io_uring_setup", "io_uring_enter", "io_uring_register":
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
