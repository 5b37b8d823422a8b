package ceremony_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// files are n targets, called prefix0, prefix1, ...
func files(prefix string, n int) []trust.NewTarget {
	list := make([]trust.NewTarget, n)
	for i := range list {
		path := fmt.Sprint(prefix, i)
		list[i] = trust.NewTarget{Path: path, SHA256: metadata.Sum([]byte(path)), Length: int64(i + 1)}
	}
	return list
}

// bins8 are hash bins of targets, signed by Ada or Bo.
var bins8 = draft.HashBins{Role: "bins", BitLength: 3, Holders: []string{"Ada", "Bo"}, Threshold: 1}

// paths are the targets of a set, with the role that holds each.
func (s *site) paths(set *trust.Set) map[string]string {
	s.t.Helper()
	held := map[string]string{}
	take := func(role string, f *metadata.File) {
		for path := range f.Targets.Targets {
			if other, twice := held[path]; twice {
				s.t.Errorf("%s is in %s and in %s", path, other, role)
			}
			held[path] = role
		}
	}
	take("targets", set.Targets)
	for role, f := range set.Delegated {
		take(role, f)
	}
	return held
}

// TestHashBins: what targets holds goes into bins, one consent covers all of
// them, and only those that change get a new version.
func TestHashBins(t *testing.T) {
	s, tokens := complete(t)
	s.edit(bins8, draft.AddTargets{Role: "targets", Targets: files("wabbit/file-", 40)})
	d, err := s.Preview()
	s.must(err)
	if len(d.Payloads) != 2 || d.Payloads[1].Name() != "8 bins of bins" || len(d.Payloads[1].Changes) < 41 {
		t.Fatalf("the draft comes to %+v", d.Payloads)
	}
	s.must(s.Freeze())
	s.signAll(tokens)
	set := s.assembled()
	if _, err := trust.CheckContents(s.contents(), s.time.now(), time.Hour); err != nil {
		t.Errorf("go-tuf and strict clients: %v", err)
	}
	held := s.paths(set)
	if len(set.Delegated) != 8 || len(set.Targets.Targets.Targets) != 0 || len(held) != 41 {
		t.Fatalf("%d bins, %d targets left, %d paths", len(set.Delegated), len(set.Targets.Targets.Targets), len(held))
	}
	for path, role := range held {
		if want := set.Targets.Targets.Delegations.Succinct.For(path); role != want {
			t.Errorf("%s is in %s, and belongs into %s", path, role, want)
		}
	}

	s.edit(
		draft.AddTarget{Role: "targets", Path: "wabbit/new", SHA256: metadata.Sum([]byte("new")), Length: 3},
		draft.RemoveTarget{Role: "bins-*", Path: "wabbit/file-7"},
		draft.SetCustom{Role: "targets", Path: "wabbit/file-8", Custom: `{ "b": 1, "a": [] }`},
	)
	touched := map[string]bool{}
	for _, path := range []string{"wabbit/new", "wabbit/file-7", "wabbit/file-8"} {
		touched[set.Targets.Targets.Delegations.Succinct.For(path)] = true
	}
	s.must(s.Freeze())
	s.signAll(tokens)
	next := s.assembled()
	for role, f := range next.Delegated {
		want := int64(1)
		if touched[role] {
			want = 2
		}
		if f.Version != want {
			t.Errorf("%s %d, want version %d", role, f.Version, want)
		}
	}
	if next.Targets.Version != 2 {
		t.Errorf("targets %d", next.Targets.Version)
	}
	held = s.paths(next)
	if held["wabbit/file-7"] != "" || held["wabbit/new"] == "" {
		t.Error("the targets are not what was asked for")
	}
	if custom := next.Delegated[held["wabbit/file-8"]].Targets.Targets["wabbit/file-8"].Custom; string(custom) != `{"a":[],"b":1}` {
		t.Errorf("custom %s", custom)
	}
}

