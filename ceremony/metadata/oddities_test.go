package metadata_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// oddity is a body that no program of ours writes: why Strict mode refuses it,
// and where, and by which code Adopted mode reports it; "": that refuses it too.
type oddity struct {
	name, kind string
	edit       func(fields)
	path, why  string
	code       string
}

// TestOddities: each row is refused in Strict mode, and in Adopted mode
// reported with a code, or refused as well.
func TestOddities(t *testing.T) {
	tr := newTrust(t, "wabbit")
	bodies := map[string][]byte{
		"root":    encoded(t)(metadata.EncodeRoot(tr.header(1), tr.rootBody())),
		"targets": encoded(t)(metadata.EncodeTargets(tr.header(1), tr.targetsBody())),
	}
	published := tr.set(t, 1)
	bodies["snapshot"], bodies["timestamp"] = published.Snapshot.Signed.Bytes, published.Timestamp.Signed.Bytes

	id := tr.root[0].ID()
	for _, c := range slices.Concat(oddHeaders(), oddRoots(id), oddKeys(t, tr.root[0]), oddTrusts(id), oddTargets(), oddDelegations(), oddSnapshots()) {
		t.Run(c.name, func(t *testing.T) {
			text := edited(t, bodies[c.kind], c.edit)
			_, err := metadata.ParseSigned(text, metadata.Strict)
			if c.path == "" {
				wantAs[*metadata.FieldError](t, err)
			} else {
				wantField(t, err, c.path, c.why)
			}
			s, err := metadata.ParseSigned(text, metadata.Adopted)
			if c.code == "" {
				wantAs[*metadata.FieldError](t, err)
				return
			}
			must(t, err)
			if codes(s.Findings)[c.code] == 0 {
				t.Errorf("adopted: got %v, want the finding %s", s.Findings, c.code)
			}
		})
	}
}

// TestSnapshotGoesOnListing: a snapshot drops nothing that was listed, so a strict
// one may list what others did, tersely; of targets it says all.
func TestSnapshotGoesOnListing(t *testing.T) {
	tr := newTrust(t, "wabbit")
	published := tr.set(t, 1)
	meta := map[string]metadata.FileMeta{"root.json": {Version: 3}, "gone.json": {Version: 2, Length: 7}}
	for name, m := range published.Snapshot.Snapshot.Meta {
		meta[name] = m
	}
	signed := encoded(t)(metadata.EncodeSnapshot(tr.header(2), metadata.Snapshot{Meta: meta}))
	s, err := metadata.ParseSigned(signed, metadata.Strict)
	must(t, err)
	if got := s.Snapshot.Meta; got["root.json"].Version != 3 || got["root.json"].Hashes != nil || got["gone.json"].Length != 7 {
		t.Errorf("%+v", got)
	}
	s, err = metadata.ParseSigned(signed, metadata.Adopted)
	must(t, err)
	if c := codes(s.Findings); c["unknown-role"] != 1 || c["no-length"] != 1 || c["no-hashes"] != 2 {
		t.Errorf("findings: %v", s.Findings)
	}
	meta["targets.json"] = metadata.FileMeta{Version: 1}
	_, err = metadata.EncodeSnapshot(tr.header(2), metadata.Snapshot{Meta: meta})
	wantField(t, err, "signed.meta.targets.json.length", "is not stated")
}

