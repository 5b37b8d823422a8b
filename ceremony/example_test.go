package ceremony_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// A ceremony says what is to be done now, and by whom: a founding by one holder,
// as far as the bundle that leaves the room.
func Example() {
	day := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	c, err := ceremony.Open(ceremony.Deps{
		Workspace: &journal.Memory{}, Now: func() time.Time { return day }, Rand: rand.Reader, Tool: "example",
	})
	ada, pin := newSoftToken("1001"), token.NewPIN([]byte("123456"))
	for err == nil {
		steps := c.Steps()
		now := steps[slices.IndexFunc(steps, func(s ceremony.Step) bool { return s.State == ceremony.Now })]
		fmt.Println(now.Text)
		switch now.Kind {
		case ceremony.StepBegin:
			if err = c.ConfirmClock(day, "wall clock"); err == nil {
				err = c.Begin(ceremony.Founding, "vienna", true)
			}
		case ceremony.StepPreflight:
			err = c.Preflight(nil)
		case ceremony.StepPlan:
			err = c.AcceptPlan([]byte(`trust: rehearsal-example
holders: [{name: Ada}]
roles:
  root: {threshold: 1, holders: [Ada], expires: 365d}
  targets: {threshold: 1, holders: [Ada], expires: 90d}
online: {snapshot: online.pub, timestamp: online.pub}
tokens: {without-attestation: true}
`), map[string][]byte{"online.pub": []byte(`-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq35JohWsYMvvjkGXruWhA0tfligF
KJgZGxxPLHcSiJj2pCEcocC2gWMJcL6ldycGck0iIc+Rn/NLUCVqFJiTog==
-----END PUBLIC KEY-----
`)})
		case ceremony.StepEnrol:
			_, err = c.Enrol(context.Background(), now.Holder, ada, pin, token.NewPIN([]byte("87654321")))
		case ceremony.StepFreeze:
			err = c.Freeze()
		case ceremony.StepSign:
			var r review.Review
			if r, err = c.Review(now.Proposal, c.Holders()[0]); err != nil {
				break
			}
			ask := [2]int{7, 21} // from Challenge; Ada reads the review, and types these words of it
			typed := ceremony.Consent{Proposal: r.Digest, Phrase: r.Phrase, Challenge: ask, Words: [2]string{r.Words[ask[0]-1], r.Words[ask[1]-1]}}
			_, err = c.Sign(context.Background(), "Ada", ada, pin, typed)
		case ceremony.StepExport:
			_, checked, err := c.Handover() // for bundles.Encode; Exported then says that it was written
			fmt.Println(checked.Verified, err)
			return
		}
	}
	fmt.Println(err)
	// Output:
	// Begin the ceremony
	// Check the machine
	// Read and accept the plan
	// Ada enrols a token
	// Freeze root 1 and targets 1
	// Ada signs root 1
	// Ada signs targets 1
	// Write the bundle to a medium
	// [root 1 targets 1] <nil>
}
