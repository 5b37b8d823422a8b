package publish

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// Limits of the clients that are known (go-tuf and python-tuf): bytes of the
// files whose length nobody states beforehand, and the roots that they follow
// in one run.
const (
	maxRoot      = 512_000
	maxTimestamp = 16_384
	maxRoots     = 256
)

// limits refuses what clients would not read. Snapshot and targets are held to
// the length that timestamp and snapshot state.
func limits(s *metadata.Set) error {
	if len(s.Roots) > maxRoots {
		return &limitError{"the number of roots", len(s.Roots), maxRoots}
	}
	for _, f := range head.Files(s) {
		limit := head.MaxFile
		switch role, _, err := head.ParseFileName(f.Name); {
		case err != nil:
			return err
		case role == head.Root:
			limit = maxRoot
		case role == head.Timestamp:
			limit = maxTimestamp
		}
		if len(f.Bytes) > limit {
			return &limitError{"the length of " + f.Name, len(f.Bytes), limit}
		}
	}
	return nil
}

// offline lists what no online key can make good: the newest root, targets,
// and delegated roles by name. The first for which check fails decides.
func offline(s *metadata.Set, check func(role string, f *metadata.File) error) error {
	err := cmp.Or(check(head.Root, s.Roots[len(s.Roots)-1]), check(head.Targets, s.Targets))
	for _, role := range slices.Sorted(maps.Keys(s.Delegated)) {
		err = cmp.Or(err, check(role, s.Delegated[role]))
	}
	return err
}

func offlineExpiry(s *metadata.Set, at time.Time) error {
	return offline(s, func(role string, f *metadata.File) error {
		if at.Before(f.Expires) {
			return nil
		}
		return &resultError{&metadata.ExpiredError{Role: role, Version: f.Version, Expires: f.Expires, At: at}}
	})
}

func (p *Publisher) offlineMargin(s *metadata.Set, at time.Time) error {
	return offline(s, func(role string, f *metadata.File) error {
		if at.Add(p.Margin).Before(f.Expires) {
			return nil
		}
		return &MarginError{role, f.Version, f.Expires, p.Margin}
	})
}

// offlineDue names a role that expires before the next refresh.
func offlineDue(s *metadata.Set, next time.Time) error {
	return offline(s, func(role string, f *metadata.File) error {
		if next.Before(f.Expires) {
			return nil
		}
		return fmt.Errorf("the set is live: %w", &DueError{role, f.Version, f.Expires})
	})
}
