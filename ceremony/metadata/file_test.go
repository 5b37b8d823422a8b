package metadata_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

func TestParseFile(t *testing.T) {
	tr := newTrust(t, "wabbit")
	signed := encoded(t)(metadata.EncodeRoot(tr.header(1), tr.rootBody()))
	text := assemble(t, signed, tr.root...)
	f, err := metadata.ParseFile(text, metadata.Strict)
	must(t, err)
	payload, err := metadata.Canonical(signed)
	must(t, err)
	if !bytes.Equal(f.Bytes, text) || !bytes.Equal(f.Signed.Bytes, signed) || !bytes.Equal(f.Payload, payload) {
		t.Error("the bytes of the file, the body or the payload are not what they were")
	}
	if f.Digest() != metadata.Sum(payload) || f.Trust() != "wabbit" || len(f.Signatures) != 3 {
		t.Errorf("got %v, %q, %d signatures", f.Digest(), f.Trust(), len(f.Signatures))
	}
	alone, err := metadata.ParseSigned(signed, metadata.Strict)
	must(t, err)
	if !reflect.DeepEqual(alone, f.Signed) {
		t.Error("the body by itself reads differently")
	}
}

// Adopted files may be pretty-printed, in any order; the payload is the same.
func TestParseFileKeepsForeignBytes(t *testing.T) {
	tr := newTrust(t, "wabbit")
	strict := tr.rootFile(t, 1, tr.root...)
	var pretty bytes.Buffer
	must(t, json.Indent(&pretty, strict.Signed.Bytes, " ", "\t"))
	sigs, err := json.Marshal(strict.Signatures)
	must(t, err)
	text := fmt.Sprintf("\n{ \"signed\" : %s , \"signatures\":%s }\n", pretty.Bytes(), sigs)
	f := adopted(t, []byte(text))
	if !bytes.Equal(f.Signed.Bytes, pretty.Bytes()) {
		t.Errorf("body: got %q", f.Signed.Bytes)
	}
	if f.Digest() != strict.Digest() {
		t.Error("blanks changed the payload")
	}
	must(t, metadata.VerifyRootChain([]*metadata.File{f}, now))
	_, err = metadata.ParseFile([]byte(text), metadata.Strict)
	wantField(t, err, "signed", "not in compact form at byte 1")
}

func TestRefusedFiles(t *testing.T) {
	tr := newTrust(t, "wabbit")
	signed := string(encoded(t)(metadata.EncodeRoot(tr.header(1), tr.rootBody())))
	evil := strings.Replace(signed, `"threshold":2`, `"threshold":1`, 1)
	both := []metadata.Mode{metadata.Strict, metadata.Adopted}
	for _, c := range []struct {
		name, text string
		path, why  string
		modes      []metadata.Mode
	}{
		{"signed twice, the evil one first", `{"signed":` + evil + `,"signatures":[],"signed":` + signed + `}`, "signed", "given twice", both},
		{"signatures twice", `{"signatures":[],"signatures":[],"signed":` + signed + `}`, "signatures", "given twice", both},
		{"signed in another case too", `{"Signed":` + evil + `,"signatures":[],"signed":` + signed + `}`, "", "", both},
		{"no signatures", `{"signed":` + signed + `}`, "signatures", "is missing", both},
		{"no signed", `{"signatures":[]}`, "signed", "is missing", both},
		{"signatures in an object", `{"signatures":{},"signed":` + signed + `}`, "signatures", "must be an array", both},
		{"version twice", `{"signatures":[],"signed":` + strings.Replace(signed, `"version":1`, `"version":1,"version":2`, 1) + `}`, "signed.version", "given twice", both},
		{"a signature without keyid", `{"signatures":[{"sig":"00"}],"signed":` + signed + `}`, "signatures.0.keyid", "is missing", both},
		{"a signature without sig", `{"signatures":[{"keyid":"k"}],"signed":` + signed + `}`, "signatures.0.sig", "is missing", both},
		{"a signature that is no hex", `{"signatures":[{"keyid":"k","sig":"x!"}],"signed":` + signed + `}`, "signatures.0.sig", "hex digits", both[:1]},
		{"a signature of half a byte", `{"signatures":[{"keyid":"k","sig":"012"}],"signed":` + signed + `}`, "signatures.0.sig", "hex digits", both[:1]},
		{"sig in another case too", `{"signatures":[{"keyid":"k","sig":"00","Sig":"01"}],"signed":` + signed + `}`, "", "", both},
		{"an empty signature", `{"signatures":[{"keyid":"k","sig":""}],"signed":` + signed + `}`, "signatures.0.sig", "empty signature", both[:1]},
		{"a signature in capitals", `{"signatures":[{"keyid":"k","sig":"AB"}],"signed":` + signed + `}`, "signatures.0.sig", "not in lower case", both[:1]},
		{"two signatures by one key", `{"signatures":[{"keyid":"k","sig":"00"},{"keyid":"k","sig":"01"}],"signed":` + signed + `}`, "signatures.1.keyid", "signs again: k", both[:1]},
		{"1,001 signatures", `{"signatures":[` + strings.Repeat(`{"keyid":"k","sig":"00"},`, 1000) + `{}],"signed":` + signed + `}`, "signatures.1000", "one signature too many", both[1:]},
		{"1,001 keys of a role", `{"signatures":[],"signed":` + strings.Replace(signed, `"keyids":[`, `"keyids":[`+strings.Repeat(`"k",`, 1000), 1) + `}`, "signed.roles.root.keyids", "names 1003 keys", both[1:]},
		{"an unknown field of a signature", `{"signatures":[{"keyid":"k","method":"m","sig":"00"}],"signed":` + signed + `}`, "signatures.0.method", "field that TUF does not define", both[:1]},
		{"an unknown field of the file", `{"comment":1,"signatures":[],"signed":` + signed + `}`, "comment", "field that TUF does not define", both[:1]},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, mode := range []metadata.Mode{metadata.Strict, metadata.Adopted} {
				f, err := metadata.ParseFile([]byte(c.text), mode)
				switch {
				case slices.Contains(c.modes, mode) && c.path == "":
					wantAs[*metadata.FieldError](t, err)
				case slices.Contains(c.modes, mode):
					wantField(t, err, c.path, c.why)
				case mode == metadata.Strict && c.modes[0] == metadata.Adopted: // refused for an oddity before
				case err != nil || len(f.Findings) == 0:
					t.Errorf("mode %d: got %v, want a finding", mode, err)
				}
			}
		})
	}
}

