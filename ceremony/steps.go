package ceremony

import (
	"cmp"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// StepKind says what a step is.
type StepKind string

const (
	StepBegin     StepKind = "begin"
	StepPreflight StepKind = "preflight"
	StepPlan      StepKind = "plan"
	StepImport    StepKind = "import"
	StepDraft     StepKind = "draft"
	StepEnrol     StepKind = "enrol"
	StepFreeze    StepKind = "freeze"
	StepSign      StepKind = "sign"
	StepExport    StepKind = "export"
)

// StepState says whether a step is behind, here or ahead.
type StepState string

const (
	Done StepState = "done"
	Now  StepState = "now"
	ToDo StepState = "to do"
)

// Facilitator is who runs the machine.
const Facilitator = "facilitator"

// Step is one line of the list: who does what.
type Step struct {
	Kind     StepKind
	State    StepState
	Who      []string        // the holders who can do it, or Facilitator
	Text     string          // "Ada, Bo or Cy signs root 1"
	Detail   string          // "1 of 3 by root 1: Ada"; may be empty
	Holder   string          // StepEnrol: whose token
	Proposal metadata.Digest // StepSign: of the payload, or of several hash bins together
	Quorum   trust.Quorum    // StepSign
}

// Steps is the whole way, in order: what is done, what can be done now by whom,
// and what is still to do. It is all that a screen needs to know where it is.
func (c *Ceremony) Steps() []Step {
	var steps []Step
	add := func(done, now bool, s Step) {
		s.State = ToDo
		switch {
		case done:
			s.State = Done
		case now:
			s.State = Now
		}
		if s.Who == nil {
			s.Who = []string{Facilitator}
		}
		steps = append(steps, s)
	}
	s := c.state
	begun, checked := c.Begun(), s.checked
	add(begun, true, Step{Kind: StepBegin, Text: "Begin the ceremony", Detail: text.Safe(s.site)})
	add(checked, begun, Step{Kind: StepPreflight, Text: "Check the machine"})
	ready := checked
	switch s.kind {
	case Cosigning:
		imported := len(s.proposals) > 0
		add(imported, ready, Step{Kind: StepImport, Text: "Open the bundle to co-sign"})
		ready = imported
	case Changing:
		known := s.known().Newest("root") != nil
		add(known, ready, Step{Kind: StepImport, Text: "Open the bundle of the trust to change"})
		ready = known
	default:
		planned := s.plan != nil
		add(planned, ready, Step{Kind: StepPlan, Text: "Read and accept the plan", Detail: s.trust})
		ready = planned && c.enrolSteps(add)
		missing := c.Unfounded()
		frozen := planned && len(missing) == 0
		what := "root 1 and targets 1"
		if len(missing) == 1 {
			what = missing[0] + " 1"
		}
		add(frozen, ready, Step{Kind: StepFreeze, Text: "Freeze " + what})
		ready = frozen
	}
	ready = c.draftSteps(ready, add)
	c.signSteps(ready, add)
	add(ready && !s.changed, ready, Step{Kind: StepExport, Text: "Write the bundle to a medium"})
	return steps
}

// draftSteps adds the steps of a draft, where there is one or one is due, and
// says whether what is frozen may be signed and written: not while a draft is
// being made.
func (c *Ceremony) draftSteps(ready bool, add func(done, now bool, s Step)) bool {
	s := c.state
	known := s.known()
	open := slices.ContainsFunc(s.proposals, func(p *trust.Payload) bool { return known.Pending(p) })
	if len(s.edits) == 0 {
		if s.kind == Changing {
			add(open || s.changeFrozen, ready, Step{Kind: StepDraft, Text: "Say what is to change"})
			return ready && (open || s.changeFrozen)
		}
		return ready
	}
	draft, err := c.Preview()
	if err != nil {
		draft.Problem = err
	}
	words := make([]string, len(s.edits))
	for i, e := range s.edits {
		words[i] = e.String()
	}
	add(false, ready, Step{Kind: StepDraft, Text: "Say what is to change", Detail: strings.Join(words, "; ")})
	for _, name := range draft.Missing {
		add(false, ready, Step{Kind: StepEnrol, Who: []string{name}, Holder: name, Text: text.Safe(name) + " enrols a token"})
	}
	freeze := Step{Kind: StepFreeze, Text: "Freeze what is to change"}
	if draft.Problem != nil {
		freeze.Detail = text.Safe(draft.Problem.Error())
	}
	add(false, ready && len(draft.Missing) == 0 && draft.Problem == nil, freeze)
	return false
}

// enrolSteps adds a step for each holder of the plan and says whether all are done.
func (c *Ceremony) enrolSteps(add func(done, now bool, s Step)) bool {
	all, tokens := true, c.state.newTokens()
	for _, h := range c.state.plan.Holders {
		enrolled, done := tokens[h.Name]
		step := Step{Kind: StepEnrol, Who: []string{h.Name}, Holder: h.Name, Text: h.Name + " enrols a token"}
		if serial := cmp.Or(enrolled.Serial, h.Serial); serial != "" {
			step.Detail = "token " + serial
		}
		done = done || c.frozen()
		add(done, true, step)
		all = all && done
	}
	return all
}

func (c *Ceremony) signSteps(ready bool, add func(done, now bool, s Step)) {
	known := c.state.known()
	for _, u := range known.Units() {
		step := Step{Kind: StepSign, Proposal: u.ID}
		quorum, err := known.UnitQuorum(u)
		if err := cmp.Or(known.UnitSignable(u), err); err != nil {
			step.Text, step.Detail = u.Name()+" can't be signed", text.Safe(err.Error())
			add(false, false, step)
			continue
		}
		step.Quorum, step.Who = quorum, quorum.Open()
		step.Text, step.Detail = either(step.Who)+" signs "+u.Name(), quorum.String()
		if quorum.Met() {
			step.Text, step.Who = u.Name()+" "+verb(u)+" signed", nil
		}
		add(quorum.Met(), ready, step)
	}
	if len(c.state.proposals) == 0 {
		add(false, false, Step{Kind: StepSign, Text: "The holders sign"})
	}
}

// either joins names as in "Ada, Bo or Cy".
func either(names []string) string {
	switch n := len(names); n {
	case 0:
		return "Nobody"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
}

func verb(u *trust.Unit) string {
	if u.Bins != "" {
		return "are"
	}
	return "is"
}
