package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestFoundAndCosign plays the main flow at two sites and holds both to one result.
func TestFoundAndCosign(t *testing.T) {
	vienna, tokens := founded(t)
	root, targets := vienna.proposalOf("root"), vienna.proposalOf("targets")
	vienna.must(vienna.signWith(root, "Ada", tokens["Ada"], "123123"))

	contents, err := vienna.Contents()
	vienna.must(err)
	if _, err := trust.Assemble(contents); !isIncomplete(err) {
		t.Fatalf("one of two signatures: got %v, want *IncompleteError", err)
	}

	oslo := newSite(t)
	oslo.begin(ceremony.Cosigning, "oslo")
	in, err := oslo.Import(contents, "rehearsal-wabbit-root-1.tar", metadata.Sum(nil))
	oslo.must(err)
	if !in.First || in.Proposals != 2 || in.Signatures != 1 {
		t.Fatalf("the first import brought %+v", in)
	}
	oslo.must(oslo.signWith(root, "Cy", tokens["Cy"], "123123"))
	oslo.must(oslo.signWith(targets, "Bo", tokens["Bo"], "123123"))

	back, err := oslo.Contents()
	oslo.must(err)
	if _, err := vienna.Import(back, "back.tar", metadata.Sum(nil)); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*site{vienna, oslo} {
		all, err := s.Contents()
		s.must(err)
		set, err := trust.Assemble(all)
		s.must(err)
		if len(set.Roots) != 1 || len(set.Roots[0].Signatures) != 2 || len(set.Targets.Signatures) != 1 {
			t.Fatalf("assembled %d roots", len(set.Roots))
		}
		s.must(metadata.VerifyRootChain(set.Roots, start))
		if _, err := metadata.VerifyFile(set.Roots[0].Signed, "targets", set.Targets); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReplay: whatever has happened, a new start knows exactly the same.
func TestReplay(t *testing.T) {
	s, tokens := founded(t)
	s.must(s.signWith(s.proposalOf("root"), "Bo", tokens["Bo"], "123123"))
	before := s.Steps()
	contents, err := s.Contents()
	s.must(err)
	lines := len(s.disk.lines)
	s.restart()
	again, err := s.Contents()
	s.must(err)
	if !equalSteps(before, s.Steps()) {
		t.Errorf("steps after a restart:\n%v\nbefore:\n%v", s.Steps(), before)
	}
	if len(again.Signatures) != 1 || !bytes.Equal(contents.Journals[0].Lines, again.Journals[0].Lines[:lines]) {
		t.Error("the contents differ after a restart")
	}
}

func equalSteps(a, b []ceremony.Step) bool {
	return slices.EqualFunc(a, b, func(x, y ceremony.Step) bool {
		return x.Kind == y.Kind && x.State == y.State && x.Text == y.Text && x.Detail == y.Detail && x.Proposal == y.Proposal
	})
}

// TestEveryPrefixResumes cuts the journal after each line: what is left is a
// ceremony that goes on, never one that is stuck or knows less than its lines.
func TestEveryPrefixResumes(t *testing.T) {
	s, tokens := founded(t)
	s.must(s.signWith(s.proposalOf("root"), "Ada", tokens["Ada"], "123123"))
	whole := s.disk.lines
	for end := 0; end <= len(whole); end++ {
		if end > 0 && whole[end-1] != '\n' {
			continue
		}
		s.disk.lines = bytes.Clone(whole[:end])
		s.restart()
		now := 0
		for _, step := range s.Steps() {
			if step.State == ceremony.Now {
				now++
			}
		}
		if now == 0 {
			t.Errorf("after %d lines nobody can do anything: %+v", bytes.Count(whole[:end], []byte("\n")), s.Steps())
		}
	}
}

// TestFreezeCutShort: both payloads are frozen by one line of the journal; a
// stop before it leaves neither, and nothing that is in the way.
func TestFreezeCutShort(t *testing.T) {
	s, _ := founded(t)
	s.disk.lines = dropLast(s.disk.lines)
	s.restart()
	if c, err := s.Contents(); err != nil || len(c.Proposals) != 0 {
		t.Fatalf("%d proposals, %v", len(c.Proposals), err)
	}
	s.must(s.Freeze())
	s.proposalOf("root")
	s.proposalOf("targets")
	if err := s.Freeze(); !errors.Is(err, ceremony.ErrNotNow) {
		t.Errorf("frozen twice: %v", err)
	}
}

// TestEnrolCutShort: the key that a cut enrolment left is taken up, not refused and not made again.
func TestEnrolCutShort(t *testing.T) {
	s := newSite(t)
	s.begin(ceremony.Founding, "vienna")
	s.must(s.AcceptPlan([]byte(planText), planFiles(t)))
	tok := newSoftToken("1001")
	tok.sign = func([]byte) ([]byte, error) { return nil, &token.RemovedError{} }
	if _, err := s.Enrol(context.Background(), "Ada", tok, pin("123123"), pin("87654321")); err == nil {
		t.Fatal("the token was gone, and the enrolment went through")
	}
	made := tok.key
	tok.sign = nil
	s.restart()
	if _, err := s.Enrol(context.Background(), "Ada", tok, pin("123123"), pin("87654321")); err != nil {
		t.Fatal(err)
	}
	if tok.key != made {
		t.Error("a second key was made")
	}
}

func TestEnrolRefuses(t *testing.T) {
	newPlanned := func(t *testing.T) *site {
		s := newSite(t)
		s.begin(ceremony.Founding, "vienna")
		s.must(s.AcceptPlan([]byte(planText), planFiles(t)))
		return s
	}
	ctx := context.Background()
	t.Run("a token of another serial", func(t *testing.T) {
		s := newPlanned(t)
		_, err := s.Enrol(ctx, "Ada", newSoftToken("9999"), pin("123123"), pin("87654321"))
		if w, ok := errors.AsType[*token.WrongTokenError](err); !ok || w.Expected != "1001" || w.Found != "9999" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a slot that holds a key", func(t *testing.T) {
		s := newPlanned(t)
		other := newPlanned(t)
		tok := newSoftToken("1001")
		_, err := other.Enrol(ctx, "Ada", tok, pin("123123"), pin("87654321"))
		other.must(err)
		if _, err := s.Enrol(ctx, "Ada", tok, pin("123123"), pin("87654321")); !isType[*token.OccupiedError](err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another holder's token", func(t *testing.T) {
		s := newPlanned(t)
		tok := newSoftToken("1002")
		_, err := s.Enrol(ctx, "Bo", tok, pin("123123"), pin("87654321"))
		s.must(err)
		_, err = s.Enrol(ctx, "Cy", tok, pin("123123"), pin("87654321"))
		if w, ok := errors.AsType[*token.WrongTokenError](err); !ok || w.Owner != "Bo" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a short PIN", func(t *testing.T) {
		s := newPlanned(t)
		tok := newSoftToken("1001")
		if _, err := s.Enrol(ctx, "Ada", tok, pin("12345"), pin("87654321")); !isType[*token.PINFormatError](err) {
			t.Errorf("got %v", err)
		}
		if tok.key != nil {
			t.Error("the token was changed")
		}
	})
}

// TestSignRefuses: whatever is refused leaves no line in the journal.
func TestSignRefuses(t *testing.T) {
	for _, tt := range slices.Concat(refusedTokens, refusedConsents, refusedTimes) {
		t.Run(tt.name, func(t *testing.T) {
			s, tokens := founded(t)
			r, err := s.Review(s.proposalOf("root"), s.holder("Ada"))
			s.must(err)
			before := bytes.Clone(s.disk.lines)
			if err := tt.try(t, s, tokens, r); !tt.want(err) {
				t.Errorf("got %v", err)
			}
			if !bytes.Equal(before, s.disk.lines) {
				t.Error("something was written into the journal")
			}
		})
	}
}

// attempt is a signature of Ada's, over root 1, that is refused.
type attempt struct {
	name string
	try  func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error
	want func(error) bool
}

// refusedTokens: for what the token is, or what it answers.
var refusedTokens = []attempt{
	{"a wrong token", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		_, err := s.Sign(t.Context(), "Ada", tokens["Bo"], pin("123123"), consent(t, r))
		return err
	}, isType[*token.WrongTokenError]},
	{"a token without a key", func(t *testing.T, s *site, _ map[string]*softToken, r review.Review) error {
		_, err := s.Sign(t.Context(), "Ada", newSoftToken("1001"), pin("123123"), consent(t, r))
		return err
	}, func(err error) bool { return errors.Is(err, token.ErrNoKey) }},
	{"a PIN that can't be one", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		_, err := s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123\n"), consent(t, r))
		return err
	}, isType[*token.PINFormatError]},
	{"someone else's signature", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		tokens["Ada"].sign = func(payload []byte) ([]byte, error) {
			return tokens["Bo"].Sign(t.Context(), pin("123123"), payload)
		}
		_, err := s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123"), consent(t, r))
		return err
	}, isType[*token.BadSignatureError]},
	{"a signature over other bytes", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		tokens["Ada"].sign = func([]byte) ([]byte, error) {
			tokens["Ada"].sign = nil
			return tokens["Ada"].Sign(t.Context(), pin("123123"), []byte("stale"))
		}
		_, err := s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123"), consent(t, r))
		return err
	}, isType[*token.BadSignatureError]},
}

