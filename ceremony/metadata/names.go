package metadata

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTag leaves room in the 128 characters of an OCI tag (OCI distribution
// spec, "Pulling manifests") for the longest suffix, -sig-<12 hex>-<12 hex>.
const maxTag = 98

// isTag says whether s can begin a tag of a registry.
func isTag(s string) bool {
	for i := range len(s) {
		c := s[i]
		word := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
		if !word && (i == 0 || c != '.' && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= maxTag
}

// maxRoleName leaves room in a file name of 255 bytes for <version>. and .json.
const maxRoleName = 200

// isRoleName says whether a delegated role's name is a safe part of a file
// name on every system, and can be told apart in a name like 3.<role>.json.
// Letters of any script pass: look-alikes are for a review to flag.
func isRoleName(s string) bool {
	const unsafe = `/\.%:*?"<>| `
	return s != "" && len(s) <= maxRoleName && s[0] != '-' && !strings.ContainsAny(s, unsafe) &&
		isPrintable(s) && !isDevice(s)
}

// isPath says whether a target's path is relative, stays where it is put, and
// has one spelling.
func isPath(s string) bool {
	if s == "" || strings.ContainsAny(s, "\\\x00") {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part == "." || part == ".." || len(part) > 255 {
			return false
		}
	}
	return true
}

// isPrintable says that s holds no control, bidi or zero-width characters.
func isPrintable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// isDevice says whether Windows takes a file of this name for a device.
func isDevice(s string) bool {
	s = strings.ToUpper(s)
	if len(s) == 4 && (strings.HasPrefix(s, "COM") || strings.HasPrefix(s, "LPT")) {
		return '0' <= s[3] && s[3] <= '9'
	}
	return s == "CON" || s == "PRN" || s == "AUX" || s == "NUL"
}

// isTopLevel says whether name is one of TUF's own four roles.
func isTopLevel(name string) bool {
	return slices.Contains([]string{typeRoot, typeTargets, typeSnapshot, typeTimestamp}, name)
}
