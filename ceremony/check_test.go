package ceremony_test

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestHandover: what is finished is verified, what is not says what it lacks,
// and the journal that travels tells of both.
func TestHandover(t *testing.T) {
	s, tokens := founded(t)
	s.must(s.signWith(s.proposalOf("root"), "Ada", tokens["Ada"], "123123"))
	contents, checked, err := s.Handover()
	s.must(err)
	if len(checked.Open) != 2 || !strings.Contains(checked.Open[0], "root 1 is not complete") || len(checked.Verified) != 0 {
		t.Errorf("unfinished: %+v", checked)
	}
	if len(contents.Proposals) != 2 || !strings.Contains(string(contents.Journals[0].Lines), "export-checked") {
		t.Errorf("it does not travel whole: %d proposals", len(contents.Proposals))
	}

	s.signAll(tokens)
	contents, checked, err = s.Handover()
	s.must(err)
	if !slices.Equal(checked.Verified, []string{"root 1", "targets 1"}) || checked.From != 1 || len(checked.Open)+len(checked.Notes) != 0 {
		t.Errorf("finished: %+v", checked)
	}
	record, err := record.New(contents.Journals)
	s.must(err)
	last := record.Sites[0].Lines[len(record.Sites[0].Lines)-1]
	if last.Event != "export-checked" || !strings.Contains(last.Text, "root 1, targets 1: verified as strict clients do, and as go-tuf's does from root 1") {
		t.Errorf("the record says %+v", last)
	}

	// The day before it expires nobody could publish it any more.
	s.time.t = start.AddDate(0, 0, 179)
	before := len(s.disk.lines)
	if _, _, err := s.Handover(); !refuses(err, "targets", 1, "expires on") {
		t.Errorf("about to expire: %v", err)
	}
	if !strings.Contains(string(s.disk.lines[before:]), `"refused":"targets 1 expires on`) {
		t.Error("the journal does not tell of the refusal")
	}
	s.restart()
	if _, _, err := newSite(t).Handover(); err != ceremony.ErrNotNow {
		t.Errorf("nothing to hand over: %v", err)
	}
}

// TestHandoverOfADelegation: a role that is delegated and not here is awaited.
func TestHandoverOfADelegation(t *testing.T) {
	s, tokens := complete(t)
	s.edit(draft.Delegate{Role: "team", Holders: []string{"Bo"}, Threshold: 1, Paths: []string{"team/*"}})
	s.must(s.Freeze())
	s.signAll(tokens)
	c, checked, err := s.Handover()
	s.must(err)
	if !slices.Equal(checked.Verified, []string{"root 1", "targets 2", "team 1"}) {
		t.Errorf("with the team: %+v", checked)
	}
	c.Proposals = slices.DeleteFunc(c.Proposals, func(p trust.Proposal) bool { return p.Role == "team" })
	checked, err = trust.CheckContents(c, start, 0)
	s.must(err)
	if len(checked.Open) != 1 || !strings.Contains(checked.Open[0], "team is delegated by targets 2") {
		t.Errorf("without: %+v", checked)
	}
}

func refuses(err error, role string, version int64, rule string) bool {
	e, ok := err.(*trust.ExportError)
	return ok && e.Role == role && e.Version == version && strings.Contains(e.Error(), rule) && e.Code() == "EXPORT-REFUSED"
}