// oddHeaders are odd in what every role has.
func oddHeaders() []oddity {
	return []oddity{
		{"no type", "root", unset(nil, "_type"), "signed._type", "must be root, targets", ""},
		{"another type", "root", set(nil, "_type", "mirrors"), "signed._type", "and is mirrors", ""},
		{"type in capitals", "root", set(nil, "_type", "Root"), "signed._type", "and is Root", ""},
		{"no version", "root", unset(nil, "version"), "signed.version", "is missing", ""},
		{"version 0", "root", set(nil, "version", 0), "signed.version", "whole number from 1", ""},
		{"version -1", "root", set(nil, "version", -1), "signed.version", "whole number from 1", ""},
		{"version in quotes", "root", set(nil, "version", "1"), "signed.version", "whole number from 1", ""},
		{"null version", "root", set(nil, "version", nil), "signed.version", "whole number from 1", ""},
		{"no spec_version", "root", unset(nil, "spec_version"), "signed.spec_version", "is missing", ""},
		{"TUF 2", "root", set(nil, "spec_version", "2.0.0"), "signed.spec_version", "must be a version 1", ""},
		{"spec_version of two parts", "root", set(nil, "spec_version", "1.0"), "signed.spec_version", "not of the form 1.x.y", "spec-version"},
		{"no expires", "root", unset(nil, "expires"), "signed.expires", "is missing", ""},
		{"a date", "root", set(nil, "expires", "2027-09-01"), "signed.expires", "must be a time like", ""},
		{"a day that is not", "root", set(nil, "expires", "2027-02-29T00:00:00Z"), "signed.expires", "must be a time like", ""},
		{"a comma in the time", "root", set(nil, "expires", "2027-02-01T00:00:00,5Z"), "signed.expires", "must be a time like", ""},
		{"fraction of a second", "root", set(nil, "expires", "2027-09-01T00:00:00.5Z"), "signed.expires", "fraction of a second", "fractional-time"},
		{"fraction of zero", "root", set(nil, "expires", "2027-09-01T00:00:00.000Z"), "signed.expires", "fraction of a second", "fractional-time"},
		{"time of a zone", "root", set(nil, "expires", "2027-09-01T00:00:00-06:00"), "signed.expires", "not in UTC", "offset-time"},
		{"offset of zero", "root", set(nil, "expires", "2027-09-01T00:00:00+00:00"), "signed.expires", "not in UTC", "offset-time"},
		{"field in another case", "root", set(nil, "Version", 2), "signed.version", "differs from Version only in case", ""},
	}
}

// oddRoots are odd in their roles, of which one has the key id.
func oddRoots(id string) []oddity {
	return []oddity{
		{"no consistent_snapshot", "root", unset(nil, "consistent_snapshot"), "signed.consistent_snapshot", "is not true", "no-consistent-snapshot"},
		{"consistent_snapshot false", "root", set(nil, "consistent_snapshot", false), "signed.consistent_snapshot", "is not true", "no-consistent-snapshot"},
		{"consistent_snapshot 1", "root", set(nil, "consistent_snapshot", 1), "signed.consistent_snapshot", "must be true or false", ""},
		{"no keys", "root", unset(nil, "keys"), "signed.keys", "is missing", ""},
		{"keys in an array", "root", set(nil, "keys", []any{}), "signed.keys", "must be an object", ""},
		{"no roles", "root", unset(nil, "roles"), "signed.roles", "is missing", ""},
		{"no role timestamp", "root", unset(path("roles"), "timestamp"), "signed.roles.timestamp", "is missing", ""},
		{"a fifth role", "root", set(path("roles"), "mirrors", fields{"keyids": []string{id}, "threshold": 1}), "signed.roles.mirrors", "none of the roles", "unknown-role"},
		{"no threshold", "root", unset(path("roles", "root"), "threshold"), "signed.roles.root.threshold", "is missing", ""},
		{"threshold 0", "root", set(path("roles", "root"), "threshold", 0), "signed.roles.root.threshold", "whole number from 1", ""},
		{"threshold -1", "root", set(path("roles", "root"), "threshold", -1), "signed.roles.root.threshold", "whole number from 1", ""},
		{"threshold 2^32+1", "root", set(path("roles", "root"), "threshold", 1<<32+1), "signed.roles.root.threshold", "whole number from 1", ""},
		{"threshold over the keys", "root", set(path("roles", "root"), "threshold", 4), "signed.roles.root.threshold", "4 signatures, and there are 3 keys", "unreachable-threshold"},
		{"no keyids", "root", unset(path("roles", "root"), "keyids"), "signed.roles.root.keyids", "is missing", ""},
		{"empty keyids", "root", set(path("roles", "root"), "keyids", []any{}), "signed.roles.root.threshold", "there are 0 keys", "unreachable-threshold"},
		{"a keyid twice", "root", set(path("roles", "timestamp"), "keyids", []string{id, id}), "signed.roles.timestamp.keyids", "twice", "duplicate-keyid"},
		{"a keyid without a key", "root", set(path("roles", "timestamp"), "keyids", []string{id, "ffff"}), "signed.roles.timestamp.keyids", "no key", "unknown-keyid"},
		{"a keyid that is no string", "root", set(path("roles", "timestamp"), "keyids", []any{7}), "signed.roles.timestamp.keyids.0", "must be a string", ""},
	}
}

