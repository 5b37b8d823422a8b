package journal

import (
	"bytes"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Memory is a workspace that nothing outlives: for a ceremony that is only
// asked what it would come to, or whose bundle is all that is wanted of it, and
// for tests. The zero Memory is empty.
type Memory struct {
	Journal []byte                     // every line that was appended
	Kept    map[metadata.Digest][]byte // every blob
}

var _ Workspace = (*Memory)(nil)

// Append keeps the line.
func (m *Memory) Append(line []byte) error {
	m.Journal = append(m.Journal, line...)
	return nil
}

// Lines returns what was appended.
func (m *Memory) Lines() ([]byte, error) { return bytes.Clone(m.Journal), nil }

// Put keeps b.
func (m *Memory) Put(b []byte) (metadata.Digest, error) {
	if m.Kept == nil {
		m.Kept = map[metadata.Digest][]byte{}
	}
	d := metadata.Sum(b)
	m.Kept[d] = bytes.Clone(b)
	return d, nil
}

// Get returns what Put kept; an error says that there is no such blob.
func (m *Memory) Get(d metadata.Digest) ([]byte, error) {
	b, ok := m.Kept[d]
	if !ok {
		return nil, fmt.Errorf("there is no blob %s", d)
	}
	return bytes.Clone(b), nil
}
