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
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// Source is a TUF repository in a directory, with consistent snapshots, as
// others have published it. Its metadata stands in the directory or in
// "metadata" below it; its targets in "targets" below either.
type Source struct {
	root     *os.Root
	metadata string // "." or "metadata"
}

// OpenSource opens the repository in dir.
func OpenSource(dir string) (*Source, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	for _, place := range []string{".", "metadata"} {
		if _, err := root.Stat(path.Join(place, head.FileName(head.Timestamp, 0))); err == nil {
			return &Source{root, place}, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%s is no TUF repository: neither it nor %s holds timestamp.json", dir, path.Join(dir, "metadata")), root.Close())
}

// Close releases the directory.
func (s *Source) Close() error { return s.root.Close() }

// Files reads the set that is published: all roots that are there, the
// timestamp, and what follows from it. Nothing of it has been verified.
func (s *Source) Files() ([]trust.NamedFile, error) {
	files, err := s.roots()
	if err != nil {
		return nil, err
	}
	add := func(role string, version int64) (*metadata.File, error) {
		name := head.FileName(role, version)
		raw, err := s.file(name)
		if err != nil {
			return nil, err
		}
		files = append(files, trust.NamedFile{Name: name, Bytes: raw})
		f, err := metadata.ParseFile(raw, metadata.Adopted)
		if err == nil && f.Type != role {
			err = fmt.Errorf("it is %s metadata", f.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return f, nil
	}
	timestamp, err := add(head.Timestamp, 0)
	if err != nil {
		return nil, err
	}
	snapshot, err := add(head.Snapshot, timestamp.Timestamp.Snapshot.Version)
	if err != nil {
		return nil, err
	}
	listed, ok := snapshot.Snapshot.Meta[head.Targets+".json"]
	if !ok {
		return nil, fmt.Errorf("snapshot %d lists no targets.json", snapshot.Version)
	}
	if _, err := add(head.Targets, listed.Version); err != nil {
		return nil, err
	}
	return client.Complete(files, func(_, name string) ([]byte, error) { return s.file(name) })
}

func (s *Source) roots() (files []trust.NamedFile, err error) {
	entries, err := fs.ReadDir(s.root.FS(), s.metadata)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if role, _, err := head.ParseFileName(e.Name()); err != nil || role != head.Root {
			continue
		}
		raw, err := s.file(e.Name())
		if err != nil {
			return nil, err
		}
		files = append(files, trust.NamedFile{Name: e.Name(), Bytes: raw})
	}
	if len(files) == 0 {
		return nil, errors.New("the directory holds no root with a version in its name: 1.root.json")
	}
	return files, nil
}

// file reads a metadata file. One that is missing is registry.ErrNotFound.
func (s *Source) file(name string) ([]byte, error) {
	f, err := s.root.Open(path.Join(s.metadata, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, registry.ErrNotFound)
	}
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
	for _, dir := range slices.Compact([]string{targetsDir, path.Join(s.metadata, targetsDir)}) {
		for _, name := range []string{head.HashedName(t.Path, t.SHA256), t.Path} {
			f, err := s.root.Open(path.Join(dir, name))
			if !errors.Is(err, fs.ErrNotExist) {
				return f, err
			}
		}
	}
	return nil, fs.ErrNotExist
}
