package ceremony

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// complete is the set that a change builds on: the newest whose every role has
// its signatures.
func (c *Ceremony) complete() (*OfflineSet, error) {
	s := c.state
	var sigs []ProposalSignature
	for _, p := range s.proposals {
		for _, sig := range s.signaturesOf(p.id) {
			sigs = append(sigs, ProposalSignature{p.id, sig})
		}
	}
	return s.known().complete(s.trust, sigs)
}

// Changeable says whether this site knows a complete set, on which a draft can build.
func (c *Ceremony) Changeable() bool {
	_, err := c.complete()
	return err == nil
}

// RoleState is a role as the complete set has it.
type RoleState struct {
	Name      string
	Version   int64    // 0: signed online, or not known here
	Threshold int      // keys
	Holders   []string // names, sorted
	Expires   time.Time
	Paths     []string // that are delegated to it
	Targets   []string // paths, sorted
}

// Roles lists the roles of the complete set: root's four, then the delegated ones.
func (c *Ceremony) Roles() ([]RoleState, error) {
	d, err := c.draftOf(nil)
	if err != nil {
		return nil, err
	}
	var list []RoleState
	for _, role := range d.roles() {
		who := d.keyholders(role)
		s := RoleState{Name: Safe(role), Threshold: who.Threshold}
		for _, id := range who.KeyIDs {
			a := authority{keys: d.keysIn(role), holders: d.owners}
			s.Holders = append(s.Holders, a.owner(role, id))
		}
		slices.Sort(s.Holders)
		if base := d.baseOf(role); base != nil {
			s.Version, s.Expires = base.Version, base.Expires
		}
		if r := d.delegation(role); r != nil {
			s.Paths = r.Paths
		}
		if t := d.targets[role]; t != nil {
			s.Targets = sortedKeys(t.Targets)
		}
		list = append(list, s)
	}
	return list, nil
}

// Edit adds an edit to the draft. It returns an *EditError, and changes
// nothing, where the edit can't be made on top of those that are there.
func (c *Ceremony) Edit(e Edit) error {
	if !c.Changeable() {
		return ErrNotNow
	}
	if _, err := c.draftOf(append(slices.Clone(c.state.edits), e)); err != nil {
		return err
	}
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("the edit could not be written: %w", err)
	}
	return c.append(edited{Kind: e.kind(), Edit: data})
}

// DropEdits throws the draft away. Tokens that were enrolled for it stay as they are.
func (c *Ceremony) DropEdits() error {
	if len(c.state.edits) == 0 {
		return ErrNotNow
	}
	return c.append(editsDropped{})
}

// draftOf makes edits to the complete set.
func (c *Ceremony) draftOf(edits []Edit) (*draft, error) {
	base, err := c.complete()
	if err != nil {
		return nil, err
	}
	d, err := newDraft(base, c.state.enrolled)
	if err != nil {
		return nil, err
	}
	for _, e := range edits {
		if err := e.apply(d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Draft is what the edits so far come to.
type Draft struct {
	Edits    []Edit
	Missing  []string // holders whose new token is still to be enrolled
	Payloads []DraftPayload
	Warnings []string // sentences
	Voids    []string // signatures that freezing makes void: "root 2: Ada, Bo"
	Problem  error    // why it can't be frozen as it is; nil: it can
}

// DraftPayload is one new version that a draft makes.
type DraftPayload struct {
	Role    string
	Version int64
	Changes []Change
}

// Draft shows what the edits come to. It has no edits where there is no draft.
func (c *Ceremony) Draft() (Draft, error) {
	out := Draft{Edits: slices.Clone(c.state.edits)}
	if len(out.Edits) == 0 {
		return out, nil
	}
	d, err := c.draftOf(c.state.edits)
	if err != nil {
		return out, err
	}
	out.Missing = d.missing
	if why := d.unreachable(); why != "" {
		out.Problem = fmt.Errorf("%s", why)
	}
	if len(d.missing) > 0 {
		return out, nil
	}
	proposals, err := d.proposals(c)
	if err != nil {
		out.Problem = err
		return out, nil
	}
	for _, p := range proposals {
		base := d.baseOf(p.Role)
		var before *metadata.Signed
		if base != nil {
			before = base.Signed
		}
		out.Payloads = append(out.Payloads, DraftPayload{p.Role, p.Version, changes(c.facts(before), c.facts(p.body))})
		out.Warnings = append(out.Warnings, append(warnings(before, p.body), c.keyWarnings(p.body)...)...)
	}
	for _, p := range c.superseded(proposals) {
		out.Voids = append(out.Voids, c.voidWords(p))
	}
	return out, nil
}

// proposals encodes every role that the draft changes and reads it back.
func (d *draft) proposals(c *Ceremony) ([]*proposal, error) {
	reasons := make([]string, len(c.state.edits))
	for i, e := range c.state.edits {
		reasons[i] = e.String()
	}
	var list []*proposal
	for _, role := range d.changed() {
		p, err := d.encode(role, c.now())
		if err != nil {
			return nil, err
		}
		p.Reason = strings.Join(reasons, "; ")
		read, err := newProposal(p)
		if err != nil {
			return nil, err
		}
		list = append(list, read)
	}
	return list, nil
}

// superseded lists the open payloads whose place the new ones take.
func (c *Ceremony) superseded(by []*proposal) []*proposal {
	var old []*proposal
	for _, p := range c.state.proposals {
		if slices.ContainsFunc(by, func(n *proposal) bool { return n.Role == p.Role && n.Version == p.Version && n.id != p.id }) {
			old = append(old, p)
		}
	}
	return old
}

func (c *Ceremony) voidWords(p *proposal) string {
	what := fmt.Sprintf("%s %d as it was frozen before", Safe(p.Role), p.Version)
	quorum, err := c.state.known().quorum(p, c.state.signaturesOf(p.id))
	if err != nil {
		return what
	}
	var names []string
	for _, t := range quorum.By {
		names = append(names, t.Signed...)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return what + ", which nobody has signed"
	}
	return what + ", with the signatures of " + strings.Join(names, ", ")
}

func (c *Ceremony) freezeDraft() error {
	d, err := c.draftOf(c.state.edits)
	if err != nil {
		return err
	}
	if len(d.missing) > 0 {
		return fmt.Errorf("the new token of %s is not enrolled yet: %w", strings.Join(d.missing, ", "), ErrNotNow)
	}
	if why := d.unreachable(); why != "" {
		return &PolicyError{why}
	}
	proposals, err := d.proposals(c)
	if err != nil {
		return err
	}
	var withdrawn []metadata.Digest
	for _, p := range c.superseded(proposals) {
		withdrawn = append(withdrawn, p.id)
	}
	list := make([]Proposal, len(proposals))
	for i, p := range proposals {
		list[i] = p.Proposal
	}
	return c.freeze(withdrawn, list...)
}

// Withdraw takes a frozen payload out, with its signatures, for good: it does
// not come back with a bundle. It is how people cancel a draft, and how they
// choose between two payloads of one version. One that has all its signatures
// stays.
func (c *Ceremony) Withdraw(id metadata.Digest, reason string) error {
	p := c.state.proposal(id)
	if p == nil {
		return ErrNotNow
	}
	quorum, err := c.state.known().quorum(p, c.state.signaturesOf(id))
	if err == nil && quorum.Met() && c.state.known().conflict(p) == nil {
		return fmt.Errorf("%s %d has all its signatures, and may be published already: %w", Safe(p.Role), p.Version, ErrNotNow)
	}
	return c.append(withdrawn{Payload: id, Reason: reason})
}
