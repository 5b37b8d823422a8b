package offline

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Place is a directory, or a removable drive that is mounted.
type Place struct {
	Path      string
	Label     string // of the file system, else the drive's maker and model; "" for a directory
	Device    string // "/dev/sdb1"; "" not known
	FSType    string // "vfat"; "" not known
	Free      int64  // bytes; negative: not known
	ReadOnly  bool
	Removable bool
}

// Places lists the removable drives that are mounted, sorted by path, and then
// the given directories. Where the system has no tables of mounts and drives
// like Linux's, it knows of no drives. A directory that can't be used is an
// error that names it.
func (m Machine) Places(dirs ...string) ([]Place, error) {
	mounts, err := m.mounts()
	if err != nil {
		return nil, err
	}
	drives, err := m.drives()
	if err != nil {
		return nil, err
	}
	var places []Place
	for _, mt := range mounts {
		d, ok := drives[mt.device]
		if !ok {
			continue
		}
		p := Place{Path: m.path(mt.point), Label: d.label, Device: mt.source, FSType: mt.fsType, ReadOnly: mt.readOnly, Removable: true}
		if p.Free, err = (osDisk{}).Free(p.Path); err != nil {
			p.Free = -1 // it was pulled, or we may not look
		}
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b Place) int { return cmp.Compare(a.Path, b.Path) })
	for _, dir := range dirs {
		p, err := m.directory(mounts, dir)
		if err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	return places, nil
}

func (m Machine) directory(mounts []mount, dir string) (Place, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Place{}, err
	}
	if info, err := os.Stat(dir); err != nil {
		return Place{}, err
	} else if !info.IsDir() {
		return Place{}, &fs.PathError{Op: "open", Path: dir, Err: errors.New("it is no directory")}
	}
	p := Place{Path: dir}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return Place{}, err
	}
	depth := -1
	for _, mt := range mounts { // the last of equals lies on top
		if point := m.path(mt.point); within(real, point) && len(point) >= depth {
			depth = len(point)
			p.Device, p.FSType, p.ReadOnly = mt.source, mt.fsType, mt.readOnly
		}
	}
	if p.Free, err = (osDisk{}).Free(dir); err != nil {
		return Place{}, err
	}
	return p, nil
}

// within says whether path is dir or below it. Both are clean and absolute.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

func (m Machine) mounts() ([]mount, error) {
	table, err := os.ReadFile(m.path("/proc/self/mountinfo"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseMounts(table)
}

// drive is a block device, or a partition of one, that can be pulled.
type drive struct{ label string }

// drives reads /sys/block: what is marked removable, and what hangs on USB,
// since a disk in a USB case says of itself that it is fixed. The result is by
// major:minor.
func (m Machine) drives() (map[string]drive, error) {
	disks, err := os.ReadDir(m.path("/sys/block"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	labels := m.labels()
	found := map[string]drive{}
	for _, e := range disks {
		dir := m.path("/sys/block/" + e.Name())
		if !removable(dir) {
			continue
		}
		model := strings.TrimSpace(line(dir, "device/vendor") + " " + line(dir, "device/model"))
		parts, _ := filepath.Glob(filepath.Join(dir, e.Name()+"*", "dev"))
		for _, dev := range append(parts, filepath.Join(dir, "dev")) {
			name := filepath.Base(filepath.Dir(dev))
			if number := line(filepath.Dir(dev), "dev"); number != "" {
				found[number] = drive{label: cmp.Or(labels[name], model, name)}
			}
		}
	}
	return found, nil
}

func removable(dir string) bool {
	if line(dir, "removable") == "1" {
		return true
	}
	bus, _ := os.Readlink(dir)
	return strings.Contains(bus, "/usb")
}

// line is the content of a small file of the kernel's, "" where there is none.
func line(dir, name string) string {
	b, _ := os.ReadFile(filepath.Join(dir, name))
	return strings.TrimSpace(string(b))
}

// labels maps device names ("sdb1") to the labels of their file systems.
func (m Machine) labels() map[string]string {
	dir := m.path("/dev/disk/by-label")
	links, _ := os.ReadDir(dir)
	labels := map[string]string{}
	for _, l := range links {
		if target, err := os.Readlink(filepath.Join(dir, l.Name())); err == nil {
			labels[filepath.Base(target)] = unescapeLabel(l.Name())
		}
	}
	return labels
}

// unescapeLabel undoes udev's escapes: a backslash, an x and two hex digits.
func unescapeLabel(s string) string {
	for i := 0; i+4 <= len(s); i++ {
		if s[i:i+2] != `\x` {
			continue
		}
		if c, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
			s = s[:i] + string([]byte{byte(c)}) + s[i+4:]
		}
	}
	return s
}

// Found is a file in a place.
type Found struct {
	Name string
	Path string
	Size int64 // bytes
}

// maxFiles is how many names of a directory Find looks at.
const maxFiles = 10_000

// Find lists the regular files in dir, not below it, whose names end in one of
// suffixes, sorted by name. Links, hidden files and anything else that is no
// file are left out: what is listed here can be opened by bundles.Open. A
// directory of more than 10,000 names is an error.
func Find(dir string, suffixes ...string) ([]Found, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(maxFiles + 1)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(entries) > maxFiles {
		return nil, &fs.PathError{Op: "list", Path: dir, Err: fmt.Errorf("it holds more than %d files; name the file itself", maxFiles)}
	}
	var found []Found
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") || !slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(e.Name(), s) }) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // gone since
		}
		found = append(found, Found{Name: e.Name(), Path: filepath.Join(dir, e.Name()), Size: info.Size()})
	}
	slices.SortFunc(found, func(a, b Found) int { return cmp.Compare(a.Name, b.Name) })
	return found, nil
}
