package ceremony

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Imported says what a bundle brought that was not here before.
type Imported struct {
	Proposals, Signatures, Attestations int
	First                               bool // this machine knew nothing of the trust: people must compare the digest words
	Older                               bool // its published set is older than the one known here, which stays
}

// Import takes over what a bundle holds, after checking all of it: its trust,
// that it chains from what this site knows, every signature, every attestation,
// every journal. It takes everything or, with an *ImportError, nothing. name
// and digest say which file it was, for the record.
func (c *Ceremony) Import(in trust.Contents, name string, digest metadata.Digest) (Imported, error) {
	if c.state.kind == Founding && c.state.plan == nil || !c.Begun() {
		return Imported{}, ErrNotNow
	}
	if err := c.checkTrust(in.Trust); err != nil {
		return Imported{}, &ImportError{"trust", err}
	}
	if err := trust.CheckName(in.Trust); err != nil {
		return Imported{}, &ImportError{"trust", err}
	}
	i := importer{c: c, in: in, ev: event.Imported{Name: name, Bundle: digest, Trust: in.Trust}}
	i.out.First = len(c.state.published) == 0 && len(c.state.proposals) == 0
	for _, take := range []func() error{i.head, i.proposals, i.signatures, i.attestations, i.journals} {
		if err := take(); err != nil {
			return Imported{}, err
		}
	}
	if i.out.Older && !i.brings() {
		return Imported{}, &ImportError{"published set", errors.New("it is older than what this machine knows, and nothing else in the bundle is new")}
	}
	for _, b := range i.blobs {
		if _, err := c.deps.Workspace.Put(b); err != nil {
			return Imported{}, fmt.Errorf("the bundle could not be kept, and nothing of it was taken over: %w", err)
		}
	}
	if err := c.append(i.ev); err != nil {
		return i.out, err
	}
	if i.ahead != (AheadSite{}) {
		c.sitting = sitting{ahead: i.ahead} // one of the two clocks is wrong
	}
	return i.out, nil
}

// importer builds the event of an import.
type importer struct {
	c      *Ceremony
	in     trust.Contents
	ev     event.Imported
	out    Imported
	known  trust.Known              // with what the bundle brings
	blobs  [][]byte                 // that the event names
	ahead  AheadSite                // of the clock here
	theirs []trust.RoleFile         // the bundle's published set
	void   map[metadata.Digest]bool // proposals that build on what was withdrawn here, or that nobody may sign any more
}

// keep notes that b has to be kept once everything is checked.
func (i *importer) keep(b []byte) metadata.Digest {
	i.blobs = append(i.blobs, b)
	return metadata.Sum(b)
}

// head takes over a published set that goes further than ours.
func (i *importer) head() error {
	i.known = i.c.state.known()
	same := slices.EqualFunc(i.in.Published, i.c.state.head, func(a, b trust.NamedFile) bool { return a.Name == b.Name && bytes.Equal(a.Bytes, b.Bytes) })
	if len(i.in.Published) == 0 || same { // that was checked when it came
		return nil
	}
	theirs, err := trust.KnownOf(i.in)
	if err == nil {
		err = theirs.Verified()
	}
	bodies := theirs.Published
	if err == nil {
		err = i.known.FollowsFrom(bodies)
	}
	if err == nil {
		i.out.Older, err = i.known.Older(bodies)
	}
	if err != nil {
		return &ImportError{"published set", err}
	}
	i.theirs = bodies
	if i.out.Older {
		return nil
	}
	for _, f := range i.in.Published {
		i.ev.Head = append(i.ev.Head, event.NamedBlob{Name: f.Name, Blob: i.keep(f.Bytes)})
	}
	i.known = trust.NewKnown(i.in.Trust, bodies, i.known.Proposals, i.c.state.signaturesOf)
	return nil
}

// brings says whether there is anything new in the bundle.
func (i *importer) brings() bool {
	return i.out.Proposals+i.out.Signatures+i.out.Attestations+len(i.ev.Journals) > 0
}

