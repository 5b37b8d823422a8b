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
		return f.withdraw(ctx, rivals[0], Para("Another "+name+" is published already. This one can never take its place."))
	}
	var beside Rivals
	var facts Facts
	var options []option
	for _, p := range rivals {
		label := "Payload " + short(p.Proposal.String())
		beside = append(beside, Rival{label, p.Changes})
		facts = append(facts, Fact{label, rivalFacts(p)})
		if mayGo(rivals, p) {
			options = append(options, option{Choice{"keep " + short(p.Proposal.String()), "Keep payload " + short(p.Proposal.String()), ""},
				func(ctx context.Context) error { return f.keep(ctx, p, rivals) }})
		}
	}
	p := f.page("Which "+name+" is meant?",
		Para("There are several payloads of this version, and none of them can be signed. Talk to the other sites, and choose the same one everywhere."),
		facts, beside,
	).as(ceremony.Facilitator, name, "").help(
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
	body := []Block{Para("It keeps the signatures that it has. Its SHA-256, to be compared with the other sites:"), Hex(digest), WordGrid(text.Words(digest))}
	var others []ceremony.OpenPayload
	for _, p := range rivals {
		if p.Proposal != digest {
			others = append(others, p)
			body = append(body, Warning(fmt.Sprintf("Payload %s goes, for good: %s.", short(p.Proposal.String()), signedBy(p.Quorum))))
		}
	}
	words := "keep " + short(digest.String())
	page := f.page("Keep payload "+short(digest.String())+" of "+openName(kept), body...).as(ceremony.Facilitator, openName(kept), "").
		help("What was withdrawn stays in the journal, with who had signed it. Nothing of it is ever published.")
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
			Para("These are frozen and do not have all their signatures. What has them all may be published already, and can only be followed by another version."),
		).help("A cancelled payload does not come back with a bundle. The journal keeps it, with who had signed it."), "payload", items)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(items, func(it item) bool { return it.id == id })
		what := Para("Its version number is free again, for another payload. A token that was enrolled for it keeps its key: to enrol that token again it has to be reset.")
		if f.founding(open[i]) {
			what = "It can be frozen anew then, from the same plan. The tokens stay enrolled. Where it is root 1 that goes, targets 1 goes with it."
		}
		if err := f.withdraw(ctx, open[i], what); !errors.Is(err, ErrBack) {
			return err
		}
	}
}

// founding says whether a payload is one that this site makes from the plan.
func (f *flow) founding(p ceremony.OpenPayload) bool {
	return f.Ceremony.Kind() == ceremony.Founding && p.Version == 1 && (p.Role == "root" || p.Role == "targets")
}

// withdraw says what goes with a payload, asks why, and has it typed.
func (f *flow) withdraw(ctx context.Context, p ceremony.OpenPayload, what Para) error {
	name := openName(p)
	reason := ""
	return inTurn(ctx,
		func(ctx context.Context) (err error) {
			page := f.page("Why is "+name+" cancelled?", Facts{{"Frozen for", p.Reason}, {"Signatures", signedBy(p.Quorum)}}, Changes(p.Changes)).
				as(ceremony.Facilitator, name, "").help("The words stand in the record, for whoever asks later.")
			reason, err = f.Person.Text(ctx, page, Field{Label: "Reason", Check: visible})
			return err
		},
		func(ctx context.Context) error {
			page := f.page("Cancel "+name, what,
				Warning("It goes for good, and with it every signature over it: "+signedBy(p.Quorum)+"."),
				Para("Tell the other sites: they can still sign it, and have to cancel it too."),
			).as(ceremony.Facilitator, name, "").help("Nothing that is published is touched.")
			_, err := f.Person.Text(ctx, page, phrase("cancel "+name))
			return err
		},
		func(context.Context) error { return f.Ceremony.Withdraw(p.Proposal, reason) },
	)
}
