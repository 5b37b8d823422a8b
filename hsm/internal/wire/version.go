package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a firmware version: major, minor, patch.
type Version [3]byte

// V is a version in a comparison: v.AtLeast(wire.V(5, 7, 0)).
func V(major, minor, patch byte) Version { return Version{major, minor, patch} }

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// AtLeast says whether v is w or newer.
func (v Version) AtLeast(w Version) bool {
	for i := range v {
		if v[i] != w[i] {
			return v[i] > w[i]
		}
	}
	return true
}

// ParseVersion reads "5.7" or "5.7.4"; what is left out is zero.
func ParseVersion(s string) (Version, error) {
	var v Version
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return v, fmt.Errorf("firmware version %q: want three numbers, as in 5.7.0", s)
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil {
			return Version{}, fmt.Errorf("firmware version %q: want three numbers, as in 5.7.0", s)
		}
		v[i] = byte(n)
	}
	return v, nil
}
