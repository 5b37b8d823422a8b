package publish

import (
	"bytes"
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// TestLimits holds each kind of file at its limit and one byte beyond.
func TestLimits(t *testing.T) {
	file := func(version int64, size int) *metadata.File {
		return &metadata.File{Signed: &metadata.Signed{Version: version}, Bytes: bytes.Repeat([]byte("x"), size)}
	}
	set := func() *metadata.Set {
		return &metadata.Set{Roots: []*metadata.File{file(1, 1)}, Timestamp: file(1, 1), Snapshot: file(1, 1), Targets: file(1, 1), Delegated: map[string]*metadata.File{"team": file(1, 1)}}
	}
	for name, c := range map[string]struct {
		limit int
		of    func(s *metadata.Set, size int)
	}{
		"root":      {512_000, func(s *metadata.Set, n int) { s.Roots[0] = file(1, n) }},
		"timestamp": {16_384, func(s *metadata.Set, n int) { s.Timestamp = file(1, n) }},
		"snapshot":  {head.MaxFile, func(s *metadata.Set, n int) { s.Snapshot = file(1, n) }},
		"targets":   {head.MaxFile, func(s *metadata.Set, n int) { s.Targets = file(1, n) }},
		"team":      {head.MaxFile, func(s *metadata.Set, n int) { s.Delegated["team"] = file(1, n) }},
		"roots": {256, func(s *metadata.Set, n int) {
			s.Roots = nil
			for v := range n {
				s.Roots = append(s.Roots, file(int64(v)+1, 1))
			}
		}},
	} {
		for over, want := range map[int]bool{0: false, 1: true} {
			s := set()
			c.of(s, c.limit+over)
			var limit *limitError
			if err := limits(s); errors.As(err, &limit) != want {
				t.Errorf("%s, %d over the limit: %v", name, over, err)
			}
		}
	}
}
