package trust

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// ReadPublished parses a published set. Names are those of a consistent snapshot
// (TUF 6.1): N.ROLE.json, and timestamp.json.
func ReadPublished(files []NamedFile) ([]RoleFile, error) {
	bodies := make([]RoleFile, 0, len(files))
	for _, f := range files {
		role, version, err := metadata.ParseFileName(f.Name)
		if err != nil {
			return nil, err
		}
		file, err := metadata.ParseFile(f.Bytes, metadata.Adopted)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if version != 0 && file.Version != version {
			return nil, fmt.Errorf("%s: it holds version %d", f.Name, file.Version)
		}
		bodies = append(bodies, RoleFile{role, file})
	}
	slices.SortStableFunc(bodies, func(a, b RoleFile) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.File.Version, b.File.Version))
	})
	return bodies, nil
}

// CheckPublished verifies a published set as far as a site without a clock for the
// online roles can: the root chain, and every threshold. Expiry is not looked
// at: the bundle may have travelled for longer than a timestamp lives.
func CheckPublished(bodies []RoleFile) error {
	roots := rootsOf(bodies)
	if len(roots) == 0 {
		return fmt.Errorf("the published set holds no root")
	}
	if err := metadata.VerifyRootChain(roots, time.Time{}); err != nil {
		return err
	}
	newest := roots[len(roots)-1].Signed
	byRole := map[string]*metadata.Signed{} // the highest version: bodies ascend
	for _, b := range bodies {
		byRole[b.Role] = b.File.Signed
	}
	known := PublishedOnly(bodies)
	for _, b := range bodies {
		if c := b.File.Conclave; c != nil && c.Role != "" && c.Role != b.Role {
			return fmt.Errorf("%s %d: it says that it is a version of %s", text.Safe(b.Role), b.File.Version, text.Safe(c.Role))
		}
		parents := []*metadata.Signed{newest}
		switch b.Role {
		case "root":
			continue
		case "targets", "snapshot", "timestamp":
		default:
			parents = nil
			for _, parent := range known.delegations().parents(b.Role) {
				parents = append(parents, byRole[parent])
			}
			if len(parents) == 0 {
				return fmt.Errorf("%s: nothing in the published set delegates to it", text.Safe(b.Role))
			}
		}
		for _, parent := range parents {
			if _, err := metadata.VerifyFile(parent, b.Role, b.File); err != nil {
				return fmt.Errorf("%s %d: %w", text.Safe(b.Role), b.File.Version, err)
			}
		}
	}
	return nil
}

func rootsOf(bodies []RoleFile) []*metadata.File {
	var roots []*metadata.File
	for _, b := range bodies {
		if b.Role == "root" {
			roots = append(roots, b.File)
		}
	}
	return roots
}

// Older says whether a published set is one that we have gone beyond: a
// late bundle has it, and ours stays. A set that goes on in one file and back in
// another, or has other bytes under a number that is taken, is refused. After a
// recovery from a fast-forward attack snapshot and timestamp begin anew (TUF
// 1.0, 5.3.11), and a role may go that nobody delegates to any more.
func (k Known) Older(bodies []RoleFile) (bool, error) {
	ours, theirs := PublishedOnly(k.Published), PublishedOnly(bodies)
	if len(ours.Published) == 0 {
		return false, nil
	}
	anew := recovered(ours.Newest("root"), theirs.Newest("root"))
	ahead, behind := theirs.Newest("root").Version > ours.Newest("root").Version, ""
	for _, our := range ours.Published {
		name, their := fmt.Sprintf("%s %d", text.Safe(our.Role), our.File.Version), theirs.Newest(our.Role)
		switch {
		case anew && IsOnline(our.Role):
			continue
		case their == nil && isDelegated(our.Role) && len(theirs.delegations().signers(our.Role)) == 0:
			continue
		case their == nil || their.Version < our.File.Version:
			behind = name
		case their.Version > our.File.Version:
			ahead = ahead || our.Role != "root"
		}
		for _, their := range theirs.byRole[our.Role] {
			if their.body.Version == our.File.Version && their.id != our.File.Digest() {
				return false, fmt.Errorf("%s is not the one that this machine knows", name)
			}
		}
	}
	if behind != "" && ahead {
		return false, fmt.Errorf("it goes back behind %s, which this machine knows", behind)
	}
	return behind != "", nil
}

