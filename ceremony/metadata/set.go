package metadata

import (
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Set is a published consistent set.
type Set struct {
	Roots     []*File // ascending, contiguous
	Timestamp *File
	Snapshot  *File
	Targets   *File
	Delegated map[string]*File // by role name
}

// VerifySet checks everything as a client does at the time at (TUF 1.0, 5.3
// to 5.6): the root chain, thresholds, versions, lengths, hashes, delegations
// and expiry. Where the last root names its trust, timestamp, snapshot and
// targets must name the same, and a delegated role must name no other.
// Every delegated role must be there, and no file that nobody delegates to.
// The zero time leaves out expiry; an *ExpiredError is returned only where all
// else holds. Other errors: *ThresholdError, *VersionError, *OtherTrustError,
// *MismatchError.
func VerifySet(s *Set, at time.Time) error {
	if err := VerifyRootChain(s.Roots, time.Time{}); err != nil {
		return err
	}
	root := s.Roots[len(s.Roots)-1]
	roles := []namedFile{{typeTimestamp, s.Timestamp}, {typeSnapshot, s.Snapshot}, {typeTargets, s.Targets}}
	for _, f := range roles {
		if f.File == nil {
			return &MismatchError{f.role, "is missing"}
		}
		if _, err := VerifyFile(root.Signed, f.role, f.File); err != nil {
			return err
		}
		if err := checkTrust(root.Trust(), f.role, f.File); err != nil {
			return err
		}
	}
	if err := s.Timestamp.Timestamp.Snapshot.check(typeSnapshot, s.Snapshot, roles[0].by()); err != nil {
		return err
	}
	if err := checkListed(s.Snapshot, typeTargets, s.Targets); err != nil {
		return err
	}
	delegated, err := verifyDelegations(s, root.Trust())
	if err != nil {
		return err
	}
	for _, f := range slices.Concat([]namedFile{{typeRoot, root}}, roles, delegated) {
		if err := checkExpiry(f.role, f.File, at); err != nil {
			return err
		}
	}
	return nil
}

// namedFile is a file with the role it has in a set.
type namedFile struct {
	role string
	*File
}

// by is how an error calls the file: "targets 3". It is safe to print.
func (f namedFile) by() string { return fmt.Sprintf("%s %d", printable(f.role), f.Version) }

// verifyDelegations walks from targets down and returns all delegated files, breadth first.
func verifyDelegations(s *Set, trust string) ([]namedFile, error) {
	var found []namedFile
	seen := map[string]bool{}
	listed := s.Snapshot.Snapshot.roles()
	for queue := []namedFile{{typeTargets, s.Targets}}; len(queue) > 0; queue = queue[1:] {
		parent := queue[0]
		bins := 0
		for role, who := range parent.delegations(parent.by(), listed) {
			bins++
			f := s.Delegated[role]
			if f == nil {
				return nil, &MismatchError{role, "is missing: " + parent.by() + " delegates to it"}
			}
			if _, err := who.verify(role, f); err != nil {
				return nil, err
			}
			if seen[role] {
				continue
			}
			seen[role] = true
			if err := checkListed(s.Snapshot, role, f); err != nil {
				return nil, err
			}
			if f.Conclave != nil {
				if err := checkTrust(trust, role, f); err != nil {
					return nil, err
				}
				if says := f.Conclave.Role; says != "" && says != role {
					return nil, &MismatchError{role, "says that it is a version of " + printable(says)}
				}
			}
			found = append(found, namedFile{role, f})
			queue = append(queue, namedFile{role, f})
		}
		if d := parent.Targets.Delegations; d != nil && d.Succinct != nil && uint64(bins) != d.Succinct.Bins() {
			return nil, &MismatchError{typeSnapshot, fmt.Sprintf("lists %d of the %d bins of %s", bins, d.Succinct.Bins(), parent.by())}
		}
	}
	for _, role := range slices.Sorted(maps.Keys(s.Delegated)) {
		if !seen[role] {
			return nil, &MismatchError{role, "is delegated by no role of the set"}
		}
	}
	return found, nil
}

// checkListed holds f against what the snapshot says of role.
func checkListed(snapshot *File, role string, f *File) error {
	by := fmt.Sprintf("snapshot %d", snapshot.Version)
	meta, ok := snapshot.Snapshot.Meta[role+metaSuffix]
	if !ok {
		return &MismatchError{role, "is not listed by " + by}
	}
	return meta.check(role, f, by)
}

// check holds f against what by says of it (TUF 1.0, 5.5.2, 5.5.4, 5.6.2, 5.6.4).
func (m FileMeta) check(role string, f *File, by string) error {
	if m.Version != f.Version {
		return &VersionError{Role: role, Want: m.Version, Got: f.Version, Why: by + " lists it"}
	}
	if (m.Length != 0 || m.Empty) && m.Length != int64(len(f.Bytes)) {
		return &MismatchError{role, fmt.Sprintf("has %d bytes, and %s lists %d", len(f.Bytes), by, m.Length)}
	}
	for _, algorithm := range slices.Sorted(maps.Keys(m.Hashes)) {
		sum, ok := hash(algorithm, f.Bytes)
		if !ok {
			return &MismatchError{role, fmt.Sprintf("is listed by %s with a hash that can't be checked: %s", by, printable(algorithm))}
		}
		if sum != m.Hashes[algorithm] {
			return &MismatchError{role, fmt.Sprintf("has another %s than %s lists", algorithm, by)}
		}
	}
	return nil
}

// hash is the lower-case hex hash of b by TUF's name of the algorithm.
func hash(algorithm string, b []byte) (sum string, ok bool) {
	switch algorithm {
	case "sha256":
		return Sum(b).String(), true
	case "sha512":
		h := sha512.Sum512(b)
		return hex.EncodeToString(h[:]), true
	}
	return "", false
}
