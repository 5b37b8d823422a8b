package metadata_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	tuf "github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
)

// ourRoot and theirRoot say whether a root is readable and signed by itself,
// by us (tolerant) and by go-tuf.
func ourRoot(b []byte) error {
	f, err := metadata.ParseFile(b, metadata.Adopted)
	if err != nil {
		return err
	}
	return metadata.VerifyRootChain([]*metadata.File{f}, time.Time{})
}

func theirRoot(b []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("go-tuf panics: %v", p)
		}
	}()
	root, err := tuf.Root().FromBytes(b)
	if err != nil {
		return err
	}
	return root.VerifyDelegate("root", root)
}

// theirSet is VerifySet by go-tuf's trustedmetadata.
func theirSet(s *metadata.Set, at time.Time) error {
	trusted, err := trustedmetadata.New(s.Roots[0].Bytes)
	if err != nil {
		return err
	}
	trusted.RefTime = at
	for _, root := range s.Roots[1:] {
		if _, err := trusted.UpdateRoot(root.Bytes); err != nil {
			return err
		}
	}
	if _, err := trusted.UpdateTimestamp(s.Timestamp.Bytes); err != nil {
		return err
	}
	if _, err := trusted.UpdateSnapshot(s.Snapshot.Bytes, false); err != nil {
		return err
	}
	if _, err := trusted.UpdateTargets(s.Targets.Bytes); err != nil {
		return err
	}
	parents := []string{"targets"}
	for left := maps.Clone(s.Delegated); len(left) > 0; {
		found := ""
		for _, parent := range parents {
			d := trusted.Targets[parent].Signed.Delegations
			for _, role := range slices.Sorted(maps.Keys(left)) {
				if d != nil && slices.ContainsFunc(d.Roles, func(r tuf.DelegatedRole) bool { return r.Name == role }) {
					if _, err := trusted.UpdateDelegatedTargets(left[role].Bytes, role, parent); err != nil {
						return err
					}
					found = role
				}
			}
		}
		if found == "" {
			return fmt.Errorf("nobody delegates to the rest")
		}
		delete(left, found)
		parents = append(parents, found)
	}
	return nil
}

// disagreements are the roots of the corpora about which go-tuf and we differ, and why.
var disagreements = map[string]string{
	"sigstore/roots/1.root.json":                 hexKeys,
	"sigstore/roots/2.root.json":                 hexKeys,
	"sigstore/roots/3.root.json":                 hexKeys,
	"sigstore/roots/4.root.json":                 hexKeys,
	"tough/hex-encoded-ecdsa-sig-keys/root.json": hexKeys,
	"tough/duplicate-keyid/root.json":            "go-tuf takes the last of two keys with one keyid; others take the first: we refuse",
}

const hexKeys = "go-tuf 2 can't read hex-encoded ECDSA keys; we verify them, and report each"

func TestRootsAgainstGoTUF(t *testing.T) {
	differing := map[string]bool{}
	for _, folder := range []string{"sigstore/roots", "docker/metadata", "go-tuf-mirror/metadata", "tough"} {
		for name, b := range corpora.Metadata(t, folder) {
			if !strings.HasSuffix(name, "root.json") {
				continue
			}
			full := folder + "/" + name
			ours, theirs := ourRoot(b), theirRoot(b)
			if (ours == nil) == (theirs == nil) {
				continue
			}
			differing[full] = true
			if disagreements[full] == "" {
				t.Errorf("%s: we say %v, go-tuf says %v", full, ours, theirs)
			}
		}
	}
	for name := range disagreements {
		if !differing[name] {
			t.Errorf("%s: there is no disagreement any more", name)
		}
	}
}

// setOf makes a set of the files of a folder of the corpora.
func setOf(t *testing.T, folder string, roles map[string]string) *metadata.Set {
	t.Helper()
	files := corpora.Metadata(t, folder)
	read := func(name string) *metadata.File { return adopted(t, files[name]) }
	s := &metadata.Set{Delegated: map[string]*metadata.File{}}
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		switch role := roles[name]; role {
		case "root":
			s.Roots = append(s.Roots, read(name))
		case "timestamp":
			s.Timestamp = read(name)
		case "snapshot":
			s.Snapshot = read(name)
		case "targets":
			s.Targets = read(name)
		default:
			s.Delegated[role] = read(name)
		}
	}
	return s
}