// oddKeys are roots that are odd in a key, which s has in what is right.
func oddKeys(t *testing.T, s signer) []oddity {
	id := s.ID()
	key := "signed.keys." + id
	rekey := func(k metadata.Key) func(fields) {
		return func(body fields) {
			keys := body["keys"].(fields)
			delete(keys, id)
			keys[k.ID()] = k
			at(body, "roles", "root", "keyids").([]any)[0] = k.ID()
		}
	}
	ec := s.Key
	old := metadata.Key{Type: "ecdsa-sha2-nistp256", Scheme: ec.Scheme, Public: ec.Public}
	hexed := metadata.Key{Type: ec.Type, Scheme: ec.Scheme, Public: pointOf(t, s)}
	trimmed := metadata.Key{Type: ec.Type, Scheme: ec.Scheme, Public: strings.TrimSpace(ec.Public)}
	swapped := metadata.Key{Type: ec.Type, Scheme: "ecdsa-sha2-nistp384", Public: ec.Public}
	short := metadata.Key{Type: "ed25519", Scheme: "ed25519", Public: "abcd"}
	pkcs1 := newRSAKey(t)
	pkcs1.Public = asPKCS1(t, pkcs1)
	return []oddity{
		{"a keyid that is not the hash", "root", func(b fields) { b["keys"].(fields)["f00f"] = newSigner(t, nil).Key }, "signed.keys.f00f", "is not the keyid of its key", "keyid-mismatch"},
		{"an unknown field in a key", "root", set(path("keys", id), "x-owner", "@ada"), key + ".x-owner", "field that TUF does not define", "unknown-field"},
		{"an unknown field in keyval", "root", set(path("keys", id, "keyval"), "private", "00"), key + ".keyval.private", "field that TUF does not define", "unknown-field"},
		{"no keyval", "root", unset(path("keys", id), "keyval"), key, "not the keyid of its key", "unusable-key"},
		{"no scheme", "root", unset(path("keys", id), "scheme"), key, "not the keyid of its key", "unusable-key"},
		{"a public key that is no text", "root", set(path("keys", id, "keyval"), "public", fields{"n": 1}), key, "not the keyid of its key", "unusable-key"},
		{"keytype in another case too", "root", set(path("keys", id), "KeyType", "rsa"), key + ".keytype", "only in case", ""},
		{"old key type", "root", rekey(old), "signed.keys." + old.ID(), "now called ecdsa", "old-keytype"},
		{"hex point", "root", rekey(hexed), "signed.keys." + hexed.ID(), "hex-encoded", "hex-key"},
		{"PEM without its last newline", "root", rekey(trimmed), "signed.keys." + trimmed.ID(), "not encoded in the usual way", "unusual-key"},
		{"scheme of another curve", "root", rekey(swapped), "signed.keys." + swapped.ID(), "is one for ecdsa-sha2-nistp256", "scheme-mismatch"},
		{"RSA as PKCS #1 has it", "root", rekey(pkcs1), "signed.keys." + pkcs1.ID(), "RSA", "pkcs1-key"},
		{"Ed25519 key of 2 bytes", "root", rekey(short), "signed.keys." + short.ID(), "2 bytes instead of 32", "unusable-key"},
		{"one public key under two keyids", "root", func(b fields) { b["keys"].(fields)[old.ID()] = old }, "", "", "shared-key"},
	}
}

