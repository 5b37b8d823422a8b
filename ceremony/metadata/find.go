package metadata

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Found is what of the files in one place is a TUF repository, as clients read it:
// the roots by their numbers, and what follows from the timestamp.
type Found struct {
	Files   []FoundFile // roots ascending, timestamp, snapshot, targets, delegated roles by name
	Missing []string    // what clients would ask for next, by its usual name
	Beside  []string    // sorted names of the other files: they are not part of the set
}

// FoundFile is one file of a repository. Nothing of it was verified.
type FoundFile struct {
	Name  string // where it lies
	Role  string
	Bytes []byte
	File  *File // nil where Err says why it can't be read
	Err   error
}

// Map is the content of the files by where they lie.
func (f *Found) Map() map[string][]byte {
	files := map[string][]byte{}
	for _, file := range f.Files {
		files[file.Name] = file.Bytes
	}
	return files
}

// Find tells which of the files with these names, paths with slashes, are a
// repository's, and reads those and no others. Of the directory that holds it,
// or a directory called root_history in that, it takes N.root.json (root.json
// where no root has a number), timestamp.json, and the files that timestamp and
// snapshot name and targets lead to: as N.ROLE.json, or as ROLE.json where the
// newest root asks for no consistent snapshots or there is no other. Without a
// timestamp it takes the newest of each role. Where no name is that of a root
// or a timestamp, every file is given as what it says it is. The error is of
// read, or an *AmbiguousError.
func Find(names []string, read func(name string) ([]byte, error)) (*Found, error) {
	f := &finder{read: read, names: slices.Sorted(slices.Values(names)), files: map[string]FoundFile{}, named: map[string][]string{}, found: &Found{}}
	at, rootsAt, err := placeOf(f.names)
	if err != nil {
		return nil, err
	}
	if at == "" && rootsAt == "" {
		return f.all()
	}
	for _, name := range f.names {
		if below, ok := strings.CutPrefix(flat(name), at+"/"); ok || at == "." {
			stem := unescapeRole(strings.TrimSuffix(below, metaSuffix))
			f.named[stem] = append(f.named[stem], name)
		}
	}
	newest, err := f.roots(rootsAt)
	if err != nil {
		return nil, err
	}
	f.consistent = newest == nil || newest.Root.ConsistentSnapshot
	if err := f.follow(); err != nil {
		return nil, err
	}
	part := map[string]bool{}
	for _, file := range f.found.Files {
		part[file.Name] = true
	}
	for _, name := range f.names {
		if !part[name] {
			f.found.Beside = append(f.found.Beside, name)
		}
	}
	return f.found, nil
}

// FindIn is Find for files that were read.
func FindIn(files map[string][]byte) (*Found, error) {
	return Find(slices.Collect(maps.Keys(files)), func(name string) ([]byte, error) { return files[name], nil })
}

type finder struct {
	read       func(name string) ([]byte, error)
	names      []string             // sorted
	files      map[string]FoundFile // what was read, by name
	named      map[string][]string  // files of the place, by their names without escapes and ".json"
	consistent bool                 // clients look for N.ROLE.json first
	found      *Found
}

// all takes every file for what it says it is.
func (f *finder) all() (*Found, error) {
	for _, name := range f.names {
		b, err := f.read(name)
		if err != nil {
			return nil, err
		}
		f.found.Files = append(f.found.Files, given(name, b))
	}
	return f.found, nil
}

// given is a file that says itself what it is. Of delegated roles, which all say
// "targets", the name tells which.
func given(name string, b []byte) FoundFile {
	file, err := ParseFile(b, Adopted)
	if err != nil {
		return FoundFile{Name: name, Bytes: b, Err: err}
	}
	role := file.Type
	if role == typeTargets {
		role = roleOf(name)
	}
	return FoundFile{name, role, b, file, nil}
}

// roleOf is the role in a name like 3.targets.json or doi.json, in any folder.
func roleOf(name string) string {
	base := path.Base(name)
	if role, _, err := ParseFileName(base); err == nil {
		return role
	}
	return unescapeRole(strings.TrimSuffix(base, metaSuffix))
}

// open reads a file once, and holds its type against role.
func (f *finder) open(name, role string) (FoundFile, error) {
	if file, ok := f.files[name]; ok {
		return file, nil
	}
	b, err := f.read(name)
	if err != nil {
		return FoundFile{}, err
	}
	file := FoundFile{Name: name, Role: role, Bytes: b}
	file.File, file.Err = ParseFile(b, Adopted)
	kind := role
	if !isTopLevel(role) {
		kind = typeTargets
	}
	if file.Err == nil && file.File.Type != kind {
		file.File, file.Err = nil, fmt.Errorf("it is %s metadata", file.File.Type)
	}
	f.files[name] = file
	return file, nil
}