func (i *importer) proposals() error {
	proposals := slices.Clone(i.known.Proposals)
	var gone []*trust.Payload // with what they delegate
	i.void = map[metadata.Digest]bool{}
	byVersion := func(a, b trust.Proposal) int { return cmp.Compare(a.Version, b.Version) }
	for _, p := range slices.SortedStableFunc(slices.Values(i.in.Proposals), byVersion) {
		item := fmt.Sprintf("proposal %s %d", text.Safe(p.Role), p.Version)
		if p.Trust != i.in.Trust {
			return &ImportError{item, &metadata.OtherTrustError{Want: i.in.Trust, Got: p.Trust}}
		}
		if i.c.state.holds(p) {
			continue // it was read when it came
		}
		read, err := trust.ReadPayload(p)
		if err != nil {
			return &ImportError{item, err}
		}
		if i.c.state.proposal(read.ID) != nil {
			continue
		}
		if i.c.state.withdrawn[read.ID] {
			gone = append(gone, read)
			continue
		}
		if i.void[p.Base] || i.c.state.withdrawn[p.Base] && !isPublished(i.known.Published, p.Base) {
			i.void[read.ID], gone = true, append(gone, read)
			continue
		}
		if err := i.known.FoundingIs(read); err != nil {
			return &ImportError{item, err}
		}
		proposals = append(proposals, read)
	}
	if len(i.ev.Head) == 0 && len(proposals) == len(i.known.Proposals) {
		return nil // nothing says anything new about who may sign
	}
	proposals, err := i.signable(proposals, gone)
	if err != nil {
		return err
	}
	for _, p := range proposals {
		if i.c.state.proposal(p.ID) == nil {
			i.ev.Proposals = append(i.ev.Proposals, event.Payload{Role: p.Role, Version: p.Version, Payload: p.ID, Signed: i.keep(p.Signed), Base: p.Base, Reason: p.Reason})
			i.out.Proposals++
		}
	}
	i.known = trust.NewKnown(i.in.Trust, i.known.Published, proposals, i.c.state.signaturesOf)
	return nil
}

// signable leaves out what nothing here says any more who may sign: what did was
// withdrawn, or is older than what is published here. A proposal of which
// the bundle does not say it either is refused, but for a root that builds on
// nothing that is here: it stands nowhere, and people can throw it away.
func (i *importer) signable(proposals, gone []*trust.Payload) ([]*trust.Payload, error) {
	for {
		known := trust.NewKnown(i.in.Trust, i.known.Published, proposals, i.c.state.signaturesOf)
		kept := slices.DeleteFunc(slices.Clone(proposals), func(p *trust.Payload) bool { return len(known.EverAuthorities(p)) == 0 })
		if len(kept) == len(proposals) {
			return kept, nil
		}
		once := trust.NewKnown(i.in.Trust, slices.Concat(i.known.Published, i.theirs), slices.Concat(proposals, gone), i.c.state.signaturesOf)
		void := map[*trust.Payload]bool{}
		for _, p := range proposals {
			said := len(once.EverAuthorities(p)) > 0
			switch {
			case slices.Contains(kept, p):
			case !said && p.Role == "root": // it builds on nothing that is here, and stands nowhere
			case !said && i.c.state.proposal(p.ID) == nil:
				return nil, &ImportError{fmt.Sprintf("proposal %s %d", text.Safe(p.Role), p.Version), fmt.Errorf("nothing here says who may sign it")}
			default:
				void[p], i.void[p.ID], gone = true, true, append(gone, p)
			}
		}
		if len(void) == 0 {
			return proposals, nil
		}
		proposals = slices.DeleteFunc(slices.Clone(proposals), func(p *trust.Payload) bool { return void[p] })
	}
}

func (i *importer) signatures() error {
	for _, sig := range i.in.Signatures {
		if i.c.state.withdrawn[sig.Proposal] || i.void[sig.Proposal] {
			continue // people have decided against what it signs
		}
		p := i.known.ByID[sig.Proposal]
		if p == nil {
			return &ImportError{fmt.Sprintf("signature of key %.8s", text.Safe(sig.KeyID)), fmt.Errorf("what it signs is not in the bundle")}
		}
		if i.c.state.signatures[p.ID][sig.Signature] {
			continue
		}
		holder, err := i.known.Verify(p, sig.Signature)
		if err != nil {
			return &ImportError{fmt.Sprintf("signature of key %.8s over %s %d", text.Safe(sig.KeyID), text.Safe(p.Role), p.Version), err}
		}
		i.ev.Signatures = append(i.ev.Signatures, event.Signed{Proposal: p.ID, Holder: holder, KeyID: sig.KeyID, Sig: sig.Sig})
		i.out.Signatures++
	}
	return nil
}

