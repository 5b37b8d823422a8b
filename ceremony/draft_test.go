package ceremony_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// drafted is what the edits so far come to.
func (s *site) drafted() ceremony.Preview {
	s.t.Helper()
	d, err := s.Preview()
	s.must(err)
	return d
}

// role is a role as the draft has it.
func (s *site) role(name string) draft.RoleState {
	s.t.Helper()
	d, err := s.Editable()
	s.must(err)
	for _, r := range d.Roles {
		if r.Name == name {
			return r
		}
	}
	s.t.Fatalf("there is no role %s", name)
	return draft.RoleState{}
}

// Who has left holds no key: nothing can be delegated to them, and they can
// come back with a new token under their old name.
func TestWhoHasLeftIsNobody(t *testing.T) {
	s, tokens := complete(t)
	s.edit(draft.RemoveHolder{Holder: "Cy"})
	delegate := draft.Delegate{Role: "team", Holders: []string{"Cy"}, Threshold: 1, Paths: []string{"team/*"}}
	if err := s.Edit(delegate); !isType[*draft.EditError](err) {
		t.Errorf("a role was given to somebody who has left: %v", err)
	}
	if err := s.Edit(draft.AddHolder{Holder: "\u0421y", Roles: []string{"root"}}); !isType[*draft.EditError](err) {
		t.Errorf("a look-alike of somebody who leaves: %v", err)
	}
	s.edit(draft.AddHolder{Holder: "Cy", Roles: []string{"root"}}, delegate)
	tokens["Cy"] = newSoftToken("1004")
	s.enrol("Cy", tokens["Cy"])
	s.must(s.Freeze())
	s.signAll(tokens)
	set := s.assembled()
	if n := len(set.Roots[1].Root.Roles["root"].KeyIDs); n != 3 || set.Delegated["team"] == nil {
		t.Errorf("%d keys, team %v", n, set.Delegated["team"])
	}
}

// Whose token is awaited is named once, whatever is said of them, and not at
// all once they leave.
func TestMissingTokensAreNamedOnce(t *testing.T) {
	s, tokens := complete(t)
	s.edit(
		draft.ReplaceToken{Holder: "Ada"}, draft.ReplaceToken{Holder: "Ada", Lost: true},
		draft.AddHolder{Holder: "Dee", Roles: []string{"root"}}, draft.ReplaceToken{Holder: "Dee"},
		draft.JoinRole{Holder: "Dee", Role: "targets"},
	)
	if got := s.drafted().Missing; !slices.Equal(got, []string{"Ada", "Dee"}) {
		t.Errorf("missing: %v", got)
	}
	if err := s.Edit(draft.AddHolder{Holder: "Dee", Roles: []string{"root"}}); !isType[*draft.EditError](err) {
		t.Errorf("Dee joins twice: %v", err)
	}
	// A token that was enrolled for this draft can be replaced as well.
	s.enrol("Ada", newSoftToken("1004"))
	s.enrol("Dee", newSoftToken("1005"))
	s.edit(draft.ReplaceToken{Holder: "Dee", Lost: true})
	s.restart()
	if got := s.drafted().Missing; !slices.Equal(got, []string{"Dee"}) {
		t.Errorf("missing: %v", got)
	}
	tokens["Dee"] = newSoftToken("1006")
	s.enrol("Dee", tokens["Dee"])
	if got := s.role("targets").Holders; !slices.Equal(got, []string{"Ada", "Bo", "Dee"}) {
		t.Errorf("targets: %v", got)
	}
	s.edit(draft.ReplaceToken{Holder: "Bo"}, draft.RemoveHolder{Holder: "Bo"})
	if got := s.drafted().Missing; len(got) != 0 {
		t.Errorf("missing: %v", got)
	}
}

