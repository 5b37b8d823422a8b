package ceremony

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Preview is what the edits so far come to.
type Preview struct {
	Edits    []Edit
	Missing  []string // holders whose new token is still to be enrolled
	Payloads []NextVersion
	Warnings []string // sentences
	Voids    []string // signatures that freezing makes void: "root 2: Ada, Bo"
	Problem  error    // a *DraftError: why it can't be frozen as it is; nil: it can
}

// NextVersion is one new version that a draft makes.
type NextVersion struct {
	Role    string
	Version int64
	Changes []Change
	Bins    int // how many hash bins it stands for: Role is "bins-*", Version 0; 0: it is one payload
}

// Name is how it is called: "root 2", "16 bins of team".
func (p NextVersion) Name() string { return PayloadName(p.Role, p.Version, p.Bins) }

// Preview shows what the edits come to. It has no edits where there is no draft.
func (c *Ceremony) Preview() (Preview, error) {
	out := Preview{Edits: slices.Clone(c.state.edits)}
	if len(out.Edits) == 0 {
		return out, nil
	}
	d, err := c.draftOf(c.state.edits)
	if err != nil {
		return out, err
	}
	out.Missing, out.Problem = d.missing, cmp.Or(c.state.known().contest(), d.unreachable())
	if len(d.missing) > 0 {
		return out, nil
	}
	proposals, err := c.proposals(d)
	if err != nil {
		out.Problem = err
		return out, nil
	}
	out.Warnings = d.warnings()
	payloads, warned := c.draftPayloads(d, proposals)
	out.Payloads, out.Warnings = payloads, append(out.Warnings, warned...)
	drafted := c.drafted(proposals)
	out.Warnings = append(out.Warnings, drafted.outside(drafted.roles()...)...)
	out.Voids = c.voids(c.superseded(proposals))
	return out, nil
}

// Names says what is frozen at once: "root 2 and targets 2", or how many versions.
func (p Preview) Names() string {
	const few = 3
	if len(p.Payloads) > few {
		return fmt.Sprintf("%d versions", len(p.Payloads))
	}
	names := make([]string, len(p.Payloads))
	for i, v := range p.Payloads {
		names[i] = v.Name()
	}
	return strings.Join(names, " and ")
}

// draftPayloads are what proposals do, against what the draft builds on. Bins
// of one role are one of them.
func (c *Ceremony) draftPayloads(d *draft, proposals []*proposal) (list []NextVersion, warned []string) {
	at := map[*bins]int{} // where in the list
	read := map[*bins][]Bin{}
	for _, p := range proposals {
		var before *metadata.Signed
		if base := d.baseOf(p.Role); base != nil {
			before = base.Signed
		}
		b := d.binsWith(p.Role)
		if b == nil {
			list = append(list, NextVersion{Role: p.Role, Version: p.Version, Changes: c.view().Changes(before, p.body)})
			warned = append(warned, Warnings(before, p.body)...)
			continue
		}
		if read[b] == nil {
			at[b] = len(list)
			list = append(list, NextVersion{Role: p.Role, Version: p.Version})
		}
		read[b] = append(read[b], Bin{p.Role, before, p.body})
	}
	for _, b := range slices.SortedFunc(maps.Keys(at), func(x, y *bins) int { return at[x] - at[y] }) {
		changes, odd := c.view().BinChanges(read[b])
		list[at[b]].Changes = changes
		if n := len(read[b]); n > 1 {
			list[at[b]] = NextVersion{Role: b.role(), Bins: n, Changes: changes}
		}
		warned = append(warned, odd...)
	}
	return list, warned
}

// voids says what freezing takes the place of, with all that builds on it, and
// whose signatures go with it.
func (c *Ceremony) voids(old []*proposal) []string {
	var list []string
	known := c.state.known()
	seen := map[*batch]bool{}
	for _, p := range old {
		old = append(old, known.above(p)...)
	}
	for _, p := range old {
		b := known.batchOf(p)
		switch {
		case b == nil:
			quorum, err := c.state.known().quorum(p)
			list = append(list, voidWords(fmt.Sprintf("%s %d as it was", Safe(p.Role), p.Version), quorum, err))
		case !seen[b]:
			seen[b] = true
			quorum, err := b.quorum(c.state.known().quorum)
			list = append(list, voidWords(fmt.Sprintf("payloads among the %s as they were", b.name()), quorum, err))
		}
	}
	return list
}

func voidWords(what string, quorum Quorum, err error) string {
	what += " frozen before"
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

// drafted is what this site knows, with proposals instead of those whose place
// they take.
func (c *Ceremony) drafted(proposals []*proposal) known {
	now, old := c.state.known(), c.superseded(proposals)
	kept := slices.DeleteFunc(slices.Clone(now.proposals), func(p *proposal) bool { return slices.Contains(old, p) })
	return newKnown(now.trust, now.published, append(kept, proposals...), c.state.signaturesOf)
}
