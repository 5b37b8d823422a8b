package review

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

var reviewed = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)

// reader knows nothing of any token.
func reader() View {
	return View{Now: reviewed, Hardware: func(string, metadata.Key) Hardware {
		return Hardware{Text: "hardware not known: no attestation"}
	}}
}

// said is all that a review says of after.
type said struct {
	version  int64
	changes  []Change
	warnings []string
}

func (v View) say(before, after *metadata.Signed) said {
	return said{after.Version, v.Changes(before, after), Warnings(before, after)}
}

func newKeys(t testing.TB, n int) []metadata.Key {
	t.Helper()
	keys := make([]metadata.Key, n)
	for i := range keys {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if keys[i], err = metadata.NewKey(private.Public()); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(keys, func(a, b metadata.Key) int { return strings.Compare(a.ID(), b.ID()) })
	return keys
}

func vote(threshold int, keys ...metadata.Key) metadata.RoleKeys {
	who := metadata.RoleKeys{Threshold: threshold}
	for _, k := range keys {
		who.KeyIDs = append(who.KeyIDs, k.ID())
	}
	return who
}

func byID(keys ...metadata.Key) map[string]metadata.Key {
	m := map[string]metadata.Key{}
	for _, k := range keys {
		m[k.ID()] = k
	}
	return m
}

// named has a holder for each of the keys.
func named(version int64, keys ...metadata.Key) metadata.Header {
	holders := map[string]string{}
	for i, k := range keys {
		holders[k.ID()] = []string{"Ada", "Bo Lee", "key 1", `C\y`}[i]
	}
	return metadata.Header{Version: version, Expires: reviewed.AddDate(1, 0, 0), Conclave: &metadata.Conclave{Trust: "wabbit", Holders: holders}}
}

// payloads have every field that the strict reader knows, and some that it doesn't.
func payloads(t testing.TB) map[string][]byte {
	t.Helper()
	k := newKeys(t, 6)
	root := metadata.Root{Keys: byID(k...), Roles: map[string]metadata.RoleKeys{
		"root": vote(2, k[0], k[1], k[2]), "targets": vote(1, k[2], k[1]), "snapshot": vote(1, k[4]), "timestamp": vote(1, k[4]),
	}}
	file := metadata.Target{Length: 3, Hashes: map[string]string{"sha256": strings.Repeat("ab", 32)}}
	image := file
	image.Custom = []byte(`{"mediaType":"a/b","note":"two  words -> \\u202e"}`)
	targets := metadata.Targets{
		Targets: map[string]metadata.Target{"team/app": file, "team/a b": image, `x"y.z`: file},
		Delegations: &metadata.Delegations{Keys: byID(k[:4]...), Roles: []metadata.DelegatedRole{
			{Name: "team", RoleKeys: vote(1, k[0], k[1]), Paths: []string{"team/*", "a b/*"}, Tag: "wabbit-team"},
			{Name: "ops", RoleKeys: vote(2, k[3], k[1]), Paths: []string{"ops/*"}, Terminating: true},
			{Name: "bins", RoleKeys: vote(1, k[0]), PathHashPrefixes: []string{"00", "01"}},
		}},
	}
	binned := metadata.Targets{Targets: map[string]metadata.Target{}, Delegations: &metadata.Delegations{
		Keys: byID(k[:2]...), Succinct: &metadata.SuccinctRoles{RoleKeys: vote(1, k[0], k[1]), BitLength: 5, NamePrefix: "bin"},
	}}
	encode := func(signed []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	return map[string][]byte{
		"root":    with(t, encode(metadata.EncodeRoot(named(7, k[:4]...), root)), map[string]any{"x-a": map[string]any{"b.c": 1, "d": "e"}}),
		"targets": with(t, encode(metadata.EncodeTargets(named(3, k[0], k[1], k[5]), targets)), map[string]any{"x.a": []any{1, "two"}}),
		"bins":    encode(metadata.EncodeTargets(named(3, k[0]), binned)),
		"plain":   encode(metadata.EncodeTargets(metadata.Header{Version: 1, Expires: reviewed}, metadata.Targets{})),
	}
}

func with(t testing.TB, signed []byte, more map[string]any) []byte {
	t.Helper()
	tree := decoded(t, signed).(map[string]any)
	maps.Copy(tree, more)
	return encoded(t, tree)
}

func decoded(t testing.TB, signed []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(signed))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

func encoded(t testing.TB, tree any) []byte {
	t.Helper()
	raw, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := metadata.Compact(raw)
	if err != nil {
		return nil // a number or a text that no file can hold
	}
	return signed
}

func readStrictly(t testing.TB, signed []byte) *metadata.Signed {
	t.Helper()
	s, err := metadata.ParseSigned(signed, metadata.Strict)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A review can't lie: whatever single member, element or value of a payload is
// put in, taken out or changed, the strict reader refuses it, or the review
// says something else: against the version before, against the version that it
// was, and by itself.
func TestReviewCannotLie(t *testing.T) {
	c := reader()
	for name, signed := range payloads(t) {
		t.Run(name, func(t *testing.T) {
			was := readStrictly(t, signed)
			first := c.say(nil, was)
			if same := c.say(was, was); len(same.changes) != 0 {
				t.Fatalf("a change of nothing: %+v", same.changes)
			}
			read, refused := 0, 0
			for what, text := range mutants(t, signed) {
				now, err := metadata.ParseSigned(text, metadata.Strict)
				if err != nil || now.Type != was.Type { // ReadPayload refuses another type
					refused++
					continue
				}
				if bytes.Equal(now.Payload, was.Payload) {
					continue
				}
				read++
				if reflect.DeepEqual(c.say(nil, now), first) {
					t.Errorf("%s: the review by itself is the same", what)
				}
				if len(c.Changes(was, now)) == 0 && now.Version == was.Version {
					t.Errorf("%s: it is no change", what)
				}
				if len(c.Changes(now, was)) == 0 && now.Version == was.Version {
					t.Errorf("%s: to undo it is no change", what)
				}
			}
			t.Logf("%d mutants were read, %d refused", read, refused)
			if read < 20 || refused < 20 {
				t.Error("that proves little")
			}
		})
	}
}

// Several mutations at once don't hide each other.
func TestReviewCannotLieTwice(t *testing.T) {
	c := reader()
	all := payloads(t)
	rapid.Check(t, func(r *rapid.T) {
		signed := all[rapid.SampledFrom(slices.Sorted(maps.Keys(all))).Draw(r, "payload")]
		was := readStrictly(t, signed)
		other := [2]*metadata.Signed{was, was}
		for i := range other {
			text := signed
			for range rapid.IntRange(1, 4).Draw(r, "mutations") {
				_, next := mutant(t, text, rapid.IntRange(0, 2000).Draw(r, "mutation"))
				if now, err := metadata.ParseSigned(next, metadata.Strict); err == nil && now.Type == was.Type {
					text, other[i] = next, now
				}
			}
		}
		a, b := c.say(was, other[0]), c.say(was, other[1])
		if same := bytes.Equal(other[0].Payload, other[1].Payload); reflect.DeepEqual(a, b) != same {
			r.Errorf("the same review %v, the same payload %v:\n%s\n%s", !same, same, other[0].Payload, other[1].Payload)
		}
	})
}

// mutants are signed with one member, element or value changed, by what was done.
func mutants(t testing.TB, signed []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for n := 0; ; n++ {
		what, text := mutant(t, signed, n)
		if what == "" {
			return out
		}
		if text != nil {
			out[fmt.Sprintf("%d: %s", n, what)] = text
		}
	}
}

// mutant is signed with the nth mutation, counted from 0, and what that is;
// "" where there are no more.
func mutant(t testing.TB, signed []byte, n int) (what string, text []byte) {
	t.Helper()
	m := mutator{values: map[string]bool{}, left: n}
	tree := decoded(t, signed)
	m.gather(tree)
	tree = m.visit(tree, "signed")
	return m.did, encoded(t, tree)
}

// mutator changes one thing in a tree: the one that is left'th in order.
type mutator struct {
	values map[string]bool // every keyid and hash of the tree
	left   int
	did    string
}

func (m *mutator) gather(v any) {
	switch v := v.(type) {
	case string:
		m.values[v] = len(v) == 64
	case []any:
		for _, e := range v {
			m.gather(e)
		}
	case map[string]any:
		for k, e := range v {
			m.values[k] = len(k) == 64
			m.gather(e)
		}
	}
}

// due says whether it is this mutation's turn.
func (m *mutator) due(format string, args ...any) bool {
	if m.did != "" {
		return false
	}
	if m.left--; m.left >= 0 {
		return false
	}
	m.did = fmt.Sprintf(format, args...)
	return true
}

func (m *mutator) visit(v any, path string) any {
	for _, other := range []any{nil, true, false, json.Number("0"), "", []any{}, map[string]any{}} {
		if m.due("%s becomes %v", path, other) {
			return other
		}
	}
	switch v := v.(type) {
	case json.Number:
		i, err := v.Int64()
		for _, by := range []int64{1, -1, 1000} {
			if err == nil && m.due("%s and %d", path, by) {
				return json.Number(fmt.Sprint(i + by))
			}
		}
	case string:
		return m.text(v, path)
	case []any:
		return m.array(v, path)
	case map[string]any:
		return m.object(v, path)
	}
	return v
}

func (m *mutator) text(s, path string) string {
	variants := []string{s + " ", " " + s, s + "x", s + "\u200b", s + `\u200b`, s + " -> x", strings.ToUpper(s), s + "\u0430", s + "a"}
	if len(s) > 1 {
		variants = append(variants, s[1:], s[:len(s)-1], s[1:2]+s[:1]+s[2:], strings.Replace(s, ":00Z", ":01Z", 1), s[:1]+" "+s[1:], s[:1]+"  "+s[1:])
	}
	if len(s) < 12 { // such as one keyid for another
		variants = append(variants, "threshold", "online key", "key 1", "trust")
	} else if len(s) == 64 {
		for _, other := range slices.Sorted(maps.Keys(m.values)) {
			if m.values[other] {
				variants = append(variants, other)
			}
		}
	}
	for _, other := range variants {
		if m.due("%s becomes %q", path, other) {
			return other
		}
	}
	return s
}

func (m *mutator) array(list []any, path string) any {
	for i := range list {
		at := fmt.Sprintf("%s.%d", path, i)
		if m.due("%s goes", at) {
			return slices.Delete(list, i, i+1)
		}
		if m.due("%s comes twice", at) {
			return slices.Insert(list, i, list[i])
		}
		if i > 0 && m.due("%s goes first", at) {
			return append([]any{list[i]}, slices.Delete(list, i, i+1)...)
		}
		list[i] = m.visit(list[i], at)
	}
	if m.due("%s gets a new element", path) {
		return append(list, "new")
	}
	return list
}

func (m *mutator) object(members map[string]any, path string) any {
	for _, key := range slices.Sorted(maps.Keys(members)) {
		at := path + "." + key
		if m.due("%s goes", at) {
			delete(members, key)
			return members
		}
		if other := m.text(key, at+" (its name)"); other != key {
			members[other] = members[key]
			delete(members, key)
			return members
		}
		members[key] = m.visit(members[key], at)
	}
	for _, key := range optional {
		for _, value := range []any{map[string]any{}, []any{}, "new", true} {
			if _, there := members[key]; !there && m.due("%s.%s comes as %v", path, key, value) {
				members[key] = value
				return members
			}
		}
	}
	return members
}

// optional are fields that an object may have, and one that TUF doesn't know.
var optional = []string{"x-new", "custom", "delegations", "path_hash_prefixes", "paths", "terminating", "x-conclave", "x-conclave-tag",
	"holders", "trust", "consistent_snapshot", "roles", "succinct_roles", "sha512"}
