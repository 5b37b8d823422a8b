package publish_test

import (
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
)

// filesOf are the files that a client has.
func filesOf(p *client.Published) client.Known {
	known := map[metadata.Digest][]byte{}
	for _, f := range p.Files {
		known[metadata.Sum(f.Bytes)] = f.Bytes
	}
	return func(sum metadata.Digest) []byte { return known[sum] }
}
