package metadata

import (
	"slices"
	"time"
)

// Report is what inspecting files found. Names of files, roles and holders are
// given as they are: make them safe before they go to a terminal.
type Report struct {
	Trust    string       `json:"trust,omitempty"` // as the last root names it
	At       time.Time    `json:"at"`              // the time that expiry was held against
	Scope    Scope        `json:"scope"`
	Roots    *RootRange   `json:"roots,omitempty"`  // nil where there is no root
	Verified bool         `json:"verified"`         // neither problems nor anything expired
	Expired  []string     `json:"expired"`          // sentences; alone they mean: verified, but expired since
	Problems []string     `json:"problems"`         // sentences; all but expiry
	Files    []FileReport `json:"files"`            // roots by version, then timestamp, snapshot, targets, delegated roles
	Beside   []string     `json:"beside,omitempty"` // names of other files that lie there: they are not part of the set
}

// Scope says what the files together are.
type Scope string

// The scopes of a report.
const (
	ScopeNone  Scope = "no root"       // nothing to verify against
	ScopeChain Scope = "root chain"    // roots only
	ScopePart  Scope = "partial set"   // roots and some of the other roles
	ScopeWhole Scope = "published set" // roots, timestamp, snapshot, targets
)

// RootRange is a chain of roots, from the first version to the last.
type RootRange struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// FileReport is what one file says, and who signed it.
type FileReport struct {
	Name        string            `json:"name"`
	Size        int               `json:"size"` // bytes
	SHA256      Digest            `json:"sha256"`
	Error       string            `json:"error,omitempty"` // why it could not be read; all below is then empty
	Role        string            `json:"role,omitempty"`
	Version     int64             `json:"version,omitempty"`
	Expires     time.Time         `json:"expires,omitzero"`
	Expired     bool              `json:"expired,omitempty"`       // at Report.At
	Payload     Digest            `json:"payload_sha256,omitzero"` // what people read aloud
	SpecVersion string            `json:"spec_version,omitempty"`
	Trust       string            `json:"trust,omitempty"`
	Roles       []RoleReport      `json:"roles,omitempty"`   // that it names or delegates to
	Targets     int               `json:"targets,omitempty"` // how many
	Signatures  []SignatureReport `json:"signatures,omitempty"`
	Findings    []Finding         `json:"findings,omitempty"`
}

// RoleReport is a role as a root or a targets states it.
type RoleReport struct {
	Name      string      `json:"name"`
	Threshold int         `json:"threshold"`
	Keys      []KeyReport `json:"keys"`
}

// KeyReport is one key of a role.
type KeyReport struct {
	KeyID       string `json:"keyid"`
	Type        string `json:"type,omitempty"`
	Scheme      string `json:"scheme,omitempty"`
	Fingerprint Digest `json:"fingerprint,omitzero"` // SHA-256 of the SubjectPublicKeyInfo
	Holder      string `json:"holder,omitempty"`     // from x-conclave, or tuf-on-ci's keyowner
}

// SignatureReport is how far a file reaches one threshold.
type SignatureReport struct {
	By       string            `json:"by"` // who must sign: "old root 6", "new root 7", "targets 3"
	Valid    int               `json:"valid"`
	Needed   int               `json:"needed"`
	Met      bool              `json:"met"`
	KeyIDs   []string          `json:"keyids"`             // that count
	Rejected map[string]string `json:"rejected,omitempty"` // keyid -> why it does not
}

// reportFile says what a file itself tells.
func reportFile(name string, b []byte, role string, f *File, at time.Time) FileReport {
	r := FileReport{Name: name, Size: len(b), SHA256: Sum(b)}
	if f == nil {
		return r
	}
	r.Role, r.Version, r.Expires, r.Payload = role, f.Version, f.Expires, f.Digest()
	r.Expired = VerifyExpiry(role, f, at) != nil
	r.SpecVersion, r.Trust, r.Findings = f.SpecVersion, f.Trust(), f.Findings
	switch {
	case f.Root != nil:
		for _, name := range []string{typeRoot, typeTargets, typeSnapshot, typeTimestamp} {
			r.Roles = append(r.Roles, reportRole(name, f.Root.Roles[name], f.Root.Keys, f.Conclave))
		}
	case f.Targets != nil:
		r.Targets = len(f.Targets.Targets)
		r.Roles = reportDelegations(f.Targets.Delegations, f.Conclave)
	}
	return r
}

func reportDelegations(d *Delegations, c *Conclave) []RoleReport {
	if d == nil {
		return nil
	}
	var roles []RoleReport
	for _, role := range d.Roles {
		roles = append(roles, reportRole(role.Name, role.RoleKeys, d.Keys, c))
	}
	if s := d.Succinct; s != nil {
		roles = append(roles, reportRole(s.NamePrefix+"-*", s.RoleKeys, d.Keys, c))
	}
	return roles
}

func reportRole(name string, who RoleKeys, keys map[string]Key, c *Conclave) RoleReport {
	r := RoleReport{Name: name, Threshold: who.Threshold, Keys: []KeyReport{}}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(who.KeyIDs))) {
		k := keys[id]
		print, _ := k.Fingerprint() // a key without one is a finding already
		report := KeyReport{KeyID: id, Type: k.Type, Scheme: k.Scheme, Fingerprint: print, Holder: k.owner()}
		if c != nil && c.Holders[id] != "" {
			report.Holder = c.Holders[id]
		}
		r.Keys = append(r.Keys, report)
	}
	return r
}

// owner is whom tuf-on-ci names in the key object.
func (k Key) owner() string {
	for field, v := range node(k.object).object() {
		if field == "x-tuf-on-ci-keyowner" && v.is('"') {
			return v.text()
		}
	}
	return ""
}
