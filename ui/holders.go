package ui

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ui/page"
)

// holders asks what is to change about the people and their tokens.
func (f *flow) holders(ctx context.Context) error {
	d, err := f.Ceremony.Editable()
	if err != nil {
		return err
	}
	options := []option{
		{page.Choice{Key: "join", Label: "Somebody joins", Detail: "with a token of their own"},
			func(ctx context.Context) error { return f.edit(ctx, f.joins) }},
		{page.Choice{Key: "new token", Label: "Somebody gets a new token", Detail: "the old one still signs"},
			func(ctx context.Context) error { return f.edit(ctx, f.newTokenFor(false)) }},
		{page.Choice{Key: "lost", Label: "A token is lost or broken", Detail: "its holder gets a new one"},
			func(ctx context.Context) error { return f.edit(ctx, f.newTokenFor(true)) }},
		{page.Choice{Key: "join role", Label: "Somebody signs one more role", Detail: "with the token that they have"},
			func(ctx context.Context) error { return f.edit(ctx, f.joinsRole) }},
		{page.Choice{Key: "leave role", Label: "Somebody leaves one role", Detail: "and stays in the others"},
			func(ctx context.Context) error { return f.edit(ctx, f.leavesRole) }},
		{page.Choice{Key: "leave", Label: "Somebody leaves", Detail: "every role at once"},
			func(ctx context.Context) error { return f.edit(ctx, f.leaves) }},
	}
	if n := len(d.Unnamed); n > 0 {
		options = append(options, option{page.Choice{Key: "name", Label: "Say whose a key is", Detail: plural(n, "key has", "keys have") + " no name"},
			func(ctx context.Context) error { return f.edit(ctx, f.namesHolder) }})
	}
	p := f.draftPage("Which holder, which token?", rolesNow(d.Roles)).WithHelp(
		"Somebody who gets a new token signs the new root with both: the old token counts for the old root, the new one for the new root.",
		"A new root needs as many signatures by the keys of the old root as the old root says. Every token that still signs helps.",
	)
	return f.menu(ctx, p, options...)
}

// rolesNow says who signs which role, with the edits so far.
func rolesNow(roles []draft.RoleState) page.Facts {
	var facts page.Facts
	for _, r := range draft.SignedByHolders(roles) {
		who := "nobody yet"
		if len(r.Holders) > 0 {
			who = fmt.Sprintf("%d of %s", r.Threshold, strings.Join(r.Holders, ", "))
		}
		facts = append(facts, page.Fact{Label: r.Name, Value: who})
	}
	return facts
}

func (f *flow) joins(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
	var e draft.AddHolder
	d, err := f.Ceremony.Editable()
	if err != nil {
		return nil, err
	}
	err = inTurn(ctx,
		func(ctx context.Context) (err error) {
			e.Holder, err = f.Person.Text(ctx, f.draftPage("Who joins?", rolesNow(d.Roles),
				page.Para("The name stands in the metadata, for everybody to read, for years."),
			).WithProblem(problem).WithHelp("Choose a name that nobody can mistake for another holder's."),
				page.Field{Label: "Name of the new holder", Judge: visible})
			return err
		},
		func(ctx context.Context) (err error) {
			e.Roles, err = f.several(ctx, f.draftPage("What does "+e.Holder+" sign?",
				page.Para("Choose one role or more. One token serves all of them."),
			).WithHelp("The number of signatures that a role needs stays as it is: that is another change."), 1, roleItems(draft.SignedByHolders(d.Roles)))
			return err
		},
	)
	return []draft.Edit{e}, err
}

func roleItems(roles []draft.RoleState) []item {
	items := make([]item, len(roles))
	for i, r := range roles {
		items[i] = item{name: r.Name, detail: fmt.Sprintf("%d of %d", r.Threshold, len(r.Holders))}
	}
	return items
}

func (f *flow) newTokenFor(lost bool) func(context.Context, *page.Problem) ([]draft.Edit, error) {
	title, what := "Who gets a new token?", page.Para("The old token signs the new root a last time, for the old root. Keep it until then.")
	if lost {
		title, what = "Whose token is lost or broken?", "It is not counted on for any signature. The new token takes its place in every role."
	}
	return func(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
		name, err := f.pickHolder(ctx, f.draftPage(title, what).WithProblem(problem).WithHelp(
			"The new token is enrolled in the list of steps, after this. It has to be one that holds no key.",
		))
		return []draft.Edit{draft.ReplaceToken{Holder: name, Lost: lost}}, err
	}
}

// joinsRole gives somebody a vote in more roles, with the key that they have.
func (f *flow) joinsRole(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
	var name string
	var roles []string
	err := inTurn(ctx,
		func(ctx context.Context) (err error) {
			name, err = f.pickHolder(ctx, f.draftPage("Who signs one more role?",
				page.Para("Their token stays the same: no other one is enrolled."),
			).WithProblem(problem).WithHelp("Somebody who has no token yet joins instead."))
			return err
		},
		func(ctx context.Context) error {
			others, err := f.rolesOf(name, false)
			if err != nil {
				return err
			}
			p := f.draftPage("What does " + name + " sign as well?").WithHelp("The number of signatures that a role needs stays as it is: that is another change.")
			if len(others) == 0 {
				p.Body = append(p.Body, page.Strong(name+" signs every role already."))
				return backFrom(f.Person.Tell(ctx, p))
			}
			roles, err = f.several(ctx, p, 1, roleItems(others))
			return err
		},
	)
	edits := make([]draft.Edit, len(roles))
	for i, role := range roles {
		edits[i] = draft.JoinRole{Holder: name, Role: role}
	}
	return edits, err
}

