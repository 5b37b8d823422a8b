package ceremony

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Freeze makes the first payloads of the trust, root 1 and targets 1, once and
// for all. A run that was cut short between the two makes the one that is missing.
func (c *Ceremony) Freeze() error {
	plan := c.state.plan
	if plan == nil || c.frozen() || len(c.state.enrolled) < len(plan.Holders) {
		return ErrNotNow
	}
	if err := c.checkClock(); err != nil {
		return err
	}
	for _, role := range foundingRoles() {
		if c.state.known().newest(role) != nil {
			continue
		}
		encode := plan.encodeRoot
		if role == "targets" {
			encode = plan.encodeTargets
		}
		signed, err := encode(c.now(), c.state.enrolled)
		if err != nil {
			return err
		}
		if err := c.freeze(Proposal{Trust: plan.Trust, Role: role, Version: 1, Signed: signed, Reason: "founding"}); err != nil {
			return err
		}
	}
	return nil
}

func foundingRoles() []string { return []string{"root", "targets"} }

// frozen says whether every payload of the founding has been made.
func (c *Ceremony) frozen() bool {
	known := c.state.known()
	for _, role := range foundingRoles() {
		if known.newest(role) == nil {
			return false
		}
	}
	return true
}

// freeze keeps a payload's bytes, then says so.
func (c *Ceremony) freeze(p Proposal) error {
	read, err := newProposal(p)
	if err != nil {
		return fmt.Errorf("what was made can't be read back: %w", err)
	}
	blob, err := c.deps.Workspace.Put(p.Signed)
	if err != nil {
		return fmt.Errorf("the payload could not be kept, so it is not frozen: %w", err)
	}
	return c.append(frozen{Role: p.Role, Version: p.Version, Payload: read.id, Signed: blob, Base: p.Base, Reason: p.Reason})
}

func (p *Plan) encodeRoot(now time.Time, tokens map[string]enrolled) ([]byte, error) {
	root := metadata.Root{
		ConsistentSnapshot: true,
		Keys:               map[string]metadata.Key{},
		Roles:              map[string]metadata.Keyholders{},
	}
	holders := map[string]string{}
	for role, r := range map[string]PlannedRole{"root": p.Root, "targets": p.Targets} {
		who := metadata.Keyholders{Threshold: r.Threshold}
		for _, name := range r.Holders {
			key := tokens[name].Key
			root.Keys[key.ID()] = key
			holders[key.ID()] = name
			who.KeyIDs = append(who.KeyIDs, key.ID())
		}
		slices.Sort(who.KeyIDs)
		root.Roles[role] = who
	}
	for role, key := range map[string]metadata.Key{"snapshot": p.Online.Snapshot, "timestamp": p.Online.Timestamp} {
		root.Keys[key.ID()] = key
		root.Roles[role] = metadata.Keyholders{KeyIDs: []string{key.ID()}, Threshold: 1}
	}
	return metadata.EncodeRoot(p.header(now, p.Root, holders), root)
}

func (p *Plan) encodeTargets(now time.Time, _ map[string]enrolled) ([]byte, error) {
	targets := metadata.Targets{Targets: map[string]metadata.Target{}}
	for _, f := range p.Files {
		t := metadata.Target{Length: f.Length, Hashes: map[string]string{"sha256": f.SHA256.String()}}
		if f.MediaType != "" {
			custom, err := json.Marshal(map[string]string{"mediaType": f.MediaType})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Path, err)
			}
			t.Custom = custom
		}
		targets.Targets[f.Path] = t
	}
	return metadata.EncodeTargets(p.header(now, p.Targets, nil), targets)
}

func (p *Plan) header(now time.Time, r PlannedRole, holders map[string]string) metadata.Header {
	return metadata.Header{
		Version:  1,
		Expires:  now.Add(r.Expires),
		Conclave: &metadata.Conclave{Trust: p.Trust, Holders: holders},
	}
}
