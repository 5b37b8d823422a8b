package plan

import (
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Warnings are sentences on what the plan leaves without a spare, and on targets
// that a hasty reader takes for another.
func (p *Plan) Warnings() []string {
	var list []string
	if len(p.Root.Holders) == p.Root.Threshold {
		list = append(list, trust.Unrotatable)
	}
	if len(p.Targets.Holders) == p.Targets.Threshold {
		list = append(list, trust.NoSpare("targets", "root"))
	}
	var paths []string
	for _, f := range p.Files {
		paths = append(paths, f.Path)
	}
	return append(list, review.LookAlikes(paths)...)
}
