package head

import (
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

const (
	// SplitSize is how long a head may get, in bytes, before its delegated
	// roles are taken out of it: a client that wants a new timestamp gets the
	// head, and pays for its length.
	SplitSize = 100 << 10
	// maxBin is how long a file may be, in bytes, that is taken out of a head:
	// in base64 it has to find room in a manifest.
	maxBin = MaxSize / 4 * 3 * 9 / 10
	// bareBin is how many bytes the entry of a file takes in a manifest of bins,
	// beside the file and its name.
	bareBin = 300
)

// Bins is a manifest that keeps files of delegated roles alive in a registry,
// and carries them inline. The snapshot says what the files are, and a file's
// hash is the digest of its blob, so a client that lacks a few gets those; one
// that lacks most gets the manifests, without knowing the snapshot yet.
type Bins struct {
	Tag    string
	Digest metadata.Digest
	Bytes  []byte
}

// Split takes the delegated roles out of the head of a set where the set is
// more than a head can carry, but for those that are too long for a manifest of
// bins. Files are in the order that package head's Files gives
// them; so the manifests depend on nothing but the roles, and a new timestamp
// makes no new ones.
func Split(name string, files []trust.NamedFile) (listed []trust.NamedFile, bins []Bins, err error) {
	whole, err := encode(manifest{artifactType: ArtifactType, trust: name, role: Timestamp, version: 1}, files, inline(files, InlineBudget))
	if err == nil && len(whole) <= SplitSize {
		return files, nil, nil
	}
	var delegated []trust.NamedFile
	for _, f := range files {
		role, _, err := ParseFileName(f.Name)
		if err != nil {
			return nil, nil, err
		}
		if role != Targets && fileType(role) == Targets && len(f.Bytes) <= maxBin {
			delegated = append(delegated, f)
		} else {
			listed = append(listed, f)
		}
	}
	for len(delegated) > 0 {
		n, length, all := 0, 0, map[string]bool{}
		for _, f := range delegated {
			if length += bareBin + 2*len(f.Name) + (len(f.Bytes)+2)/3*4; n > 0 && length > MaxSize-1<<10 {
				break
			}
			all[f.Name] = true
			n++
		}
		raw, err := encode(manifest{artifactType: binsArtifactType, trust: name, role: Targets}, delegated[:n], all)
		if err != nil {
			return nil, nil, err
		}
		sum := metadata.Sum(raw)
		bins = append(bins, Bins{BinsTag(name, sum), sum, raw})
		delegated = delegated[n:]
	}
	return listed, bins, nil
}

// BinsTag is the tag of a manifest of bins.
func BinsTag(trust string, sum metadata.Digest) string {
	return fmt.Sprintf("%s-bins-%.12s", trust, sum)
}
