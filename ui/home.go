package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/ui/page"
)

// home is the list of steps: who does what. It returns what was chosen, and
// nil where the people leave.
func (f *flow) home(ctx context.Context, problem *page.Problem) (action, error) {
	steps := f.Ceremony.Steps()
	due := now(steps)
	title := "Who acts now?"
	if len(due) == 0 {
		title = "Every step is done"
	}
	p := f.page(title, page.StepList(folded(f.withoutRivals(steps)))).WithProblem(problem).WithHelp(
		"This list comes from the journal. It shows who can act now; the order among them is free.",
		"A holder steps up to the machine, reads what there is to sign, and signs with their own token.",
		"If signatures are missing and nobody else is here: export a bundle, and let another site co-sign it.",
	)
	p.NoBack = "This is the list of steps: everything leads back here. Ctrl-C leaves."
	choices, actions := f.ways(due, steps)
	key, err := f.Person.Choose(ctx, p, choices)
	if err != nil {
		return nil, err
	}
	return actions[key], nil
}

// folded makes the list short enough to be seen at once: the enrolments that
// are done share a line, as do those that are not, and the beginning, which the
// banner shows, is left out.
func folded(steps []ceremony.Step) []ceremony.Step {
	var out []ceremony.Step
	names := map[ceremony.StepState][]string{}
	for _, s := range steps {
		switch s.Kind {
		case ceremony.StepEnrol:
			names[s.State] = append(names[s.State], s.Holder)
			if n := len(names[s.State]); n == 1 {
				out = append(out, s)
			} else {
				i := slices.IndexFunc(out, func(o ceremony.Step) bool { return o.Kind == s.Kind && o.State == s.State })
				out[i].Text = map[bool]string{true: "Tokens are enrolled", false: "Tokens are to be enrolled"}[s.State == ceremony.Done]
				out[i].Detail = strings.Join(names[s.State], ", ")
			}
		case ceremony.StepBegin:
			if s.State == ceremony.Done {
				continue
			}
			fallthrough
		default:
			out = append(out, s)
		}
	}
	return out
}

// withoutRivals has one line for all payloads that claim to be one version.
func (f *flow) withoutRivals(steps []ceremony.Step) []ceremony.Step {
	for _, rivals := range conflicts(f.Ceremony.Undecided()) {
		first := true
		steps = slices.DeleteFunc(slices.Clone(steps), func(s ceremony.Step) bool {
			of := slices.ContainsFunc(rivals, func(p ceremony.OpenPayload) bool { return p.Proposal == s.Proposal })
			drop := of && !first
			first = first && !of
			return drop
		})
		for i, s := range steps {
			if s.Proposal == rivals[0].Proposal {
				steps[i].Detail = plural(rivals[0].Rivals+1, "payload claims", "payloads claim") + " to be this version: people choose one"
			}
		}
	}
	return steps
}

