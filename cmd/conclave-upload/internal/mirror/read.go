package mirror

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// Source is a TUF repository in a directory, as others have published it. Its
// targets are in "targets" beside its metadata, below it, or below the directory.
type Source struct {
	root   *os.Root
	found  *metadata.Found
	beside []string // directories that may hold the targets
}

// maxNames is how many files there may be that could be metadata, and need not be.
const maxNames = 1_000_000

// OpenSource opens the repository in dir, and finds its files. Nothing of it has
// been verified.
func OpenSource(dir string) (*Source, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	s := &Source{root: root}
	if err := s.find(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, err), root.Close())
	}
	return s, nil
}

// Close releases the directory.
func (s *Source) Close() error { return s.root.Close() }

// find reads the set that is published: all roots that are there, the timestamp,
// and what follows from it.
func (s *Source) find() error {
	names, err := jsonFiles(s.root.FS())
	if err != nil {
		return err
	}
	total := 0
	s.found, err = metadata.Find(names, func(name string) ([]byte, error) {
		raw, err := s.file(name)
		if total += len(raw); total > head.MaxSet {
			return nil, fmt.Errorf("the metadata has more than %d bytes", head.MaxSet)
		}
		return raw, err
	})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(s.found.Files, func(f metadata.FoundFile) bool { return path.Base(f.Name) == head.FileName(head.Timestamp, 0) })
	if i < 0 {
		return errors.New("it is no TUF repository: no timestamp.json is in it")
	}
	at := path.Dir(s.found.Files[i].Name)
	s.beside = []string{targetsDir, path.Join(at, targetsDir), path.Join(path.Dir(at), targetsDir)}
	return nil
}

// jsonFiles lists the files below a directory that may be metadata.
func jsonFiles(dir fs.FS) (names []string, err error) {
	err = fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrPermission) && name != "." {
			return fs.SkipDir // lost+found
		}
		if err == nil && !d.IsDir() && path.Ext(name) == ".json" {
			names = append(names, name)
		}
		if len(names) > maxNames {
			return fmt.Errorf("it holds more than %d .json files", maxNames)
		}
		return err
	})
	return names, err
}

// Files is the set, under the names of a repository with consistent snapshots.
func (s *Source) Files() ([]trust.NamedFile, error) {
	var files []trust.NamedFile
	for _, f := range s.found.Files {
		if f.Err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, f.Err)
		}
		files = append(files, trust.NamedFile{Name: head.FileName(f.Role, f.File.Version), Bytes: f.Bytes})
	}
	if len(s.found.Missing) > 0 {
		return nil, &client.IncompleteError{Name: s.found.Missing[0]}
	}
	if s.found.Files[0].Role != head.Root {
		return nil, errors.New("the directory holds no root: 1.root.json")
	}
	return files, nil
}

// file reads a metadata file.
func (s *Source) file(name string) ([]byte, error) {
	f, err := s.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, head.MaxFile+1))
	if err == nil && len(raw) > head.MaxFile {
		err = fmt.Errorf("%s has more than %d bytes", name, head.MaxFile)
	}
	return raw, err
}

// OpenTarget opens the file of a target, by its hashed name or by its path
// alone. One that is missing is fs.ErrNotExist.
func (s *Source) OpenTarget(t client.Target) (io.ReadCloser, error) {
	for _, dir := range s.beside {
		for _, name := range append(t.FileNames(), t.Path) {
			f, err := s.root.Open(path.Join(dir, name))
			if !errors.Is(err, fs.ErrNotExist) {
				return f, err
			}
		}
	}
	return nil, fs.ErrNotExist
}
