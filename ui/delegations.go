package ui

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ui/page"
)

// delegations asks what others than the holders of targets sign for.
func (f *flow) delegations(ctx context.Context) error {
	d, err := f.Ceremony.Editable()
	if err != nil {
		return err
	}
	options := []option{{page.Choice{Key: "delegate", Label: "Delegate paths to a new role", Detail: "with holders of its own"},
		func(ctx context.Context) error { return f.edit(ctx, f.delegate) }}}
	options = append(options, option{page.Choice{Key: "bins", Label: "Divide targets among hash bins", Detail: "for very many targets"},
		func(ctx context.Context) error { return f.edit(ctx, f.hashBins) }})
	facts := page.Facts{}
	for _, r := range delegated(d.Roles) {
		facts = append(facts, page.Fact{Label: r.Name, Value: delegatedText(r)})
	}
	if len(facts) == 0 {
		facts = page.Facts{{Label: "Delegated", Value: "nothing"}}
	} else {
		options = append(options,
			option{page.Choice{Key: "paths", Label: "Change what is delegated to a role"}, func(ctx context.Context) error { return f.edit(ctx, f.setPaths) }},
			option{page.Choice{Key: "undelegate", Label: "Take a delegation away"}, func(ctx context.Context) error { return f.edit(ctx, f.undelegate) }})
	}
	return f.menu(ctx, f.draftPage("Which change of delegations?", facts).WithHelp(
		"A delegated role has its own version, its own expiry and its own signatures. targets says which paths it may speak for, and who signs it.",
		"Its holders and their tokens are changed with those of the other roles.",
	), options...)
}

func delegated(roles []draft.RoleState) []draft.RoleState {
	return slices.DeleteFunc(draft.SignedByHolders(roles), func(r draft.RoleState) bool { return r.Name == "root" || r.Name == "targets" })
}

func (f *flow) delegate(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
	var e draft.Delegate
	d, err := f.Ceremony.Editable()
	if err != nil {
		return nil, err
	}
	err = inTurn(ctx,
		func(ctx context.Context) (err error) {
			e.Role, err = f.Person.Text(ctx, f.draftPage("What is the role called?",
				page.Para("The name is a part of file names and of tags: letters, digits and dashes do everywhere. It can't be changed later."),
			).WithProblem(problem).WithHelp("A team, or what it is responsible for."), page.Field{Label: "Name of the role", Judge: roleName})
			return err
		},
		func(ctx context.Context) (err error) {
			e.Parent, err = f.parentOf(ctx, e.Role, d)
			return err
		},
		func(ctx context.Context) (err error) { e.Paths, err = f.paths(ctx, e.Role, nil); return err },
		func(ctx context.Context) error {
			key, err := f.Person.Choose(ctx, f.draftPage("Does the search end at "+e.Role+"?", page.Facts{{Label: "Paths", Value: strings.Join(e.Paths, " ")}},
				page.Para("Where "+e.Role+" has no target of a name, a client can look in the roles after it, or give up."),
			).WithHelp("The standard calls a delegation at which the search ends terminating."),
				[]page.Choice{{Key: "no", Label: "No, clients look further", Detail: "the usual way"}, {Key: "yes", Label: "Yes, it ends here", Detail: "terminating"}})
			e.Terminating = key == "yes"
			return err
		},
		func(ctx context.Context) (err error) {
			e.Holders, err = f.several(ctx, f.draftPage("Who signs "+e.Role+"?",
				page.Para("Of those who have a token already. Others join afterwards: they are a change of their own."),
			).WithHelp("With nobody chosen here, the role has no key before somebody joins it."), 0, f.holderItems(d))
			return err
		},
		func(ctx context.Context) (err error) {
			e.Threshold, err = f.number(ctx, f.draftPage("How many must sign "+e.Role+"?", page.Facts{{Label: "Holders", Value: strings.Join(e.Holders, ", ")}},
				page.Para("Those who are still to join count as soon as their tokens are enrolled."),
			).WithHelp("The number is of keys, each with one vote."), "Number of signatures", maxThreshold)
			return err
		},
	)
	return []draft.Edit{e}, err
}

// roleName takes a name that is a file's on every system; the metadata takes no other.
func roleName(typed []byte) error {
	s := string(typed)
	if strings.ContainsAny(s, `/\.%:*?"<>| `) || strings.HasPrefix(s, "-") {
		return errors.New(`the name of a role has no space, no dot, none of / \ % : * ? " < > |, and no dash in front`)
	}
	return visible(typed)
}

// paths asks for what is delegated to a role.
func (f *flow) paths(ctx context.Context, role string, now []string) ([]string, error) {
	p := f.draftPage("Which paths may "+role+" speak for?",
		page.Para("Patterns, with spaces between them: team/* is every path right below team. A star stops at a slash."),
	).WithHelp("A client believes "+role+" for these paths only, whatever else it says.", "Several patterns: team/* team/*/*")
	if now != nil {
		p.Body = append([]page.Block{page.Facts{{Label: "Now", Value: strings.Join(now, " ")}}}, p.Body...)
	}
	typed, err := f.Person.Text(ctx, p, page.Field{Label: "Paths"})
	return strings.Fields(typed), err
}

func (f *flow) setPaths(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
	var role draft.RoleState
	var e draft.SetPaths
	err := inTurn(ctx,
		func(ctx context.Context) (err error) {
			role, err = f.pickDelegated(ctx, f.draftPage("Whose paths change?").WithProblem(problem))
			e.Role = role.Name
			return err
		},
		func(ctx context.Context) (err error) { e.Paths, err = f.paths(ctx, role.Name, role.Paths); return err },
	)
	return []draft.Edit{e}, err
}

func (f *flow) undelegate(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
	role, err := f.pickDelegated(ctx, f.draftPage("Which delegation is taken away?",
		page.Para("Clients find no target of that role any more."),
		page.Para("Clients refuse a snapshot that drops a role. So the uploader goes on listing the last version of it, which nobody asks for any more."),
		page.Para("The name is used up: a new role of the same name would begin with version 1, which clients refuse."),
	).WithProblem(problem).WithHelp(
		"Another program that publishes this trust has to go on listing the role too, or sign the snapshot with a new key: change that key in the same draft then.",
		"To change who signs the role, or for what, keep the delegation and change its holders or its paths.",
	))
	return []draft.Edit{draft.Undelegate{Role: role.Name}}, err
}

func (f *flow) pickDelegated(ctx context.Context, p page.Page) (draft.RoleState, error) {
	d, err := f.Ceremony.Editable()
	if err != nil {
		return draft.RoleState{}, err
	}
	return f.pickRoleOf(ctx, p, delegated(d.Roles), delegatedText)
}