// roots takes the roots, each once, and returns the newest that can be read.
func (f *finder) roots(at string) (newest *File, err error) {
	numbered, plain := map[string]int64{}, map[string]int64{}
	for _, name := range f.names {
		if dir, base := split(name); dir != at {
			continue
		} else if role, version, err := ParseFileName(base); err == nil && role == typeRoot {
			numbered[name] = version
		} else if base == typeRoot+metaSuffix {
			plain[name] = 0
		}
	}
	if len(numbered) == 0 {
		numbered = plain
	}
	order := slices.SortedFunc(maps.Keys(numbered), func(a, b string) int {
		return cmp.Or(cmp.Compare(numbered[a], numbered[b]), cmp.Compare(a, b))
	})
	var last *File
	for _, name := range order {
		file, err := f.open(name, typeRoot)
		if err != nil {
			return nil, err
		}
		if n := numbered[name]; file.File != nil && n != 0 && file.File.Version != n {
			file.File, file.Err = nil, fmt.Errorf("it holds root %d", file.File.Version)
		}
		if file.File != nil {
			if last != nil && last.Version == file.File.Version && last.Digest() == file.File.Digest() {
				continue // a copy
			}
			last = file.File
		}
		f.found.Files = append(f.found.Files, file)
	}
	return last, nil
}

// follow takes what follows from the timestamp, or else the newest of each role.
func (f *finder) follow() error {
	timestamp, err := f.take(typeTimestamp, f.named[typeTimestamp], nil)
	if err != nil {
		return err
	}
	var snapshot *File
	if timestamp != nil {
		snapshot, err = f.listed(typeSnapshot, timestamp.Timestamp.Snapshot)
	} else {
		snapshot, err = f.newest(typeSnapshot)
	}
	if err != nil {
		return err
	}
	get, known := f.newest, f.roles()
	if snapshot != nil {
		known = snapshot.Snapshot.roles()
		get = func(role string) (*File, error) {
			if meta, ok := snapshot.Snapshot.Meta[role+metaSuffix]; ok {
				return f.listed(role, meta)
			}
			return nil, nil // clients pass over a role that the snapshot does not list
		}
	}
	targets, err := get(typeTargets)
	if err != nil || targets == nil {
		return err
	}
	from, seen := len(f.found.Files), map[string]bool{}
	for queue := []*File{targets}; len(queue) > 0; queue = queue[1:] {
		for role := range queue[0].delegations("", known) {
			if seen[role] {
				continue
			}
			seen[role] = true
			file, err := get(role)
			if err != nil {
				return err
			}
			if file != nil {
				queue = append(queue, file)
			}
		}
	}
	slices.SortFunc(f.found.Files[from:], func(a, b FoundFile) int { return cmp.Compare(a.Role, b.Role) })
	return nil
}

// listed takes the file of a role that another file describes.
func (f *finder) listed(role string, meta FileMeta) (*File, error) {
	plain, numbered := f.named[role], f.named[fmt.Sprintf("%d.%s", meta.Version, role)]
	names := plain
	if f.consistent && len(numbered) > 0 || len(plain) == 0 {
		names = numbered
	}
	if len(names) == 0 {
		f.found.Missing = append(f.found.Missing, FileName(role, meta.Version))
	}
	return f.take(role, names, func(file *File) bool { return meta.check(role, file, "") == nil })
}

// newest takes the newest file of a role.
func (f *finder) newest(role string) (*File, error) {
	names := slices.Clone(f.named[role])
	for stem, of := range f.named {
		if number, rest, ok := strings.Cut(stem, "."); ok && rest == role && isNumber(number) {
			names = append(names, of...)
		}
	}
	slices.Sort(names)
	return f.take(role, names, nil)
}

// roles are the names that files of roles may have here.
func (f *finder) roles() []string {
	roles := map[string]bool{}
	for stem := range f.named {
		roles[stem] = true
		if number, rest, ok := strings.Cut(stem, "."); ok && isNumber(number) {
			roles[rest] = true
		}
	}
	return slices.Sorted(maps.Keys(roles))
}

// take takes one of several files that may be the one of a role: the first that
// fits, else the newest, and of those one with the usual name. Most often there
// is one, or none.
func (f *finder) take(role string, names []string, fits func(*File) bool) (*File, error) {
	var best FoundFile
	for _, name := range slices.SortedStableFunc(slices.Values(names), usualFirst) {
		file, err := f.open(name, role)
		if err != nil {
			return nil, err
		}
		if file.File != nil && fits != nil && fits(file.File) {
			best = file
			break
		}
		if best.Name == "" || file.File != nil && (best.File == nil || file.File.Version > best.File.Version) {
			best = file
		}
	}
	if best.Name != "" {
		f.found.Files = append(f.found.Files, best)
	}
	return best.File, nil
}

// usualFirst puts names that are spelt as FileName does before others.
func usualFirst(a, b string) int {
	odd := func(name string) int {
		base := strings.TrimSuffix(path.Base(name), metaSuffix)
		if base == escapeRole(unescapeRole(base)) {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), cmp.Compare(odd(a), odd(b)))
}
