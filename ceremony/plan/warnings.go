package plan

import "github.com/conclave-tuf/conclave/ceremony/trust"

// Warnings are sentences on what the plan leaves without a spare.
func (p *Plan) Warnings() []string {
	var list []string
	if len(p.Root.Holders) == p.Root.Threshold {
		list = append(list, trust.Unrotatable)
	}
	if len(p.Targets.Holders) == p.Targets.Threshold {
		list = append(list, trust.NoSpare("targets", "root"))
	}
	return list
}
