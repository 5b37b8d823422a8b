package ceremony_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// varied is a repository with something changed in each of its files' signed;
// rekey signs it anew.
func varied(t *testing.T, files map[string][]byte, vary func(signed object)) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for name, file := range files {
		var all object
		d := json.NewDecoder(strings.NewReader(string(file)))
		d.UseNumber()
		if err := d.Decode(&all); err != nil {
			t.Fatal(err)
		}
		vary(all["signed"].(object))
		out[name] = marshal(t, all)
	}
	return out
}

// withKey adds a key to a root, and to its roles root and targets.
func withKey(id string, key object) func(object) {
	return func(signed object) {
		if signed["_type"] != "root" {
			return
		}
		signed["keys"].(object)[id] = key
		for _, role := range []string{"root", "targets"} {
			who := signed["roles"].(object)[role].(object)
			who["keyids"] = append(who["keyids"].([]any), id)
		}
	}
}

func rsaKey(form string, more object) object {
	key := object{"keytype": "rsa", "scheme": "rsassa-pss-sha256", "keyval": object{"public": form}}
	maps.Copy(key, more)
	return key
}

// hashed gives the target of sha512-only other hashes.
func hashed(hashes object) func(object) {
	return func(signed object) {
		if targets, ok := signed["targets"].(object); ok {
			targets["s.bin"].(object)["hashes"] = hashes
		}
	}
}

var (
	sum256 = strings.Repeat("ab", 32)
	sum512 = strings.Repeat("cd", 64)
)

// cantGoOn are repositories of which something can't go on as it is.
func cantGoOn(t *testing.T) map[string]map[string][]byte {
	base, plain := corpora.Metadata(t, "reports/keyids-change"), corpora.Metadata(t, "reports/oidc-key")
	hashes := corpora.Metadata(t, "reports/sha512-only")
	return map[string]map[string][]byte{
		"sha512-only":               hashes,
		"oidc-key":                  plain,
		"oidc-signature":            corpora.Metadata(t, "reports/oidc-signature"),
		"RSA in SPKI":               varied(t, base, withKey(strings.Repeat("ab", 32), rsaKey("RSA in SPKI", nil))),
		"RSA in PKCS1":              varied(t, base, withKey(strings.Repeat("ab", 32), rsaKey("RSA in PKCS1", object{"keyid_hash_algorithms": []string{"sha256", "sha512"}}))),
		"RSA, a keyid that is none": varied(t, plain, withKey("release key", rsaKey("RSA in SPKI", nil))),
		"a keyid that is no hash":   varied(t, plain, withKey("somebody", object{"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": object{"public": "another"}})),
		"sha256 and sha512":         varied(t, hashes, hashed(object{"sha256": sum256, "sha512": sum512})),
		"sha512 and blake2b":        varied(t, hashes, hashed(object{"blake2b-256": sum256, "sha512": sum512})),
		"a delegated key of tomorrow": varied(t, base, func(signed object) {
			if del, ok := signed["delegations"].(object); ok {
				del["keys"].(object)["tomorrow"] = object{"keytype": "ml-dsa", "scheme": "ml-dsa-65", "keyval": object{"public": "00"}}
				who := del["roles"].([]any)[0].(object)
				who["keyids"] = append(who["keyids"].([]any), "tomorrow")
			}
		}),
	}
}

// TestInspectWhatCantGoOn: what other clients can't read of one key is a finding.
func TestInspectWhatCantGoOn(t *testing.T) {
	for name, want := range map[string]string{"sha512-only": "other-hash", "oidc-key": "unusable-key", "oidc-signature": "unreadable-signature"} {
		report, err := metadata.Inspect(corpora.Metadata(t, "reports/"+name), start)
		if err != nil || !report.Verified {
			t.Fatalf("%s does not verify: %v, %q", name, err, report.Problems)
		}
		if !slices.ContainsFunc(report.Files, func(f metadata.FileReport) bool {
			return slices.ContainsFunc(f.Findings, func(found metadata.Finding) bool { return found.Code == want })
		}) {
			t.Errorf("%s is without the finding %s", name, want)
		}
	}
}

