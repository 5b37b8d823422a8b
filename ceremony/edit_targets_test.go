package ceremony_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// target is one that can be added, but for what a test changes of it.
func target(path string) ceremony.NewTarget {
	return ceremony.NewTarget{Path: path, SHA256: metadata.Sum([]byte("x")), Length: 1}
}

// TestPathsThatCantBeTargets: each is refused at the edit, which names it, and
// nothing is written.
func TestPathsThatCantBeTargets(t *testing.T) {
	s, _ := complete(t)
	for path, why := range map[string]string{
		"":                        "empty",
		"/etc/passwd":             "begins with a slash",
		"../x":                    `a part ".."`,
		"a/../b":                  `a part ".."`,
		"./x":                     `a part "."`,
		"a//b":                    "an empty part",
		"a/":                      "an empty part",
		`a\b`:                     "between slashes",
		"a\x1b[2Jb":               "can't be seen",
		"a\u202eb":                "can't be seen",
		"a\xffb":                  "can't be seen",
		strings.Repeat("a", 256):  "longer than 255",
		strings.Repeat("a/", 700): "longer than 1024",
		"w\u0430bbit/app":         "looks like wabbit/app",
	} {
		before := bytes.Clone(s.disk.lines)
		for _, e := range []ceremony.Edit{
			ceremony.AddTarget{Role: "targets", Path: path, SHA256: metadata.Sum(nil), Length: 1},
			ceremony.AddTargets{Role: "targets", Targets: []ceremony.NewTarget{target("good"), target(path)}},
		} {
			if err := s.Edit(e); !isType[*ceremony.EditError](err) || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), ceremony.Safe(path)) {
				t.Errorf("%q: %v", path, err)
			}
		}
		if !bytes.Equal(before, s.disk.lines) {
			t.Errorf("%q: something was written", path)
		}
	}
}

