package offline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// network looks at every network interface and at the routing tables. An
// interface without a carrier is not connected, whatever else it is.
func (m Machine) network() token.Check {
	const name = "network"
	interfaces, err := os.ReadDir(m.path("/sys/class/net"))
	if err != nil {
		return unknown(name, err)
	}
	var up []string
	for _, i := range interfaces {
		if i.Name() != "lo" && connected(filepath.Join(m.path("/sys/class/net"), i.Name())) {
			up = append(up, text.Safe(i.Name()))
		}
	}
	if len(up) > 0 {
		return fail(name, "This machine is on a network (%s). Pull the cable, and switch the radio off.", strings.Join(up, ", "))
	}
	for _, table := range []struct {
		file      string
		isDefault func(fields []string) bool
	}{{"/proc/net/route", defaultRoute4}, {"/proc/net/ipv6_route", defaultRoute6}} {
		b, err := os.ReadFile(m.path(table.file))
		if errors.Is(err, fs.ErrNotExist) {
			continue // this kernel doesn't speak that protocol
		}
		if err != nil {
			return unknown(name, err)
		}
		for line := range strings.Lines(string(b)) {
			if table.isDefault(strings.Fields(line)) {
				return fail(name, "This machine has a route to a network. Take it off the network.")
			}
		}
	}
	return pass(name, "No network is connected.")
}

// connected reads an interface's operational state (RFC 2863). Tunnels and
// the like don't know theirs: for them being switched on counts.
func connected(dir string) bool {
	const iffUp = 1
	switch line(dir, "operstate") {
	case "down", "notpresent", "lowerlayerdown":
		return false
	case "unknown":
		flags, err := strconv.ParseUint(line(dir, "flags"), 0, 32)
		return err != nil || flags&iffUp != 0
	}
	return true
}

// defaultRoute4 knows a line of /proc/net/route: interface, destination,
// gateway, flags, three numbers, mask.
func defaultRoute4(f []string) bool {
	return len(f) >= 8 && f[1] == "00000000" && f[7] == "00000000" && f[0] != "lo"
}

// defaultRoute6 knows a line of /proc/net/ipv6_route: destination, its prefix
// length, ..., interface. The kernel keeps rejecting routes on lo.
func defaultRoute6(f []string) bool {
	return len(f) == 10 && f[0] == strings.Repeat("0", 32) && f[1] == "00" && f[9] != "lo"
}

func (m Machine) swap() token.Check {
	b, err := os.ReadFile(m.path("/proc/swaps"))
	if err != nil {
		return unknown("swap", err)
	}
	var areas []string
	for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		if fields := strings.Fields(line); i > 0 && len(fields) > 0 {
			areas = append(areas, text.Safe(fields[0]))
		}
	}
	if len(areas) > 0 {
		return fail("swap", "Memory may be written to %s. Switch that off with: swapoff -a", strings.Join(areas, ", "))
	}
	return pass("swap", "Memory is never written to a disk.")
}

func (m Machine) memoryLock() token.Check {
	locked, err := m.status("VmLck")
	switch {
	case err != nil:
		return unknown("memory lock", err)
	case strings.HasPrefix(locked, "0 "):
		return fail("memory lock", "This program's memory is not locked: the system does not allow it. It matters only where memory is swapped.")
	}
	return pass("memory lock", "This program's memory stays in memory.")
}

// walls are what the kernel refuses this process: each is nil where it did so
// just now, when that was tried, and else errAllowed or why that is not known.
type walls struct{ network, programs, files error }

var errAllowed = errors.New("the kernel still allows them")

func (w walls) checks() []token.Check {
	const name = "sandbox"
	sandbox := wall(name, w.network, "", "The kernel does not keep this program from opening network connections.")
	if sandbox.Pass {
		sandbox = wall(name, w.programs,
			"The kernel refuses this program every network connection, and the start of any other program.",
			"The kernel does not keep this program from starting others.")
	}
	return []token.Check{sandbox, wall("files", w.files,
		"The kernel lets this program write only to its workspace, to drives, and to the places that it was given.",
		"This kernel does not limit where this program writes. That takes one with Landlock switched on.")}
}

func wall(name string, err error, stands, falls string) token.Check {
	switch {
	case errors.Is(err, errAllowed):
		return fail(name, "%s", falls)
	case err != nil:
		return unknown(name, err)
	}
	return pass(name, "%s", stands)
}

// status is a field of /proc/self/status.
func (m Machine) status(field string) (string, error) {
	b, err := os.ReadFile(m.path("/proc/self/status"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("/proc/self/status has no %s", field)
}
