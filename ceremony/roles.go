package ceremony

import (
	"fmt"
	"slices"
	"strings"
)

// isDelegated says whether role is none of root's four.
func isDelegated(role string) bool { return !slices.Contains(rootRoles(), role) }

func rootRoles() []string { return []string{"root", "targets", "snapshot", "timestamp"} }

func isOnline(role string) bool { return role == "snapshot" || role == "timestamp" }

// binsRole is how all bins of a prefix are called together. No role has that
// name: a star is in none.
func binsRole(prefix string) string { return prefix + "-*" }

// PayloadName is how a payload is called: "root 7", or for all the hash bins
// that are signed by one consent "16 bins of team".
func PayloadName(role string, version int64, bins int) string {
	if bins > 0 {
		return fmt.Sprintf("%d bins of %s", bins, Safe(strings.TrimSuffix(role, binsRole(""))))
	}
	return fmt.Sprintf("%s %d", Safe(role), version)
}