// refusedConsents: for what was typed.
var refusedConsents = []attempt{
	{"another phrase", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		c := consent(t, r)
		c.Phrase = "sign targets 1"
		_, err := s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123"), c)
		return err
	}, isType[*ceremony.ConsentError]},
	{"wrong words", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		c := consent(t, r)
		c.Words[1] = "aardvark?"
		_, err := s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123"), c)
		return err
	}, isType[*ceremony.ConsentError]},
	{"the same word asked for twice", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		c := consent(t, r)
		c.Challenge[1], c.Words[1] = c.Challenge[0], c.Words[0]
		_, err := s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123"), c)
		return err
	}, isType[*ceremony.ConsentError]},
}

// refusedTimes: for when it is, or what has happened.
var refusedTimes = []attempt{
	{"a clock that went back", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		s.time.t = start.Add(-time.Hour)
		_, err := s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123"), consent(t, r))
		return err
	}, isDue},
	{"a clock that is years behind, for a site without a plan", func(t *testing.T, s *site, tokens map[string]*softToken, _ review.Review) error {
		contents, err := s.Contents()
		s.must(err)
		other := newSite(t)
		other.time.t = start.AddDate(-10, 0, 0)
		contents.Journals = nil // which would show it at once
		other.begin(ceremony.Cosigning, "oslo")
		_, err = other.Import(contents, "x.tar", metadata.Sum(nil))
		other.must(err)
		return other.signWith(s.proposalOf("root"), "Ada", tokens["Ada"], "123123")
	}, isType[*ceremony.HorizonError]},
	{"a payload that has expired", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		s.time.t = start.AddDate(1, 0, 0)
		_, err := s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123"), consent(t, r))
		return err
	}, isType[*metadata.ExpiredError]},
	{"a second signature", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		_, err := s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123"), consent(t, r))
		s.must(err)
		before := tokens["Ada"].signs
		_, err = s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123"), consent(t, r))
		if tokens["Ada"].signs != before {
			t.Error("the token was asked to sign again")
		}
		s.disk.lines = dropLast(s.disk.lines)
		return err
	}, func(err error) bool { return errors.Is(err, token.ErrAlreadySigned) }},
	{"a disk that is full", func(t *testing.T, s *site, tokens map[string]*softToken, r review.Review) error {
		s.disk.fail = errors.New("no space left on device")
		_, err := s.Sign(t.Context(), "Ada", tokens["Ada"], pin("123123"), consent(t, r))
		return err
	}, func(err error) bool { return err != nil && strings.Contains(err.Error(), "this did not happen") }},
}

