package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// change finds the change of a field.
func change(t *testing.T, list []Change, field string) Change {
	t.Helper()
	i := slices.IndexFunc(list, func(c Change) bool { return c.Field == field })
	if i < 0 {
		t.Fatalf("nothing is said of %q: %+v", field, list)
	}
	return list[i]
}

// oneRole is targets with one delegation, to the first of the keys.
func oneRole(keys ...metadata.Key) *metadata.Signed {
	h := metadata.Header{Version: 1, Expires: reviewed.AddDate(0, 6, 0), Conclave: &metadata.Conclave{Trust: "wabbit", Holders: map[string]string{}}}
	return &metadata.Signed{Type: "targets", Version: h.Version, Expires: h.Expires, SpecVersion: "1.0.31", Conclave: h.Conclave,
		Targets: &metadata.Targets{Delegations: &metadata.Delegations{
			Keys:  byID(keys...),
			Roles: []metadata.DelegatedRole{{Name: "team", RoleKeys: vote(1, keys...), Paths: []string{"team/*"}}},
		}}}
}

// The keys of a delegation are known by holder, token, hardware and fingerprint,
// as those of root are.
func TestDelegatedKeysAreNamedAsThoseOfRoot(t *testing.T) {
	c, k := reader(), newKeys(t, 2)
	s := oneRole(k[0])
	s.Conclave.Holders[k[0].ID()] = "Ada"
	c.Hardware = func(string, metadata.Key) Hardware {
		return Hardware{Text: "hardware not known: no attestation", Serial: "5417501"}
	}
	fp, err := k[0].Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	got := change(t, c.Changes(nil, s), "team: Ada").After
	for _, want := range []string{"token 5417501, ", "hardware not known: no attestation, ", "key " + k[0].ID()[:8], "fingerprint " + fp.String()[:32]} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestKeysThatChangeInUnusualWays(t *testing.T) {
	c, k := reader(), newKeys(t, 2)
	named := func(id, name string, key metadata.Key) *metadata.Signed {
		s := oneRole(key)
		d := s.Targets.Delegations
		d.Keys, d.Roles[0].KeyIDs = map[string]metadata.Key{id: key}, []string{id}
		if name != "" {
			s.Conclave.Holders[id] = name
		}
		return s
	}
	old := k[0]
	old.Type = "ecdsa-sha2-nistp256"
	for name, test := range map[string]struct {
		before, after *metadata.Signed
		field, note   string
	}{
		"a new token":                      {named(k[0].ID(), "Ada", k[0]), named(k[1].ID(), "Ada", k[1]), "team: Ada", ""},
		"another name":                     {named(k[0].ID(), "Ada", k[0]), named(k[0].ID(), "Eve", k[0]), "team: Eve", "the key is the same and has another name than before"},
		"a first name":                     {named(k[0].ID(), "", k[0]), named(k[0].ID(), "Ada", k[0]), "team: Ada", "the key is the same and has another name than before"},
		"another key under the same keyid": {named(k[1].ID(), "Ada", k[0]), named(k[1].ID(), "Ada", k[1]), "team: Ada", "the keyid is the same, and the key is another one"},
		"the same key in other words":      {named(k[0].ID(), "Ada", old), named(k[0].ID(), "Ada", k[0]), "team: Ada", "the key is the same, and is written down in another way"},
		"a keyid put right":                {named(k[1].ID(), "Ada", k[0]), named(k[0].ID(), "Ada", k[0]), "team: Ada", "the key is the same, and is written down in another way"},
	} {
		t.Run(name, func(t *testing.T) {
			all := c.Changes(test.before, test.after)
			if ch := change(t, all, test.field); ch.Note != test.note || ch.Before == "" || ch.After == "" || ch.Before == ch.After {
				t.Errorf("%+v", all)
			}
		})
	}
}

// What clients do with delegations depends on their order; a delegation that
// goes is said in words.
func TestDelegationsInAnotherOrder(t *testing.T) {
	c, k := reader(), newKeys(t, 1)
	before, after := oneRole(k...), oneRole(k...)
	second := before.Targets.Delegations.Roles[0]
	second.Name = "ops"
	before.Targets.Delegations.Roles = append(before.Targets.Delegations.Roles, second)
	after.Targets.Delegations.Roles = append([]metadata.DelegatedRole{second}, after.Targets.Delegations.Roles...)
	all := c.Changes(before, after)
	if ch := change(t, all, "order of delegations"); len(all) != 1 || ch.Before != "team ops" || ch.After != "ops team" || !strings.Contains(ch.Note, "in this order") {
		t.Errorf("%+v", all)
	}
	if got := Warnings(before, oneRole(k...)); !slices.Contains(got, "Nothing is delegated to ops any more: clients find none of its targets.") {
		t.Errorf("%q", got)
	}
}

func TestLookAlikes(t *testing.T) {
	paths := func(list ...string) *metadata.Signed {
		s := &metadata.Signed{Targets: &metadata.Targets{Targets: map[string]metadata.Target{}}}
		for _, p := range list {
			s.Targets.Targets[p] = metadata.Target{Length: 1}
		}
		return s
	}
	roles := func(list ...string) *metadata.Signed {
		s := paths()
		s.Targets.Delegations = &metadata.Delegations{}
		for _, name := range list {
			s.Targets.Delegations.Roles = append(s.Targets.Delegations.Roles, metadata.DelegatedRole{Name: name})
		}
		return s
	}
	holders := func(list ...string) *metadata.Signed {
		s := &metadata.Signed{Conclave: &metadata.Conclave{Holders: map[string]string{}}}
		for i, name := range list {
			s.Conclave.Holders[fmt.Sprint(i)] = name
		}
		return s
	}
	for name, test := range map[string]struct {
		before, after *metadata.Signed
		want          []string // the beginnings of the warnings
	}{
		"a role beside one of TUF":      {nil, roles("tаrgets"), []string{`"tаrgets" looks like "targets" and is another name: letter 2 is U+0430, not a`}},
		"a holder in place of another":  {holders("Eve"), holders("Еve"), []string{`"Еve" looks like "Eve"`}},
		"Greek capitals":                {holders("BEN"), holders("ΒΕΝ"), []string{`"ΒΕΝ" looks like "BEN"`}},
		"one letter more":               {nil, holders("Ada", "Ada."), nil},
		"a path beside another":         {nil, paths("a/v1.0", "a/vl.0"), []string{`"a/v1.0" looks like "a/vl.0"`}},
		"a directory, said once":        {paths("wabbit/a", "wabbit/b"), paths("wabbit/a", "wabbit/b", "wаbbit/c", "wаbbit/d"), []string{`"wаbbit/" looks like "wabbit/"`}},
		"names in different places":     {nil, paths("a/b", "A2/b", "c/B"), nil},
		"what was there before":         {paths("a-b", "a_b"), paths("a-b", "a_b", "c"), []string{"There are 2 paths that look like another one, as in the version before."}},
		"what is gone on both sides":    {paths("a-b", "a_b"), paths("c"), nil},
		"a role and a path of one name": {nil, func() *metadata.Signed { s := roles("team"); s.Targets.Targets["Team"] = metadata.Target{}; return s }(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := lookAlikeWarnings(test.before, test.after)
			if len(got) != len(test.want) {
				t.Fatalf("%q", got)
			}
			for i, w := range test.want {
				if !strings.HasPrefix(got[i], w) {
					t.Errorf("%q does not begin with %q", got[i], w)
				}
			}
		})
	}
	all := targetChanges(paths("wabbit/a"), paths("wabbit/a", "wаbbit/c"), likePaths(paths("wabbit/a"), paths("wabbit/a", "wаbbit/c")))
	if len(all) != 1 || !strings.HasPrefix(all[0].Note, `"wаbbit/" looks like "wabbit/"`) {
		t.Errorf("%+v", all)
	}
}

// Thousands of look-alikes make a list that ends, and says how many there are.
func TestLookAlikesEnd(t *testing.T) {
	s := &metadata.Signed{Targets: &metadata.Targets{Targets: map[string]metadata.Target{}}}
	for i := range 5000 {
		s.Targets.Targets[fmt.Sprintf("%d/app", i)] = metadata.Target{}
		s.Targets.Targets[fmt.Sprintf("%d/аpp", i)] = metadata.Target{}
	}
	got := lookAlikeWarnings(nil, s)
	if last := got[len(got)-1]; len(got) > maxWarned+1 || !strings.HasPrefix(last, "There are ") {
		t.Errorf("%d warnings, the last: %s", len(got), got[len(got)-1])
	}
}

// No two texts look the same in a review, wherever a line is broken.
func TestExactTextsAreToldApart(t *testing.T) {
	seen := map[string]string{}
	for _, s := range []string{
		"a b", "a  b", " a b", "a b ", "ab", `a\x20b`, "a → b", "a -> b", `a \u2192 b`, "a\u200bb", `a\u200bb`, `a\\u200bb`, "a\x1bb", `a\x1bb`, "a\nb",
		"a\\nb", strings.Repeat("a", 40), strings.Repeat("a", 30) + " " + strings.Repeat("a", 10),
	} {
		shown := exact(s)
		if other, twice := seen[shown]; twice {
			t.Errorf("%q and %q are both %q", s, other, shown)
		}
		seen[shown] = s
		if text.Safe(shown) != shown {
			t.Errorf("%q is not safe", shown)
		}
	}
	onScreen := map[string]bool{} // a screen knows no blanks at the ends of lines, and may break words of this length
	for shown := range maps.Keys(seen) {
		flat := strings.Join(strings.Fields(shown), " ")
		if len(flat) > breakable {
			flat = strings.ReplaceAll(flat, " ", "")
		}
		if onScreen[flat] {
			t.Errorf("%q can't be told from another on a screen", shown)
		}
		onScreen[flat] = true
	}
}
