package ui

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ui/page"
)

// delegatedText is what is delegated to a role, in words.
func delegatedText(r draft.RoleState) string {
	raw := strings.Join(r.Paths, " ")
	if r.Bins > 0 {
		raw = plural(r.Bins, "hash bin", "hash bins")
	}
	if r.Parent != "targets" && r.Parent != "" {
		raw += ", by " + text.Safe(r.Parent)
	}
	return raw
}

// parentOf asks who delegates to a role, where there is more than targets; ""
// is targets.
func (f *flow) parentOf(ctx context.Context, role string, d ceremony.Editable) (string, error) {
	var roles []draft.RoleState
	for _, r := range draft.SignedByHolders(d.Roles) {
		if r.Name != "root" && r.Bins == 0 {
			roles = append(roles, r)
		}
	}
	if len(roles) < 2 {
		return "", nil
	}
	parent, err := f.pickRoleOf(ctx, f.draftPage("Who delegates to "+role+"?",
		page.Para("A role delegates only what was delegated to it: clients follow the paths from targets down."),
	).WithHelp("The holders of the role that delegates sign a new version of it."), roles, delegatedText)
	if parent.Name == "targets" {
		return "", err
	}
	return parent.Name, err
}

// hashBins asks how the targets of a role are divided among bins.
func (f *flow) hashBins(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
	var e draft.HashBins
	d, err := f.Ceremony.Editable()
	if err != nil {
		return nil, err
	}
	err = inTurn(ctx,
		func(ctx context.Context) (err error) {
			e.Role, err = f.Person.Text(ctx, f.draftPage("What are the bins called?",
				page.Para("Hash bins are roles that share the targets among them, by the hash of the path. A client reads one of them, however many targets there are."),
				page.Para("What is typed here, and a number, is the name of each: bins-0, bins-1. It can't be changed later."),
			).WithProblem(problem).WithHelp("Up to some ten thousand targets they are not needed: a client reads at most 5 MB of targets."), page.Field{Label: "The names begin with", Judge: roleName})
			return err
		},
		func(ctx context.Context) (err error) { e.Parent, err = f.parentOf(ctx, e.Role+"-*", d); return err },
		func(ctx context.Context) error {
			bits, err := f.Person.Choose(ctx, f.draftPage("How many bins?",
				page.Para("Every bin is a file with signatures of its own. At first all are signed; later only those whose targets change."),
				page.Para("The holders read all of them as one list and consent once. The token makes one signature for each."),
			).WithHelp("A token that wants a touch for each signature is touched as often as there are bins: with many bins let it remember a touch.",
				"A bin with twenty thousand targets is still read by every client."), binCounts())
			e.BitLength, _ = strconv.Atoi(bits) // the keys are numbers
			return err
		},
		func(ctx context.Context) error {
			form, err := f.Person.Choose(ctx, f.draftPage("In which form are they delegated to?",
				page.Para("The short form (TAP 15) is read by python-tuf, go-tuf and tuf-js. It can't stand beside delegations by name in one role."),
				page.Para("The long form, path_hash_prefixes, is read by python-tuf, tuf-js and older clients."),
			).WithHelp("go-tuf up to 2.4.2 compares path_hash_prefixes with another spelling of the hash, and finds no target by them. Choose the short form for its clients."),
				[]page.Choice{{Key: "succinct", Label: "The short form", Detail: "succinct_roles"}, {Key: "prefixes", Label: "The long form", Detail: "path_hash_prefixes; go-tuf finds nothing by it"}})
			e.Prefixes = form == "prefixes"
			return err
		},
		func(ctx context.Context) (err error) {
			e.Holders, err = f.several(ctx, f.draftPage("Who signs the bins?",
				page.Para("The same holders sign all of them. Of those who have a token already; others join "+e.Role+"-* afterwards."),
			).WithHelp("The holders who sign the bins say what every target is. They need not be those of targets."), 0, f.holderItems(d))
			return err
		},
		func(ctx context.Context) (err error) {
			e.Threshold, err = f.number(ctx, f.draftPage("How many must sign each bin?", page.Facts{{Label: "Holders", Value: strings.Join(e.Holders, ", ")}},
				page.Para("Those who are still to join count as soon as their tokens are enrolled."),
			).WithHelp("The number is of keys, each with one vote."), "Number of signatures", maxThreshold)
			return err
		},
	)
	return []draft.Edit{e}, err
}

// binCounts are the numbers of bins to choose from, by their bits.
func binCounts() []page.Choice {
	var choices []page.Choice
	for bits := 2; bits <= 10; bits += 2 {
		choices = append(choices, page.Choice{Key: strconv.Itoa(bits), Label: fmt.Sprintf("%d bins", 1<<bits), Detail: fmt.Sprintf("up to %d targets", 10_000<<bits)})
	}
	return choices
}
