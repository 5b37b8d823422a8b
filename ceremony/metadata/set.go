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
// Every delegated role that the snapshot lists must be there, and no file that
// nobody delegates to; what it does not list clients ignore, and Unlisted says.
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
	if err := VerifyListed(s.Timestamp, typeSnapshot, s.Snapshot); err != nil {
		return err
	}
	if err := VerifyListed(s.Snapshot, typeTargets, s.Targets); err != nil {
		return err
	}
	delegated, err := verifyDelegations(s, root.Trust())
	if err != nil {
		return err
	}
	for _, f := range slices.Concat([]namedFile{{typeRoot, root}}, roles, delegated) {
		if err := VerifyExpiry(f.role, f.File, at); err != nil {
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
		for role, who := range parent.delegations(parent.by(), listed) {
			f := s.Delegated[role]
			if _, is := s.Snapshot.Snapshot.Meta[role+metaSuffix]; f == nil && !is {
				continue
			}
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
			if err := VerifyListed(s.Snapshot, role, f); err != nil {
				return nil, err
			}
			if err := checkNames(trust, role, f); err != nil {
				return nil, err
			}
			found = append(found, namedFile{role, f})
			queue = append(queue, namedFile{role, f})
		}
	}
	for _, role := range slices.Sorted(maps.Keys(s.Delegated)) {
		if !seen[role] {
			return nil, &MismatchError{role, "is delegated by no role of the set"}
		}
	}
	return found, nil
}

// Unlisted are the delegations of a set that its snapshot does not list. Clients
// know of no file for such a role, and end there when they look for a target of
// its paths: a signer should know.
func (s *Set) Unlisted() []Finding {
	parents := []namedFile{{typeTargets, s.Targets}}
	for _, role := range slices.Sorted(maps.Keys(s.Delegated)) {
		parents = append(parents, namedFile{role, s.Delegated[role]})
	}
	d := decoder{mode: Adopted, path: []string{"signed", "meta"}}
	listed := s.Snapshot.Snapshot.roles()
	for _, parent := range parents {
		bins := uint64(0)
		for role := range parent.delegations("", listed) {
			if _, is := s.Snapshot.Snapshot.Meta[role+metaSuffix]; !is {
				d.odd(codeUnlistedRole, "does not list %s, to which %s delegates: clients find none of its targets", printable(role), parent.by())
			}
			bins++
		}
		if del := parent.Targets.Delegations; del != nil && del.Succinct != nil && bins != del.Succinct.Bins() {
			d.odd(codeUnlistedRole, "lists %d of the %d bins of %s: clients find no targets in the others", bins, del.Succinct.Bins(), parent.by())
		}
	}
	return d.summary()
}

// VerifyListed holds f against what a timestamp or a snapshot says of role: its
// version, and length and hashes where those are stated (TUF 1.0, 5.5.2, 5.5.4,
// 5.6.2, 5.6.4). The error is a *VersionError or a *MismatchError.
func VerifyListed(by *File, role string, f *File) error {
	meta, ok := by.Listed(role)
	if !ok {
		return &MismatchError{role, "is not listed by " + namedFile{by.Type, by}.by()}
	}
	return meta.check(role, f, namedFile{by.Type, by}.by())
}

// Listed is what a timestamp or a snapshot says of the file of role.
func (s *Signed) Listed(role string) (FileMeta, bool) {
	switch {
	case s.Snapshot != nil:
		m, ok := s.Snapshot.Meta[role+metaSuffix]
		return m, ok
	case s.Timestamp != nil && role == typeSnapshot:
		return s.Timestamp.Snapshot, true
	}
	return FileMeta{}, false
}

// check holds f against what by says of it.
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
