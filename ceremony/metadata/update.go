package metadata

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// VerifyUpdate says whether a client that trusts live may go on to next: both
// were verified by VerifySet. No version goes back, no version has other
// bytes than before, and the snapshot drops no role (TUF 1.0, 5.4.3 and
// 5.5.5). Where the keys of timestamp or snapshot were replaced, the versions
// of timestamp and snapshot may begin anew, and with new keys of snapshot those
// of what it lists too, which is how a trust recovers from a fast-forward attack
// (TUF 1.0, 5.3.11). The error is a *VersionError or a *MismatchError.
func VerifyUpdate(live, next *Set) error {
	if err := verifyRootsExtend(live.Roots, next.Roots); err != nil {
		return err
	}
	oldRoot, newRoot := live.Roots[len(live.Roots)-1], next.Roots[len(next.Roots)-1]
	relisted := rotated(oldRoot, newRoot, typeSnapshot)
	if !relisted && !rotated(oldRoot, newRoot, typeTimestamp) {
		if err := VerifyNewer(typeTimestamp, live.Timestamp, next.Timestamp); err != nil {
			return err
		}
		if err := VerifyNewer(typeSnapshot, live.Snapshot, next.Snapshot); err != nil {
			return err
		}
	}
	listed := map[string]*File{typeTargets: live.Targets}
	maps.Copy(listed, live.Delegated)
	for _, role := range slices.Sorted(maps.Keys(listed)) {
		f := next.Delegated[role]
		if role == typeTargets {
			f = next.Targets
		}
		if f == nil || relisted && f.Version < listed[role].Version {
			continue
		}
		if err := verifyNewer(role, listed[role], f); err != nil {
			return err
		}
	}
	return nil
}

// VerifyNewer says whether a client that trusts old may go on to f, both of them
// verified files of role: the version does not go back, and a version does not
// come to say something else. Nor does what a timestamp or a snapshot lists go
// back, and a snapshot drops nothing (TUF 1.0, 5.4.3 and 5.5.5). The error is a
// *VersionError or a *MismatchError.
func VerifyNewer(role string, old, f *File) error {
	if err := verifyNewer(role, old, f); err != nil {
		return err
	}
	switch {
	case f.Timestamp != nil:
		return verifyListsNewer(typeSnapshot, old.Timestamp.Snapshot, f.Timestamp.Snapshot)
	case f.Snapshot != nil:
		return verifyNothingDropped(old, f)
	}
	return nil
}

// verifyRootsExtend says whether next holds the last root of live, and goes on from it.
func verifyRootsExtend(live, next []*File) error {
	last := live[len(live)-1]
	for _, f := range next {
		if f.Version == last.Version {
			return verifyNewer(typeRoot, last, f)
		}
	}
	if newest := next[len(next)-1].Version; newest < last.Version {
		return &VersionError{Role: typeRoot, Want: last.Version, Got: newest, Why: "a trusted version never goes back"}
	}
	return &MismatchError{typeRoot, fmt.Sprintf("does not go on from root %d: it is not in the chain", last.Version)}
}

// verifyNewer refuses an older version, and the same version with another payload.
func verifyNewer(role string, old, f *File) error {
	if f.Version < old.Version {
		return &VersionError{Role: role, Want: old.Version, Got: f.Version, Why: "a trusted version never goes back"}
	}
	if f.Version == old.Version && f.Digest() != old.Digest() {
		return &MismatchError{role, fmt.Sprintf("has version %d as before, but says something else", f.Version)}
	}
	return nil
}

// verifyNothingDropped refuses a snapshot without a role that the one before
// it lists, or with an older version of it.
func verifyNothingDropped(old, f *File) error {
	for _, name := range slices.Sorted(maps.Keys(old.Snapshot.Meta)) {
		role, before := strings.TrimSuffix(name, metaSuffix), old.Snapshot.Meta[name]
		now, ok := f.Snapshot.Meta[name]
		if !ok {
			return &MismatchError{role, fmt.Sprintf("is dropped by snapshot %d", f.Version)}
		}
		if err := verifyListsNewer(role, before, now); err != nil {
			return err
		}
	}
	return nil
}

func verifyListsNewer(role string, before, now FileMeta) error {
	if now.Version < before.Version {
		return &VersionError{Role: role, Want: before.Version, Got: now.Version, Why: "a trusted version never goes back"}
	}
	return nil
}

// rotated says whether the keys of role changed.
func rotated(old, f *File, role string) bool {
	a, b := slices.Clone(old.Root.Roles[role].KeyIDs), slices.Clone(f.Root.Roles[role].KeyIDs)
	slices.Sort(a)
	slices.Sort(b)
	return !slices.Equal(a, b)
}
