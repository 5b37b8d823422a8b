package ceremony_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// target is one that can be added, but for what a test changes of it.
func target(path string) trust.NewTarget {
	return trust.NewTarget{Path: path, SHA256: metadata.Sum([]byte("x")), Length: 1}
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
		for _, e := range []draft.Edit{
			draft.AddTarget{Role: "targets", Path: path, SHA256: metadata.Sum(nil), Length: 1},
			draft.AddTargets{Role: "targets", Targets: []trust.NewTarget{target("good"), target(path)}},
		} {
			if err := s.Edit(e); !isType[*draft.EditError](err) || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), text.Safe(path)) {
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
	with := func(change func(*trust.NewTarget)) trust.NewTarget {
		n := target("wabbit/x")
		change(&n)
		return n
	}
	for name, n := range map[string]trust.NewTarget{
		"no length":           with(func(n *trust.NewTarget) { n.Length = 0 }),
		"custom is a list":    with(func(n *trust.NewTarget) { n.Custom = `[1]` }),
		"custom is no JSON":   with(func(n *trust.NewTarget) { n.Custom = `{"a":` }),
		"custom says twice":   with(func(n *trust.NewTarget) { n.Custom = `{"a":1,"a":2}` }),
		"custom with 1.5":     with(func(n *trust.NewTarget) { n.Custom = `{"a":1.5}` }),
		"custom is long":      with(func(n *trust.NewTarget) { n.Custom = `{"a":"` + strings.Repeat("x", 5000) + `"}` }),
		"custom contradicts":  with(func(n *trust.NewTarget) { n.MediaType, n.Custom = "a/b", `{"mediaType":"c/d"}` }),
		"custom is no object": with(func(n *trust.NewTarget) { n.Custom = `"text"` }),
	} {
		if err := s.Edit(draft.AddTargets{Role: "targets", Targets: []trust.NewTarget{n}}); !isType[*draft.EditError](err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, e := range []draft.Edit{
		draft.AddTargets{Role: "targets"},
		draft.AddTargets{Role: "targets", Targets: []trust.NewTarget{target("a"), target("a")}},
		draft.AddTargets{Role: "root", Targets: []trust.NewTarget{target("a")}},
		draft.SetCustom{Role: "targets", Path: "nothing", Custom: "{}"},
		draft.RemoveTargets{Role: "targets", Pattern: "other/*"},
		draft.RemoveTargets{Role: "targets", Pattern: "["},
		draft.RemoveTargets{Role: "targets", Pattern: "/"},
		draft.RemoveTargets{Role: "targets", Pattern: ""},
		draft.RemoveTargets{Role: "nobody", Pattern: "*"},
	} {
		if err := s.Edit(e); !isType[*draft.EditError](err) {
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
		trust.NewTarget{Path: "old/a/b", SHA256: metadata.Sum(nil), Length: 1, MediaType: "a/b", Custom: "{ \"z\": [1, 2],\n\"a\": \"\\u0041\" }"},
		trust.NewTarget{Path: "old/c", SHA256: metadata.Sum(nil), Length: 1})
	s.edit(draft.AddTargets{Role: "targets", Targets: list})
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
	s.edit(draft.RemoveTargets{Role: "targets", Pattern: "old/"}, draft.RemoveTargets{Role: "targets", Pattern: "many/?"},
		draft.SetCustom{Role: "targets", Path: "wabbit/app"})
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
		draft.Delegate{Role: "team", Holders: []string{"Bo", "Cy"}, Threshold: 1, Paths: []string{"team/*", "team/*/*"}},
		draft.Delegate{Role: "nightly", Parent: "team", Holders: []string{"Cy"}, Threshold: 1, Paths: []string{"team/nightly/*"}},
		draft.AddTarget{Role: "nightly", Path: "team/nightly/x", SHA256: metadata.Sum(nil), Length: 1},
	)
	s.must(s.Freeze())
	nightly := s.proposalOf("nightly")
	if err := s.signWith(nightly, "Bo", tokens["Bo"], "123123"); !isType[*token.WrongTokenError](err) {
		t.Errorf("signed by a key that team does not name for it: %v", err)
	}
	s.signAll(tokens)
	if set := s.assembled(); set.Delegated["nightly"] == nil || set.Delegated["team"].Targets.Delegations == nil {
		t.Fatalf("%+v", set)
	}
	if err := s.Edit(draft.Undelegate{Role: "team"}); !isType[*draft.EditError](err) {
		t.Errorf("a role that delegates was taken away: %v", err)
	}
	s.edit(draft.ReplaceToken{Holder: "Cy"})
	tokens["Cy (old)"], tokens["Cy"] = tokens["Cy"], newSoftToken("1011")
	s.enrol("Cy", tokens["Cy"])
	s.must(s.Freeze())
	s.signAll(tokens)
	set := s.assembled()
	if set.Delegated["nightly"].Version != 2 || set.Delegated["team"].Version != 2 || set.Targets.Version != 3 {
		t.Errorf("nightly %d, team %d, targets %d", set.Delegated["nightly"].Version, set.Delegated["team"].Version, set.Targets.Version)
	}
	if _, err := trust.CheckContents(s.contents(), s.time.now(), time.Hour); err != nil {
		t.Error(err)
	}
	s.edit(draft.Undelegate{Role: "nightly"})
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
		draft.AddHolder{Holder: "Tim", Roles: []string{"targets"}},
		draft.Delegate{Role: "team", Holders: []string{"Tim"}, Threshold: 1, Paths: []string{"team/*"}},
	)
	tokens["Tim"] = newSoftToken("2001")
	s.enrol("Tim", tokens["Tim"])
	s.must(s.Freeze())
	s.signAll(tokens)
	before := s.assembled()

	alone := newSite(t)
	alone.begin(ceremony.Changing, "lyon")
	_, err := alone.Import(s.contents(), "base.tar", metadata.Sum(nil))
	alone.must(err)
	if err := alone.Changeable(); err != nil {
		t.Fatal("the role can't be changed there")
	}
	alone.edit(draft.AddTargets{Role: "team", Targets: files("team/", 3)})
	d, err := alone.Preview()
	alone.must(err)
	if len(d.Payloads) != 1 || d.Payloads[0].Role != "team" || d.Payloads[0].Version != 2 {
		t.Fatalf("the draft touches %+v", d.Payloads)
	}
	alone.must(alone.Freeze())
	team := alone.proposalOf("team")
	if who := alone.Signers(team); len(who) != 1 || who[0].Name != "Tim" {
		t.Errorf("signed by %+v", who)
	}
	alone.must(alone.signWith(team, "Tim", tokens["Tim"], "123123"))
	if _, err := trust.CheckContents(alone.contents(), alone.time.now(), time.Hour); err != nil {
		t.Error(err)
	}

	after, err := trust.Assemble(alone.contents())
	alone.must(err)
	if !bytes.Equal(after.Targets.Bytes, before.Targets.Bytes) || len(after.Roots) != len(before.Roots) || after.Delegated["team"].Version != 2 {
		t.Errorf("the bundle changes more than the role: %+v", after)
	}
	// What it brings is joined to what the others did meanwhile.
	s.edit(draft.Renew{Role: "targets", Days: 90})
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
	if _, err := trust.Assemble(c); err == nil || !strings.Contains(err.Error(), "a version of bins-0") {
		t.Errorf("a bin stands in another's place: %v", err)
	}
}
