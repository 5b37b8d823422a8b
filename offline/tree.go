package offline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// maxTree bounds how many files a directory may hold that become targets.
const maxTree = 200_000

// Tree reads every file below a directory as a target: its path relative to
// the directory with slashes, its SHA-256 and its length, sorted by path. What
// is neither file nor directory (a link, a device) is refused and named, as are
// a file whose path no target can have, an empty file, and more than 200,000
// files; nothing is followed out of the directory. Ending ctx ends it.
func Tree(ctx context.Context, dir string) ([]trust.NewTarget, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("the directory was not read: %w", err)
	}
	defer root.Close()
	var list []trust.NewTarget
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var t trust.NewTarget
			if t, err = leaf(ctx, root, path, entry); err == nil && len(list) == maxTree {
				err = fmt.Errorf("there are more than %d files", maxTree)
			}
			list = append(list, t)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", text.Safe(path), err)
		}
		return nil
	})
	if err == nil && len(list) == 0 {
		err = errors.New("it holds no file")
	}
	if err != nil {
		return nil, fmt.Errorf("the directory %s was not taken: %w", text.Safe(dir), err)
	}
	return list, nil
}

// Folders lists the names of the directories in dir, sorted, but for hidden ones.
func Folders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// leaf reads one file.
func leaf(ctx context.Context, root *os.Root, path string, entry fs.DirEntry) (trust.NewTarget, error) {
	t := trust.NewTarget{Path: path}
	if !entry.Type().IsRegular() {
		return t, errors.New("it is neither a file nor a directory")
	}
	if err := trust.CheckTargetPath(path); err != nil {
		return t, err
	}
	file, err := root.Open(path)
	if err != nil {
		return t, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return t, errors.New("it is no regular file any more")
	}
	sum := sha256.New()
	if t.Length, err = io.Copy(sum, stoppable{ctx, file}); err != nil {
		return t, err
	}
	if t.Length == 0 {
		return t, errors.New("it is empty, and an empty file is no target")
	}
	t.SHA256 = metadata.Digest(sum.Sum(nil))
	return t, nil
}

// stoppable is a reader whose reading ends with a context.
type stoppable struct {
	ctx context.Context
	io.Reader
}

func (s stoppable) Read(b []byte) (int, error) {
	if err := context.Cause(s.ctx); err != nil {
		return 0, err
	}
	return s.Reader.Read(b)
}
