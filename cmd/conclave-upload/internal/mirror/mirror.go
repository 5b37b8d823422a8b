package mirror

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/durable"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// targetsDir is the directory of the repository that holds the targets.
const targetsDir = "targets"

// Repository is a directory that holds a TUF repository, or will.
type Repository struct{ root *os.Root }

// Open opens the repository in dir and makes dir where it is missing.
func Open(dir string) (*Repository, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Repository{root}, nil
}

// Close releases the directory.
func (r *Repository) Close() error { return r.root.Close() }

// OldestRoot is the root from which the clients of the repository in dir set
// out; nil where there is none.
func OldestRoot(dir string) ([]byte, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var oldest int64
	for _, e := range entries {
		role, version, err := head.ParseFileName(e.Name())
		if err == nil && role == head.Root && (oldest == 0 || version < oldest) {
			oldest = version
		}
	}
	if oldest == 0 {
		return nil, nil
	}
	return os.ReadFile(filepath.Join(dir, head.FileName(head.Root, oldest)))
}

// PutTarget writes a target where clients look for it in a repository with
// consistent snapshots: a hash stands before the last part of its path (TUF 1.0,
// section 6.2). Where its metadata has two hashes, a client may ask by either.
func (r *Repository) PutTarget(t client.Target, content io.Reader) error {
	names, err := targetNames(t)
	for i, name := range names {
		if err == nil && i > 0 {
			err = r.copy(names[0], name)
		} else if err == nil {
			err = durable.ReplaceFrom(r.root, name, content)
		}
	}
	if err != nil {
		return fmt.Errorf("write the target %q: %w", t.Path, err)
	}
	return nil
}

func (r *Repository) copy(from, to string) error {
	f, err := r.root.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return durable.ReplaceFrom(r.root, to, f)
}

// HasTarget says whether the target is there already, as it should be.
func (r *Repository) HasTarget(t client.Target) bool {
	names, err := targetNames(t)
	return err == nil && !slices.ContainsFunc(names, func(name string) bool { return r.read(t, name) != nil })
}

// read reads the target's file as it is there.
func (r *Repository) read(t client.Target, name string) error {
	f, err := r.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	checked, err := t.Checked(f)
	if err == nil {
		_, err = io.Copy(io.Discard, checked)
	}
	return err
}

func targetNames(t client.Target) ([]string, error) {
	if !fs.ValidPath(t.Path) || t.Path == "." {
		return nil, fmt.Errorf("%q is no path of a file below a directory: it was not written", t.Path)
	}
	names := t.FileNames()
	for i, name := range names {
		names[i] = path.Join(targetsDir, name)
	}
	if names == nil {
		return nil, client.ErrNoHash
	}
	return names, nil
}

// ConflictError: the directory holds something newer than the set, or something
// else under one of its names.
type ConflictError struct {
	Name string // of the file
	Why  string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s in the directory %s: nothing of the metadata was written", e.Name, e.Why)
}

// PutMetadata writes a set that was verified. A client that reads meanwhile
// finds the old set whole, whose files have other names, until timestamp.json
// is replaced, last; new roots come right before it, because they may replace
// the key that signed the old one. Where the root wants no consistent snapshots,
// files are replaced in place: a client that finds the old and the new, which do
// not go together, has to try again.
func (r *Repository) PutMetadata(s *metadata.Set) error {
	files := filesOf(s)
	if err := r.check(s, files); err != nil {
		return err
	}
	if plain(s) {
		for _, t := range client.Targets(s) {
			if err := r.putPlainTarget(t); err != nil {
				return fmt.Errorf("write the target %q: %w", t.Path, err)
			}
		}
	}
	var roots, rest, last []trust.NamedFile
	for _, f := range files {
		switch role, _, err := head.ParseFileName(f.Name); {
		case err != nil:
			rest = append(rest, f)
		case role == head.Root:
			roots = append(roots, f)
		case role == head.Timestamp:
			last = append(last, f)
		default:
			rest = append(rest, f)
		}
	}
	for _, files := range [][]trust.NamedFile{rest, roots, last} {
		for _, f := range files {
			if err := r.put(f.Name, f.Bytes); err != nil {
				return err
			}
		}
	}
	return nil
}