func TestSetsAgainstGoTUF(t *testing.T) {
	at2024 := time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC)
	plain := map[string]string{"1.root.json": "root", "timestamp.json": "timestamp", "snapshot.json": "snapshot", "targets.json": "targets"}
	versioned := map[string]string{"1.root.json": "root", "timestamp.json": "timestamp", "1.snapshot.json": "snapshot", "1.targets.json": "targets"}
	with := func(base map[string]string, more ...string) map[string]string {
		m := maps.Clone(base)
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	docker := with(plain, "doi.json", "doi", "rekor.json", "rekor", "testing.json", "testing", "root.json", "root")
	delete(docker, "1.root.json")
	mirror := map[string]string{"1.root.json": "root", "2.root.json": "root", "timestamp.json": "timestamp", "7.snapshot.json": "snapshot",
		"8.targets.json": "targets", "2.test-role.json": "test-role"}
	for _, c := range []struct {
		folder string
		roles  map[string]string
		at     time.Time
		ok     bool
	}{
		{"docker/metadata", docker, at2024, true},
		{"docker/metadata", docker, in2025, false},
		{"go-tuf-mirror/metadata", mirror, in2025, true},
		{"go-tuf-mirror/metadata", mirror, in2025.AddDate(20, 0, 0), false},
		{"tough/consistent-snapshots/metadata", versioned, in2025, true},
		{"tough/safe-target-paths/metadata", with(plain, "delegated.json", "delegated"), in2025, true},
		{"tough/rotated-root", with(versioned, "2.root.json", "root"), in2025, true},
		{"tough/tuf-reference-impl/metadata", with(plain, "role1.json", "role1", "role2.json", "role2"), in2025, true},
		{"tough/expired-repository/metadata", with(plain, "1589485578.snapshot.json", "snapshot", "1589485578.targets.json", "targets"), in2025, false},
	} {
		t.Run(fmt.Sprintf("%s at %s", c.folder, c.at.Format(time.DateOnly)), func(t *testing.T) {
			files := corpora.Metadata(t, c.folder)
			roles := maps.Clone(c.roles)
			maps.DeleteFunc(roles, func(name, _ string) bool { return files[name] == nil })
			s := setOf(t, c.folder, roles)
			if err := metadata.VerifySet(s, c.at); (err == nil) != c.ok {
				t.Errorf("we say %v", err)
			}
			if err := theirSet(s, c.at); (err == nil) != c.ok {
				t.Errorf("go-tuf says %v", err)
			}
		})
	}
}

func TestSigstoreChainAgainstGoTUF(t *testing.T) {
	roots := sigstoreRoots(t)[4:] // from the first without hex keys
	trusted, err := trustedmetadata.New(roots[0].Bytes)
	must(t, err)
	for _, root := range roots[1:] {
		_, err := trusted.UpdateRoot(root.Bytes)
		must(t, err)
	}
	must(t, metadata.VerifyRootChain(roots, in2025))
}

// What we make, go-tuf verifies.
func TestOurSetsAgainstGoTUF(t *testing.T) {
	for _, name := range []string{"", "wabbit"} {
		tr := newTrust(t, name)
		s := tr.set(t, 3)
		s.Roots = append(s.Roots, tr.rootFile(t, 2, tr.root[:2]...))
		must(t, metadata.VerifySet(s, now))
		must(t, theirSet(s, now))
	}
}

