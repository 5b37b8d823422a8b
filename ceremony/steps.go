package ceremony

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// StepKind says what a step is.
type StepKind string

const (
	StepBegin     StepKind = "begin"
	StepPreflight StepKind = "preflight" // with the clock
	StepPlan      StepKind = "plan"
	StepImport    StepKind = "import"
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
	Proposal metadata.Digest // StepSign: of the payload
	Quorum   Quorum          // StepSign
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
	begun, checked := c.Begun(), s.checked && !s.clock.IsZero()
	add(begun, true, Step{Kind: StepBegin, Text: "Begin the ceremony", Detail: Safe(s.site)})
	add(checked, begun, Step{Kind: StepPreflight, Text: "Check the machine and its clock"})
	ready := checked
	if s.kind == Cosign {
		imported := len(s.proposals) > 0
		add(imported, ready, Step{Kind: StepImport, Text: "Open the bundle to co-sign"})
		ready = imported
	} else {
		planned := s.plan != nil
		add(planned, ready, Step{Kind: StepPlan, Text: "Read and accept the plan", Detail: s.trust})
		ready = planned && c.enrolSteps(add)
		frozen := planned && c.frozen()
		add(frozen, ready, Step{Kind: StepFreeze, Text: "Freeze root 1 and targets 1"})
		ready = frozen
	}
	c.signSteps(ready, add)
	add(ready && !s.changed, ready, Step{Kind: StepExport, Text: "Write the bundle to a medium"})
	return steps
}

// enrolSteps adds a step for each holder and says whether all are done.
func (c *Ceremony) enrolSteps(add func(done, now bool, s Step)) bool {
	all := true
	for _, h := range c.Holders() {
		done := h.KeyID != ""
		detail := ""
		if h.Serial != "" {
			detail = "token " + h.Serial
		}
		add(done, true, Step{
			Kind: StepEnrol, Who: []string{h.Name}, Holder: h.Name,
			Text: h.Name + " enrols a token", Detail: detail,
		})
		all = all && done
	}
	return all
}

func (c *Ceremony) signSteps(ready bool, add func(done, now bool, s Step)) {
	known := c.state.known()
	for _, p := range c.state.proposals {
		what := fmt.Sprintf("%s %d", Safe(p.Role), p.Version)
		step := Step{Kind: StepSign, Proposal: p.id}
		quorum, err := known.quorum(p, c.state.signaturesOf(p.id))
		if conflict := known.conflict(p); conflict != nil {
			err = conflict
		}
		if err != nil {
			step.Text, step.Detail = what+" can't be signed", Safe(err.Error())
			add(false, false, step)
			continue
		}
		step.Quorum, step.Who = quorum, quorum.Open()
		step.Text, step.Detail = either(step.Who)+" signs "+what, quorum.String()
		if quorum.Met() {
			step.Text, step.Who = what+" is signed", nil
		}
		add(quorum.Met(), ready, step)
	}
	if len(c.state.proposals) == 0 {
		add(false, false, Step{Kind: StepSign, Text: "The holders sign"})
	}
}

// String says how far the quorum is: "1 of 3 by root 1: Ada".
func (q Quorum) String() string {
	parts := make([]string, len(q.By))
	for i, t := range q.By {
		parts[i] = fmt.Sprintf("%d of %d by %s", len(t.Signed), t.Threshold, t.By)
		if len(t.Signed) > 0 {
			parts[i] += ": " + strings.Join(t.Signed, ", ")
		}
	}
	return strings.Join(parts, "; ")
}

// With is the quorum after holder has signed too.
func (q Quorum) With(holder string) Quorum {
	q.By = slices.Clone(q.By)
	for i, t := range q.By {
		if slices.Contains(t.Open, holder) {
			q.By[i].Signed = append(slices.Clone(t.Signed), holder)
			q.By[i].Open = slices.DeleteFunc(slices.Clone(t.Open), func(n string) bool { return n == holder })
		}
	}
	return q
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
