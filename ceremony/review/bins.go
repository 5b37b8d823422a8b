package review

import (
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Bin is a hash bin before and after.
type Bin struct {
	Role          string
	Before, After *metadata.Signed // Before: nil for none
}

// BinChanges is what bins do together, as one list by path. What is said of
// several bins in the same words stands there once.
func (v View) BinChanges(bins []Bin) (list []Change, warned []string) {
	before, after := emptyTargets(), emptyTargets() // all bins in one
	var said []Change
	of := map[Change][]string{} // the bins
	for _, b := range bins {
		maps.Copy(before.Targets.Targets, targetsOf(b.Before))
		maps.Copy(after.Targets.Targets, targetsOf(b.After))
		for _, ch := range differences(v.facts(b.Before), v.facts(b.After)) {
			if ch.Field == roleField && ch.After == text.Safe(b.Role) {
				continue // which it is anyway
			}
			if of[ch] == nil {
				said = append(said, ch)
			}
			of[ch] = append(of[ch], b.Role)
		}
		for _, w := range oddWarnings(b.Before, b.After) {
			if !slices.Contains(warned, w) {
				warned = append(warned, w)
			}
		}
	}
	for _, ch := range said {
		in := of[ch]
		switch {
		case len(in) == 1:
			ch.Field += " of " + text.Safe(in[0])
		case len(in) < len(bins):
			ch.Field += fmt.Sprintf(" of %d bins, %s to %s", len(in), text.Safe(in[0]), text.Safe(in[len(in)-1]))
		}
		list = append(list, ch)
	}
	for _, w := range lookAlikeWarnings(before, after) {
		if !slices.Contains(warned, w) {
			warned = append(warned, w)
		}
	}
	return append(list, targetChanges(before, after, likePaths(before, after))...), warned
}

func emptyTargets() *metadata.Signed {
	return &metadata.Signed{Targets: &metadata.Targets{Targets: map[string]metadata.Target{}}}
}
