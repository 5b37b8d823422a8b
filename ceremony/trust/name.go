package trust

import (
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

const (
	maxTrustName = 40 // characters: a tag ends at 128, and holds more than the name
	// RehearsalPrefix begins the names of trusts that are exercises.
	RehearsalPrefix = "rehearsal-"
)

// CheckName says what is wrong with a trust's name. It is also a tag and a
// part of file names and of other tags (OCI distribution spec, "tag"), so it
// has lower-case letters and digits in groups that single dashes join.
func CheckName(name string) error {
	for group := range strings.SplitSeq(name, "-") {
		if group == "" || strings.Trim(group, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return fmt.Errorf("a trust's name has lower-case letters and digits, in groups joined by single dashes; %q has not", text.Safe(name))
		}
	}
	if len(name) > maxTrustName {
		return fmt.Errorf("a trust's name has at most %d characters; %q has %d", maxTrustName, name, len(name))
	}
	return nil
}

// IsRehearsal says whether a trust's name is one of a rehearsal.
func IsRehearsal(trust string) bool { return strings.HasPrefix(trust, RehearsalPrefix) }