// A holder joins and leaves single roles, with the key that they have.
func TestJoinAndLeaveOneRole(t *testing.T) {
	s, tokens := complete(t)
	s.edit(
		draft.Delegate{Role: "team", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"team/*"}},
		draft.JoinRole{Holder: "Cy", Role: "targets"},
		draft.JoinRole{Holder: "Cy", Role: "team"},
		draft.LeaveRole{Holder: "Ada", Role: "targets"},
	)
	for _, e := range []draft.Edit{
		draft.JoinRole{Holder: "Cy", Role: "team"},
		draft.JoinRole{Holder: "Dee", Role: "team"},
		draft.JoinRole{Holder: "Cy", Role: "timestamp"},
		draft.JoinRole{Holder: "Cy", Role: "nothing"},
		draft.LeaveRole{Holder: "Ada", Role: "targets"},
		draft.LeaveRole{Holder: "Dee", Role: "root"},
		draft.LeaveRole{Holder: "Ada", Role: "nothing"},
	} {
		if err := s.Edit(e); !isType[*draft.EditError](err) {
			t.Errorf("%s: %v", e, err)
		}
	}
	s.must(s.Freeze())
	s.signAll(tokens)
	set := s.assembled()
	if len(set.Roots) != 2 || set.Targets.Version != 2 || set.Delegated["team"] == nil {
		t.Fatalf("%+v", set)
	}
	for role, want := range map[string][]string{"root": {"Ada", "Bo", "Cy"}, "targets": {"Bo", "Cy"}, "team": {"Bo", "Cy"}} {
		if got := s.role(role).Holders; !slices.Equal(got, want) {
			t.Errorf("%s: %v", role, got)
		}
	}
}

// What could never be signed is said in words, and not frozen: whichever role
// has too few keys.
func TestTooFewKeysAreSaid(t *testing.T) {
	for _, c := range []struct {
		edits []draft.Edit
		says  string
	}{
		{[]draft.Edit{draft.RemoveHolder{Holder: "Ada"}, draft.RemoveHolder{Holder: "Bo"}}, "root needs 2 signatures and would have only 1 key"},
		{[]draft.Edit{draft.LeaveRole{Holder: "Ada", Role: "targets"}, draft.LeaveRole{Holder: "Bo", Role: "targets"}}, "targets needs 1 signature and would have only 0 keys"},
		{[]draft.Edit{draft.SetThreshold{Role: "root", Threshold: 4}}, "root needs 4 signatures and would have only 3 keys"},
		{[]draft.Edit{draft.Delegate{Role: "team", Holders: []string{"Bo"}, Threshold: 2, Paths: []string{"team/*"}}}, "team needs 2 signatures and would have only 1 key"},
	} {
		s, _ := complete(t)
		s.edit(c.edits...)
		if err := s.drafted().Problem; !isType[*draft.Error](err) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c.edits, err)
		}
		if err := s.Freeze(); !isType[*draft.Error](err) {
			t.Errorf("%v: frozen: %v", c.edits, err)
		}
	}
}

// What is left without a spare is said before the freezing.
func TestNoSpareIsSaid(t *testing.T) {
	s, _ := complete(t)
	s.edit(
		draft.RemoveHolder{Holder: "Cy", Lost: true},
		draft.Delegate{Role: "team", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"team/*"}},
	)
	said := strings.Join(s.drafted().Warnings, "\n")
	for _, want := range []string{
		"Every token of root 1 that is left has to sign root 2 (Ada, Bo)",
		"Every root key is needed to change the root",
		"Every key of team is needed to sign it: with one token lost, nobody can before targets names another key.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("nobody says: %s\n%s", want, said)
		}
	}
}

// One edit is taken back and the others stay, unless one of them needs it.
func TestTakeBack(t *testing.T) {
	s, tokens := complete(t)
	joins := draft.AddHolder{Holder: "Dee", Roles: []string{"root"}}
	delegates := draft.Delegate{Role: "team", Holders: []string{"Dee"}, Threshold: 1, Paths: []string{"team/*"}}
	renews := draft.Renew{Role: "targets", Days: 9}
	s.edit(joins, delegates, renews)
	var needed *draft.NeededError
	before := bytes.Clone(s.disk.lines)
	if err := s.TakeBack(1); !errors.As(err, &needed) || needed.By.String() != delegates.String() {
		t.Errorf("taken back, though it is needed: %v", err)
	}
	for _, n := range []int{-1, 0, 4} {
		if err := s.TakeBack(n); !errors.Is(err, ceremony.ErrNotNow) {
			t.Errorf("edit %d: %v", n, err)
		}
	}
	if !bytes.Equal(before, s.disk.lines) {
		t.Error("something was written")
	}
	s.must(s.TakeBack(2))
	s.must(s.TakeBack(1))
	s.restart()
	d := s.drafted()
	if len(d.Edits) != 1 || d.Edits[0] != draft.Edit(renews) || len(d.Missing) != 0 {
		t.Errorf("the draft: %+v", d)
	}
	s.must(s.Freeze())
	s.signAll(tokens)
	if set := s.assembled(); set.Targets.Version != 2 || len(set.Roots) != 1 {
		t.Errorf("%+v", set)
	}
	if err := s.TakeBack(1); !errors.Is(err, ceremony.ErrNotNow) {
		t.Errorf("taken back after the freezing: %v", err)
	}
}

