package head

import (
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Names of the top-level roles (TUF 1.0, section 4).
const (
	Root      = "root"
	Timestamp = "timestamp"
	Snapshot  = "snapshot"
	Targets   = "targets"
)

// FileName is metadata.FileName.
func FileName(role string, version int64) string { return metadata.FileName(role, version) }

// PlainName is what a role's file is called where the root wants no consistent
// snapshots: ROLE.json.
func PlainName(role string) string { return metadata.PlainName(role) }

// ParseFileName is metadata.ParseFileName for names in a registry: it accepts no
// other spelling than FileName's, so that one file has one name.
func ParseFileName(name string) (role string, version int64, err error) {
	role, version, err = metadata.ParseFileName(name)
	if err == nil && FileName(role, version) != name {
		return "", 0, fmt.Errorf("%q is no name of a metadata file: its role is misspelt", name)
	}
	return role, version, err
}