func (i *importer) attestations() error {
	for _, k := range i.in.Attestations {
		if i.c.state.attested[k.KeyID] != nil {
			continue // what is known was judged when it came, and nothing takes its place
		}
		if err := token.Authentic(i.c.deps.Attestations, k.KeyID, k.PEM, i.c.Rehearsal(), i.c.now()); err != nil {
			return &ImportError{fmt.Sprintf("attestation of key %.8s", text.Safe(k.KeyID)), err}
		}
		if i.ev.Attestations == nil {
			i.ev.Attestations = map[string]string{}
		}
		i.ev.Attestations[k.KeyID] = string(k.PEM)
		i.out.Attestations++
	}
	return nil
}

func (i *importer) journals() error {
	ours, err := i.c.deps.Workspace.Lines()
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	for _, j := range i.in.Journals {
		item := fmt.Sprintf("journal of site %.8s", text.Safe(j.Site))
		have, err := i.c.journalOf(j.Site, ours)
		if err != nil {
			return err
		}
		if bytes.HasSuffix(j.Lines, []byte("\n")) && bytes.HasPrefix(have, j.Lines) {
			continue // it was read when it came
		}
		entries, _, err := journal.Read(j.Lines)
		if err != nil {
			return &ImportError{item, err}
		}
		if len(entries) == 0 || journal.SiteID(j.Lines) != j.Site {
			return &ImportError{item, fmt.Errorf("it is the journal of another site")}
		}
		switch last, now := entries[len(entries)-1].Time, i.c.now(); {
		case last.After(now.Add(clockReach)):
			return &ImportError{item, &ClockError{Now: now, Known: last, What: "the other site last wrote into its journal"}}
		case last.After(now.Add(clockSkew)) && last.After(i.ahead.Last):
			i.ahead = AheadSite{Name: siteName(entries[0], j.Site), Last: last}
		}
		if j.Site == journal.SiteID(ours) {
			return &ImportError{item, fmt.Errorf("it holds events of this very site that this site does not remember")}
		}
		longer, err := journal.Longer(have, j.Lines)
		if err != nil {
			return &ImportError{item, err}
		}
		if len(longer) > len(have) {
			i.ev.Journals = append(i.ev.Journals, event.NamedBlob{Name: j.Site, Blob: i.keep(longer)})
		}
	}
	return nil
}

// siteName is what the first line of a journal calls its site.
func siteName(first journal.Entry, id string) string {
	if ev, err := event.Read(first); err == nil {
		if began, ok := ev.(event.Began); ok {
			return text.Safe(began.Site)
		}
	}
	return fmt.Sprintf("%.8s", id)
}

// journalOf returns what is known of a site's journal; nil for nothing.
func (c *Ceremony) journalOf(site string, ours []byte) ([]byte, error) {
	if site == journal.SiteID(ours) {
		return ours, nil
	}
	blob, ok := c.state.journals[site]
	if !ok {
		return nil, nil
	}
	return c.deps.Workspace.Get(blob)
}

// Contents is everything that this site has to hand on.
func (c *Ceremony) Contents() (trust.Contents, error) {
	if c.stopped != nil {
		return trust.Contents{}, c.stopped
	}
	s := c.state
	out := trust.Contents{Trust: s.trust, Published: s.head}
	for _, p := range s.proposals {
		out.Proposals = append(out.Proposals, p.Proposal)
		for _, sig := range s.signaturesOf(p.ID) {
			out.Signatures = append(out.Signatures, trust.ProposalSignature{Proposal: p.ID, Signature: sig})
		}
	}
	for _, keyid := range slices.Sorted(maps.Keys(s.attested)) {
		out.Attestations = append(out.Attestations, trust.KeyAttestation{KeyID: keyid, PEM: s.attested[keyid]})
	}
	ours, err := c.deps.Workspace.Lines()
	if err != nil {
		return trust.Contents{}, fmt.Errorf("read the journal: %w", err)
	}
	for _, site := range slices.Sorted(maps.Keys(s.journals)) {
		lines, err := c.journalOf(site, ours)
		if err != nil {
			return trust.Contents{}, fmt.Errorf("journal of site %.8s: %w", site, err)
		}
		out.Journals = append(out.Journals, trust.SiteJournal{Site: site, Lines: lines})
	}
	if len(ours) > 0 {
		out.Journals = append(out.Journals, trust.SiteJournal{Site: journal.SiteID(ours), Lines: ours})
	}
	return out, nil
}

// Exported journals that a bundle of this site's contents was written and read back.
func (c *Ceremony) Exported(path string, digest metadata.Digest, size int64) error {
	if len(c.state.proposals) == 0 && len(c.state.head) == 0 {
		return ErrNotNow
	}
	return c.append(event.Exported{Path: path, Bundle: digest, Size: size})
}