// TestExplainedDisagreements makes each way in which we and go-tuf differ on purpose.
func TestExplainedDisagreements(t *testing.T) {
	tr := newTrust(t, "wabbit")
	signed := encoded(t)(metadata.EncodeRoot(tr.header(1), tr.rootBody()))
	good := string(assemble(t, signed, tr.root...))
	resigned := func(edit func(fields)) string { return string(assemble(t, edited(t, signed, edit), tr.root...)) }
	payload, err := metadata.Canonical(signed)
	must(t, err)
	again := tr.root[0].sign(t, payload) // by a key that signed already
	other := newSigner(t, nil)
	tomorrow := metadata.Key{Type: "ml-dsa", Scheme: "ml-dsa-65", Public: "00"}
	short := metadata.Key{Type: "ed25519", Scheme: "ed25519", Public: "abcd"}
	addToRoot := func(k metadata.Key) func(fields) {
		return func(b fields) {
			b["keys"].(fields)[k.ID()] = k
			role := at(b, "roles", "root").(fields)
			role["keyids"] = append(role["keyids"].([]any), k.ID())
		}
	}
	for _, c := range []struct {
		name, text   string
		ours, theirs bool
	}{
		// go-tuf reads what it can; a reader that takes the first of two reads something else.
		{"a key twice", strings.Replace(good, `"version":1`, `"version":1,"version":1`, 1), false, true},
		{"a second signed", strings.Replace(good, `{"signatures"`, `{"signed":{"_type":"root","version":9},"signatures"`, 1), false, true},
		{"a field in another case", strings.Replace(good, `{"signatures"`, `{"Signatures":[],"signatures"`, 1), false, true},
		{"a lone surrogate", strings.Replace(good, `{"signatures"`, `{"x":"\ud800","signatures"`, 1), false, true},
		{"a number in another form", strings.Replace(good, `{"signatures"`, `{"x":1.0,"signatures"`, 1), false, true},
		{"a number over 2^53", strings.Replace(good, `{"signatures"`, `{"x":9007199254740993,"signatures"`, 1), false, true},
		{"a file that nests too deep", strings.Replace(good, `{"signatures"`, `{"x":`+strings.Repeat("[", 65)+strings.Repeat("]", 65)+`,"signatures"`, 1), false, true},
		{"version 0", resigned(set(nil, "version", 0)), false, true},
		{"TUF 2", resigned(set(nil, "spec_version", "2.0.0")), false, true},
		{"an x-conclave of another form", resigned(set(nil, "x-conclave", []any{})), false, true},
		// go-tuf verifies what it serialises anew, which is not what was signed.
		{"a fraction of zero", resigned(set(nil, "expires", "2027-09-01T12:00:00.000Z")), true, false},
		// go-tuf gives up at the first oddity, where enough good signatures are left.
		{"a key of a type of tomorrow", resigned(addToRoot(tomorrow)), true, false},
		{"an Ed25519 key of two bytes", resigned(addToRoot(short)), true, false},
		{"a keyid without a key", resigned(func(b fields) { addToRoot(other.Key)(b); delete(b["keys"].(fields), other.ID()) }), true, false},
		{"a signature that is no hex", strings.Replace(good, `{"signatures":[`, `{"signatures":[{"keyid":"`+tomorrow.ID()+`","sig":"eHh4"},`, 1), true, false},
		{"two signatures by one key", strings.Replace(good, `{"signatures":[`, `{"signatures":[{"keyid":"`+again.KeyID+`","sig":"`+again.Sig+`"},`, 1), true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := ourRoot([]byte(c.text)); (err == nil) != c.ours {
				t.Errorf("we say %v", err)
			}
			if err := theirRoot([]byte(c.text)); (err == nil) != c.theirs {
				t.Errorf("go-tuf says %v", err)
			}
		})
	}
}

// However a strict root is damaged: where we still accept it, go-tuf does too.
// Two signatures by one keyid, and one that is no hex, are disagreements that
// TestExplainedDisagreements lists.
func TestDamageAgainstGoTUF(t *testing.T) {
	tr := newTrust(t, "wabbit")
	root := tr.rootFile(t, 1, tr.root...)
	var pretty bytes.Buffer
	must(t, json.Indent(&pretty, root.Bytes, "", " "))
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(rapid.SampledFrom([][]byte{root.Bytes, pretty.Bytes()}).Draw(t, "file"))
		i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			b[i] = rapid.Byte().Draw(t, "byte")
		case 1:
			b = slices.Delete(b, i, min(len(b), i+rapid.IntRange(1, 3).Draw(t, "n")))
		case 2:
			b = slices.Insert(b, i, []byte(rapid.SampledFrom([]string{" ", "0", `"`, "{}", ",", `"a":1,`, "\n", "-"}).Draw(t, "more"))...)
		case 3:
			end := min(len(b), i+rapid.IntRange(1, 200).Draw(t, "n"))
			b = slices.Insert(b, i, b[i:end]...)
		}
		if ourRoot(b) == nil {
			if err := theirRoot(b); err != nil && !strings.Contains(err.Error(), "multiple signatures found for key ID") && !strings.Contains(err.Error(), "hex") {
				t.Fatalf("we accept what go-tuf refuses: %v: %q", err, b)
			}
		}
	})
}
