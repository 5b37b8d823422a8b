package bundles

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

const timestampFile = "timestamp.json"

// HeadError: a published set can't be merged with another.
type HeadError struct {
	Name string // of the metadata file
	Why  string
}

func (e *HeadError) Error() string {
	return fmt.Sprintf("the published sets were not merged: %s: %s", text.Safe(e.Name), e.Why)
}

// Code names what happened, for people who look it up: published sets that don't go together.
func (*HeadError) Code() string { return "BUNDLE-HEADS" }

// published is a published set and where it stands among others. The root
// comes first: after a recovery from a fast-forward attack the timestamp
// begins anew (TUF 1.0, section 5.3.11).
type published struct {
	roots, rest     []trust.NamedFile
	root, timestamp int64 // versions
}

func mergeHeads(a, b []trust.NamedFile) ([]trust.NamedFile, error) {
	switch {
	case len(a) == 0 || slices.EqualFunc(a, b, equalFiles):
		return b, nil
	case len(b) == 0:
		return a, nil
	}
	if name, ok := contradiction(a, b); ok {
		return nil, &HeadError{name, "it exists in two versions of one number; one of them is not what was published"}
	}
	pa, err := publishedSet(a)
	if err != nil {
		return nil, err
	}
	pb, err := publishedSet(b)
	if err != nil {
		return nil, err
	}
	newer := pa
	switch {
	case pa.root == pb.root && pa.timestamp == pb.timestamp:
		if !slices.EqualFunc(pa.rest, pb.rest, equalFiles) {
			return nil, &HeadError{timestampFile, fmt.Sprintf("version %d stands for two different sets; one of them is not what was published", pa.timestamp)}
		}
	case pa.root < pb.root, pa.root == pb.root && pa.timestamp < pb.timestamp:
		newer = pb
	}
	return slices.Concat(pa.roots, pb.roots, newer.rest), nil
}

// contradiction finds a file whose name has a version and which is not the
// same in a and b.
func contradiction(a, b []trust.NamedFile) (string, bool) {
	inA := map[string][]byte{}
	for _, f := range a {
		inA[f.Name] = f.Bytes
	}
	for _, f := range b {
		if other, ok := inA[f.Name]; ok && f.Name != timestampFile && !bytes.Equal(other, f.Bytes) {
			return f.Name, true
		}
	}
	return "", false
}

func publishedSet(head []trust.NamedFile) (published, error) {
	var p published
	var timestamp []byte
	for _, f := range head {
		if n := rootVersion(f.Name); n > 0 {
			p.roots, p.root = append(p.roots, f), max(p.root, n)
			continue
		}
		p.rest = append(p.rest, f)
		if f.Name == timestampFile {
			timestamp = f.Bytes
		}
	}
	f, err := metadata.ParseFile(timestamp, metadata.Adopted)
	if err != nil {
		return p, &HeadError{timestampFile, err.Error()}
	}
	p.timestamp = f.Version
	return p, nil
}

// rootVersion is the N of N.root.json, and 0 for any other file.
func rootVersion(name string) int64 {
	role, n, err := metadata.ParseFileName(name)
	if err != nil || role != "root" {
		return 0
	}
	return n
}

func equalFiles(x, y trust.NamedFile) bool {
	return x.Name == y.Name && bytes.Equal(x.Bytes, y.Bytes)
}
