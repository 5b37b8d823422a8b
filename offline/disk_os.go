package offline

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// osDisk is the disk of the operating system. What differs between systems is
// in disk_unix.go and disk_windows.go.
type osDisk struct{}

func (osDisk) Mkdir(path string) error  { return os.Mkdir(path, 0o700) }
func (osDisk) Remove(path string) error { return os.Remove(path) }

func (osDisk) Names(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// Lock holds the file open and locked, which the system undoes however the
// process ends. The file stays: it only says who had it last.
func (osDisk) Lock(path string) (func() error, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	taken, err := lockFile(f)
	switch {
	case taken:
		owner, _ := io.ReadAll(io.LimitReader(f, 20))
		pid, _ := strconv.Atoi(strings.TrimSpace(string(owner)))
		err = &LockedError{Dir: filepath.Dir(path), PID: pid}
	case err != nil:
		err = &os.PathError{Op: "lock", Path: path, Err: err}
	default:
		if err = f.Truncate(0); err == nil {
			_, err = f.WriteString(strconv.Itoa(os.Getpid()) + "\n")
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