func TestTargetsThatCantBe(t *testing.T) {
	s, _ := complete(t)
	with := func(change func(*ceremony.NewTarget)) ceremony.NewTarget {
		n := target("wabbit/x")
		change(&n)
		return n
	}
	for name, n := range map[string]ceremony.NewTarget{
		"no length":           with(func(n *ceremony.NewTarget) { n.Length = 0 }),
		"custom is a list":    with(func(n *ceremony.NewTarget) { n.Custom = `[1]` }),
		"custom is no JSON":   with(func(n *ceremony.NewTarget) { n.Custom = `{"a":` }),
		"custom says twice":   with(func(n *ceremony.NewTarget) { n.Custom = `{"a":1,"a":2}` }),
		"custom with 1.5":     with(func(n *ceremony.NewTarget) { n.Custom = `{"a":1.5}` }),
		"custom is long":      with(func(n *ceremony.NewTarget) { n.Custom = `{"a":"` + strings.Repeat("x", 5000) + `"}` }),
		"custom contradicts":  with(func(n *ceremony.NewTarget) { n.MediaType, n.Custom = "a/b", `{"mediaType":"c/d"}` }),
		"custom is no object": with(func(n *ceremony.NewTarget) { n.Custom = `"text"` }),
	} {
		if err := s.Edit(ceremony.AddTargets{Role: "targets", Targets: []ceremony.NewTarget{n}}); !isType[*ceremony.EditError](err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, e := range []ceremony.Edit{
		ceremony.AddTargets{Role: "targets"},
		ceremony.AddTargets{Role: "targets", Targets: []ceremony.NewTarget{target("a"), target("a")}},
		ceremony.AddTargets{Role: "root", Targets: []ceremony.NewTarget{target("a")}},
		ceremony.SetCustom{Role: "targets", Path: "nothing", Custom: "{}"},
		ceremony.RemoveTargets{Role: "targets", Pattern: "other/*"},
		ceremony.RemoveTargets{Role: "targets", Pattern: "["},
		ceremony.RemoveTargets{Role: "targets", Pattern: "/"},
		ceremony.RemoveTargets{Role: "targets", Pattern: ""},
		ceremony.RemoveTargets{Role: "nobody", Pattern: "*"},
	} {
		if err := s.Edit(e); !isType[*ceremony.EditError](err) {
			t.Errorf("%s: %v", e, err)
		}
	}
}

// TestManyTargets: custom data get one spelling, patterns take out what they
// match, and a long edit is kept beside the journal.
func TestManyTargets(t *testing.T) {
	s, tokens := complete(t)
	list := files("many/", 1000)
	list = append(list,
		ceremony.NewTarget{Path: "old/a/b", SHA256: metadata.Sum(nil), Length: 1, MediaType: "a/b", Custom: "{ \"z\": [1, 2],\n\"a\": \"\\u0041\" }"},
		ceremony.NewTarget{Path: "old/c", SHA256: metadata.Sum(nil), Length: 1})
	s.edit(ceremony.AddTargets{Role: "targets", Targets: list})
	if n := len(s.disk.lines); n > 100_000 {
		t.Errorf("the journal has %d bytes", n)
	}
	s.restart()
	s.must(s.Freeze())
	s.signAll(tokens)
	held := s.assembled().Targets.Targets.Targets
	if got := string(held["old/a/b"].Custom); len(held) != 1003 || got != `{"a":"A","mediaType":"a/b","z":[1,2]}` {
		t.Errorf("%d targets, custom %s", len(held), got)
	}
	s.edit(ceremony.RemoveTargets{Role: "targets", Pattern: "old/"}, ceremony.RemoveTargets{Role: "targets", Pattern: "many/?"},
		ceremony.SetCustom{Role: "targets", Path: "wabbit/app"})
	s.must(s.Freeze())
	s.signAll(tokens)
	held = s.assembled().Targets.Targets.Targets
	if len(held) != 991 || held["wabbit/app"].Custom != nil {
		t.Errorf("%d targets, custom %s", len(held), held["wabbit/app"].Custom)
	}
}

// TestDelegationsBelow: a role that a delegated role delegates to has its keys
// from there, all the way through the rotation of a holder.
func TestDelegationsBelow(t *testing.T) {
	s, tokens := complete(t)
	s.edit(
		ceremony.Delegate{Role: "team", Holders: []string{"Bo", "Cy"}, Threshold: 1, Paths: []string{"team/*", "team/*/*"}},
		ceremony.Delegate{Role: "nightly", Parent: "team", Holders: []string{"Cy"}, Threshold: 1, Paths: []string{"team/nightly/*"}},
		ceremony.AddTarget{Role: "nightly", Path: "team/nightly/x", SHA256: metadata.Sum(nil), Length: 1},
	)
	s.must(s.Freeze())
	nightly := s.proposalOf("nightly")
	if err := s.signWith(nightly, "Bo", tokens["Bo"], "123123"); !isType[*ceremony.WrongTokenError](err) {
		t.Errorf("signed by a key that team does not name for it: %v", err)
	}
	s.signAll(tokens)
	if set := s.assembled(); set.Delegated["nightly"] == nil || set.Delegated["team"].Targets.Delegations == nil {
		t.Fatalf("%+v", set)
	}
	if err := s.Edit(ceremony.Undelegate{Role: "team"}); !isType[*ceremony.EditError](err) {
		t.Errorf("a role that delegates was taken away: %v", err)
	}
	s.edit(ceremony.ReplaceToken{Holder: "Cy"})
	tokens["Cy (old)"], tokens["Cy"] = tokens["Cy"], newSoftToken("1011")
	s.enrol("Cy", tokens["Cy"])
	s.must(s.Freeze())
	s.signAll(tokens)
	set := s.assembled()
	if set.Delegated["nightly"].Version != 2 || set.Delegated["team"].Version != 2 || set.Targets.Version != 3 {
		t.Errorf("nightly %d, team %d, targets %d", set.Delegated["nightly"].Version, set.Delegated["team"].Version, set.Targets.Version)
	}
	if _, err := ceremony.CheckContents(s.contents(), s.time.now(), time.Hour); err != nil {
		t.Error(err)
	}
	s.edit(ceremony.Undelegate{Role: "nightly"})
	s.must(s.Freeze())
	s.signAll(tokens)
	if set := s.assembled(); set.Delegated["nightly"] != nil || set.Delegated["team"].Version != 3 || set.Targets.Version != 3 {
		t.Errorf("after the delegation was taken away: %+v", set.Delegated)
	}
}

// TestARoleOnItsOwn: people who hold nothing but the keys of a delegated role,
// at a site that never saw the others, make its next version and hand on a
// bundle that changes nothing else.
func TestARoleOnItsOwn(t *testing.T) {
	s, tokens := complete(t)
	s.edit(
		ceremony.AddHolder{Holder: "Tim", Roles: []string{"targets"}},
		ceremony.Delegate{Role: "team", Holders: []string{"Tim"}, Threshold: 1, Paths: []string{"team/*"}},
	)
	tokens["Tim"] = newSoftToken("2001")
	s.enrol("Tim", tokens["Tim"])
	s.must(s.Freeze())
	s.signAll(tokens)
	before := s.assembled()

	alone := newSite(t)
	alone.begin(ceremony.Amend, "lyon")
	_, err := alone.Import(s.contents(), "base.tar", metadata.Sum(nil))
	alone.must(err)
	if err := alone.Changeable(); err != nil {
		t.Fatal("the role can't be changed there")
	}
	alone.edit(ceremony.AddTargets{Role: "team", Targets: files("team/", 3)})
	draft, err := alone.Preview()
	alone.must(err)
	if len(draft.Payloads) != 1 || draft.Payloads[0].Role != "team" || draft.Payloads[0].Version != 2 {
		t.Fatalf("the draft touches %+v", draft.Payloads)
	}
	alone.must(alone.Freeze())
	team := alone.proposalOf("team")
	if who := alone.Signers(team); len(who) != 1 || who[0].Name != "Tim" {
		t.Errorf("signed by %+v", who)
	}
	alone.must(alone.signWith(team, "Tim", tokens["Tim"], "123123"))
	if _, err := ceremony.CheckContents(alone.contents(), alone.time.now(), time.Hour); err != nil {
		t.Error(err)
	}

	after, err := ceremony.Assemble(alone.contents())
	alone.must(err)
	if !bytes.Equal(after.Targets.Bytes, before.Targets.Bytes) || len(after.Roots) != len(before.Roots) || after.Delegated["team"].Version != 2 {
		t.Errorf("the bundle changes more than the role: %+v", after)
	}
	// What it brings is joined to what the others did meanwhile.
	s.edit(ceremony.Renew{Role: "targets", Days: 90})
	s.must(s.Freeze())
	s.signAll(tokens)
	_, err = s.Import(alone.contents(), "team.tar", metadata.Sum(nil))
	s.must(err)
	if set := s.assembled(); set.Targets.Version != before.Targets.Version+1 || set.Delegated["team"].Version != 2 {
		t.Errorf("joined: targets %d, team %d", set.Targets.Version, set.Delegated["team"].Version)
	}
}

// TestRoleSaysWhichItIs: empty bins differ, and one can't stand in another's place.
func TestRoleSaysWhichItIs(t *testing.T) {
	s, tokens := complete(t)
	s.edit(bins8)
	s.must(s.Freeze())
	s.signAll(tokens)
	c := s.contents()
	ids := map[metadata.Digest]string{}
	for i, p := range c.Proposals {
		signed, err := metadata.ParseSigned(p.Signed, metadata.Strict)
		s.must(err)
		if other, twice := ids[signed.Digest()]; twice {
			t.Errorf("%s and %s are one payload", p.Role, other)
		}
		ids[signed.Digest()] = p.Role
		if p.Role == "bins-0" {
			c.Proposals[i].Role = "bins-1"
		}
	}
	if _, err := ceremony.Assemble(c); err == nil || !strings.Contains(err.Error(), "a version of bins-0") {
		t.Errorf("a bin stands in another's place: %v", err)
	}
}
