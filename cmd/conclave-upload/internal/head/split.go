package head

import (
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

const (
	// SplitSize is how long a head may get, in bytes, before its delegated
	// roles are taken out of it: a client that wants a new timestamp gets the
	// head, and pays for its length.
	SplitSize = 100 << 10
	// binsOfOne is how many files one manifest of bins holds.
	binsOfOne = 1000
)

// Bins is a manifest that keeps files of delegated roles alive in a registry.
// No client reads it: the snapshot says what the files are, and a file's hash
// is the digest of its blob.
type Bins struct {
	Tag    string
	Digest metadata.Digest
	Bytes  []byte
}

// Split takes the delegated roles out of the head of a set where it would get
// too long with them. Files are in the order that package head's Files gives
// them; so the manifests depend on nothing but the roles, and a new timestamp
// makes no new ones.
func Split(trust string, files []ceremony.NamedFile) (listed []ceremony.NamedFile, bins []Bins, err error) {
	whole, err := Encode(trust, 1, files)
	if err == nil && len(whole) <= SplitSize {
		return files, nil, nil
	}
	var delegated []ceremony.NamedFile
	for _, f := range files {
		role, _, err := ParseFileName(f.Name)
		if err != nil {
			return nil, nil, err
		}
		if role != Targets && fileType(role) == Targets {
			delegated = append(delegated, f)
		} else {
			listed = append(listed, f)
		}
	}
	for len(delegated) > 0 {
		n := min(binsOfOne, len(delegated))
		raw, err := encode(manifest{artifactType: BinsArtifactType, trust: trust, role: Targets}, delegated[:n], nil)
		if err != nil {
			return nil, nil, err
		}
		sum := metadata.Sum(raw)
		bins = append(bins, Bins{BinsTag(trust, sum), sum, raw})
		delegated = delegated[n:]
	}
	return listed, bins, nil
}

// BinsTag is the tag of a manifest of bins.
func BinsTag(trust string, sum metadata.Digest) string {
	return fmt.Sprintf("%s-bins-%.12s", trust, sum)
}
