package offline

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// model is a disk that promises what [disk] says and not a bit more. It counts
// the steps that change something; at one of them the power fails or the step
// does.
type model struct {
	names map[string]*node // as programs see them
	kept  map[string]*node // as a power cut leaves them at the least

	step   int
	cutAt  int   // the power fails in this step; 0 never
	failAt int   // this step fails with err; 0 none
	always bool  // and so does every later one
	err    error // what a failing step returns
	off    bool
	free   int64

	locked    bool
	remembers bool // a read may be answered from memory
	corrupt   bool // the medium gives back other bytes than it got
}

// node is a file, or a directory where file content plays no part. After a
// failed sync a byte is clean and yet not on the disk, as in Linux.
type node struct {
	dir   bool
	data  []byte // as programs see it
	dirty []bool // which bytes of data a sync would write
	disk  []byte // on the medium
}

func newModel() *model {
	root := &node{dir: true}
	return &model{names: map[string]*node{"/": root}, kept: map[string]*node{"/": root}, free: 1 << 30}
}

var errCut = errors.New("the power is off")

// do counts a step. half is told to do its thing by halves where the step does
// not go through.
func (m *model) do(half func()) error {
	if m.off {
		return errCut
	}
	m.step++
	switch {
	case m.step == m.cutAt:
		half()
		m.off = true
		return errCut
	case m.step == m.failAt, m.always && m.failAt > 0 && m.step > m.failAt:
		half()
		return m.err
	}
	return nil
}

func nothing() {}

func (m *model) Mkdir(path string) error {
	if err := m.do(nothing); err != nil {
		return err
	}
	if m.names[path] != nil {
		return fs.ErrExist
	}
	if m.names[filepath.Dir(path)] == nil {
		return fs.ErrNotExist
	}
	m.names[path] = &node{dir: true}
	return nil
}

func (m *model) Remove(path string) error {
	if err := m.do(nothing); err != nil {
		return err
	}
	delete(m.names, path)
	return nil
}

func (m *model) SyncDir(dir string) error {
	if err := m.do(nothing); err != nil {
		return err
	}
	if m.names[dir] == nil {
		return fs.ErrNotExist
	}
	maps.DeleteFunc(m.kept, func(p string, _ *node) bool { return filepath.Dir(p) == dir && p != dir })
	for p, n := range m.names {
		if filepath.Dir(p) == dir {
			m.kept[p] = n
		}
	}
	return nil
}

func (m *model) Append(path string) (appender, error) {
	if err := m.do(nothing); err != nil {
		return nil, err
	}
	if m.names[filepath.Dir(path)] == nil {
		return nil, fs.ErrNotExist
	}
	if m.names[path] == nil {
		m.names[path] = &node{}
	}
	return &modelFile{model: m, node: m.names[path]}, nil
}

func (m *model) Replace(path string) (replacement, error) {
	temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s%d", filepath.Base(path), m.step))
	if err := m.do(nothing); err != nil {
		return nil, err
	}
	if m.names[filepath.Dir(path)] == nil {
		return nil, fs.ErrNotExist
	}
	m.names[temp] = &node{}
	return &modelFile{model: m, node: m.names[temp], temp: temp, path: path}, nil
}

func (m *model) ReadFile(path string) ([]byte, error) {
	n := m.names[path]
	switch {
	case m.off:
		return nil, errCut
	case n == nil:
		return nil, fs.ErrNotExist
	case m.corrupt && len(n.data) > 0:
		return append([]byte{n.data[0] ^ 1}, n.data[1:]...), nil
	}
	data := bytes.Clone(n.data)
	if !m.remembers {
		disk := append(bytes.Clone(n.disk), make([]byte, len(data))...)
		for i, dirty := range n.dirty {
			if !dirty {
				data[i] = disk[i]
			}
		}
	}
	return data, nil
}

func (m *model) Names(dir string) (names []string, err error) {
	for p := range m.names {
		if filepath.Dir(p) == dir && p != dir {
			names = append(names, filepath.Base(p))
		}
	}
	return names, nil
}

func (m *model) Free(string) (int64, error) { return m.free, nil }