// TestOneConsentCoversWhatWasRead: the review lists all bins by path, the words
// are those of all of them together, and a token that is pulled in the middle
// loses nothing.
func TestOneConsentCoversWhatWasRead(t *testing.T) {
	s, tokens := complete(t)
	s.edit(bins8, draft.AddTargets{Role: "targets", Targets: files("wabbit/file-", 20)})
	s.must(s.Freeze())
	s.must(s.signWith(s.proposalOf("targets"), "Ada", tokens["Ada"], "123123"))
	id := s.proposalOf("bins-*")
	r, err := s.Review(id, s.holder("Ada"))
	s.must(err)
	if r.Payloads != 8 || r.Phrase != "sign 8 bins of bins" || r.Digest != id || !r.First {
		t.Errorf("the review: %+v", r)
	}
	var paths []string
	for _, ch := range r.Changes {
		if ch.Path != "" {
			paths = append(paths, ch.Path)
		}
	}
	if len(paths) != 21 || !slices.IsSorted(paths) {
		t.Errorf("%d paths: %v", len(paths), paths)
	}

	good := consent(t, r)
	for _, bad := range []func(*ceremony.Consent){
		func(c *ceremony.Consent) { c.Phrase = "sign bins-0 1" },
		func(c *ceremony.Consent) { c.Words[0] = "nonsense" },
	} {
		c := good
		bad(&c)
		if _, err := s.Sign(context.Background(), "Ada", tokens["Ada"], pin("123123"), c); !isType[*ceremony.ConsentError](err) {
			t.Errorf("signed with %+v: %v", c, err)
		}
	}
	signs := tokens["Ada"].signs
	for want := 7; want >= 4; want-- {
		done, err := s.Sign(context.Background(), "Ada", tokens["Ada"], pin("123123"), good)
		s.must(err)
		if done.Left != want || done.Quorum.Met() {
			t.Errorf("left %d, want %d: %v", done.Left, want, done.Quorum)
		}
	}
	tokens["Ada"].sign = func([]byte) ([]byte, error) { return nil, &token.RemovedError{} }
	if _, err := s.Sign(context.Background(), "Ada", tokens["Ada"], pin("123123"), good); err == nil {
		t.Error("signed without a token")
	}
	tokens["Ada"].sign = nil
	s.restart()
	if got := s.proposalOf("bins-*"); got != id {
		t.Fatalf("the digest changed from %s to %s", id, got)
	}
	for left := 4; left > 0; {
		done, err := s.Sign(context.Background(), "Ada", tokens["Ada"], pin("123123"), good)
		s.must(err)
		if left = done.Left; left == 0 && !done.Quorum.Met() {
			t.Errorf("not complete: %v", done.Quorum)
		}
	}
	if _, err := s.Sign(context.Background(), "Ada", tokens["Ada"], pin("123123"), good); !errors.Is(err, token.ErrAlreadySigned) {
		t.Errorf("signed twice: %v", err)
	}
	if n := tokens["Ada"].signs - signs; n != 9 { // 8, and the one that failed
		t.Errorf("the token was asked %d times", n)
	}
	s.assembled()
}

// TestBinsByPathHashPrefixes: the same for clients without TAP 15, beside other delegations.
func TestBinsByPathHashPrefixes(t *testing.T) {
	s, tokens := complete(t)
	e := bins8
	e.Prefixes = true
	s.edit(
		draft.Delegate{Role: "team", Holders: []string{"Cy"}, Threshold: 1, Paths: []string{"team/*"}},
		e, draft.AddTargets{Role: "targets", Targets: files("wabbit/file-", 9)},
	)
	if draft, err := s.Preview(); err != nil || !strings.Contains(strings.Join(draft.Warnings, " "), "go-tuf up to 2.4.2") {
		t.Errorf("what go-tuf makes of it is not said: %v, %v", draft.Warnings, err)
	}
	s.must(s.Freeze())
	s.signAll(tokens)
	set := s.assembled()
	roles := set.Targets.Targets.Delegations.Roles
	if len(roles) != 9 || len(set.Delegated) != 9 {
		t.Fatalf("%d delegations, %v", len(roles), slices.Sorted(maps.Keys(set.Delegated)))
	}
	for path, role := range s.paths(set) {
		at := slices.IndexFunc(roles, func(r metadata.DelegatedRole) bool {
			sum := metadata.Sum([]byte(path)).String()
			return slices.ContainsFunc(r.PathHashPrefixes, func(p string) bool { return strings.HasPrefix(sum, p) })
		})
		if at < 0 || roles[at].Name != role {
			t.Errorf("%s is in %s, which clients don't ask for it", path, role)
		}
	}
	// They are changed together, and can be taken back.
	s.edit(draft.SetThreshold{Role: "bins-*", Threshold: 2})
	s.must(s.Freeze())
	s.signAll(tokens)
	set = s.assembled()
	for _, r := range set.Targets.Targets.Delegations.Roles {
		if r.Name != "team" && (r.Threshold != 2 || set.Delegated[r.Name].Version != 2) {
			t.Errorf("%s: %d of %d, version %d", r.Name, r.Threshold, len(r.KeyIDs), set.Delegated[r.Name].Version)
		}
	}
	s.edit(draft.Undelegate{Role: "bins-*"})
	s.must(s.Freeze())
	s.signAll(tokens)
	if set = s.assembled(); len(set.Targets.Targets.Targets) != 10 || len(set.Delegated) != 1 {
		t.Errorf("%d targets, %d roles", len(set.Targets.Targets.Targets), len(set.Delegated))
	}
}

