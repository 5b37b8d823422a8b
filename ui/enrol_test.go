package ui_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

// anyTokens is the plan without serial numbers.
var anyTokens = strings.NewReplacer(
	`, serial: "5417501"`, "", `, serial: "5417502"`, "", `, serial: "5417503"`, "",
	`, serial: "5417504"`, "", `, serial: "5417505"`, "").Replace(planText)

// planned is a site with an accepted plan.
func (s *site) planned(written string) *ceremony.Ceremony {
	s.t.Helper()
	s.stick.plan = written
	c := s.ready(ceremony.Founding, "Berlin")
	text, files, err := s.stick.ReadPlan(s.t.Context(), ui.File{})
	s.must(err)
	s.must(c.AcceptPlan(text, files))
	return c
}

// inReader puts a token into the reader, alone.
func (s *site) inReader(serial string) token.Enroller {
	s.t.Helper()
	s.must(s.drawer.Insert(serial))
	tokens, err := s.drawer.Tokens(s.t.Context())
	s.must(err)
	if len(tokens) != 1 {
		s.t.Fatalf("%d tokens are in the reader", len(tokens))
	}
	return tokens[0].(token.Enroller)
}

// cutShort is a token whose enrolment stops before or after the token has done
// anything, as by a power cut.
type cutShort struct {
	token.Enroller
	after bool
}

func (c cutShort) Enrol(ctx context.Context, r token.EnrolRequest) (token.Enrolment, error) {
	if c.after {
		if _, err := c.Enroller.Enrol(ctx, r); err != nil {
			return token.Enrolment{}, err
		}
	}
	return token.Enrolment{}, errors.New("the power was cut")
}

// interrupted is a site where Ada's enrolment of token 5417501 was cut short.
func interrupted(t *testing.T, written string, after bool) *site {
	t.Helper()
	s := newSite(t)
	c := s.planned(written)
	token := cutShort{s.inReader("5417501"), after}
	if _, err := c.Enrol(t.Context(), "Ada", token, secret(pins["Ada"]), secret(paper)); err == nil {
		t.Fatal("the enrolment was not cut short")
	}
	s.must(s.drawer.Remove("5417501"))
	return s
}

// takesOut takes the only token out of the reader.
func (e *emulated) takesOut(serial string) {
	e.t.Helper()
	e.takes("Take out token " + serial)
	e.sees("In the reader nothing")
}

// toAda goes from the start to Ada's enrolment.
func (e *emulated) toAda() {
	e.t.Helper()
	e.comesBack()
	e.takes("Ada enrols a token")
}

func TestInterruptedEnrolmentGoesOn(t *testing.T) {
	for name, after := range map[string]bool{"token as shipped": false, "token that was done": true} {
		t.Run(name, func(t *testing.T) {
			s := interrupted(t, anyTokens, after)
			e := start(t, setting{}, s.talk)
			e.toAda()
			e.golden("cut-01", "The enrolment of Ada was interrupted", "token 5417501 (Ada)")
			e.takes("Go on with token 5417501")
			e.sees("Insert token 5417501 (Ada)")
			e.takes("Insert token 5417506")
			e.sees("TOKEN-WRONG", "Token 5417501 (Ada) is expected; 5417506 is in the reader.")
			e.takesOut("5417506")
			e.takes("Insert token 5417501")
			e.golden("cut-02-pin", "The PIN of the interrupted enrolment", "Tries left 3")
			e.types(pins["Ada"] + enter)
			e.sees("Type the PIN once more")
			e.types(pins["Ada"] + enter)
			e.golden("cut-03-puk", "The PUK of the interrupted enrolment")
			e.types(paper + enter)
			e.sees("Type the PUK once more")
			e.types(strings.Replace(paper, "A", "C", 1) + enter)
			e.golden("cut-04-puk-differs", "PUK-DIFFERS")
			e.types(paper + enter)
			e.sees("Type the PUK once more")
			e.types(paper + enter)
			e.sees("Token 5417501 is Ada's", "c continue")
			if serial, ok := s.read().CutShort("Ada"); ok {
				t.Errorf("the enrolment of token %s is still to be gone on with", serial)
			}
		})
	}
}

func TestAnotherTokenInsteadOfAnInterruptedOne(t *testing.T) {
	s := interrupted(t, anyTokens, true)
	e := start(t, setting{}, s.talk)
	e.toAda()
	e.takes("Enrol another token instead")
	e.golden("another-01", "Another token for Ada", "Type: enrol another token")
	e.types(escape)
	e.takes("Enrol another token instead")
	e.sees("Type: enrol another token")
	e.types("enrol another token" + enter)
	e.sees("Insert the token of Ada")
	e.takes("Insert token 5417501")
	e.golden("another-02-given-up", "TOKEN-GIVEN-UP")
	e.takesOut("5417501")
	e.takes("Insert token 5417502")
	e.sees("Choose a PIN for token 5417502")
	e.types(pins["Bo"] + enter)
	e.sees("Type the PIN once more")
	e.types(pins["Bo"] + enter)
	m := pukLine.FindStringSubmatch(e.sees("Write this PUK on paper"))
	e.types("c")
	e.sees("Type the PUK from the paper")
	e.types(strings.ReplaceAll(m[1], " ", "") + enter)
	e.sees("Token 5417502 is Ada's", "c continue")
	if h := s.read().Holders()[0]; h.Serial != "5417502" || h.KeyID == "" {
		t.Errorf("enrolled: %+v", h)
	}
}

