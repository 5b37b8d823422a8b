package metadata_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
)

// now is when the tests take place, and later is when their metadata expires.
var (
	now   = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	later = now.AddDate(0, 6, 0)
)

// signer is a key pair in software.
type signer struct {
	metadata.Key
	private crypto.Signer
}

func newSigner(t testing.TB, curve elliptic.Curve) signer {
	t.Helper()
	var private crypto.Signer
	var err error
	if curve == nil {
		_, private, err = ed25519.GenerateKey(rand.Reader)
	} else {
		private, err = ecdsa.GenerateKey(curve, rand.Reader)
	}
	must(t, err)
	key, err := metadata.NewKey(private.Public())
	must(t, err)
	return signer{key, private}
}

func newSigners(t testing.TB, n int) []signer {
	t.Helper()
	signers := make([]signer, n)
	for i := range signers {
		signers[i] = newSigner(t, elliptic.P256())
	}
	return signers
}

func (s signer) sign(t testing.TB, payload []byte) metadata.Signature {
	t.Helper()
	digest, opts := payload, crypto.Hash(0)
	switch s.Scheme {
	case "ecdsa-sha2-nistp256":
		sum := sha256.Sum256(payload)
		digest, opts = sum[:], crypto.SHA256
	case "ecdsa-sha2-nistp384":
		sum := sha512.Sum384(payload)
		digest, opts = sum[:], crypto.SHA384
	}
	sig, err := s.private.Sign(rand.Reader, digest, opts)
	must(t, err)
	return metadata.Signature{KeyID: s.ID(), Sig: hex.EncodeToString(sig)}
}

// file signs a body and reads the file back strictly.
func file(t testing.TB, signed []byte, signers ...signer) *metadata.File {
	t.Helper()
	f, err := metadata.ParseFile(assemble(t, signed, signers...), metadata.Strict)
	must(t, err)
	return f
}

func assemble(t testing.TB, signed []byte, signers ...signer) []byte {
	t.Helper()
	payload, err := metadata.Canonical(signed)
	must(t, err)
	var sigs []metadata.Signature
	for _, s := range signers {
		sigs = append(sigs, s.sign(t, payload))
	}
	return metadata.Assemble(signed, sigs)
}

// keyed is a set of signers as a map of keys and as a role.
func keyed(threshold int, signers ...signer) (map[string]metadata.Key, metadata.RoleKeys) {
	keys, who := map[string]metadata.Key{}, metadata.RoleKeys{Threshold: threshold}
	for _, s := range signers {
		keys[s.ID()] = s.Key
		who.KeyIDs = append(who.KeyIDs, s.ID())
	}
	return keys, who
}

// trust makes metadata of one trust: root 2 of 3, targets 1 of 2, one online
// key, and a team with a delegation.
type trust struct {
	name          string
	root, targets []signer
	online, team  signer
}

func newTrust(t testing.TB, name string) *trust {
	t.Helper()
	return &trust{name, newSigners(t, 3), newSigners(t, 2), newSigner(t, elliptic.P256()), newSigner(t, nil)}
}

func (tr *trust) header(version int64) metadata.Header {
	h := metadata.Header{Version: version, Expires: later}
	if tr.name != "" {
		h.Conclave = &metadata.Conclave{Trust: tr.name, Holders: map[string]string{tr.root[0].ID(): "Ada"}}
	}
	return h
}

func (tr *trust) rootBody() metadata.Root {
	keys, root := keyed(2, tr.root...)
	targetKeys, targets := keyed(1, tr.targets...)
	onlineKeys, online := keyed(1, tr.online)
	for _, more := range []map[string]metadata.Key{targetKeys, onlineKeys} {
		for id, k := range more {
			keys[id] = k
		}
	}
	return metadata.Root{ConsistentSnapshot: true, Keys: keys, Roles: map[string]metadata.RoleKeys{
		"root": root, "targets": targets, "snapshot": online, "timestamp": online,
	}}
}

func (tr *trust) targetsBody() metadata.Targets {
	keys, team := keyed(1, tr.team)
	return metadata.Targets{
		Targets: map[string]metadata.Target{
			"app/v1": {Length: 3, Hashes: sha256Of("app"), Custom: []byte(`{"media_type":"application/vnd.oci.image.manifest.v1+json"}`)},
		},
		Delegations: &metadata.Delegations{Keys: keys, Roles: []metadata.DelegatedRole{
			{Name: "team", RoleKeys: team, Terminating: true, Paths: []string{"team/*"}, Tag: "wabbit-team"},
		}},
	}
}

