package draft

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// changed lists the roles that get a new version: root, targets, then others by name.
func (d *Draft) changed() []string {
	rank := func(role string) string {
		switch role {
		case "root":
			return "0"
		case "targets":
			return "1"
		}
		return "2" + role
	}
	return slices.SortedFunc(maps.Keys(d.touched), func(a, b string) int { return strings.Compare(rank(a), rank(b)) })
}

// Proposals makes the payloads of all new versions, for a freezing at now. A
// *Error says why it can't be frozen.
func (d *Draft) Proposals(now time.Time, reason string) ([]trust.Proposal, error) {
	if err := d.Problem(); err != nil {
		return nil, err
	}
	var list []trust.Proposal
	for _, role := range d.changed() {
		p, err := d.encode(role, now.Add(d.lasts(role)))
		if err != nil {
			return nil, &Error{err}
		}
		p.Reason = reason
		list = append(list, p)
	}
	return list, nil
}

// encode makes the payload of a role's new version.
func (d *Draft) encode(role string, expires time.Time) (trust.Proposal, error) {
	h := metadata.Header{Version: 1, Expires: expires, Conclave: &metadata.Conclave{Trust: d.base.Trust}}
	p := trust.Proposal{Trust: d.base.Trust, Role: role}
	if base := d.Base(role); base != nil {
		h.Version, p.Base = base.Version+1, base.Digest()
	}
	p.Version = h.Version
	var err error
	if role == "root" {
		root := metadata.Root{ConsistentSnapshot: true, Keys: d.keys, Roles: map[string]metadata.RoleKeys{}}
		for name, who := range d.rootRoles {
			root.Roles[name] = *who
		}
		h.Conclave.Holders = d.ownersOf(d.keys)
		p.Signed, err = metadata.EncodeRoot(h, root)
	} else {
		t := d.withBins(role)
		if role != "targets" {
			h.Conclave.Role = role
		}
		if t.Delegations != nil {
			h.Conclave.Holders = d.ownersOf(t.Delegations.Keys)
		}
		p.Signed, err = metadata.EncodeTargets(h, t)
	}
	if err != nil {
		return p, fmt.Errorf("%s %d can't be made: %w", text.Safe(role), h.Version, err)
	}
	return p, nil
}

func (d *Draft) ownersOf(keys map[string]metadata.Key) map[string]string {
	owners := map[string]string{}
	for id := range keys {
		if name := d.owners[id]; name != "" {
			owners[id] = name
		}
	}
	return owners
}