func (m *model) Lock(path string) (func() error, error) {
	if m.locked {
		return nil, &LockedError{Dir: filepath.Dir(path), PID: 1}
	}
	m.locked = true
	return func() error { m.locked = false; return nil }, nil
}

// modelFile is an open file, or one that waits to take path's place.
type modelFile struct {
	*model
	node       *node
	temp, path string
	done       bool
}

func (f *modelFile) Write(b []byte) (int, error) {
	write := func(b []byte) {
		f.node.data = append(f.node.data, b...)
		f.node.dirty = append(f.node.dirty, slices.Repeat([]bool{true}, len(b))...)
	}
	if err := f.do(func() { write(b[:len(b)/2]) }); err != nil {
		return len(b) / 2, err
	}
	write(b)
	return len(b), nil
}

func (f *modelFile) Truncate(size int64) error {
	if err := f.do(nothing); err != nil {
		return err
	}
	f.node.data, f.node.dirty = f.node.data[:size], f.node.dirty[:size]
	return nil
}

func (f *modelFile) Sync() error {
	if err := f.do(nothing); err != nil {
		if err != errCut {
			clear(f.node.dirty)
		}
		return err
	}
	disk := make([]byte, len(f.node.data))
	copy(disk, f.node.disk)
	for i, dirty := range f.node.dirty {
		if dirty {
			disk[i] = f.node.data[i]
		}
	}
	f.node.disk = disk
	clear(f.node.dirty)
	return nil
}

func (f *modelFile) Close() error { return nil }

func (f *modelFile) CloseAtomicallyReplace() error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.do(nothing); err != nil {
		return err
	}
	f.names[f.path] = f.node
	delete(f.names, f.temp)
	f.done = true
	return nil
}

func (f *modelFile) Cleanup() error {
	if f.done {
		return nil
	}
	return f.Remove(f.temp)
}

// survivals are the ways in which what was not synced may come out of a power
// cut: of names and of contents, independently.
func survivals() map[string]func(*model) *model {
	seen := func(n *node) []byte { return n.data }
	half := func(n *node) []byte { // a tail that arrived in part
		if len(n.data) <= len(n.disk) {
			return n.disk
		}
		return n.data[:(len(n.data)+len(n.disk)+1)/2]
	}
	zeros := func(n *node) []byte { // a longer file whose content came only at its end
		if len(n.data) <= len(n.disk) {
			return n.disk
		}
		out := append(bytes.Clone(n.disk), make([]byte, len(n.data)-len(n.disk))...)
		out[len(out)-1] = n.data[len(n.data)-1]
		return out
	}
	ways := map[string]func(*model) *model{}
	for content, of := range map[string]func(*node) []byte{"no content": synced, "all content": seen, "half the content": half, "zeros": zeros} {
		ways["no names, "+content] = func(m *model) *model { return m.reboot(of, m.kept) }
		ways["all names, "+content] = func(m *model) *model { return m.reboot(of, m.names) }
		ways["old and new names, "+content] = func(m *model) *model { return m.reboot(of, m.kept, m.names) } // FAT
	}
	return ways
}

// synced is all that a cut must leave of a file's content.
func synced(n *node) []byte { return n.disk }

func (m *model) reboot(content func(*node) []byte, names ...map[string]*node) *model {
	after := newModel()
	for _, list := range names {
		for p, n := range list {
			data := bytes.Clone(content(n))
			after.names[p] = &node{dir: n.dir, data: data, disk: data, dirty: make([]bool, len(data))}
		}
	}
	// A name without its directory is gone.
	maps.DeleteFunc(after.names, func(p string, _ *node) bool {
		for p != "/" {
			if p = filepath.Dir(p); after.names[p] == nil {
				return true
			}
		}
		return false
	})
	after.kept = maps.Clone(after.names)
	return after
}

// visible are the files that a person sees in dir.
func (m *model) visible(t *testing.T, dir string) []string {
	t.Helper()
	names, err := m.Names(dir)
	if err != nil {
		t.Fatal(err)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, ".") })
	slices.Sort(names)
	return names
}
