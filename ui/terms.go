package ui

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ui/page"
)

// threshold asks how many signatures a role needs.
func (f *flow) threshold(ctx context.Context) error {
	return f.edit(ctx, func(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
		var role draft.RoleState
		var e draft.SetThreshold
		err := inTurn(ctx,
			func(ctx context.Context) (err error) {
				role, err = f.pickRole(ctx, f.draftPage("Which role's threshold?",
					page.Para("The threshold is how many keys must sign a role. More make it safer from thieves, fewer from losses."),
				).WithProblem(problem).WithHelp("If every key of the root is needed, one lost token means that the root can never be changed again."),
					func(r draft.RoleState) string { return fmt.Sprintf("%d of %d", r.Threshold, len(r.Holders)) })
				e.Role = role.Name
				return err
			},
			func(ctx context.Context) (err error) {
				e.Threshold, err = f.number(ctx, f.draftPage("How many must sign "+role.Name+"?", rolesNow([]draft.RoleState{role}),
					page.Para("Keys that join with this draft count as soon as their tokens are enrolled."),
				).WithHelp("The number is of keys, each with one vote."), "Number of signatures", maxThreshold)
				return err
			},
		)
		return []draft.Edit{e}, err
	})
}

// renew asks for how long a role's next version is good.
func (f *flow) renew(ctx context.Context) error {
	return f.renewal(ctx, f.draftPage("Which role is renewed?",
		page.Facts{{Label: "Today", Value: f.Now().UTC().Format(time.DateOnly)}},
		page.Para("A new version says the same and expires later. After its expiry a role is refused by every client."),
	).WithHelp("What changes in this draft anyway gets a new expiry too: say here how long."))
}

func (f *flow) renewal(ctx context.Context, p page.Page) error {
	return f.edit(ctx, func(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
		var role draft.RoleState
		var e draft.Renew
		err := inTurn(ctx,
			func(ctx context.Context) (err error) {
				role, err = f.pickRole(ctx, p.WithProblem(problem), expiry)
				e.Role = role.Name
				return err
			},
			func(ctx context.Context) (err error) { e.Days, err = f.days(ctx, role); return err },
		)
		return []draft.Edit{e}, err
	})
}

func expiry(r draft.RoleState) string {
	if r.Version == 0 {
		return "new"
	}
	return fmt.Sprintf("version %d expires %s", r.Version, r.Expires.UTC().Format(time.DateOnly))
}

func (f *flow) days(ctx context.Context, role draft.RoleState) (int, error) {
	most := f.mostDays(role.Name)
	return f.number(ctx, f.draftPage("For how many days is "+role.Name+" good?",
		page.Facts{{Label: "Today", Value: f.Now().UTC().Format(time.DateOnly)}, {Label: "Now", Value: expiry(role)}, {Label: "At most", Value: plural(most, "day", "days")}},
		page.Para("The days are counted from the moment of the freezing."),
	).WithHelp("As long as it takes to gather the holders again, with time to spare, and no longer."), "Number of days", most)
}

// maxThreshold and maxDays are beyond what anybody means.
const (
	maxThreshold = 99
	maxDays      = 3660
)

// mostDays is what the plan allows, where this site has one.
func (f *flow) mostDays(role string) int {
	plan := f.Ceremony.Plan()
	const day = 24 * time.Hour
	switch {
	case plan != nil && role == "root":
		return int(plan.Root.Expires / day)
	case plan != nil && role == "targets":
		return int(plan.Targets.Expires / day)
	}
	return maxDays
}

// number asks for a whole number from 1 on.
func (f *flow) number(ctx context.Context, p page.Page, label string, most int) (int, error) {
	typed, err := f.Person.Text(ctx, p, page.Field{Label: label, Judge: func(typed []byte) error {
		if n, err := strconv.Atoi(string(typed)); err != nil || n < 1 || n > most {
			return fmt.Errorf("that is not a whole number from 1 to %d", most)
		}
		return nil
	}})
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(typed)
}

// pickRole has a role chosen that holders sign.
func (f *flow) pickRole(ctx context.Context, p page.Page, detail func(draft.RoleState) string) (draft.RoleState, error) {
	d, err := f.Ceremony.Editable()
	if err != nil {
		return draft.RoleState{}, err
	}
	return f.pickRoleOf(ctx, p, draft.SignedByHolders(d.Roles), detail)
}

func (f *flow) pickRoleOf(ctx context.Context, p page.Page, roles []draft.RoleState, detail func(draft.RoleState) string) (draft.RoleState, error) {
	items := make([]item, len(roles))
	for i, r := range roles {
		items[i] = item{name: r.Name, detail: detail(r)}
	}
	name, err := f.pick(ctx, p, "role", items)
	if err != nil {
		return draft.RoleState{}, err
	}
	for _, r := range roles {
		if r.Name == name {
			return r, nil
		}
	}
	return draft.RoleState{}, fmt.Errorf("there is no role %s", name)
}
