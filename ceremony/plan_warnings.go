package ceremony

import "fmt"

// Warnings are sentences on what the plan leaves without a spare.
func (p *Plan) Warnings() []string {
	var list []string
	if len(p.Root.Holders) == p.Root.Threshold {
		list = append(list, unrotatable)
	}
	if len(p.Targets.Holders) == p.Targets.Threshold {
		list = append(list, noSpare("targets", "root"))
	}
	return list
}

// unrotatable is the danger of a root whose every key is needed (TUF 5.3.4).
const unrotatable = "Every root key is needed to change the root: with one token lost it can never be changed again."

// noSpare speaks of a role whose every key is needed.
func noSpare(role, parent string) string {
	return fmt.Sprintf("Every key of %s is needed to sign it: with one token lost, nobody can before %s names another key.", Safe(role), Safe(parent))
}