func isDue(err error) bool { return errors.Is(err, ceremony.ErrClockDue) }

func dropLast(lines []byte) []byte {
	return lines[:bytes.LastIndexByte(lines[:len(lines)-1], '\n')+1]
}

// TestRehearsalsAndTrustsStayApart covers the ways in which one could get into another.
func TestRehearsalsAndTrustsStayApart(t *testing.T) {
	s := newSite(t)
	s.must(s.Begin(ceremony.Founding, "vienna", false))
	if err := s.AcceptPlan([]byte(planText), planFiles(t)); !isType[*token.PolicyError](err) {
		t.Errorf("a rehearsal's plan in a real ceremony: %v", err)
	}
	real := strings.ReplaceAll(planText, "rehearsal-wabbit", "wabbit")
	s = newSite(t)
	s.must(s.Begin(ceremony.Founding, "vienna", true))
	if err := s.AcceptPlan([]byte(real), planFiles(t)); !isType[*token.PolicyError](err) {
		t.Errorf("a real plan in a rehearsal: %v", err)
	}
	s = newSite(t)
	s.must(s.Begin(ceremony.Founding, "vienna", false))
	s.must(s.AcceptPlan([]byte(real), planFiles(t)))
	if _, err := s.Enrol(context.Background(), "Ada", newSoftToken("1001"), pin("123123"), pin("87654321")); !isType[*token.PolicyError](err) {
		t.Errorf("a virtual token in a real ceremony: %v", err)
	}
}

func isType[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

func isIncomplete(err error) bool { return isType[*trust.IncompleteError](err) }
