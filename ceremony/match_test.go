package ceremony_test

import (
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestWhyATokenIsNotTheOneThatIsDue: the reason comes out of the ceremony, typed,
// and before the token is asked for anything.
func TestWhyATokenIsNotTheOneThatIsDue(t *testing.T) {
	s, tokens := founded(t)
	root := s.proposalOf("root")
	s.must(s.signWith(root, "Bo", tokens["Bo"], "123123"))
	stranger := newSoftToken("7777")
	if _, err := stranger.Enrol(t.Context(), token.EnrolRequest{PIN: pin("123123")}); err != nil {
		t.Fatal(err)
	}
	reset := newSoftToken("1001") // Ada's, with another key on it
	if _, err := reset.Enrol(t.Context(), token.EnrolRequest{PIN: pin("123123")}); err != nil {
		t.Fatal(err)
	}
	ada := s.holder("Ada")
	for _, tt := range []struct {
		name string
		in   *softToken
		want token.Mismatch
		what string
	}{
		{"the token of somebody who is due too", tokens["Cy"], token.OtherToken, ""},
		{"the token of somebody who has signed", tokens["Bo"], token.SignedAlready, "root 1"},
		{"a token of nobody", stranger, token.Stranger, "rehearsal-wabbit"},
		{"the right token with another key", reset, token.OtherKey, ""},
	} {
		info, err := tt.in.Info(t.Context())
		s.must(err)
		wrong, ok := errors.AsType[*token.WrongTokenError](s.Match(root, ada, info))
		if !ok || wrong.Why != tt.want || wrong.What != tt.what || wrong.Holder != "Ada" || wrong.Found != tt.in.serial {
			t.Errorf("%s: %+v", tt.name, wrong)
		}
	}
	info, err := tokens["Ada"].Info(t.Context())
	s.must(err)
	s.must(s.Match(root, ada, info))
	s.must(s.CheckUnblock(ada, info))
	if err := s.Match(metadata.Sum(nil), ada, info); !errors.Is(err, trust.ErrUnknown) {
		t.Errorf("no such payload: %v", err)
	}
	info, err = tokens["Bo"].Info(t.Context())
	s.must(err)
	if err := s.CheckUnblock(ada, info); !isType[*token.WrongTokenError](err) {
		t.Errorf("Bo's token is Ada's to unblock: %v", err)
	}
	for serial, owner := range map[string]string{"1001": "Ada", "1003": "Cy", "7777": "", "": ""} {
		if got := s.OwnerOf(serial); got != owner {
			t.Errorf("token %q is %q's", serial, got)
		}
	}
}

// A token whose enrolment was given up is refused for that, and no other one is
// taken for as long as it is gone on with.
func TestEnrolmentThatWasGivenUp(t *testing.T) {
	s := newSite(t)
	s.begin(ceremony.Founding, "vienna")
	s.must(s.AcceptPlan([]byte(planText), planFiles(t)))
	first, second := newSoftToken("2001"), newSoftToken("2002")
	first.sign = func([]byte) ([]byte, error) { return nil, token.ErrNoTouch }
	if _, err := s.Enrol(t.Context(), "Bo", first, pin("123123"), pin("12341234")); !errors.Is(err, token.ErrNoTouch) {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		in      *softToken
		givenUp string
		want    token.Mismatch
	}{
		{first, "", ""}, {second, "", token.OtherToken}, {first, "2001", token.GivenUp}, {second, "2001", ""},
	} {
		info, err := tt.in.Info(t.Context())
		s.must(err)
		err = s.CheckEnrol("Bo", info, tt.givenUp)
		wrong, _ := errors.AsType[*token.WrongTokenError](err)
		if tt.want == "" && err != nil || tt.want != "" && (wrong == nil || wrong.Why != tt.want) {
			t.Errorf("token %s, given up %q: %v", tt.in.serial, tt.givenUp, err)
		}
	}
}