// plain says whether clients of a set look for plain names.
func plain(s *metadata.Set) bool { return !s.Roots[len(s.Roots)-1].Root.ConsistentSnapshot }

// filesOf are the files of a set under all names by which clients get them: the
// usual one; where the root wants no consistent snapshots, the one without a
// version; and of both what a web server looks for that takes off the escapes of
// an address. None of the others may be the usual name of another file.
func filesOf(s *metadata.Set) []trust.NamedFile {
	files := head.Files(s)
	for _, f := range slices.Clone(files) {
		role, _, err := head.ParseFileName(f.Name)
		if err != nil || role == head.Root || role == head.Timestamp {
			continue
		}
		names := []string{f.Name}
		if plain(s) {
			names = append(names, head.PlainName(role))
		}
		for _, name := range names {
			bare, err := url.PathUnescape(name)
			if err == nil && fs.ValidPath(bare) && !strings.HasPrefix(bare, targetsDir+"/") {
				names = append(names, bare)
			}
		}
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			if _, _, err := head.ParseFileName(name); err != nil {
				files = append(files, trust.NamedFile{Name: name, Bytes: f.Bytes})
			}
		}
	}
	return files
}

// putPlainTarget copies a target that PutTarget wrote.
func (r *Repository) putPlainTarget(t client.Target) error {
	names, err := targetNames(t)
	if err == nil {
		err = r.copy(names[0], path.Join(targetsDir, t.Path))
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, client.ErrNoHash) {
		return nil // it is served by something else, if at all
	}
	return err
}

// Beside lists the metadata of the directory that is no part of a set that was
// written: of older states, and of roles that nobody delegates to any more.
// Clients don't ask for it once they have the new timestamp.
func (r *Repository) Beside(s *metadata.Set) ([]string, error) {
	part := map[string]bool{}
	for _, f := range filesOf(s) {
		part[f.Name] = true
	}
	entries, err := fs.ReadDir(r.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	list := []string{}
	for _, e := range entries {
		role, _, err := head.ParseFileName(e.Name())
		if path.Ext(e.Name()) == ".json" && !part[e.Name()] && (err != nil || role != head.Root) {
			list = append(list, e.Name())
		}
	}
	return list, nil
}

// check refuses to go back behind what the directory holds.
func (r *Repository) check(s *metadata.Set, files []trust.NamedFile) error {
	newest := s.Roots[len(s.Roots)-1].Version
	later := head.FileName(head.Root, newest+1)
	if _, err := r.root.Stat(later); err == nil {
		return &ConflictError{later, fmt.Sprintf("follows root %d, with which the set ends", newest)}
	}
	for _, f := range files {
		there, err := r.root.ReadFile(f.Name)
		if errors.Is(err, fs.ErrNotExist) || bytes.Equal(there, f.Bytes) {
			continue
		}
		if err != nil {
			return err
		}
		old, err := metadata.ParseFile(there, metadata.Adopted)
		if err != nil {
			return &ConflictError{f.Name, "can't be read (" + err.Error() + ")"}
		}
		next, err := metadata.ParseFile(f.Bytes, metadata.Adopted)
		switch {
		case err != nil:
			return err
		case (next.Type == head.Timestamp || next.Type == head.Snapshot) && !signed(s, old):
			continue // of keys that the newest root does not name: clients forget it, too
		case old.Version > next.Version:
			return &ConflictError{f.Name, fmt.Sprintf("has version %d, and the set has %d", old.Version, next.Version)}
		case old.Version == next.Version && old.Digest() != next.Digest():
			return &ConflictError{f.Name, "has the same version and says something else"}
		}
	}
	return nil
}

// signed says whether a timestamp or a snapshot is one by the keys of the newest root.
func signed(s *metadata.Set, f *metadata.File) bool {
	_, err := metadata.VerifyFile(s.Roots[len(s.Roots)-1].Signed, f.Type, f)
	return err == nil
}

// put leaves a file that is there already as it is.
func (r *Repository) put(name string, content []byte) error {
	there, err := r.root.ReadFile(name)
	if err == nil && bytes.Equal(there, content) {
		return nil
	}
	if err := durable.Replace(r.root, name, content); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