// oddTrusts are roots that are odd in what we add.
func oddTrusts(id string) []oddity {
	return []oddity{
		{"a trust that is no tag", "root", set(path("x-conclave"), "trust", "a/b"), "signed.x-conclave.trust", "no name for a trust: a/b", ""},
		{"a trust that steers a terminal", "root", set(path("x-conclave"), "trust", "a\x1b[2J"), "signed.x-conclave.trust", `"a\x1b[2J"`, ""},
		{"no trust", "root", unset(path("x-conclave"), "trust"), "signed.x-conclave.trust", "is missing", ""},
		{"a holder without a name", "root", set(path("x-conclave", "holders"), id, ""), "signed.x-conclave.holders." + id, "must not be empty", ""},
		{"trust in another case too", "root", set(path("x-conclave"), "Trust", "evil"), "signed.x-conclave.trust", "only in case", ""},
	}
}

// oddTargets are odd in a target.
func oddTargets() []oddity {
	target := path("targets", "app/v1")
	const upper = "ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789"
	return []oddity{
		{"no targets", "targets", unset(nil, "targets"), "signed.targets", "is missing", ""},
		{"an absolute path", "targets", func(b fields) { b["targets"].(fields)["/etc/passwd"] = at(b, "targets", "app/v1") }, "signed.targets./etc/passwd", "no plain relative path", "dubious-path"},
		{"a path with ..", "targets", func(b fields) { b["targets"].(fields)["a/../b"] = at(b, "targets", "app/v1") }, "signed.targets.a/../b", "no plain relative path", "dubious-path"},
		{"an empty path", "targets", func(b fields) { b["targets"].(fields)[""] = at(b, "targets", "app/v1") }, `signed.targets.""`, "no plain relative path", "dubious-path"},
		{"a path with a backslash", "targets", func(b fields) { b["targets"].(fields)[`a\b`] = at(b, "targets", "app/v1") }, `signed.targets.a\b`, "no plain relative path", "dubious-path"},
		{"a path that steers a terminal", "targets", func(b fields) { b["targets"].(fields)["a\x1b[2J"] = at(b, "targets", "app/v1") }, `signed.targets."a\x1b[2J"`, "no plain relative path", "dubious-path"},
		{"no length", "targets", unset(target, "length"), "signed.targets.app/v1.length", "is missing", ""},
		{"length -1", "targets", set(target, "length", -1), "signed.targets.app/v1.length", "whole number from 0", ""},
		{"no hashes", "targets", unset(target, "hashes"), "signed.targets.app/v1.hashes", "is missing", ""},
		{"empty hashes", "targets", set(target, "hashes", fields{}), "signed.targets.app/v1.hashes", "must hold a hash", ""},
		{"a short hash", "targets", set(target, "hashes", fields{"sha256": "abcd"}), "signed.targets.app/v1.hashes.sha256", "64 hex digits", ""},
		{"a hash in capitals", "targets", set(target, "hashes", fields{"sha256": upper}), "signed.targets.app/v1.hashes.sha256", "not in lower case", "upper-case-hex"},
		{"a hash that is no hex", "targets", set(target, "hashes", fields{"sha256": strings.Repeat("g", 64)}), "signed.targets.app/v1.hashes.sha256", "hex digits", ""},
		{"blake2b too", "targets", set(append(target, "hashes"), "blake2b-512", strings.Repeat("a", 128)), "signed.targets.app/v1.hashes.blake2b-512", "another hash", "other-hash"},
		{"a sha512 that is too short", "targets", set(append(target, "hashes"), "sha512", strings.Repeat("a", 64)), "signed.targets.app/v1.hashes.sha512", "128 hex digits", ""},
		{"a hash in another case", "targets", set(target, "hashes", fields{"SHA256": strings.Repeat("a", 64)}), "signed.targets.app/v1.hashes.SHA256", "another hash", "other-hash"},
	}
}