// TestOutlooks: what can't go on of a trust is said before it is adopted, and is
// what a freeze comes to; and what it says is to be done makes it go on.
func TestOutlooks(t *testing.T) {
	all := cantGoOn(t)
	onlyRSA := func(roles ...string) func(object) {
		return func(signed object) {
			if signed["_type"] != "root" {
				return
			}
			signed["keys"].(object)["rsa"] = rsaKey("RSA in SPKI", nil)
			for _, role := range roles {
				signed["roles"].(object)[role] = object{"keyids": []any{"rsa"}, "threshold": json.Number("1")}
			}
		}
	}
	online := newSoftToken("7")
	if _, err := online.Enrol(t.Context(), token.EnrolRequest{PIN: pin("123123")}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		files map[string][]byte
		role  string
		says  []string // of what is taken over
		stuck string   // why the next version can't be made
		edits []draft.Edit
	}{
		{name: "sha512-only", files: all["sha512-only"], role: "targets", says: []string{"1 target of targets by sha512 alone"}},
		{name: "oidc-key", files: all["oidc-key"], role: "root", says: []string{"Key 04723582 can't be used (keys of type sigstore-oidc with scheme Fulcio are not supported)", "root 2 is without it"}},
		{name: "oidc-signature", files: all["oidc-signature"], role: "root", says: []string{"Key 04723582 can't be used"}},
		{name: "RSA in PKCS1", files: all["RSA in PKCS1"], role: "root", says: []string{"is an RSA key: it stays in root 2 and goes on verifying"}},
		{name: "sha512 and blake2b", files: all["sha512 and blake2b"], role: "targets", says: []string{"targets 2 is without these hashes"}},
		{name: "a delegated key of tomorrow", files: all["a delegated key of tomorrow"], role: "targets", says: []string{"Key tomorrow can't be used"}},
		{
			name: "blake2b alone", files: varied(t, all["sha512-only"], hashed(object{"blake2b-256": sum256})), role: "targets",
			stuck: "targets has no sha256 or sha512 of the target s.bin",
			edits: []draft.Edit{draft.AddTarget{Role: "targets", Path: "s.bin", SHA256: metadata.Sum(nil), Length: 2}},
		},
		{
			name: "targets by an RSA key alone", files: varied(t, all["oidc-key"], onlyRSA("targets")), role: "targets",
			stuck: "the role targets needs 1 signature, and only 0 of its keys can sign here",
			edits: []draft.Edit{draft.AddHolder{Holder: "Ada", Roles: []string{"targets"}}},
		},
		{
			name: "targets by an RSA key that gives way to a token", files: varied(t, all["oidc-key"], onlyRSA("targets")), role: "targets",
			stuck: "the role targets needs 1 signature, and only 0 of its keys can sign here",
			edits: []draft.Edit{draft.NameHolder{KeyID: "rsa", Holder: "Ada"}, draft.ReplaceToken{Holder: "Ada"}},
		},
		{
			name: "snapshot by an RSA key", files: varied(t, all["oidc-key"], onlyRSA("snapshot")), role: "targets",
			stuck: "the role snapshot is signed with an RSA key",
			edits: []draft.Edit{draft.SetOnlineKey{Role: "snapshot", Key: keyOf(t, online)}},
		},
		{
			name: "root by an RSA key alone", files: varied(t, all["oidc-key"], onlyRSA("root")), role: "root",
			stuck: "root 2 needs 1 signature by keys of root 1, and only 0 of these can sign here",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rekey(t, c.files)
			adopted, err := trust.Adopt(r.files, "rehearsal-adopted")
			if err != nil {
				t.Fatal(err)
			}
			set, err := trust.Assemble(adopted.Contents)
			if err != nil {
				t.Fatal(err)
			}
			var about draft.Outlook
			for _, o := range draft.Outlooks(set) {
				if o.Role == c.role {
					about = o
				}
			}
			kept := strings.Join(about.Kept, "\n")
			for _, want := range c.says {
				if !strings.Contains(kept, want) {
					t.Errorf("it does not say %q: %q", want, kept)
				}
			}
			if !strings.Contains(about.Problem, c.stuck) || (about.Problem == "") != (c.stuck == "") {
				t.Errorf("got %q, want %q", about.Problem, c.stuck)
			}
			s := newSite(t)
			s.begin(ceremony.Changing, "vienna")
			_, err = s.Import(adopted.Contents, "directory", metadata.Sum(nil))
			s.must(err)
			s.edit(draft.Renew{Role: c.role, Days: 100})
			preview, err := s.Preview()
			s.must(err)
			if c.stuck == "" {
				s.must(preview.Problem)
				if warned := strings.Join(preview.Warnings, "\n"); !strings.Contains(warned, kept) {
					t.Errorf("who freezes it does not read %q: %q", kept, warned)
				}
				s.must(s.Freeze())
				step, _ := s.openStep()
				for _, name := range step.Quorum.Open() {
					if !slices.ContainsFunc(s.Signers(step.Proposal), func(h ceremony.Holder) bool { return h.Name == name }) {
						t.Errorf("%s could still sign %s, it says", name, step.Quorum.Name())
					}
				}
				return
			}
			if preview.Problem == nil || !strings.Contains(preview.Problem.Error(), c.stuck) {
				t.Fatalf("a freeze says %v", preview.Problem)
			}
			if c.edits == nil {
				return
			}
			for _, e := range c.edits {
				s.edit(e)
			}
			preview, err = s.Preview()
			s.must(err)
			s.must(preview.Problem)
		})
	}
}
