package ceremony

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// readHead parses a published set. Names are those of a consistent snapshot
// (TUF 6.1): N.ROLE.json, and timestamp.json.
func readHead(files []NamedFile) ([]body, error) {
	bodies := make([]body, 0, len(files))
	for _, f := range files {
		role, version, err := roleOfName(f.Name)
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
		bodies = append(bodies, body{role, file})
	}
	slices.SortStableFunc(bodies, func(a, b body) int {
		return cmp.Or(cmp.Compare(a.role, b.role), cmp.Compare(a.file.Version, b.file.Version))
	})
	return bodies, nil
}

// roleOfName returns the role that a metadata file's name speaks of, and the
// version; 0 for the timestamp, whose name has none.
func roleOfName(name string) (string, int64, error) {
	stem, ok := strings.CutSuffix(name, ".json")
	if !ok {
		return "", 0, fmt.Errorf("%q is no metadata file's name", Safe(name))
	}
	if stem == "timestamp" {
		return stem, 0, nil
	}
	number, role, ok := strings.Cut(stem, ".")
	version, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || version < 1 || role == "" || strconv.FormatInt(version, 10) != number {
		return "", 0, fmt.Errorf("%q does not begin with a version", Safe(name))
	}
	return role, version, nil
}

// checkHead verifies a published set as far as a site without a clock for the
// online roles can: the root chain, and every threshold. Expiry is not looked
// at: the bundle may have travelled for longer than a timestamp lives.
func checkHead(bodies []body) error {
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
		byRole[b.role] = b.file.Signed
	}
	known := publishedOnly(bodies)
	for _, b := range bodies {
		if c := b.file.Conclave; c != nil && c.Role != "" && c.Role != b.role {
			return fmt.Errorf("%s %d: it says that it is a version of %s", Safe(b.role), b.file.Version, Safe(c.Role))
		}
		parents := []*metadata.Signed{newest}
		switch b.role {
		case "root":
			continue
		case "targets", "snapshot", "timestamp":
		default:
			parents = nil
			for _, parent := range known.delegations().parents(b.role) {
				parents = append(parents, byRole[parent])
			}
			if len(parents) == 0 {
				return fmt.Errorf("%s: nothing in the published set delegates to it", Safe(b.role))
			}
		}
		for _, parent := range parents {
			if _, err := metadata.VerifyFile(parent, b.role, b.file); err != nil {
				return fmt.Errorf("%s %d: %w", Safe(b.role), b.file.Version, err)
			}
		}
	}
	return nil
}

// roleInName is the role in a file's name: "3.team.json", "team.json", "x/team.json".
func roleInName(name string) string {
	stem := strings.TrimSuffix(name[strings.LastIndexByte(name, '/')+1:], ".json")
	if number, role, ok := strings.Cut(stem, "."); ok && strings.Trim(number, "0123456789") == "" {
		return role
	}
	return stem
}

func rootsOf(bodies []body) []*metadata.File {
	var roots []*metadata.File
	for _, b := range bodies {
		if b.role == "root" {
			roots = append(roots, b.file)
		}
	}
	return roots
}

// Older says whether a published set is one that we have gone beyond: a
// late bundle has it, and ours stays. A set that goes on in one file and back in
// another, or has other bytes under a number that is taken, is refused. After a
// recovery from a fast-forward attack snapshot and timestamp begin anew (TUF
// 1.0, 5.3.11), and a role may go that nobody delegates to any more.
func (k known) Older(bodies []body) (bool, error) {
	ours, theirs := publishedOnly(k.published), publishedOnly(bodies)
	if len(ours.published) == 0 {
		return false, nil
	}
	anew := recovered(ours.newest("root"), theirs.newest("root"))
	ahead, behind := theirs.newest("root").Version > ours.newest("root").Version, ""
	for _, our := range ours.published {
		name, their := fmt.Sprintf("%s %d", Safe(our.role), our.file.Version), theirs.newest(our.role)
		switch {
		case anew && isOnline(our.role):
			continue
		case their == nil && isDelegated(our.role) && len(theirs.delegations().of(our.role)) == 0:
			continue
		case their == nil || their.Version < our.file.Version:
			behind = name
		case their.Version > our.file.Version:
			ahead = ahead || our.role != "root"
		}
		for _, their := range theirs.byRole[our.role] {
			if their.body.Version == our.file.Version && their.id != our.file.Digest() {
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