// oddDelegations are targets that are odd in what they delegate.
func oddDelegations() []oddity {
	team := path("delegations", "roles", 0)
	const teamPath = "signed.delegations.roles.0"
	// bins turns the delegations into hash bins, with one field changed or left out.
	bins := func(field string, value ...any) func(fields) {
		return func(body fields) {
			d := body["delegations"].(fields)
			role := at(d, "roles", 0).(fields)
			delete(d, "roles")
			succinct := fields{"bit_length": 4, "name_prefix": "bin", "keyids": role["keyids"], "threshold": 1, field: nil}
			if delete(succinct, field); len(value) > 0 {
				succinct[field] = value[0]
			}
			d["succinct_roles"] = succinct
		}
	}
	return []oddity{
		{"roles and succinct_roles", "targets", set(path("delegations"), "succinct_roles", fields{"bit_length": 1, "name_prefix": "bin", "keyids": []any{}, "threshold": 1}), "", "", ""},
		{"bins of 33 bits", "targets", bins("bit_length", 33), "signed.delegations.succinct_roles.bit_length", "from 1 to 32", ""},
		{"bins of 0 bits", "targets", bins("bit_length", 0), "signed.delegations.succinct_roles.bit_length", "from 1 to 32", ""},
		{"bins without bits", "targets", bins("bit_length"), "signed.delegations.succinct_roles.bit_length", "is missing", ""},
		{"bins without a name", "targets", bins("name_prefix"), "signed.delegations.succinct_roles.name_prefix", "is missing", ""},
		{"bins called targets", "targets", bins("name_prefix", "targets"), "signed.delegations.succinct_roles.name_prefix", "can't be the name", ""},
		{"bins called ../x", "targets", bins("name_prefix", "../x"), "signed.delegations.succinct_roles.name_prefix", "no safe name", "dubious-role-name"},
		{"neither roles nor succinct_roles", "targets", unset(path("delegations"), "roles"), "signed.delegations", "either roles or succinct_roles", ""},
		{"delegations without keys", "targets", unset(path("delegations"), "keys"), "", "", ""},
		{"a role called root", "targets", set(team, "name", "root"), teamPath + ".name", "can't be the name", ""},
		{"a role without a name", "targets", set(team, "name", ""), teamPath + ".name", "can't be the name", ""},
		{"a role called ../x", "targets", set(team, "name", "../x"), teamPath + ".name", "no safe name for a file: ../x", "dubious-role-name"},
		{"a role called a.b", "targets", set(team, "name", "a.b"), teamPath + ".name", "no safe name", "dubious-role-name"},
		{"a role called con", "targets", set(team, "name", "con"), teamPath + ".name", "no safe name", "dubious-role-name"},
		{"a role called lpt1", "targets", set(team, "name", "lpt1"), teamPath + ".name", "no safe name", "dubious-role-name"},
		{"a role with a bidi mark", "targets", set(team, "name", "a\u202eb"), teamPath + ".name", `"a\u202eb"`, "dubious-role-name"},
		{"a role of 201 letters", "targets", set(team, "name", strings.Repeat("a", 201)), teamPath + ".name", "no safe name", "dubious-role-name"},
		{"a role twice", "targets", func(b fields) {
			d := b["delegations"].(fields)
			d["roles"] = []any{at(b, team...), at(b, team...)}
		}, "signed.delegations.roles.1.name", "is team again", ""},
		{"no terminating", "targets", unset(team, "terminating"), teamPath + ".terminating", "is missing", "no-terminating"},
		{"no paths", "targets", unset(team, "paths"), teamPath, "delegates no path", "no-paths"},
		{"empty paths", "targets", set(team, "paths", []any{}), teamPath, "delegates no path", "no-paths"},
		{"paths and prefixes", "targets", set(team, "path_hash_prefixes", []any{"0"}), teamPath, "either paths or path_hash_prefixes", ""},
		{"a prefix that is no hex", "targets", func(b fields) { unset(team, "paths")(b); set(team, "path_hash_prefixes", []any{"0g"})(b) }, teamPath + ".path_hash_prefixes.0", "lower-case hex", ""},
		{"a tag that is none", "targets", set(team, "x-conclave-tag", "a b"), teamPath + ".x-conclave-tag", "no tag of a registry", ""},
		{"delegation threshold 0", "targets", set(team, "threshold", 0), teamPath + ".threshold", "whole number from 1", ""},
		{"delegation to an unknown key", "targets", set(team, "keyids", []string{"ffff"}), teamPath + ".keyids", "no key", "unknown-keyid"},
	}
}