// encoded gives back what an Encode function made.
func encoded(t testing.TB) func(signed []byte, err error) []byte {
	return func(signed []byte, err error) []byte {
		t.Helper()
		must(t, err)
		return signed
	}
}

func (tr *trust) rootFile(t testing.TB, version int64, signers ...signer) *metadata.File {
	t.Helper()
	return file(t, encoded(t)(metadata.EncodeRoot(tr.header(version), tr.rootBody())), signers...)
}

// set is a whole published set with one root; each other role has version v.
func (tr *trust) set(t testing.TB, v int64) *metadata.Set {
	t.Helper()
	s := &metadata.Set{
		Roots:     []*metadata.File{tr.rootFile(t, 1, tr.root...)},
		Targets:   file(t, encoded(t)(metadata.EncodeTargets(tr.header(v), tr.targetsBody())), tr.targets[0]),
		Delegated: map[string]*metadata.File{},
	}
	s.Delegated["team"] = file(t, encoded(t)(metadata.EncodeTargets(tr.header(v), metadata.Targets{})), tr.team)
	tr.publish(t, s, v)
	return s
}

// publish makes the snapshot and timestamp of s anew.
func (tr *trust) publish(t testing.TB, s *metadata.Set, v int64) {
	t.Helper()
	meta := map[string]metadata.FileMeta{"targets.json": listed(s.Targets)}
	for role, f := range s.Delegated {
		meta[role+".json"] = listed(f)
	}
	s.Snapshot = file(t, encoded(t)(metadata.EncodeSnapshot(tr.header(v), metadata.Snapshot{Meta: meta})), tr.online)
	tr.stamp(t, s, v)
}

// stamp makes the timestamp of s anew.
func (tr *trust) stamp(t testing.TB, s *metadata.Set, v int64) {
	t.Helper()
	s.Timestamp = file(t, encoded(t)(metadata.EncodeTimestamp(tr.header(v), metadata.Timestamp{Snapshot: listed(s.Snapshot)})), tr.online)
}

func listed(f *metadata.File) metadata.FileMeta {
	return metadata.FileMeta{Version: f.Version, Length: int64(len(f.Bytes)), Hashes: sha256Of(string(f.Bytes))}
}

func sha256Of(s string) map[string]string {
	return map[string]string{"sha256": metadata.Sum([]byte(s)).String()}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// costs is how many bytes do allocates.
func costs(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// wantField asserts a FieldError about path that says why.
func wantField(t *testing.T, err error, path, why string) {
	t.Helper()
	var field *metadata.FieldError
	if !errors.As(err, &field) {
		t.Fatalf("got %v, want a FieldError at %q: %q", err, path, why)
	}
	if field.Path != path || !strings.Contains(field.Why, why) {
		t.Errorf("got %q: %q, want %q: %q", field.Path, field.Why, path, why)
	}
}

// wantAs asserts that err is a typed error, and gives it back.
func wantAs[E error](t *testing.T, err error) E {
	t.Helper()
	var want E
	if !errors.As(err, &want) {
		t.Fatalf("got %v (%T), want a %T", err, err, want)
	}
	return want
}

// adopted reads a file of the corpora tolerantly.
func adopted(t testing.TB, b []byte) *metadata.File {
	t.Helper()
	f, err := metadata.ParseFile(b, metadata.Adopted)
	must(t, err)
	return f
}

// sigstoreRoots are sigstore's roots 1 to 12.
func sigstoreRoots(t testing.TB) []*metadata.File {
	t.Helper()
	files := corpora.Metadata(t, "sigstore/roots")
	var roots []*metadata.File
	for v := 1; v <= 12; v++ {
		roots = append(roots, adopted(t, files[fmt.Sprintf("%d.root.json", v)]))
	}
	return roots
}

// codes counts findings by code.
func codes(findings []metadata.Finding) map[string]int {
	count := map[string]int{}
	for _, f := range findings {
		count[f.Code]++
	}
	return count
}
