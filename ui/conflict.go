package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
)

// conflicts groups the payloads that claim to be one version of a role.
func conflicts(open []ceremony.OpenPayload) [][]ceremony.OpenPayload {
	var groups [][]ceremony.OpenPayload
	for _, p := range open {
		if p.Rivals == 0 {
			continue
		}
		i := slices.IndexFunc(groups, func(g []ceremony.OpenPayload) bool { return g[0].Role == p.Role && g[0].Version == p.Version })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}

func openName(p ceremony.OpenPayload) string { return trust.PayloadName(p.Role, p.Version, p.Bins) }

// chooseRival shows payloads of one version beside each other, and has people
// keep one of them.
func (f *flow) chooseRival(ctx context.Context, rivals []ceremony.OpenPayload) error {
	name := openName(rivals[0])
	if len(rivals) == 1 { // the other one is published
		return f.withdraw(ctx, rivals[0], page.Para("Another "+name+" is published already. This one can never take its place."))
	}
	var beside page.Rivals
	var facts page.Facts
	var options []option
	for _, p := range rivals {
		label := "Payload " + short(p.Proposal.String())
		beside = append(beside, page.Rival{Name: label, Changes: p.Changes})
		facts = append(facts, page.Fact{Label: label, Value: rivalFacts(p)})
		if mayGo(rivals, p) {
			options = append(options, option{page.Choice{Key: "keep " + short(p.Proposal.String()), Label: "Keep payload " + short(p.Proposal.String())},
				func(ctx context.Context) error { return f.keep(ctx, p, rivals) }})
		}
	}
	p := f.page("Which "+name+" is meant?",
		page.Para("There are several payloads of this version, and none of them can be signed. Talk to the other sites, and choose the same one everywhere."),
		facts, beside,
	).By(ceremony.Facilitator, name, "").WithHelp(
		"Two sites have changed the same version without knowing of each other. Only people can say which one is meant.",
		"The others are withdrawn here, for good: with a bundle that still has them they do not come back. Every site has to choose for itself.",
	)
	p.ReadAll = true
	return f.menu(ctx, p, options...)
}

// rivalDetail says what the conflict holds up.
func rivalDetail(rivals []ceremony.OpenPayload) string {
	if len(rivals) == 1 {
		return "another one is published"
	}
	return "nobody can sign it now"
}

// mayGo says whether all rivals but one can be withdrawn: one that alone has all
// its signatures may be published already, and stays.
func mayGo(rivals []ceremony.OpenPayload, kept ceremony.OpenPayload) bool {
	return !slices.ContainsFunc(rivals, func(p ceremony.OpenPayload) bool { return p.Proposal != kept.Proposal && p.Refused != nil })
}

// rivalFacts say why a payload was made and who has signed it.
func rivalFacts(p ceremony.OpenPayload) string {
	words := signedBy(p.Quorum)
	if p.Reason != "" {
		words = p.Reason + "; " + words
	}
	return words
}

// signedBy names whose signatures there are.
func signedBy(q trust.Quorum) string {
	var names []string
	for _, t := range q.By {
		names = append(names, t.Signed...)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return "nobody has signed it"
	}
	return "signed by " + strings.Join(names, ", ")
}

// keep withdraws all others.
func (f *flow) keep(ctx context.Context, kept ceremony.OpenPayload, rivals []ceremony.OpenPayload) error {
	digest := kept.Proposal
	body := []page.Block{page.Para("It keeps the signatures that it has. Its SHA-256, to be compared with the other sites:"), page.Hex(digest), page.WordGrid(text.Words(digest))}
	var others []ceremony.OpenPayload
	for _, p := range rivals {
		if p.Proposal != digest {
			others = append(others, p)
			body = append(body, page.Warning(fmt.Sprintf("Payload %s goes, for good: %s.", short(p.Proposal.String()), signedBy(p.Quorum))))
		}
	}
	words := "keep " + short(digest.String())
	page := f.page("Keep payload "+short(digest.String())+" of "+openName(kept), body...).By(ceremony.Facilitator, openName(kept), "").
		WithHelp("What was withdrawn stays in the journal, with who had signed it. Nothing of it is ever published.")
	page.ReadAll = true
	if _, err := f.Person.Text(ctx, page, phrase(words)); err != nil {
		return err
	}
	for _, p := range others {
		if err := f.Ceremony.Withdraw(p.Proposal, "people chose "+digest.String()); err != nil {
			return err
		}
	}
	return nil
}

// cancel has something chosen that is frozen and not complete, and withdraws it.
func (f *flow) cancel(ctx context.Context) error {
	open := slices.DeleteFunc(f.Ceremony.Undecided(), func(p ceremony.OpenPayload) bool { return p.Refused != nil })
	items := make([]item, len(open))
	for i, p := range open {
		items[i] = item{name: openName(p) + ", " + short(p.Proposal.String()), id: p.Proposal.String(), detail: rivalFacts(p)}
	}
	for {
		id, err := f.pick(ctx, f.page("What should nobody sign?",
			page.Para("These are frozen and do not have all their signatures. What has them all may be published already, and can only be followed by another version."),
		).WithHelp("A cancelled payload does not come back with a bundle. The journal keeps it, with who had signed it."), "payload", items)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(items, func(it item) bool { return it.id == id })
		what := page.Para("Its version number is free again, for another payload. A token that was enrolled for it keeps its key: to enrol that token again it has to be reset.")
		if f.founding(open[i]) {
			what = "It can be frozen anew then, from the same plan. The tokens stay enrolled. Where it is root 1 that goes, targets 1 goes with it."
		}
		if err := f.withdraw(ctx, open[i], what); !errors.Is(err, page.ErrBack) {
			return err
		}
	}
}

// founding says whether a payload is one that this site makes from the plan.
func (f *flow) founding(p ceremony.OpenPayload) bool {
	return f.Ceremony.Kind() == ceremony.Founding && p.Version == 1 && (p.Role == "root" || p.Role == "targets")
}

// withdraw says what goes with a payload, asks why, and has it typed.
func (f *flow) withdraw(ctx context.Context, p ceremony.OpenPayload, what page.Para) error {
	name := openName(p)
	reason := ""
	return inTurn(ctx,
		func(ctx context.Context) (err error) {
			shown := f.page("Why is "+name+" cancelled?", page.Facts{{Label: "Frozen for", Value: p.Reason}, {Label: "Signatures", Value: signedBy(p.Quorum)}}, page.Changes(p.Changes)).
				By(ceremony.Facilitator, name, "").WithHelp("The words stand in the record, for whoever asks later.")
			reason, err = f.Person.Text(ctx, shown, page.Field{Label: "Reason", Judge: visible})
			return err
		},
		func(ctx context.Context) error {
			page := f.page("Cancel "+name, what,
				page.Warning("It goes for good, and with it every signature over it: "+signedBy(p.Quorum)+"."),
				page.Para("Tell the other sites: they can still sign it, and have to cancel it too."),
			).By(ceremony.Facilitator, name, "").WithHelp("Nothing that is published is touched.")
			_, err := f.Person.Text(ctx, page, phrase("cancel "+name))
			return err
		},
		func(context.Context) error { return f.Ceremony.Withdraw(p.Proposal, reason) },
	)
}
