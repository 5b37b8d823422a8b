package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// isDelegated says whether role is none of root's four.
func isDelegated(role string) bool { return !slices.Contains(RootRoles(), role) }

// RootRoles are the four whose keys root names (TUF 1.0, 2.1).
func RootRoles() []string { return []string{"root", "targets", "snapshot", "timestamp"} }

// IsOnline says whether a role is signed by the uploader, without people.
func IsOnline(role string) bool { return role == "snapshot" || role == "timestamp" }

// BinsRole is how all bins of a prefix are called together. No role has that
// name: a star is in none.
func BinsRole(prefix string) string { return prefix + "-*" }

// PayloadName is how a payload is called: "root 7", or for all the hash bins
// that are signed by one consent "16 bins of team".
func PayloadName(role string, version int64, bins int) string {
	if bins > 0 {
		return fmt.Sprintf("%d bins of %s", bins, text.Safe(strings.TrimSuffix(role, BinsRole(""))))
	}
	return fmt.Sprintf("%s %d", text.Safe(role), version)
}
