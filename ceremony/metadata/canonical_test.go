package metadata_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ name, text, canonical, compact string }{
		{"canonical already", `{"a":[1,true,null],"b":"c"}`, `{"a":[1,true,null],"b":"c"}`, `{"a":[1,true,null],"b":"c"}`},
		{"blanks", " { \"a\" : [ 1 , 2 ] ,\n\t\"b\":{ } }\r\n", `{"a":[1,2],"b":{}}`, `{"a":[1,2],"b":{}}`},
		{"keys sorted at every depth", `{"b":{"d":1,"c":2},"a":[{"z":1,"y":{"q":1,"p":2}}]}`,
			`{"a":[{"y":{"p":2,"q":1},"z":1}],"b":{"c":2,"d":1}}`, `{"a":[{"y":{"p":2,"q":1},"z":1}],"b":{"c":2,"d":1}}`},
		{"prefix sorts first", `{"aa":1,"a":2}`, `{"a":2,"aa":1}`, `{"a":2,"aa":1}`},
		{"sorted by code point, not by UTF-16", `{"😀":1,"｡":2}`, `{"｡":2,"😀":1}`, `{"｡":2,"😀":1}`},
		{"sorted as decoded", `{"b":1,"\u0061":2}`, `{"a":2,"b":1}`, `{"a":2,"b":1}`},
		{"fewest escapes", `"\u0041\/\u00e9\ud83d\ude00\ufffd<&>"`, `"A/é😀�<&>"`, `"A/é😀�<&>"`},
		{"quotes and backslashes", `"\"\\\u0022\u005c"`, `"\"\\\"\\"`, `"\"\\\"\\"`},
		{"controls", `"\b\t\n\f\r\u0000\u000b\u001f\u007f"`, "\"\b\t\n\f\r\x00\x0b\x1f\x7f\"", `"\b\t\n\f\r\u0000\u000b\u001f` + "\x7f" + `"`},
		{"a key with a backslash", `{"\\":1,"\"":2}`, `{"\"":2,"\\":1}`, `{"\"":2,"\\":1}`},
		{"the largest numbers", `[9007199254740991,-9007199254740991,0]`, `[9007199254740991,-9007199254740991,0]`, `[9007199254740991,-9007199254740991,0]`},
		{"empty key", `{"":1}`, `{"":1}`, `{"":1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			canonical, err := metadata.Canonical([]byte(c.text))
			must(t, err)
			if string(canonical) != c.canonical {
				t.Errorf("canonical: got %q, want %q", canonical, c.canonical)
			}
			compact, err := metadata.Compact([]byte(c.text))
			must(t, err)
			if string(compact) != c.compact {
				t.Errorf("compact: got %q, want %q", compact, c.compact)
			}
			checkCanonicalLaws(t, []byte(c.text))
		})
	}
}

func TestCanonicalCopiesNothingWithoutNeed(t *testing.T) {
	text := []byte(`{"a":1}`)
	canonical, err := metadata.Canonical(text)
	must(t, err)
	if &canonical[0] != &text[0] {
		t.Error("a text that was canonical already was copied")
	}
}

// checkCanonicalLaws: both forms are fixed points, and agree with go-securesystemslib.
func checkCanonicalLaws(t interface{ Fatalf(string, ...any) }, text []byte) {
	canonical, err := metadata.Canonical(text)
	if err != nil {
		t.Fatalf("Canonical(%q): %v", text, err)
	}
	compact, err := metadata.Compact(text)
	if err != nil {
		t.Fatalf("Compact(%q): %v", text, err)
	}
	if !json.Valid(compact) {
		t.Fatalf("Compact(%q) is no JSON: %q", text, compact)
	}
	if again, err := metadata.Canonical(compact); err != nil || !bytes.Equal(again, canonical) {
		t.Fatalf("Canonical(Compact(x)) is %q, %v, want %q", again, err, canonical)
	}
	if again, err := metadata.Compact(compact); err != nil || !bytes.Equal(again, compact) {
		t.Fatalf("Compact(Compact(x)) is %q, %v, want %q", again, err, compact)
	}
	theirs, err := cjson.EncodeCanonical(json.RawMessage(text))
	if err != nil {
		t.Fatalf("cjson refuses %q: %v", text, err)
	}
	if !bytes.Equal(theirs, canonical) {
		t.Fatalf("of %q cjson makes %q, we make %q", text, theirs, canonical)
	}
}

// jsonValues generates values, spelled in many ways.
func jsonValues(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int64Range(-1<<53+1, 1<<53-1).AsAny(),
		rapid.String().AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	inner := jsonValues(depth - 1)
	return rapid.OneOf(append(leaves,
		rapid.SliceOfN(inner, 0, 4).AsAny(),
		rapid.MapOfN(rapid.String(), inner, 0, 6).AsAny())...)
}

func TestCanonicalProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := jsonValues(4).Draw(t, "value")
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		checkCanonicalLaws(t, text)
		indented, err := json.MarshalIndent(value, " ", "\t")
		if err != nil {
			t.Fatal(err)
		}
		a, _ := metadata.Canonical(text)
		b, _ := metadata.Canonical(indented)
		if !bytes.Equal(a, b) {
			t.Fatalf("blanks made a difference: %q, %q", a, b)
		}
	})
}

// FuzzCanonical: whatever is accepted obeys the laws, and cjson agrees.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"b":1,"a":[true,null,"\u00e9\n"]}`, `"\ud83d\ude00"`, ` [ -1 , {} ] `, `{"\"":0,"\\":1}`, `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := metadata.Canonical(text); err == nil {
			checkCanonicalLaws(t, text)
		}
	})
}

// BenchmarkCanonical makes the payload of targets with 10,000 entries: as a
// file has them, as pretty-printed by others, and where nothing is to be done.
// It ends with how many times faster that is than go-securesystemslib.
func BenchmarkCanonical(b *testing.B) {
	compact := manyTargets(b, 10_000)
	var pretty bytes.Buffer
	must(b, json.Indent(&pretty, compact, "", "  "))
	canonical, err := metadata.Canonical(compact)
	must(b, err)
	for _, c := range []struct {
		name string
		text []byte
	}{{"canonical", canonical}, {"pretty", pretty.Bytes()}} {
		b.Run(c.name, func(b *testing.B) {
			start := time.Now()
			_, err := cjson.EncodeCanonical(json.RawMessage(c.text))
			theirs := time.Since(start)
			must(b, err)
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := metadata.Canonical(c.text); err != nil {
					b.Fatal(err)
				}
			}
			ours := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(theirs)/float64(ours), "x-faster-than-cjson")
		})
	}
}

// manyTargets is a targets' signed with n targets, without control characters.
func manyTargets(t testing.TB, n int) []byte {
	targets := map[string]metadata.Target{}
	for i := range n {
		path := fmt.Sprintf("images/%s/app-%06d", strings.Repeat("x", i%20+1), i)
		targets[path] = metadata.Target{Length: int64(i), Hashes: sha256Of(path)}
	}
	return encoded(t)(metadata.EncodeTargets(metadata.Header{Version: 1, Expires: later}, metadata.Targets{Targets: targets}))
}
