package ceremony

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Preview is what the edits so far come to.
type Preview struct {
	Edits    []draft.Edit
	Missing  []string // holders whose new token is still to be enrolled
	Payloads []NextVersion
	Warnings []string // sentences
	Voids    []string // signatures that freezing makes void: "root 2: Ada, Bo"
	Problem  error    // a *Error: why it can't be frozen as it is; nil: it can
}

// NextVersion is one new version that a draft makes.
type NextVersion struct {
	Role    string
	Version int64
	Changes []review.Change
	Bins    int // how many hash bins it stands for: Role is "bins-*", Version 0; 0: it is one payload
}

// Name is how it is called: "root 2", "16 bins of team".
func (p NextVersion) Name() string { return trust.PayloadName(p.Role, p.Version, p.Bins) }

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
	out.Missing, out.Problem = d.Missing(), cmp.Or(c.state.known().Contest(), d.Problem())
	if len(out.Missing) > 0 {
		return out, nil
	}
	made, err := c.payloads(d)
	if err != nil {
		out.Problem = err
		return out, nil
	}
	out.Warnings = d.Warnings()
	payloads, warned := c.nextVersions(d, made)
	out.Payloads, out.Warnings = payloads, append(out.Warnings, warned...)
	out.Warnings = append(out.Warnings, c.state.known().With(made, c.superseded(made)).OutsideAny()...)
	out.Voids = c.voids(c.superseded(made))
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

// nextVersions are what payloads do, against what the draft builds on. Bins of
// one role are one of them.
func (c *Ceremony) nextVersions(d *draft.Draft, made []*trust.Payload) (list []NextVersion, warned []string) {
	var units []*trust.Unit
	at := map[string]*trust.Unit{} // by the role of the bins
	for _, p := range made {
		bins := d.BinsWith(p.Role)
		if u := at[bins]; u != nil {
			u.Payloads = append(u.Payloads, p)
			continue
		}
		u := &trust.Unit{Payloads: []*trust.Payload{p}, Bins: bins}
		units = append(units, u)
		if bins != "" {
			at[bins] = u
		}
	}
	for _, u := range units {
		read := make([]review.Bin, len(u.Payloads))
		for i, p := range u.Payloads {
			read[i] = review.Bin{Role: p.Role, After: p.Body}
			if base := d.Base(p.Role); base != nil {
				read[i].Before = base.Signed
			}
		}
		changes, odd := c.changes(u, read)
		if len(u.Payloads) == 1 {
			u.Bins = "" // one bin of several is a payload as any other
		}
		list = append(list, NextVersion{Role: u.Role(), Version: u.Version(), Bins: u.Count(), Changes: changes})
		warned = append(warned, odd...)
	}
	return list, warned
}

// voids says what freezing takes the place of, with all that builds on it, and
// whose signatures go with it.
func (c *Ceremony) voids(old []*trust.Payload) []string {
	var list []string
	known := c.state.known()
	for _, p := range old {
		old = append(old, known.Above(p)...)
	}
	seen := map[metadata.Digest]bool{}
	for _, p := range old {
		u := known.UnitOf(p)
		if seen[u.ID] {
			continue
		}
		seen[u.ID] = true
		what := u.Name() + " as it was"
		if u.Bins != "" {
			what = "payloads among the " + u.Name() + " as they were"
		}
		quorum, err := known.UnitQuorum(u)
		list = append(list, voidWords(what, quorum, err))
	}
	return list
}

func voidWords(what string, quorum trust.Quorum, err error) string {
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