// TestClientsRefuse has a set for each rule of clients, wrong in that alone.
func TestClientsRefuse(t *testing.T) {
	m := newMaker(t)
	if _, err := m.good.Check(start); err != nil {
		t.Fatal(err)
	}
	for role, sets := range map[string][]wrongSet{"root": m.wrongRoots(), "targets": m.wrongTargets()} {
		for _, tt := range sets {
			t.Run(tt.name, func(t *testing.T) {
				set := *m.good
				set.Roots = slices.Clone(m.good.Roots)
				tt.with(&set)
				version := set.Roots[len(set.Roots)-1].Version
				if role == "targets" {
					version = set.Targets.Version
				}
				if _, err := set.Check(start); !refuses(err, role, version, tt.rule) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// maker makes files of a complete trust that its holders sign, and a stranger.
type maker struct {
	t        *testing.T
	good     *trust.Set
	tokens   map[string]*softToken
	stranger *softToken
}

func newMaker(t *testing.T) *maker {
	t.Helper()
	s, tokens := complete(t)
	m := &maker{t, s.assembled(), tokens, newSoftToken("1")}
	_, err := m.stranger.Enrol(context.Background(), token.EnrolRequest{PIN: pin("123123")})
	s.must(err)
	return m
}

// signed makes a file of what an Encode function made.
func (m *maker) signed(by ...*softToken) func([]byte, error) *metadata.File {
	m.t.Helper()
	return signedBy(m.t, by)
}

// root is root 1 after an edit, as another version.
func (m *maker) root(version int64, edit func(*metadata.Root)) *metadata.File {
	m.t.Helper()
	body := *m.good.Roots[0].Root
	body.Keys, body.Roles = maps.Clone(body.Keys), maps.Clone(body.Roles)
	edit(&body)
	return m.signed(m.tokens["Ada"], m.tokens["Bo"])(metadata.EncodeRoot(headerOf(version), body))
}

func (m *maker) targets(edit func(*metadata.Targets)) *metadata.File {
	m.t.Helper()
	body := metadata.Targets{Targets: map[string]metadata.Target{"app": {Length: 3, Hashes: map[string]string{"sha256": metadata.Sum([]byte("app")).String()}}}}
	edit(&body)
	return m.signed(m.tokens["Ada"])(metadata.EncodeTargets(headerOf(2), body))
}

// tolerant is f with other text in it, read as others' metadata is.
func (m *maker) tolerant(f *metadata.File, old, new string) *metadata.File {
	m.t.Helper()
	text := strings.Replace(string(f.Bytes), old, new, 1)
	if text == string(f.Bytes) {
		m.t.Fatalf("%s is not there", old)
	}
	file, err := metadata.ParseFile([]byte(text), metadata.Adopted)
	if err != nil {
		m.t.Fatal(err)
	}
	return file
}

// wrongSet is a set that clients refuse, and what is said of it.
type wrongSet struct {
	name string
	with func(set *trust.Set)
	rule string
}

func (m *maker) wrongRoots() []wrongSet {
	return []wrongSet{
		{"a root over the clients' limit", func(set *trust.Set) {
			set.Roots = append(set.Roots, m.root(2, func(r *metadata.Root) { maps.Copy(r.Keys, manyKeys(m.t, 4000)) }))
		}, "clients read at most 512000"},
		{"more roots than clients follow", func(set *trust.Set) {
			for v := int64(2); v <= 257; v++ {
				set.Roots = append(set.Roots, m.root(v, func(*metadata.Root) {}))
			}
		}, "clients follow at most 256"},
		{"a root that skips one", func(set *trust.Set) {
			set.Roots = append(set.Roots, m.root(3, func(*metadata.Root) {}))
		}, "instead of 2"},
		{"a root of new keys alone", func(set *trust.Set) {
			key := keyOf(m.t, m.stranger)
			next := *m.good.Roots[0].Root
			next.Keys, next.Roles = maps.Clone(next.Keys), maps.Clone(next.Roles)
			next.Keys[key.ID()], next.Roles["root"] = key, metadata.RoleKeys{KeyIDs: []string{key.ID()}, Threshold: 1}
			set.Roots = append(set.Roots, m.signed(m.stranger)(metadata.EncodeRoot(headerOf(2), next)))
		}, "old root 1"},
		{"a keyid that is no hash of its key", func(set *trust.Set) {
			set.Roots = []*metadata.File{m.tolerant(set.Roots[0], `"scheme":"ecdsa-sha2-nistp256"`, `"scheme":"ecdsa-sha2-nistp256","x":1`)}
		}, "no strict metadata"},
	}
}

func (m *maker) wrongTargets() []wrongSet {
	return []wrongSet{
		{"an empty signature", func(set *trust.Set) {
			set.Targets = m.tolerant(set.Targets, `{"signatures":[`, `{"signatures":[{"keyid":"`+keyOf(m.t, m.tokens["Bo"]).ID()+`","sig":""},`)
		}, "no strict metadata"},
		{"a signature twice", func(set *trust.Set) {
			one := set.Targets.Signatures[0]
			set.Targets = m.tolerant(set.Targets, `{"signatures":[`, `{"signatures":[{"keyid":"`+one.KeyID+`","sig":"`+one.Sig+`"},`)
		}, "no strict metadata"},
		{"a signature by a key of no role", func(set *trust.Set) {
			set.Targets = m.signed(m.tokens["Ada"], m.stranger)(metadata.EncodeTargets(headerOf(2), metadata.Targets{}))
		}, "does not count"},
		{"targets signed by nobody of theirs", func(set *trust.Set) {
			set.Targets = m.signed(m.stranger)(metadata.EncodeTargets(headerOf(2), metadata.Targets{}))
		}, "does not verify"},
		{"a target that is asked for too late", func(set *trust.Set) {
			key := keyOf(m.t, m.tokens["Bo"])
			set.Delegated = map[string]*metadata.File{}
			set.Targets = m.targets(func(b *metadata.Targets) {
				b.Delegations = &metadata.Delegations{Keys: map[string]metadata.Key{key.ID(): key}}
				for i := range 40 {
					name := fmt.Sprintf("team%02d", i)
					b.Delegations.Roles = append(b.Delegations.Roles, metadata.DelegatedRole{
						Name: name, RoleKeys: metadata.RoleKeys{KeyIDs: []string{key.ID()}, Threshold: 1}, Paths: []string{"team/*"},
					})
					body := metadata.Targets{}
					if i == 39 {
						body.Targets = map[string]metadata.Target{"team/x": b.Targets["app"]}
					}
					set.Delegated[name] = m.signed(m.tokens["Bo"])(metadata.EncodeTargets(headerOf(1), body))
				}
			})
		}, "clients ask at most 32"},
	}
}

func headerOf(version int64) metadata.Header {
	return metadata.Header{Version: version, Expires: start.AddDate(0, 6, 0), Conclave: &metadata.Conclave{Trust: "rehearsal-wabbit"}}
}

func keyOf(t *testing.T, token *softToken) metadata.Key {
	t.Helper()
	key, err := metadata.NewKey(token.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signedBy makes a file of what an Encode function made.
func signedBy(t *testing.T, tokens []*softToken) func(signed []byte, err error) *metadata.File {
	return func(signed []byte, err error) *metadata.File {
		t.Helper()
		var sigs []metadata.Signature
		var payload []byte
		if err == nil {
			payload, err = metadata.Canonical(signed)
		}
		for _, token := range tokens {
			sig, serr := token.Sign(context.Background(), pin(token.pin), payload)
			if serr != nil {
				t.Fatal(serr)
			}
			sigs = append(sigs, metadata.Signature{KeyID: keyOf(t, token).ID(), Sig: hex.EncodeToString(sig)})
		}
		var file *metadata.File
		if err == nil {
			file, err = metadata.ParseFile(metadata.Assemble(signed, sigs), metadata.Strict)
		}
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
}

// manyKeys are n keys that nobody has.
func manyKeys(t *testing.T, n int) map[string]metadata.Key {
	t.Helper()
	keys := map[string]metadata.Key{}
	for i := range n {
		seed := make([]byte, ed25519.SeedSize)
		binary.BigEndian.PutUint32(seed, uint32(i))
		key, err := metadata.NewKey(ed25519.NewKeyFromSeed(seed).Public())
		if err != nil {
			t.Fatal(err)
		}
		keys[key.ID()] = key
	}
	return keys
}

// TestExportMargin: the margin counts to the second.
func TestExportMargin(t *testing.T) {
	s, tokens := founded(t)
	s.signAll(tokens)
	c, err := s.Contents()
	s.must(err)
	expires := start.AddDate(0, 0, 180) // targets, by the plan
	for _, margin := range []time.Duration{0, 24 * time.Hour} {
		if _, err := trust.CheckContents(c, expires.Add(-margin-time.Second), margin); err != nil {
			t.Errorf("a second before the margin of %s: %v", margin, err)
		}
		if _, err := trust.CheckContents(c, expires.Add(-margin), margin); !refuses(err, "targets", 1, "expires on") {
			t.Errorf("at the margin of %s: %v", margin, err)
		}
	}
}
