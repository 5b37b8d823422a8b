package walk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// maxVisited is how many delegated roles a search asks, as other clients do.
const maxVisited = 32

// Found is a target, and the role that vouches for it.
type Found struct {
	Role string
	metadata.Target
}

// NotFoundError: none of the roles that were asked vouches for a target.
type NotFoundError struct {
	Path  string
	Asked []string // in their order
	More  bool     // the search ended before all had been asked
}

func (e *NotFoundError) Error() string {
	if e.More {
		return fmt.Sprintf("the search for the target %q ended after %d delegated roles, and there are more that it leads to: clients ask no more of them", e.Path, maxVisited)
	}
	asked := make([]string, len(e.Asked))
	for i, role := range e.Asked {
		asked[i] = strconv.Quote(role)
	}
	return fmt.Sprintf("no role vouches for the target %q: its path leads to %s", e.Path, strings.Join(asked, ", "))
}

// UnlistedError: the way to a target leads to a role that the snapshot does not
// list. What comes after that role in the search is not asked instead: who holds
// the key of snapshot could otherwise take a path away from its role.
type UnlistedError struct {
	Role     string
	Snapshot int64
}

func (e *UnlistedError) Error() string {
	return fmt.Sprintf("snapshot %d does not list the role %q, to which the search leads: its targets are found once it is listed", e.Snapshot, e.Role)
}

// Search looks for a target through the delegations, beginning with targets: depth
// first, a role before those that it delegates to, in their order; beyond a
// terminating one nobody is asked (TUF 1.0, 5.6.7). open gives the file of a role,
// verified by parent. The error is a *NotFoundError, or what open returns.
func Search(targets *metadata.File, path string, open func(role string, parent *metadata.File) (*metadata.File, error)) (Found, error) {
	type step struct {
		role   string
		parent *metadata.File
	}
	var asked []string
	for todo := []step{{head.Targets, nil}}; len(todo) > 0; {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if slices.Contains(asked, next.role) {
			continue
		}
		if len(asked) > maxVisited {
			return Found{}, &NotFoundError{path, asked, true}
		}
		f := targets
		if next.parent != nil {
			var err error
			if f, err = open(next.role, next.parent); err != nil {
				return Found{}, err
			}
		}
		asked = append(asked, next.role)
		if t, ok := f.Targets.Targets[path]; ok {
			return Found{next.role, t}, nil
		}
		var below []step
		for _, r := range f.Targets.Delegations.For(path) {
			below = append(below, step{r.Name, f})
			if r.Terminating {
				todo = nil
				break
			}
		}
		slices.Reverse(below)
		todo = append(todo, below...)
	}
	return Found{}, &NotFoundError{path, asked, false}
}
