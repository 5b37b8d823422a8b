package ceremony

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Freeze makes payloads once and for all: the first ones of a trust from its
// plan, later ones from a draft. All of them are frozen at once, or none.
// Payloads of the same roles that a draft takes the place of are withdrawn.
func (c *Ceremony) Freeze() error {
	if err := c.checkClock(); err != nil {
		return err
	}
	if len(c.state.edits) > 0 {
		return c.freezeDraft()
	}
	plan, missing := c.state.plan, c.Founding()
	if plan == nil || len(missing) == 0 || !c.frozen() && len(c.state.enrolled) < len(plan.Holders) {
		return ErrNotNow
	}
	var first []Proposal
	for _, role := range missing {
		p := Proposal{Trust: plan.Trust, Role: role, Version: 1, Reason: "founding"}
		var err error
		if role == "root" {
			p.Signed, err = plan.encodeRoot(c.now(), c.state.enrolled)
		} else {
			p.Signed, err = plan.encodeTargets(c.now())
		}
		if err != nil {
			return err
		}
		first = append(first, p)
	}
	return c.freeze(nil, first...)
}

// frozen says whether the founding has made its root.
func (c *Ceremony) frozen() bool { return c.state.known().newest("root") != nil }

// Founding lists the roles whose first version the founding still has to make:
// root and targets, or what of these was withdrawn.
func (c *Ceremony) Founding() []string {
	known := c.state.known()
	return slices.DeleteFunc([]string{"root", "targets"}, func(role string) bool { return known.newest(role) != nil })
}

// freeze keeps the payloads' bytes, then says so.
func (c *Ceremony) freeze(withdrawn []metadata.Digest, proposals ...Proposal) error {
	ev := frozen{Withdrawn: withdrawn}
	for _, p := range proposals {
		read, err := newProposal(p)
		if err != nil {
			return fmt.Errorf("what was made can't be read back, so nothing is frozen: %w", err)
		}
		if c.state.withdrawn[read.id] {
			return fmt.Errorf("%s %d would be, byte for byte, what was withdrawn, and the signatures over that would count again: nothing is frozen, wait a second before you freeze again", Safe(p.Role), p.Version)
		}
		blob, err := c.deps.Workspace.Put(p.Signed)
		if err != nil {
			return fmt.Errorf("a payload could not be kept, so nothing is frozen: %w", err)
		}
		ev.Payloads = append(ev.Payloads, payload{p.Role, p.Version, read.id, blob, p.Base, p.Reason})
	}
	return c.append(ev)
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

func (p *Plan) encodeTargets(now time.Time) ([]byte, error) {
	targets := metadata.Targets{Targets: map[string]metadata.Target{}}
	for _, f := range p.Files {
		t, err := imageOrFile(f.SHA256, f.Length, f.MediaType)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
		targets.Targets[f.Path] = t
	}
	return metadata.EncodeTargets(p.header(now, p.Targets, nil), targets)
}

// imageOrFile is a target; an image says which media type its manifest has.
func imageOrFile(sha256 metadata.Digest, length int64, mediaType string) (metadata.Target, error) {
	t := metadata.Target{Length: length, Hashes: map[string]string{"sha256": sha256.String()}}
	if mediaType == "" {
		return t, nil
	}
	var err error
	t.Custom, err = json.Marshal(map[string]string{"mediaType": mediaType})
	return t, err
}

func (p *Plan) header(now time.Time, r PlannedRole, holders map[string]string) metadata.Header {
	return metadata.Header{
		Version:  1,
		Expires:  now.Add(r.Expires),
		Conclave: &metadata.Conclave{Trust: p.Trust, Holders: holders},
	}
}