// Where the plan names the token there is no other.
func TestInterruptedTokenOfThePlan(t *testing.T) {
	s := interrupted(t, planText, true)
	e := start(t, setting{}, s.talk)
	e.toAda()
	screen := e.sees("Go on with token 5417501", "The plan names this token for Ada.")
	if strings.Contains(screen, "another token instead") {
		t.Errorf("the plan allows no other token:\n%s", screen)
	}
}

// The PIN of then is sent like any other: with its tries, and never by itself.
func TestWrongPINOfThen(t *testing.T) {
	s := interrupted(t, planText, true)
	e := start(t, setting{}, s.talk)
	e.toAda()
	e.takes("Go on with token 5417501")
	e.takes("Insert token 5417501")
	for _, left := range []string{"3", "2"} {
		e.sees("The PIN of the interrupted enrolment", "Tries left "+left)
		e.types("000000" + enter)
		e.sees("Type the PIN once more")
		e.types("000000" + enter)
		e.sees("The PUK of the interrupted enrolment")
		e.types(paper + enter)
		e.sees("Type the PUK once more")
		e.types(paper + enter)
	}
	e.sees("One try is left", "TOKEN-PIN-WRONG", "Type: use the last try")
	if n := s.drawer.Card("5417501").PINInfo().Tries; n != 1 {
		t.Errorf("%d tries are left", n)
	}
}

// Every token that can't be enrolled is named, with whose it is.
func TestTokensThatAreNotEnrolled(t *testing.T) {
	s := newSite(t)
	c := s.planned(strings.Replace(anyTokens, "{name: Bo", `{name: Bo, serial: "5417502"`, 1))
	s.foreign("5417506")
	_, err := c.Enrol(t.Context(), "Cy", cutShort{s.inReader("5417503"), false}, secret(pins["Cy"]), secret(paper))
	if err == nil {
		t.Fatal("the enrolment was not cut short")
	}
	s.must(s.drawer.Remove("5417503"))
	e := start(t, setting{}, s.talk)
	e.toAda()
	e.takes("Enrol a new token")
	e.takes("Insert token 5417502")
	e.sees("TOKEN-WRONG", "The token of Ada is expected; 5417502 (Bo) is in the reader.")
	e.takesOut("5417502")
	e.takes("Insert token 5417503")
	e.sees("TOKEN-WRONG", "The token of Ada is expected; 5417503 (Cy) is in the reader.")
	e.takesOut("5417503")
	before := s.drawer.Card("5417506").Counts()
	e.takes("Insert token 5417506")
	e.golden("token-occupied", "TOKEN-OCCUPIED", "It may serve another trust.")
	if after := s.drawer.Card("5417506").Counts(); after != before {
		t.Errorf("the token was asked %+v, then %+v", before, after)
	}
}

// foreign gives a token a key that is not of this ceremony.
func (s *site) foreign(serial string) {
	s.t.Helper()
	_, err := s.inReader(serial).Enrol(s.t.Context(), token.EnrolRequest{
		PIN: secret("other-91"), PUK: secret(paper), Algorithm: token.P256,
		Touch: token.TouchAlways, PINPolicy: token.PINOnce, Subject: "another trust", Now: noon,
	})
	s.must(err)
	s.must(s.drawer.Remove(serial))
}

// The pages of secrets are the same for a program outside of a ceremony, where
// no holder is known.
func TestSecretsOutsideOfACeremony(t *testing.T) {
	s := newSite(t)
	token := s.inReader("5417501")
	info, err := token.Info(t.Context())
	s.must(err)
	var pin, puk []byte
	p := plays(t, func(ctx context.Context, person page.Person) error {
		secrets := ui.Secrets{Person: person, Token: info}
		chosen, err := secrets.NewPIN(ctx)
		if err != nil {
			return err
		}
		written, err := secrets.NewPUK(ctx, s.random)
		pin, puk = chosen.Bytes(), written.Bytes()
		return err
	})
	p.sees("== Choose a PIN for token 5417501")
	p.answers("739184")
	p.sees("== Type the PIN once more")
	p.answers("739184")
	m := pukLine.FindStringSubmatch(p.sees("== Write this PUK on paper", "Only the token's holder should see it."))
	p.answers("c")
	p.sees("== Type the PUK from the paper")
	p.answers(strings.ReplaceAll(m[1], " ", ""))
	if err := p.ends(); err != nil {
		t.Fatal(err)
	}
	if string(pin) != "739184" || !bytes.Equal(puk, []byte(strings.ReplaceAll(m[1], " ", ""))) {
		t.Errorf("typed %q and %q", pin, puk)
	}
}