// oddSnapshots are odd in what they list, and so are timestamps.
func oddSnapshots() []oddity {
	return []oddity{
		{"a snapshot without targets", "snapshot", unset(path("meta"), "targets.json"), "signed.meta.targets.json", "is missing", ""},
		{"a name without .json", "snapshot", func(b fields) { b["meta"].(fields)["team"] = at(b, "meta", "targets.json") }, "signed.meta.team", "no name of a metadata file", ""},
		{"no length in a snapshot", "snapshot", unset(path("meta", "targets.json"), "length"), "signed.meta.targets.json.length", "is not stated", "no-length"},
		{"length 0 in a snapshot", "snapshot", set(path("meta", "targets.json"), "length", 0), "signed.meta.targets.json.length", "is 0, which no file has", "no-length"},
		{"no length in a snapshot", "snapshot", unset(path("meta", "targets.json"), "length"), "signed.meta.targets.json.length", "is not stated", "no-length"},
		{"no hashes in a snapshot", "snapshot", unset(path("meta", "targets.json"), "hashes"), "signed.meta.targets.json.hashes", "are not stated", "no-hashes"},
		{"no version in a snapshot", "snapshot", unset(path("meta", "targets.json"), "version"), "signed.meta.targets.json.version", "is missing", ""},
		{"a timestamp of nothing", "timestamp", set(nil, "meta", fields{}), "signed.meta.snapshot.json", "is missing", ""},
		{"a timestamp of more", "timestamp", func(b fields) { b["meta"].(fields)["root.json"] = at(b, "meta", "snapshot.json") }, "signed.meta.root.json", "field that TUF does not define", "unknown-field"},
	}
}

// pointOf is the hex of an ECDSA key's uncompressed point.
func pointOf(t testing.TB, s signer) string {
	t.Helper()
	point, err := s.private.Public().(*ecdsa.PublicKey).Bytes()
	must(t, err)
	return hex.EncodeToString(point)
}

func newRSAKey(t testing.TB) metadata.Key {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	must(t, err)
	return metadata.Key{Type: "rsa", Scheme: "rsassa-pss-sha256",
		Public: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}
}

// asPKCS1 is an RSA key in the other form of PEM.
func asPKCS1(t testing.TB, k metadata.Key) string {
	t.Helper()
	public, err := k.PublicKey()
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(public.(*rsa.PublicKey))}))
}

// TestP384IsSaid: a plan may ask for P-384, and who adopts such keys is told which
// client they shut out.
func TestP384IsSaid(t *testing.T) {
	for _, c := range []struct {
		curve elliptic.Curve
		said  bool
	}{{elliptic.P256(), false}, {elliptic.P384(), true}, {nil, false}} {
		tr := newTrust(t, "wabbit")
		tr.root[0] = newSigner(t, c.curve)
		body := encoded(t)(metadata.EncodeRoot(tr.header(1), tr.rootBody()))
		adopted, err := metadata.ParseSigned(body, metadata.Adopted)
		must(t, err)
		if found := codes(adopted.Findings)["p384-key"]; (found > 0) != c.said {
			t.Errorf("%v: %v", c.curve, adopted.Findings)
		}
		_, err = metadata.ParseSigned(body, metadata.Strict)
		must(t, err)
	}
}
