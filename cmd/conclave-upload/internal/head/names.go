package head

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Names of the top-level roles (TUF 1.0, section 4).
const (
	Root      = "root"
	Timestamp = "timestamp"
	Snapshot  = "snapshot"
	Targets   = "targets"
)

// FileName is the name of a metadata file in a repository with consistent
// snapshots (TUF 1.0, section 6.1): N.ROLE.json, and timestamp.json without a
// version. The characters of a delegated role's name that have a meaning in a
// path are escaped, as clients do it.
func FileName(role string, version int64) string {
	if role == Timestamp {
		return "timestamp.json"
	}
	return strconv.FormatInt(version, 10) + "." + url.PathEscape(role) + ".json"
}

// ParseFileName is the inverse of FileName. The version of timestamp.json is 0.
// It accepts no other spelling, so that one file has one name.
func ParseFileName(name string) (role string, version int64, err error) {
	if name == "timestamp.json" {
		return Timestamp, 0, nil
	}
	number, rest, _ := strings.Cut(name, ".")
	escaped, isJSON := strings.CutSuffix(rest, ".json")
	version, err = strconv.ParseInt(number, 10, 64)
	if err != nil || version < 1 || !isJSON {
		return "", 0, fmt.Errorf("%q is no name of a metadata file: N.ROLE.json or timestamp.json is", name)
	}
	role, err = url.PathUnescape(escaped)
	if err != nil || role == "" || role == Timestamp || FileName(role, version) != name {
		return "", 0, fmt.Errorf("%q is no name of a metadata file: its role is misspelt", name)
	}
	return role, version, nil
}
