package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Quorum is how far the signatures over one payload are. By has one entry, or
// for root N+1 two: the old root and the new one (TUF 5.3.4).
type Quorum struct {
	Role    string  `json:"role"`
	Version int64   `json:"version"`
	By      []Tally `json:"by"`
	Bins    int     `json:"bins,omitempty"` // how many hash bins it is for together: Role is "bins-*", Version 0
}

// Tally counts the distinct keys of one set.
type Tally struct {
	By        string   `json:"by"`        // "root 1", "old root 6", "new root 7"
	Threshold int      `json:"threshold"` // keys
	Signed    []string `json:"signed"`    // names of the holders whose keys have signed
	Open      []string `json:"open"`      // names of those who still can
}

// Met says whether every set has reached its threshold.
func (q Quorum) Met() bool {
	for _, t := range q.By {
		if !t.Met() {
			return false
		}
	}
	return len(q.By) > 0
}

// Met says whether the set has reached its threshold.
func (t Tally) Met() bool { return t.Threshold > 0 && len(t.Signed) >= t.Threshold }

// SignedBy says whether the signature of a holder is among those that count.
func (q Quorum) SignedBy(holder string) bool {
	return slices.ContainsFunc(q.By, func(t Tally) bool { return slices.Contains(t.Signed, holder) })
}

// Open names everyone whose signature would bring the quorum nearer.
func (q Quorum) Open() []string {
	var names []string
	for _, t := range q.By {
		if t.Met() {
			continue
		}
		for _, n := range t.Open {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// Authority is one set of keys whose threshold a payload must reach.
type Authority struct {
	by      string
	Who     metadata.RoleKeys
	Keys    map[string]metadata.Key
	Holders map[string]string // keyid -> name
}

// Name is the holder of a key as the metadata names them, else the start of its
// keyid: the one that strict clients give it, which does not change when
// adopted metadata is put right.
func (a Authority) Name(keyid string) string {
	if n := a.Holders[keyid]; n != "" {
		return text.Safe(n)
	}
	return fmt.Sprintf("key %.8s", StrictID(a.Keys[keyid], keyid))
}

// StrictID is the hash of a key in its one strict form; of one that has none, stated.
func StrictID(k metadata.Key, stated string) string {
	strict, err := k.Strict()
	if err != nil {
		return text.Safe(stated)
	}
	return strict.ID()
}

// KeyID finds the keyid under which a public key may sign here, by the key itself.
func (a Authority) KeyID(key metadata.Key) (string, bool) {
	want, err := key.Fingerprint()
	if err != nil {
		return "", false
	}
	for _, id := range a.Who.KeyIDs {
		if got, err := a.Keys[id].Fingerprint(); err == nil && got == want {
			return id, true
		}
	}
	return "", false
}

// Tally counts the keys that have signed payload.
func (a Authority) Tally(payload []byte, sigs []metadata.Signature) Tally {
	return a.count(metadata.Quorum(a.Who, a.Keys, payload, sigs).Valid)
}

// count is the tally where the keys with these keyids have signed.
func (a Authority) count(valid []string) Tally {
	t := Tally{By: a.by, Threshold: a.Who.Threshold}
	for _, id := range a.Who.KeyIDs {
		if slices.Contains(valid, id) {
			t.Signed = append(t.Signed, a.Name(id))
		} else if a.Keys[id].CanSign() {
			t.Open = append(t.Open, a.Name(id))
		}
	}
	slices.Sort(t.Signed)
	slices.Sort(t.Open)
	return t
}

// RootAuthority are the keys that root names for role. by is what the set is called
// in a Tally: "old root 6".
func RootAuthority(by string, root *metadata.Signed, role string) Authority {
	a := Authority{by: by, Who: root.Root.Roles[role], Keys: root.Root.Keys}
	if root.Conclave != nil {
		a.Holders = root.Conclave.Holders
	}
	return a
}

// Owner is who has the key, in a list of names.
func (a Authority) Owner(role, keyid string) string {
	if IsOnline(role) && a.Holders[keyid] == "" {
		return "online key"
	}
	return a.Name(keyid)
}

// DelegationAuthority are keys that a body of targets names in a delegation.
func DelegationAuthority(s *metadata.Signed, who metadata.RoleKeys) Authority {
	a := Authority{Who: who, Keys: s.Targets.Delegations.Keys}
	if s.Conclave != nil {
		a.Holders = s.Conclave.Holders
	}
	return a
}

// String says how far the quorum is: "1 of 3 by root 1: Ada".
func (q Quorum) String() string {
	parts := make([]string, len(q.By))
	for i, t := range q.By {
		parts[i] = fmt.Sprintf("%d of %d by %s", len(t.Signed), t.Threshold, t.By)
		if len(t.Signed) > 0 {
			parts[i] += ": " + strings.Join(t.Signed, ", ")
		}
	}
	return strings.Join(parts, "; ")
}

// Name is how what the quorum is for is called.
func (q Quorum) Name() string { return PayloadName(q.Role, q.Version, q.Bins) }