func TestBinsThatCantBe(t *testing.T) {
	s, _ := complete(t)
	for _, e := range []draft.HashBins{
		{Role: "bins", BitLength: 0, Holders: []string{"Ada"}, Threshold: 1},
		{Role: "bins", BitLength: 11, Holders: []string{"Ada"}, Threshold: 1},
		{Role: "", BitLength: 3, Holders: []string{"Ada"}, Threshold: 1},
		{Role: "bins", BitLength: 3, Holders: []string{"Nobody"}, Threshold: 1},
		{Role: "bins", BitLength: 3, Holders: []string{"Ada"}, Threshold: 0},
		{Role: "bins", BitLength: 3, Holders: []string{"Ada"}, Threshold: 1, Parent: "team"},
	} {
		if err := s.Edit(e); !isType[*draft.EditError](err) {
			t.Errorf("%s: %v", e, err)
		}
	}
	s.edit(draft.Delegate{Role: "team", Holders: []string{"Ada"}, Threshold: 1, Paths: []string{"team/*"}})
	if err := s.Edit(bins8); !isType[*draft.EditError](err) || !strings.Contains(err.Error(), "TAP 15") {
		t.Errorf("succinct bins beside a delegation by name: %v", err)
	}
	below := bins8
	below.Parent = "team"
	s.edit(below)
	if err := s.Edit(below); !isType[*draft.EditError](err) {
		t.Errorf("bins twice: %v", err)
	}
	if err := s.Edit(draft.Delegate{Role: "other", Holders: []string{"Ada"}, Threshold: 1, Paths: []string{"*"}, Parent: "team"}); !isType[*draft.EditError](err) {
		t.Errorf("a delegation beside bins: %v", err)
	}
}

// TestAssembleIsIndependentOfOrder: of what a bundle holds, in whatever order,
// the same comes.
func TestAssembleIsIndependentOfOrder(t *testing.T) {
	s, tokens := complete(t)
	below := bins8
	below.Parent, below.BitLength = "team", 2
	s.edit(
		draft.Delegate{Role: "team", Holders: []string{"Bo", "Cy"}, Threshold: 1, Paths: []string{"team/*"}},
		below, draft.AddTargets{Role: "team", Targets: files("team/", 12)},
	)
	s.must(s.Freeze())
	s.signAll(tokens)
	s.edit(draft.RemoveTargets{Role: "team", Pattern: "team/1*"}, draft.Renew{Role: "team", Days: 30})
	s.must(s.Freeze())
	s.signAll(tokens)
	c, err := s.Contents()
	s.must(err)
	want := s.assembled()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, seed))
		c.Proposals, c.Signatures = slices.Clone(c.Proposals), slices.Clone(c.Signatures)
		r.Shuffle(len(c.Proposals), func(i, j int) { c.Proposals[i], c.Proposals[j] = c.Proposals[j], c.Proposals[i] })
		r.Shuffle(len(c.Signatures), func(i, j int) { c.Signatures[i], c.Signatures[j] = c.Signatures[j], c.Signatures[i] })
		got, err := trust.Assemble(c)
		s.must(err)
		same := maps.EqualFunc(got.Delegated, want.Delegated, func(a, b *metadata.File) bool { return string(a.Bytes) == string(b.Bytes) })
		if !same || string(got.Targets.Bytes) != string(want.Targets.Bytes) || len(got.Roots) != len(want.Roots) {
			t.Fatalf("seed %d comes to something else", seed)
		}
	}
}
