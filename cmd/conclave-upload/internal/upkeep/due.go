package upkeep

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// Standing is how a role stands at a time.
type Standing struct {
	client.Role
	State     string   `json:"state"`  // Good, Due, Expired
	Days      int      `json:"days"`   // whole days until it expires; negative: since
	Online    bool     `json:"online"` // a program signs it
	Threshold int      `json:"threshold"`
	Signers   []string `json:"signers"` // holders' names, or keyids where none is known
}

// States of a role.
const (
	Good    = "good"
	Due     = "due" // expires within the warning time
	Expired = "expired"
)

// Warning is how long before its expiry a role is due.
type Warning struct {
	Offline, Online time.Duration
}

// Standings says how the roles of a set stand: root, timestamp, snapshot,
// targets, then delegated roles by name.
func Standings(s *metadata.Set, at time.Time, warning Warning) []Standing {
	root := s.Roots[len(s.Roots)-1]
	var list []Standing
	for _, role := range client.Roles(s) {
		st := Standing{Role: role, State: Good, Online: role.Name == head.Timestamp || role.Name == head.Snapshot}
		left := role.Expires.Sub(at)
		st.Days = int(left / (24 * time.Hour))
		within := warning.Offline
		if st.Online {
			within = warning.Online
		}
		switch {
		case left <= 0:
			st.State = Expired
		case left <= within:
			st.State = Due
		}
		who, names := keyholders(s, root, role.Name)
		st.Threshold, st.Signers = who.Threshold, names
		list = append(list, st)
	}
	return list
}

// keyholders are those who sign a role.
func keyholders(s *metadata.Set, root *metadata.File, role string) (metadata.RoleKeys, []string) {
	if who, ok := root.Root.Roles[role]; ok {
		return who, namesIn(root, who)
	}
	parents := []*metadata.File{s.Targets}
	for _, name := range slices.Sorted(maps.Keys(s.Delegated)) {
		parents = append(parents, s.Delegated[name])
	}
	for _, parent := range parents {
		d := parent.Targets.Delegations
		if d == nil {
			continue
		}
		for _, r := range d.Roles {
			if r.Name == role {
				return r.RoleKeys, namesIn(parent, r.RoleKeys)
			}
		}
		if d.Succinct != nil && d.Succinct.Bin(role) {
			return d.Succinct.RoleKeys, namesIn(parent, d.Succinct.RoleKeys)
		}
	}
	return metadata.RoleKeys{}, nil
}

func namesIn(f *metadata.File, who metadata.RoleKeys) []string {
	names := make([]string, 0, len(who.KeyIDs))
	for _, id := range who.KeyIDs {
		name := ""
		if f.Conclave != nil {
			name = f.Conclave.Holders[id]
		}
		names = append(names, cmp.Or(name, fmt.Sprintf("key %.8s", id)))
	}
	slices.Sort(names)
	return names
}

// DueError: roles have to be signed soon, or should have been.
type DueError struct {
	Expired bool
	Roles   []string
}

func (e *DueError) Error() string {
	word := "due to be signed"
	if e.Expired {
		word = "expired: clients refuse the set"
	}
	text := ""
	for i, role := range e.Roles {
		if i > 0 {
			text += ", "
		}
		text += role
	}
	return text + ": " + word
}

// Err is nil where every role is good, else a *DueError that names the worst.
func Err(list []Standing) error {
	for _, state := range []string{Expired, Due} {
		e := &DueError{Expired: state == Expired}
		for _, s := range list {
			if s.State == state {
				e.Roles = append(e.Roles, fmt.Sprintf("%s %d", s.Name, s.Version))
			}
		}
		if len(e.Roles) > 0 {
			return e
		}
	}
	return nil
}
