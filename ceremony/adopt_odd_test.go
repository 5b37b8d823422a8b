package ceremony_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// odd says in which ways a repository was written as others write it.
type odd struct {
	name    string
	hex     bool   // keys as hex points, as go-tuf 0.7 wrote them
	keytype string // as sigstore's older roots name it
	owner   bool   // a field of its own in the key object, as tuf-on-ci writes it
	wrongID bool   // one keyid is not its key's hash, as in Docker's
	empty   bool   // an empty signature of somebody who did not sign, as in sigstore's root 12
	twice   bool   // one signature twice, as in sigstore's roots 9 and 10
	files   func(version, role string) string
	from    int64 // the oldest root that go-tuf's client can begin with
}

// repository writes root 1, targets 1, snapshot and timestamp by three tokens.
func (o odd) repository(t *testing.T, tokens []*softToken) map[string][]byte {
	t.Helper()
	keys, ids := map[string]any{}, []string{}
	idOf := map[*softToken]string{}
	for i, token := range tokens {
		key := keyOf(t, token)
		object := map[string]any{"keytype": o.keytype, "scheme": key.Scheme, "keyval": map[string]any{"public": key.Public}}
		if o.hex {
			object["keyval"] = map[string]any{"public": hex.EncodeToString(point(t, &token.key.PublicKey))}
		}
		if o.owner {
			object["x-tuf-on-ci-keyowner"] = fmt.Sprintf("@holder%d", i)
		}
		canonical, err := metadata.Canonical(marshal(t, object))
		if err != nil {
			t.Fatal(err)
		}
		id := metadata.Sum(canonical).String()
		if o.wrongID && i == 0 {
			id = strings.Repeat("ab", 32)
		}
		idOf[token], keys[id] = id, object
		ids = append(ids, id)
	}
	who := func(n int) map[string]any { return map[string]any{"keyids": ids, "threshold": n} }
	sign := func(body map[string]any, by ...*softToken) []byte {
		signed := marshal(t, body)
		payload, err := metadata.Canonical(signed)
		if err != nil {
			t.Fatal(err)
		}
		var sigs []map[string]string
		for _, token := range by {
			sig, err := token.Sign(context.Background(), pin(token.pin), payload)
			if err != nil {
				t.Fatal(err)
			}
			sigs = append(sigs, map[string]string{"keyid": idOf[token], "sig": hex.EncodeToString(sig)})
		}
		if o.twice {
			sigs = append(sigs, sigs[0])
		}
		if o.empty {
			sigs = append(sigs, map[string]string{"keyid": ids[2], "sig": ""})
		}
		return fmt.Appendf(nil, `{"signed":%s,"signatures":%s}`, signed, marshal(t, sigs))
	}
	common := func(kind string) map[string]any {
		return map[string]any{"_type": kind, "spec_version": "1.0", "version": 1, "expires": start.AddDate(0, 6, 0).Format("2006-01-02T15:04:05Z")}
	}
	root, targets := common("root"), common("targets")
	root["keys"], root["consistent_snapshot"] = keys, true
	root["roles"] = map[string]any{"root": who(2), "targets": who(1), "snapshot": who(1), "timestamp": who(1)}
	targets["targets"] = map[string]any{}
	return map[string][]byte{
		o.files("1", "root"):    sign(root, tokens[:2]...),
		o.files("1", "targets"): sign(targets, tokens[0]),
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// point is a public key as an uncompressed point.
func point(t *testing.T, k *ecdsa.PublicKey) []byte {
	t.Helper()
	b, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAdoptOddRepositories takes over what other programs write, with their
// oddities, and has it changed by the very keys that signed it: root 2 is what
// strict clients want, and go-tuf's client follows to it.
func TestAdoptOddRepositories(t *testing.T) {
	numbered := func(version, role string) string { return version + "." + role + ".json" }
	for _, o := range []odd{
		{name: "python-tuf", keytype: "ecdsa", files: numbered, from: 1},
		{name: "go-tuf 0.7, with hex keys", hex: true, keytype: "ecdsa-sha2-nistp256", from: 2,
			files: func(_, role string) string { return "repository/" + role + ".json" }},
		{name: "sigstore, with its older key type and empty signatures", keytype: "ecdsa-sha2-nistp256", empty: true, files: numbered, from: 1},
		{name: "sigstore, with a signature twice", keytype: "ecdsa", twice: true, files: numbered, from: 2},
		{name: "tuf-on-ci", keytype: "ecdsa", owner: true, from: 1, files: func(version, role string) string {
			if role == "root" {
				return "metadata/root_history/" + version + ".root.json"
			}
			return "metadata/" + role + ".json"
		}},
		{name: "Docker, with a keyid that is no hash of its key", keytype: "ecdsa", wrongID: true, files: numbered, from: 1},
		{name: "RSTUF", keytype: "ecdsa", files: func(version, role string) string { return "metadata/" + numbered(version, role) }, from: 1},
		{name: "tough", keytype: "ecdsa", files: numbered, from: 1},
	} {
		t.Run(o.name, func(t *testing.T) {
			s := newSite(t)
			var tokens []*softToken
			named := map[string]*softToken{}
			for i, name := range []string{"Ada", "Bo", "Cy"} {
				tok := newSoftToken(fmt.Sprint(2001 + i))
				if _, err := tok.Enrol(context.Background(), token.EnrolRequest{PIN: pin("123123")}); err != nil {
					t.Fatal(err)
				}
				tokens, named[name] = append(tokens, tok), tok
			}
			adopted, err := trust.Adopt(o.repository(t, tokens), "rehearsal-odd")
			s.must(err)
			s.begin(ceremony.Changing, "vienna")
			_, err = s.Import(adopted.Contents, "directory", metadata.Sum(nil))
			s.must(err)
			for name, token := range named {
				s.edit(draft.NameHolder{KeyID: s.keyIDOf(token), Holder: name})
			}
			s.edit(draft.ReplaceToken{Holder: "Cy"})
			gone := "key " + keyOf(t, named["Cy"]).ID()[:8] // the old root names nobody
			named[gone], named["Cy"] = named["Cy"], newSoftToken("2009")
			named["Cy"].attests = true
			s.enrol("Cy", named["Cy"])
			s.must(s.Freeze())
			s.signAll(named)
			_, checked, err := s.Handover()
			s.must(err)
			if checked.From != o.from || (len(checked.Notes) > 0) != (o.from > 1) {
				t.Errorf("go-tuf follows from root %d: %q", checked.From, checked.Notes)
			}
			set := s.assembled()
			next := set.Roots[1]
			if _, err := metadata.ParseFile(next.Bytes, metadata.Strict); err != nil {
				t.Errorf("root 2 is not strict: %v", err)
			}
			for id, key := range next.Root.Keys {
				if key.ID() != id || key.Type != "ecdsa" || !strings.HasPrefix(key.Public, "-----BEGIN PUBLIC KEY-----") {
					t.Errorf("key %.8s: %s %.30q", id, key.Type, key.Public)
				}
			}
			if o.from > 1 {
				return // go-tuf can't begin with root 1; what it says of root 2, the check has asked
			}
			trusted, err := trustedmetadata.New(set.Roots[0].Bytes)
			s.must(err)
			if _, err := trusted.UpdateRoot(next.Bytes); err != nil {
				t.Errorf("go-tuf does not follow from root 1: %v", err)
			}
		})
	}
}

// keyIDOf is the keyid under which the list of holders has a token.
func (s *site) keyIDOf(token *softToken) string {
	s.t.Helper()
	want, err := keyOf(s.t, token).Fingerprint()
	s.must(err)
	set := s.newestRoot()
	for id, key := range set.Root.Keys {
		if got, err := key.Fingerprint(); err == nil && got == want {
			return id
		}
	}
	s.t.Fatal("the token's key is not in the root")
	return ""
}

// newestRoot is the newest that is published.
func (s *site) newestRoot() *metadata.File {
	s.t.Helper()
	c, err := s.Contents()
	s.must(err)
	roots := slices.DeleteFunc(slices.Clone(c.Published), func(f trust.NamedFile) bool { return !strings.HasSuffix(f.Name, ".root.json") })
	f, err := metadata.ParseFile(roots[len(roots)-1].Bytes, metadata.Adopted)
	s.must(err)
	return f
}