func TestAssemble(t *testing.T) {
	sigs := []metadata.Signature{{KeyID: "b", Sig: "02"}, {KeyID: "a", Sig: "03"}, {KeyID: "b", Sig: "01"}, {KeyID: "b", Sig: "02"}}
	signed := []byte("{ \"as\":\"it is\" }")
	want := `{"signatures":[{"keyid":"a","sig":"03"},{"keyid":"b","sig":"01"}],"signed":{ "as":"it is" }}`
	if got := metadata.Assemble(signed, sigs); string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if sigs[0].Sig != "02" || sigs[1].KeyID != "a" {
		t.Error("the caller's signatures were moved")
	}
	if got := metadata.Assemble(signed, nil); string(got) != `{"signatures":[],"signed":{ "as":"it is" }}` {
		t.Errorf("without signatures: got %s", got)
	}
	if got := metadata.Assemble([]byte("{}"), []metadata.Signature{{KeyID: "a\n\"", Sig: "00"}}); !json.Valid(got) {
		t.Errorf("a hostile keyid made %s", got)
	}
}

// The order in which signatures came together makes no difference.
func TestAssembleProperty(t *testing.T) {
	sig := rapid.Custom(func(t *rapid.T) metadata.Signature {
		return metadata.Signature{KeyID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "keyid"), Sig: rapid.StringMatching(`[0-9a-f]{2}`).Draw(t, "sig")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOf(sig).Draw(t, "a"), rapid.SliceOf(sig).Draw(t, "b")
		ab := metadata.Assemble([]byte("{}"), slices.Concat(a, b))
		ba := metadata.Assemble([]byte("{}"), slices.Concat(b, a))
		twice := metadata.Assemble([]byte("{}"), slices.Concat(a, b, a, b))
		if !bytes.Equal(ab, ba) || !bytes.Equal(ab, twice) {
			t.Fatalf("%s, %s, %s", ab, ba, twice)
		}
	})
}

// FuzzParseFile: nothing panics; what Strict takes, Adopted takes without a
// finding and reads the same; what is read has a payload that reads the same.
func FuzzParseFile(f *testing.F) {
	s := newTrust(f, "wabbit").set(f, 1)
	for _, file := range []*metadata.File{s.Roots[0], s.Timestamp, s.Snapshot, s.Targets} {
		f.Add(file.Bytes)
	}
	f.Add([]byte(`{"signatures":[{"keyid":"k","sig":""}],"signed":{"_type":"timestamp","expires":"2021-12-18T13:28:12.99008-06:00","meta":{"snapshot.json":{"version":1}},"spec_version":"1.0","version":1}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		strict, strictErr := metadata.ParseFile(text, metadata.Strict)
		tolerant, err := metadata.ParseFile(text, metadata.Adopted)
		if err != nil {
			if strictErr == nil {
				t.Fatalf("refused only when adopted: %v", err)
			}
			return
		}
		if strictErr == nil && (len(strict.Findings)+len(tolerant.Signed.Findings) != len(tolerant.Unknown) || strict.Digest() != tolerant.Digest()) {
			t.Fatalf("strict and adopted differ: %v", tolerant.Findings)
		}
		compact, err := metadata.Compact(tolerant.Signed.Bytes)
		must(t, err)
		again, err := metadata.ParseSigned(compact, metadata.Adopted)
		must(t, err)
		if again.Digest() != tolerant.Digest() || again.Version != tolerant.Version {
			t.Fatal("the compact form reads differently")
		}
		if tolerant.Root != nil {
			_, _ = metadata.VerifyFile(tolerant.Signed, "root", tolerant)
		}
		_, err = metadata.Inspect(map[string][]byte{"1.root.json": text}, now)
		must(t, err)
	})
}
