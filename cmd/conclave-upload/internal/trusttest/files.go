package trusttest

import (
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// UpdateWith proposes the next version of a delegated role, which vouches for
// those files by path.
func (x *Trust) UpdateWith(role string, files map[string][]byte) {
	x.t.Helper()
	targets := map[string]metadata.Target{}
	for path, content := range files {
		targets[path] = metadata.Target{
			Length: int64(len(content)),
			Hashes: map[string]string{"sha256": metadata.Sum(content).String()},
		}
	}
	signed, err := metadata.EncodeTargets(x.header(role, 89*24*time.Hour), metadata.Targets{Targets: targets})
	x.propose(role, signed, err)
}
