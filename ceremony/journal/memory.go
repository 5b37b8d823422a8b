package journal

import (
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Memory is a workspace that nothing outlives: for a ceremony that is only
// asked what it would come to, or whose bundle is all that is wanted of it. The
// zero Memory is empty.
type Memory struct {
	lines []byte
	blobs map[metadata.Digest][]byte
}

var _ Workspace = (*Memory)(nil)

func (m *Memory) Append(line []byte) error { m.lines = append(m.lines, line...); return nil }
func (m *Memory) Lines() ([]byte, error)   { return m.lines, nil }

func (m *Memory) Put(b []byte) (metadata.Digest, error) {
	if m.blobs == nil {
		m.blobs = map[metadata.Digest][]byte{}
	}
	d := metadata.Sum(b)
	m.blobs[d] = b
	return d, nil
}

func (m *Memory) Get(d metadata.Digest) ([]byte, error) {
	if b, ok := m.blobs[d]; ok {
		return b, nil
	}
	return nil, fmt.Errorf("there is no blob %s", d)
}
