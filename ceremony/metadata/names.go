package metadata

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
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

// escapeRole is a role's name as a part of a file's name and of an address: what has
// a meaning there is escaped, as go-tuf does it (RFC 3986, "segment").
func escapeRole(role string) string { return url.PathEscape(role) }

// unescapeRole is the inverse of escapeRole, and reads what other programs escape more or
// less of. A name that is not escaped at all stands for itself.
func unescapeRole(name string) string {
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

// FileName is what a metadata file is called in a repository with consistent
// snapshots (TUF 1.0, 6.1): N.ROLE.json, and timestamp.json without a version.
func FileName(role string, version int64) string {
	if role == typeTimestamp {
		return typeTimestamp + metaSuffix
	}
	return strconv.FormatInt(version, 10) + "." + PlainName(role)
}

// PlainName is what it is called in a repository without: ROLE.json.
func PlainName(role string) string { return escapeRole(role) + metaSuffix }

// ParseFileName is the inverse of FileName. The version of timestamp.json is 0.
// It takes the role in any spelling: who wants the usual one alone holds name
// against FileName.
func ParseFileName(name string) (role string, version int64, err error) {
	if name == FileName(typeTimestamp, 0) {
		return typeTimestamp, 0, nil
	}
	number, rest, _ := strings.Cut(name, ".")
	role, isJSON := strings.CutSuffix(rest, metaSuffix)
	role = unescapeRole(role)
	version, err = strconv.ParseInt(number, 10, 64)
	if err != nil || version < 1 || strconv.FormatInt(version, 10) != number || !isJSON || role == "" || role == typeTimestamp {
		return "", 0, fmt.Errorf("%s is no name of a metadata file: N.ROLE.json or timestamp.json is", printable(name))
	}
	return role, version, nil
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

// isPath says whether a target's path is relative, stays where it is put, has one
// spelling, and does nothing to a terminal.
func isPath(s string) bool {
	if s == "" || strings.Contains(s, `\`) || strings.ContainsFunc(s, unicode.IsControl) {
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
