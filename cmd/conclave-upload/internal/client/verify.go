package client

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// Verified is a set that a client would trust at the time it was verified for.
type Verified struct {
	Trust   string // "" where the metadata names none
	Set     *metadata.Set
	Roles   []Role   // root, timestamp, snapshot, targets, then delegated roles by name
	Targets []Target // by path, then by role
	Begins  []Begin  // our own client, and go-tuf's

	updater *updater.Updater // nil where go-tuf's client can't begin
}

// Role is what a client knows of one role.
type Role struct {
	Name    string    `json:"name"`
	Version int64     `json:"version"`
	Expires time.Time `json:"expires"`
}

// Begin says with which root a client began.
type Begin struct {
	Client string `json:"client"`
	Root   int64  `json:"root"`          // 0: with none
	Why    string `json:"why,omitempty"` // with no older one
}

// Beginning says it to people: of the others only where they differ from the first.
func Beginning(begins []Begin) string {
	said := fmt.Sprintf("root %d", begins[0].Root)
	for _, b := range begins[1:] {
		switch b.Root {
		case begins[0].Root:
		case 0:
			said += fmt.Sprintf("; %s's client was not asked, as %s", b.Client, b.Why)
		default:
			said += fmt.Sprintf("; %s's client from root %d, as %s", b.Client, b.Root, b.Why)
		}
	}
	return said
}

// Verify runs a client over files, from the root that is pinned, at the time
// at. What it refuses it refuses as a whole. go-tuf's client, which is asked
// too, begins at the oldest root from there that it can read: what leads to it
// was verified without it then. Where it can read none, for something that is odd
// in the newest, it is not asked.
func Verify(files []trust.NamedFile, pinned []byte, at time.Time) (*Verified, error) {
	root, err := metadata.ParseFile(pinned, metadata.Adopted)
	if err != nil {
		return nil, fmt.Errorf("the pinned root: %w", err)
	}
	if root.Root == nil {
		return nil, fmt.Errorf("the pinned root: it is %s metadata", root.Type)
	}
	set, err := head.Set(files)
	if err != nil {
		return nil, err
	}
	if set.Roots, err = rootsFrom(root, set.Roots); err != nil {
		return nil, err
	}
	if err := metadata.VerifySet(set, at); err != nil {
		return nil, err
	}
	v := &Verified{Set: set, Roles: Roles(set), Targets: Targets(set)}
	start, err := trust.FollowRoots(set.Roots)
	theirs := Begin{Client: "go-tuf", Why: start.Why()}
	switch newest := set.Roots[len(set.Roots)-1]; {
	case err == nil:
		theirs.Root = start.Root.Version
		if v.updater, err = refresh(files, set, start.Root.Bytes, at); err != nil {
			return nil, fmt.Errorf("go-tuf's client: %w", err)
		}
	case start.Root != nil || len(newest.Findings) == 0:
		return nil, err
	}
	v.Begins = []Begin{{Client: "conclave", Root: root.Version}, theirs}
	if root.Conclave != nil {
		v.Trust = root.Conclave.Trust
	}
	return v, nil
}

// rootsFrom is the chain that begins with the pinned root: what came before it
// is of no interest to a client.
func rootsFrom(pinned *metadata.File, published []*metadata.File) ([]*metadata.File, error) {
	chain := []*metadata.File{pinned}
	newest := int64(0)
	for _, r := range published {
		newest = max(newest, r.Version)
		switch {
		case r.Version > pinned.Version:
			chain = append(chain, r)
		case r.Version == pinned.Version && r.Digest() != pinned.Digest():
			return nil, fmt.Errorf("root %d that was published is not the root %d that is pinned: their payloads have the digests %s and %s",
				r.Version, pinned.Version, r.Digest(), pinned.Digest())
		}
	}
	if newest < pinned.Version {
		return nil, fmt.Errorf("root %d is pinned, and the newest that was published is root %d", pinned.Version, newest)
	}
	return chain, nil
}

// GoesOnFrom says whether the roots of a set chain from the pinned one.
func GoesOnFrom(pinned []byte, s *metadata.Set) error {
	root, err := metadata.ParseFile(pinned, metadata.Adopted)
	if err != nil {
		return fmt.Errorf("the pinned root: %w", err)
	}
	chain, err := rootsFrom(root, s.Roots)
	if err != nil {
		return err
	}
	return metadata.VerifyRootChain(chain, time.Time{})
}

// IsOf says whether a set that was published for a trust is of that trust: both
// its head, which anybody may have written, and its newest root, if that names
// one.
func (p *Published) IsOf(trust string, s *metadata.Set) error {
	if p.Trust != trust {
		return &metadata.OtherTrustError{Role: "head", Want: trust, Got: p.Trust}
	}
	if named := s.Roots[len(s.Roots)-1].Trust(); named != "" && named != trust {
		return &metadata.OtherTrustError{Role: head.Root, Want: trust, Got: named}
	}
	return nil
}

// Roles lists the roles of a set: root, timestamp, snapshot, targets, then
// delegated roles by name.
func Roles(s *metadata.Set) []Role {
	list := []Role{
		roleOf(head.Root, s.Roots[len(s.Roots)-1]),
		roleOf(head.Timestamp, s.Timestamp),
		roleOf(head.Snapshot, s.Snapshot),
		roleOf(head.Targets, s.Targets),
	}
	for _, name := range slices.Sorted(maps.Keys(s.Delegated)) {
		list = append(list, roleOf(name, s.Delegated[name]))
	}
	return list
}

func roleOf(name string, f *metadata.File) Role {
	return Role{Name: name, Version: f.Version, Expires: f.Expires}
}

// Targets lists what the roles of a set vouch for, by path, then by role.
func Targets(s *metadata.Set) []Target {
	var list []Target
	add := func(role string, f *metadata.File) {
		for path, t := range f.Targets.Targets {
			list = append(list, targetOf(path, role, t))
		}
	}
	add(head.Targets, s.Targets)
	for name, f := range s.Delegated {
		add(name, f)
	}
	slices.SortFunc(list, func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Role, b.Role))
	})
	return list
}
