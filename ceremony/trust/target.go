package trust

import (
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// NewTarget is what a target is to become.
type NewTarget struct {
	Path      string          `json:"path"`
	SHA256    metadata.Digest `json:"sha256"`
	Length    int64           `json:"length"` // bytes
	MediaType string          `json:"media_type,omitempty"`
	Custom    string          `json:"custom,omitempty"` // a JSON object
}

// maxPath is how long a target's path may be, in bytes.
const maxPath = 1024

// CheckTargetPath says why a path can't be a new target's: it is relative, has
// slashes between its parts, stays where it is put, has one spelling, and can
// be seen.
func CheckTargetPath(p string) error {
	switch {
	case p == "":
		return fmt.Errorf("the path is empty")
	case len(p) > maxPath:
		return fmt.Errorf("the path is longer than %d bytes", maxPath)
	case text.Safe(p) != p:
		return fmt.Errorf("the path holds characters that can't be seen")
	case strings.Contains(p, `\`):
		return fmt.Errorf(`the path holds a \: the parts of a path stand between slashes`)
	case strings.HasPrefix(p, "/"):
		return fmt.Errorf("the path begins with a slash: it has to be relative")
	}
	for part := range strings.SplitSeq(p, "/") {
		switch {
		case part == "":
			return fmt.Errorf("the path has an empty part")
		case part == "." || part == "..":
			return fmt.Errorf("the path has a part %q: it has to be relative, and to stay where it is put", part)
		case len(part) > 255:
			return fmt.Errorf("a part of the path is longer than 255 bytes")
		}
	}
	return nil
}