// ways are the choices of the list: for each person what they can do, then what
// the facilitator can.
func (f *flow) ways(due, steps []ceremony.Step) ([]page.Choice, map[string]action) {
	var choices []page.Choice
	actions := map[string]action{"leave": nil}
	add := func(c page.Choice, do action) {
		choices = append(choices, c)
		actions[c.Key] = do
	}
	signing := false
	draft := page.Choice{Key: "change", Label: "Change this trust", Detail: changeDetail}
	for _, s := range due {
		switch s.Kind {
		case ceremony.StepBegin:
			add(page.Choice{Key: "begin", Label: s.Text}, f.welcome)
		case ceremony.StepPreflight:
			add(page.Choice{Key: "preflight", Label: s.Text}, f.preflight)
		case ceremony.StepPlan:
			add(page.Choice{Key: "plan", Label: s.Text}, f.plan)
		case ceremony.StepImport:
			add(page.Choice{Key: "import", Label: s.Text}, f.opening)
		case ceremony.StepEnrol:
			add(page.Choice{Key: "enrol " + s.Holder, Label: s.Holder + " enrols a token", Detail: s.Detail},
				func(ctx context.Context) error { return f.enrol(ctx, s.Holder) })
		case ceremony.StepDraft:
			draft = page.Choice{Key: "change", Label: s.Text, Detail: changeDetail}
			if s.Detail != "" {
				draft = page.Choice{Key: "change", Label: "Go on with the draft"}
			}
		case ceremony.StepFreeze:
			add(page.Choice{Key: "freeze", Label: s.Text}, f.freeze)
		case ceremony.StepSign:
			signing = true
		}
	}
	for _, rivals := range conflicts(f.Ceremony.Undecided()) {
		add(page.Choice{Key: "choose " + openName(rivals[0]), Label: "Choose between payloads of " + openName(rivals[0]), Detail: rivalDetail(rivals)},
			func(ctx context.Context) error { return f.chooseRival(ctx, rivals) })
	}
	if signing {
		f.signers(due, add)
	}
	frozen := slices.ContainsFunc(steps, func(s ceremony.Step) bool { return s.Kind == ceremony.StepSign && !s.Proposal.IsZero() })
	out := frozen || slices.ContainsFunc(due, func(s ceremony.Step) bool { return s.Kind == ceremony.StepExport })
	if out {
		add(page.Choice{Key: "export", Label: "Write the bundle to a medium"}, f.export)
	}
	blocked := f.Ceremony.Changeable()
	_, conflict := errors.AsType[*trust.ConflictError](blocked)
	if out || blocked == nil || conflict {
		add(page.Choice{Key: "import", Label: "Take over a bundle of another site"}, f.importing)
	}
	if len(f.Ceremony.RecordSigners()) > 0 {
		add(page.Choice{Key: "record", Label: "Sign the record", Detail: "holders stand by the journal"}, f.signRecord)
	}
	if blocked == nil {
		add(draft, f.draft)
	}
	if blocked == nil || conflict {
		add(page.Choice{Key: "recover", Label: "Something went wrong", Detail: "a token, a key, an expiry"}, f.recover)
	} else if len(f.Ceremony.Undecided()) > 0 {
		add(page.Choice{Key: "cancel", Label: "Something is frozen that is wrong", Detail: "cancel it"}, f.cancel)
	}
	choices = append(choices, page.Choice{Key: "leave", Label: "Leave", Detail: "everything is kept"})
	return choices, actions
}

const changeDetail = "holders, expiry, targets"

// signers adds one choice for each key that can sign something now: somebody
// who gets a new token has one with each of the two, named by their serials.
func (f *flow) signers(due []ceremony.Step, add func(page.Choice, action)) {
	var signers []ceremony.Holder // in the order in which they are named
	open := map[string][]ceremony.Step{}
	keys := map[string]int{} // by name
	for _, s := range due {
		if s.Kind != ceremony.StepSign {
			continue
		}
		for _, h := range f.Ceremony.Signers(s.Proposal) {
			if open[h.KeyID] == nil {
				signers = append(signers, h)
				keys[h.Name]++
			}
			open[h.KeyID] = append(open[h.KeyID], s)
		}
	}
	slices.SortStableFunc(signers, func(a, b ceremony.Holder) int { return strings.Compare(a.Name, b.Name) })
	for _, h := range signers {
		var names []string
		for _, s := range open[h.KeyID] {
			names = append(names, what(s.Quorum))
		}
		c := page.Choice{Key: "sign " + h.Name, Label: fmt.Sprintf("%s signs %s", h.Name, strings.Join(names, " or "))}
		if keys[h.Name] > 1 {
			c.Key += " " + keyName(h)
			c.Detail = "with " + keyName(h)
		}
		add(c, func(ctx context.Context) error { return f.signOne(ctx, h, open[h.KeyID]) })
	}
}

// keyName tells the keys of one holder apart.
func keyName(h ceremony.Holder) string {
	if h.Serial != "" {
		return "token " + h.Serial
	}
	return "key " + short(h.KeyID)
}

// signOne asks which payload where there are several: one consent, one payload.
func (f *flow) signOne(ctx context.Context, h ceremony.Holder, open []ceremony.Step) error {
	if len(open) == 1 {
		return f.sign(ctx, h, open[0])
	}
	for {
		choices := make([]page.Choice, len(open))
		for i, s := range open {
			choices[i] = page.Choice{Key: what(s.Quorum), Label: "Sign " + what(s.Quorum), Detail: progress(s.Quorum)}
		}
		key, err := f.Person.Choose(ctx, f.page("What does "+h.Name+" sign first?",
			page.Para("Each payload is read, and consented to, by itself."),
		).By(h.Name, "", "").WithHelp("The order doesn't matter. After the first signature the other one is still in the list."), choices)
		if err != nil {
			return err
		}
		for _, s := range open {
			if key != what(s.Quorum) {
				continue
			}
			if err := f.sign(ctx, h, s); !errors.Is(err, page.ErrBack) {
				return err
			}
		}
	}
}
