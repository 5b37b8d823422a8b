package client

import (
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/walk"
)

// DisagreementError: our search for a target and that of go-tuf's client come to
// different answers. Neither is taken.
type DisagreementError struct {
	Path         string
	Ours, GoTUFs string
}

func (e *DisagreementError) Error() string {
	return fmt.Sprintf("clients do not agree on the target %q: ours says that %s; go-tuf's client says that %s: it was not taken", e.Path, e.Ours, e.GoTUFs)
}

// Find searches for a target as a client does: through the delegations, in
// their order (TUF 1.0, 5.6.7). The search is ours; go-tuf's client is asked
// for a second opinion where it can give one, and has to agree.
func (v *Verified) Find(path string) (Target, error) {
	hashed := byHash(v.Set.Targets)
	found, err := walk.Search(v.Set.Targets, path, func(role string, parent *metadata.File) (*metadata.File, error) {
		f := v.Set.Delegated[role] // VerifySet has verified it by each that delegates to it
		if f == nil {
			return nil, &walk.UnlistedError{Role: role, Snapshot: v.Set.Snapshot.Version}
		}
		hashed = hashed || byHash(f)
		return f, nil
	})
	if !hashed && v.updater != nil {
		if disagrees := v.secondOpinion(path, found, err); disagrees != nil {
			return Target{}, disagrees
		}
	}
	if err != nil {
		return Target{}, err
	}
	return targetOf(path, found.Role, found.Target), nil
}

// byHash says whether f delegates by path_hash_prefixes. go-tuf's client, up to
// 2.4.2 at least, compares those with the digest in base64: it finds nothing, or
// by chance something else.
func byHash(f *metadata.File) bool {
	d := f.Targets.Delegations
	return d != nil && slices.ContainsFunc(d.Roles, func(r metadata.DelegatedRole) bool { return len(r.PathHashPrefixes) > 0 })
}

// secondOpinion holds what our search came to against go-tuf's.
func (v *Verified) secondOpinion(path string, found walk.Found, missing error) error {
	info, err := v.updater.GetTargetInfo(path)
	if err != nil || missing != nil {
		if err != nil && missing != nil {
			return nil
		}
		return &DisagreementError{path, says(missing), says(err)}
	}
	theirs := map[string]string{}
	for algorithm, sum := range info.Hashes {
		theirs[algorithm] = sum.String()
	}
	if info.Length == found.Length && maps.Equal(theirs, found.Hashes) {
		return nil
	}
	return &DisagreementError{path, fmt.Sprintf("it has %d bytes and %v, by %q", found.Length, found.Hashes, found.Role),
		fmt.Sprintf("it has %d bytes and %v", info.Length, theirs)}
}

// says tells what a search came to.
func says(err error) string {
	if err == nil {
		return "it is there"
	}
	return err.Error()
}
