package ceremony

// Warnings are sentences on what the plan leaves without a spare.
func (p *Plan) Warnings() []string {
	var list []string
	if len(p.Root.Holders) == p.Root.Threshold {
		list = append(list, Unrotatable)
	}
	if len(p.Targets.Holders) == p.Targets.Threshold {
		list = append(list, NoSpare("targets", "root"))
	}
	return list
}