// leavesRole takes somebody's vote in one role away.
func (f *flow) leavesRole(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
	var e draft.LeaveRole
	err := inTurn(ctx,
		func(ctx context.Context) (err error) {
			e.Holder, err = f.pickHolder(ctx, f.draftPage("Who leaves a role?",
				page.Para("Their key has no vote any more in that role, and keeps its votes in the others."),
			).WithProblem(problem).WithHelp("Whose token is lost leaves every role: choose that instead."))
			return err
		},
		func(ctx context.Context) error {
			roles, err := f.rolesOf(e.Holder, true)
			if err != nil {
				return err
			}
			role, err := f.pickRoleOf(ctx, f.draftPage("Which role does "+e.Holder+" leave?",
				page.Para("The number of signatures that the role needs stays as it is."),
			).WithHelp("If the role has too few keys then for its threshold, the draft says so: change the threshold, or let somebody join."), roles,
				func(r draft.RoleState) string { return fmt.Sprintf("%d of %d", r.Threshold, len(r.Holders)) })
			e.Role = role.Name
			return err
		},
	)
	return []draft.Edit{e}, err
}

// rolesOf lists the roles that somebody signs, or the others that holders sign.
func (f *flow) rolesOf(name string, signs bool) ([]draft.RoleState, error) {
	d, err := f.Ceremony.Editable()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(draft.SignedByHolders(d.Roles), func(r draft.RoleState) bool {
		return slices.Contains(r.Holders, text.Safe(name)) != signs
	}), nil
}

func (f *flow) leaves(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
	var e draft.RemoveHolder
	err := inTurn(ctx,
		func(ctx context.Context) (err error) {
			e.Holder, err = f.pickHolder(ctx, f.draftPage("Who leaves?",
				page.Para("Their key has no vote any more in any role of the new versions. The numbers of signatures stay as they are."),
			).WithProblem(problem).WithHelp("If a role has too few keys then for its threshold, the draft says so: change the threshold, or let somebody join."))
			return err
		},
		func(ctx context.Context) (err error) { e.Lost, err = f.stillSigns(ctx, e.Holder); return err },
	)
	return []draft.Edit{e}, err
}

// stillSigns asks whether a token can be counted on for one more signature.
func (f *flow) stillSigns(ctx context.Context, name string) (lost bool, err error) {
	key, err := f.Person.Choose(ctx, f.draftPage("Can the token of "+name+" sign once more?",
		page.Para("A new root needs the signatures of the old one, and this token's may be one of them."),
	).WithHelp("The program counts whether the old root's holders can give as many signatures as it needs."),
		[]page.Choice{{Key: "yes", Label: "Yes, " + name + " still has it"}, {Key: "lost", Label: "No", Detail: "lost, broken, or not to be trusted"}})
	return key == "lost", err
}

// pickHolder has somebody chosen who has a key.
func (f *flow) pickHolder(ctx context.Context, p page.Page) (string, error) {
	d, err := f.Ceremony.Editable()
	if err != nil {
		return "", err
	}
	if len(d.Holders) == 0 {
		p.Body = append(p.Body, page.Strong("No key has a holder's name yet: say whose the keys are first."))
		return "", backFrom(f.Person.Tell(ctx, p))
	}
	return f.pick(ctx, p, "holder", f.holderItems(d))
}

// backFrom makes a page that only tells something one to go back from.
func backFrom(err error) error {
	if err == nil {
		return page.ErrBack
	}
	return err
}

// holderItems are the holders, with their tokens and roles.
func (f *flow) holderItems(d ceremony.Editable) []item {
	serials := map[string][]string{}
	for _, h := range f.Ceremony.Holders() {
		if h.Serial != "" && !slices.Contains(serials[h.Name], h.Serial) {
			serials[h.Name] = append(serials[h.Name], h.Serial)
		}
	}
	items := make([]item, len(d.Holders))
	for i, name := range d.Holders {
		var roles []string
		for _, r := range d.Roles {
			if slices.Contains(r.Holders, text.Safe(name)) {
				roles = append(roles, r.Name)
			}
		}
		detail := strings.Join(roles, ", ")
		if s := serials[name]; len(s) > 0 {
			detail = "token " + strings.Join(s, " and ") + ": " + detail
		}
		items[i] = item{name: name, detail: detail}
	}
	return items
}

func (f *flow) namesHolder(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
	var e draft.NameHolder
	d, err := f.Ceremony.Editable()
	if err != nil {
		return nil, err
	}
	items := make([]item, len(d.Unnamed))
	for i, h := range d.Unnamed {
		items[i] = item{name: h.Name, id: h.KeyID, detail: strings.Join(h.Roles, ", ") + ", now " + short(h.KeyID)}
	}
	err = inTurn(ctx,
		func(ctx context.Context) (err error) {
			e.KeyID, err = f.pick(ctx, f.draftPage("Which key has a holder?",
				page.Para("The metadata that was adopted names no holders. A key is shown by the keyid that strict clients give it: a token's is the same."),
			).WithProblem(problem).WithHelp("The command: conclave token list shows the keyid of a token. Where the adopted metadata has the key under another keyid, that one is not the hash of the key as it is written today."), "key", items)
			return err
		},
		func(ctx context.Context) (err error) {
			e.Holder, err = f.Person.Text(ctx, f.draftPage("Whose is it?", page.Facts{{Label: "Key", Value: e.KeyID}},
				page.Para("The name stands in the metadata from the next version on. The key stays the same."),
			).WithHelp("Only people can know this: ask the holder to show the token."), page.Field{Label: "Name of the holder", Judge: visible})
			return err
		},
	)
	return []draft.Edit{e}, err
}