// Where no edit says for how long, a version is good as the plan has it; and at
// a site without a plan as long as the version before was.
func TestPeriodsStay(t *testing.T) {
	s, tokens := plannedTo(t, "expires: 365d", "expires: 100d", "expires: 180d", "expires: 40d")
	s.time.t = start.AddDate(0, 0, 10)
	s.must(s.ConfirmClock(s.time.now(), "wall clock"))
	s.edit(draft.JoinRole{Holder: "Cy", Role: "targets"},
		draft.Delegate{Role: "team", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"team/*"}},
		draft.Renew{Role: "team", Days: 7})
	s.must(s.Freeze())
	s.signAll(tokens)
	s.expire(map[string]int{"root": 100, "targets": 40, "team": 7})
	all, err := s.Contents()
	s.must(err)

	other := newSite(t)
	other.time.t = start.AddDate(0, 0, 15)
	other.begin(ceremony.Changing, "oslo")
	_, err = other.Import(all, "all.tar", metadata.Sum(nil))
	other.must(err)
	other.edit(draft.LeaveRole{Holder: "Cy", Role: "targets"}, draft.JoinRole{Holder: "Cy", Role: "team"},
		draft.Delegate{Role: "crew", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"crew/*"}})
	other.must(other.Freeze())
	other.signAll(tokens)
	other.expire(map[string]int{"root": 100, "targets": 40, "team": 7, "crew": 40})

	// Nothing is known of a freezing where no journal came along.
	all.Journals = nil
	third := newSite(t)
	third.time.t = start.AddDate(0, 0, 15)
	third.begin(ceremony.Changing, "rome")
	_, err = third.Import(all, "all.tar", metadata.Sum(nil))
	third.must(err)
	third.edit(draft.LeaveRole{Holder: "Cy", Role: "targets"}, draft.JoinRole{Holder: "Cy", Role: "team"})
	third.must(third.Freeze())
	third.signAll(tokens)
	third.expire(map[string]int{"root": 365, "targets": 180, "team": 180})
}

// expire checks for how many days the newest versions are good.
func (s *site) expire(days map[string]int) {
	s.t.Helper()
	set := s.assembled()
	expires := map[string]time.Time{"root": set.Roots[len(set.Roots)-1].Expires, "targets": set.Targets.Expires}
	for role, f := range set.Delegated {
		expires[role] = f.Expires
	}
	for role, want := range days {
		if got := expires[role].Sub(s.time.now()).Hours() / 24; got != float64(want) {
			s.t.Errorf("%s is good for %g days, not %d", role, got, want)
		}
	}
}

// A role that was delegated once can't begin anew with version 1: clients
// remember its version, and the snapshot goes on listing it.
func TestNameOfAGoneRoleIsUsedUp(t *testing.T) {
	s, tokens := complete(t)
	delegate := draft.Delegate{Role: "team", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"team/*"}}
	s.edit(delegate, draft.Undelegate{Role: "team"}, delegate)
	if said := strings.Join(s.drafted().Warnings, "\n"); strings.Contains(said, "go on listing") {
		t.Errorf("nothing goes, and yet: %s", said)
	}
	s.must(s.Freeze())
	s.signAll(tokens)
	s.edit(draft.Undelegate{Role: "team"})
	if said := strings.Join(s.drafted().Warnings, "\n"); !strings.Contains(said, "goes on listing the last version of team") {
		t.Errorf("what clients make of it is not said: %s", said)
	}
	s.must(s.Freeze())
	s.signAll(tokens)
	if err := s.Edit(delegate); !isType[*draft.EditError](err) || !strings.Contains(err.Error(), "clients remember") {
		t.Errorf("delegated again: %v", err)
	}
}

// Of edits that are made at once all are made, or none.
func TestEditsAreMadeTogether(t *testing.T) {
	s, _ := complete(t)
	err := s.Edit(draft.LeaveRole{Holder: "Ada", Role: "targets"}, draft.LeaveRole{Holder: "Ada", Role: "targets"})
	if !isType[*draft.EditError](err) || len(s.drafted().Edits) != 0 {
		t.Errorf("%v; %v", err, s.drafted().Edits)
	}
}