// recovered says whether the keys of snapshot or timestamp are others than before.
func recovered(before, now *metadata.Signed) bool {
	for _, role := range []string{"snapshot", "timestamp"} {
		a, b := slices.Sorted(slices.Values(before.Root.Roles[role].KeyIDs)), slices.Sorted(slices.Values(now.Root.Roles[role].KeyIDs))
		if !slices.Equal(a, b) {
			return true
		}
	}
	return false
}

// anchor is the newest root that is certain: the newest that has all its
// signatures, or in a founding that lacks some, root 1. nil where there is none,
// or several claim to be it.
func (k Known) anchor() *claim {
	if tip := k.stand(true).line("root").tip(); tip != nil {
		return tip
	}
	line := k.standing().line("root")
	if len(line.conflicts) > 0 {
		return nil
	}
	return line.tip()
}

// FollowsFrom says whether published roots are of the trust that is known here:
// where they go further, the newest root that is certain stands among them, byte
// for byte, so that their chain verifies from it; where they don't, theirs are
// among those known. Otherwise it is an *OtherRootError.
func (k Known) FollowsFrom(bodies []RoleFile) error { return k.followsFrom(k.anchor(), bodies) }

func (k Known) followsFrom(anchor *claim, bodies []RoleFile) error {
	roots := rootsOf(bodies)
	if anchor == nil || len(roots) == 0 {
		return nil
	}
	theirs := roots[len(roots)-1]
	same := func(f *metadata.File) bool { return f.Version == anchor.body.Version && f.Digest() == anchor.id }
	if theirs.Version >= anchor.body.Version {
		if slices.ContainsFunc(roots, same) {
			return nil
		}
		if at := slices.IndexFunc(roots, func(f *metadata.File) bool { return f.Version == anchor.body.Version }); at >= 0 {
			theirs = roots[at]
		}
	} else if slices.ContainsFunc(k.byRole["root"], func(c claim) bool { return c.body.Version == theirs.Version && c.id == theirs.Digest() }) {
		return nil
	}
	return &OtherRootError{Known: Root{anchor.body.Version, anchor.id}, Theirs: Root{theirs.Version, theirs.Digest()}}
}

// FoundingIs refuses another root 1 than one that is certain: an *OtherRootError.
func (k Known) FoundingIs(p *Payload) error {
	if p.Role != "root" || p.Version != 1 || k.stand(true).line("root").tip() == nil {
		return nil
	}
	for _, c := range k.stand(true).line("root").chain {
		if c.body.Version == 1 && c.id != p.ID {
			return &OtherRootError{Known: Root{1, c.id}, Theirs: Root{1, p.ID}}
		}
	}
	return nil
}

// Joins says why what is known elsewhere is of another trust: its published set
// does not follow from the roots that are certain here, or it proposes another
// founding. It is an *OtherRootError.
func (k Known) Joins(other Known) error {
	if err := k.FollowsFrom(other.Published); err != nil {
		return err
	}
	for _, p := range other.Proposals {
		if err := k.FoundingIs(p); err != nil {
			return err
		}
	}
	return nil
}

// FirstRoot is the oldest root that stands here, published or proposed: what a
// site pins that knew nothing before. false where there is none.
func (c Contents) FirstRoot() (Root, bool) {
	k, err := KnownOf(c)
	if err != nil {
		return Root{}, false
	}
	chain := k.standing().line("root").chain
	if len(chain) == 0 {
		return Root{}, false
	}
	return Root{chain[0].body.Version, chain[0].id}, true
}
