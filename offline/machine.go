package offline

import "path/filepath"

// Machine reads what the kernel tells of the machine in /proc, /sys and /dev.
type Machine struct {
	Root string // where those are; "" is the root directory
}

func (m Machine) path(p string) string { return filepath.Join("/", m.Root, p) }
