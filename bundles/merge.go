package bundles

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Merge is the union of what a and b hold, sorted. It is commutative,
// associative and idempotent: any number of sites may merge in any order and
// come to the same bytes.
//
// Two proposals of one version, and two signatures of one key over one
// proposal, both stay: people and assembly choose. A signature that can't be valid
// is not taken along. Of one site's journal
// the longer stays, as far as it holds together; a fork is a *journal.ForkError. Of two published sets the one
// with the newer root, then the newer timestamp stays, together with the roots
// of both; sets that contradict each other are a *HeadError. (A set that was
// superseded is gone, and with it the chance to notice that it contradicts a
// third; the newer one stays either way.) Versions decide, not signatures:
// whoever takes over a set verifies it.
//
// It returns a *TrustError for two trusts, a *trust.OtherRootError for two of the
// same name, and a *ProposalError where one payload comes with two descriptions.
func Merge(a, b trust.Contents) (trust.Contents, error) {
	if a.Trust != b.Trust {
		return trust.Contents{}, &TrustError{a.Trust, b.Trust}
	}
	if err := oneTrust(a, b); err != nil {
		return trust.Contents{}, err
	}
	head, err := mergeHeads(sorted(a).Published, sorted(b).Published)
	if err != nil {
		return trust.Contents{}, err
	}
	journals, err := mergeJournals(slices.Concat(a.Journals, b.Journals))
	if err != nil {
		return trust.Contents{}, err
	}
	c := sorted(trust.Contents{
		Trust:        a.Trust,
		Published:    head,
		Proposals:    slices.Concat(a.Proposals, b.Proposals),
		Signatures:   slices.Concat(a.Signatures, b.Signatures),
		Attestations: slices.Concat(a.Attestations, b.Attestations),
		Journals:     journals,
	})
	c = c.Sifted()
	_, err = check(c)
	return c, err
}

// oneTrust says whether neither holds a set, or a founding, that does not follow
// from the roots that are certain in the other. What can't be read is left to
// those who verify it.
func oneTrust(a, b trust.Contents) error {
	ours, err := trust.KnownOf(a)
	if err != nil {
		return nil
	}
	theirs, err := trust.KnownOf(b)
	if err != nil {
		return nil
	}
	return cmp.Or(ours.Joins(theirs), theirs.Joins(ours))
}

// TrustError: bundles of different trusts can't be merged.
type TrustError struct{ A, B string }

func (e *TrustError) Error() string {
	return fmt.Sprintf("one bundle is of the trust %q and the other of %q: they were not merged", text.Safe(e.A), text.Safe(e.B))
}

// Code names what happened, for people who look it up: bundles of two trusts.
func (*TrustError) Code() string { return "BUNDLE-OTHER-TRUST" }

// ProposalError: one payload is proposed with two different reasons or bases.
type ProposalError struct {
	Role    string
	Version int64
	Payload metadata.Digest
}

func (e *ProposalError) Error() string {
	return fmt.Sprintf("%s %d (%s) is proposed twice, with different reasons or on different versions: keep one of the two",
		text.Safe(e.Role), e.Version, e.Payload)
}

// Code names what happened, for people who look it up: a payload with two reasons or bases.
func (*ProposalError) Code() string { return "BUNDLE-PROPOSED-TWICE" }

func mergeJournals(journals []trust.SiteJournal) ([]trust.SiteJournal, error) {
	longest := map[string][]byte{}
	for _, j := range journals {
		short, long := longest[j.Site], journal.Whole(j.Lines)
		if len(long) == 0 {
			continue // not even its first line is one
		}
		if len(short) > len(long) {
			short, long = long, short
		}
		if !bytes.HasPrefix(long, short) {
			return nil, &journal.ForkError{Site: j.Site, Line: firstDifference(short, long)}
		}
		longest[j.Site] = long
	}
	merged := make([]trust.SiteJournal, 0, len(longest))
	for site, lines := range longest {
		merged = append(merged, trust.SiteJournal{Site: site, Lines: lines})
	}
	return merged, nil
}

// firstDifference is the number of the first line in which short and long differ.
func firstDifference(short, long []byte) int {
	n := 0
	for n < len(short) && short[n] == long[n] {
		n++
	}
	return 1 + bytes.Count(short[:n], []byte("\n"))
}
