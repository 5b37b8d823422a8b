package offline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sweep removes from dir what a write that was cut short left there, and returns
// the paths: a file stands under a hidden name, its own with a number behind it,
// until it is whole. ours says which names we give. What another process is
// writing stays, and so does what can't be removed.
func Sweep(dir string, ours func(name string) bool) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var swept []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.Type().IsRegular() && isBegun(e.Name(), ours) && !inUse(path) && os.Remove(path) == nil {
			swept = append(swept, path)
		}
	}
	slices.Sort(swept)
	return swept
}

const maxNumber = 19 // digits of the number that is put behind a name

// isBegun says whether name is the one that a file of ours has until it is whole.
func isBegun(name string, ours func(name string) bool) bool {
	name, hidden := strings.CutPrefix(name, ".")
	for n := 0; hidden && n < maxNumber && name != "" && name[len(name)-1] >= '0' && name[len(name)-1] <= '9'; n++ {
		if name = name[:len(name)-1]; ours(name) {
			return true
		}
	}
	return false
}

// inUse says whether a process has the file and writes it.
func inUse(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR|noFollow, 0)
	if err != nil {
		return true
	}
	defer f.Close()
	taken, err := lockFile(f)
	return taken || err != nil
}
