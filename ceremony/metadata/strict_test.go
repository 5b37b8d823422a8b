package metadata_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// fields is a JSON object of a body that a test edits.
type fields = map[string]any

// edited is signed after edit, in compact form.
func edited(t testing.TB, signed []byte, edit func(fields)) []byte {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(signed))
	dec.UseNumber()
	var body fields
	must(t, dec.Decode(&body))
	edit(body)
	text, err := json.Marshal(body)
	must(t, err)
	compact, err := metadata.Compact(text)
	must(t, err)
	return compact
}

// at walks down a body by keys and indices.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			v = v.(fields)[step]
		case int:
			v = v.([]any)[step]
		}
	}
	return v
}

func set(path []any, key string, value any) func(fields) {
	return func(body fields) { at(body, path...).(fields)[key] = value }
}

func unset(path []any, key string) func(fields) {
	return func(body fields) { delete(at(body, path...).(fields), key) }
}

func path(steps ...any) []any { return steps }

func TestCleanBodiesHaveNoFindings(t *testing.T) {
	s := newTrust(t, "wabbit").set(t, 1)
	for _, f := range []*metadata.File{s.Roots[0], s.Targets, s.Snapshot, s.Timestamp, s.Delegated["team"]} {
		again, err := metadata.ParseFile(f.Bytes, metadata.Adopted)
		must(t, err)
		if len(again.Findings)+len(again.Unknown) != 0 {
			t.Errorf("%s: %v, %v", f.Type, again.Findings, again.Unknown)
		}
	}
}

// What TUF leaves to others is neither refused nor hidden.
func TestUnknownFieldsAreNamed(t *testing.T) {
	tr := newTrust(t, "wabbit")
	for kind, c := range map[string]struct {
		signed []byte
		edits  []func(fields)
		want   []string
	}{
		"root": {encoded(t)(metadata.EncodeRoot(tr.header(1), tr.rootBody())),
			[]func(fields){set(nil, "x-evil\x1b", 1), set(path("roles", "root"), "x", 1), set(path("x-conclave"), "y", fields{})},
			[]string{"signed.roles.root.x", "signed.x-conclave.y", `signed."x-evil\x1b"`}},
		"targets": {encoded(t)(metadata.EncodeTargets(tr.header(1), tr.targetsBody())),
			[]func(fields){set(path("targets", "app/v1"), "x", 1), set(path("delegations"), "y", 1), set(path("delegations", "roles", 0), "z", 1)},
			[]string{"signed.delegations.roles.0.z", "signed.delegations.y", "signed.targets.app/v1.x"}},
	} {
		text := c.signed
		for _, edit := range c.edits {
			text = edited(t, text, edit)
		}
		for _, mode := range []metadata.Mode{metadata.Strict, metadata.Adopted} {
			s, err := metadata.ParseSigned(text, mode)
			must(t, err)
			if fmt.Sprint(s.Unknown) != fmt.Sprint(c.want) {
				t.Errorf("%s: unknown fields: got %q, want %q", kind, s.Unknown, c.want)
			}
			if got, want := codes(s.Findings)["unknown-field"], int(mode)*len(c.want); got != want {
				t.Errorf("%s: mode %d has %d findings, want %d", kind, mode, got, want)
			}
		}
	}
}

// A file full of oddities makes a report that ends.
func TestFindingsEnd(t *testing.T) {
	tr := newTrust(t, "wabbit")
	text := edited(t, encoded(t)(metadata.EncodeTargets(tr.header(1), tr.targetsBody())), func(body fields) {
		for i := range 5000 {
			body[fmt.Sprintf("x-%04d", i)] = i
		}
	})
	_, err := metadata.ParseSigned(text, metadata.Strict)
	wantField(t, err, "signed.x-1000", "one unknown field too many")
	s, err := metadata.ParseSigned(text, metadata.Adopted)
	must(t, err)
	if last := s.Findings[len(s.Findings)-1]; len(s.Unknown) != 1000 || len(s.Findings) != 1001 || last.Text != "and 4000 more of the same kind" {
		t.Errorf("%d unknown fields, %d findings, the last: %+v", len(s.Unknown), len(s.Findings), last)
	}
}

// A signer's body has one form only.
func TestStrictDemandsCompactForm(t *testing.T) {
	tr := newTrust(t, "wabbit")
	good := encoded(t)(metadata.EncodeRoot(tr.header(1), tr.rootBody()))
	for name, text := range map[string][]byte{
		"a blank":       bytes.Replace(good, []byte(`":`), []byte(`": `), 1),
		"a newline":     append(bytes.Clone(good), '\n'),
		"an escape":     bytes.Replace(good, []byte(`"root"`), []byte(`"\u0072oot"`), 1),
		"a long escape": bytes.Replace(good, []byte(`\n`), []byte(`\u000a`), 1),
		"another order": append([]byte(`{"version":1,`), bytes.Replace(good, []byte(`,"version":1`), nil, 1)[1:]...),
	} {
		_, err := metadata.ParseSigned(text, metadata.Strict)
		wantField(t, err, "signed", "not in compact form")
		s, err := metadata.ParseSigned(text, metadata.Adopted)
		must(t, err)
		want, err := metadata.Canonical(good)
		must(t, err)
		if !bytes.Equal(s.Payload, want) || !bytes.Equal(s.Bytes, text) {
			t.Errorf("%s: the payload or the bytes changed", name)
		}
	}
}

func TestRoleNames(t *testing.T) {
	tr := newTrust(t, "wabbit")
	for _, name := range []string{"team", "Team_2", "größe", "тeam", "a-b", "x"} { // one of them is a look-alike: for a review to flag
		body := tr.targetsBody()
		body.Delegations.Roles[0].Name = name
		if _, err := metadata.EncodeTargets(tr.header(1), body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
