package ui

import (
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
)

// tallies count each set of keys by itself, the old root apart from the new
// one: who has signed, and who can give what is missing.
func tallies(q trust.Quorum) page.Facts {
	var facts page.Facts
	for _, t := range q.By {
		words := fmt.Sprintf("%d of %d", len(t.Signed), t.Threshold)
		if len(t.Signed) > 0 {
			words += ": " + strings.Join(t.Signed, ", ")
		}
		if missing := t.Threshold - len(t.Signed); missing > 0 {
			words += fmt.Sprintf("; %d more of %s", missing, strings.Join(t.Open, ", "))
		}
		facts = append(facts, page.Fact{Label: "By " + t.By, Value: words})
	}
	return facts
}
