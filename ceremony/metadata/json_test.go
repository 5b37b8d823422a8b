package metadata_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

func TestRefusedJSON(t *testing.T) {
	for _, c := range []struct{ name, text, path, why string }{
		{"empty", "", "", "is empty"},
		{"blank", " \n", "", "is empty"},
		{"trailing value", `{} {}`, "", "followed by other data at byte 3"},
		{"trailing brace", `{}}`, "", "followed by other data"},
		{"byte order mark", "\ufeff{}", "", "where a value should stand"},
		{"duplicate key", `{"version":1,"version":2}`, "version", "given twice"},
		{"duplicate key far apart", `{"a":{"v":1,"b":2,"c":3,"v":4}}`, "a.v", "given twice"},
		{"duplicate key, one escaped", `{"v":1,"\u0076":2}`, "v", "given twice"},
		{"duplicate key that was sorted", `{"b":1,"a":1,"b":2}`, "b", "given twice"},
		{"fraction", `{"v":1.0}`, "v", "whole number"},
		{"exponent", `{"v":1e3}`, "v", "whole number"},
		{"big exponent", `{"v":[0,1E3]}`, "v.1", "whole number"},
		{"minus zero", `{"v":-0}`, "v", "plain form"},
		{"leading zero", `{"v":01}`, "v", "plain form"},
		{"minus leading zero", `{"v":-01}`, "v", "plain form"},
		{"plus", `{"v":+1}`, "v", "where a value should stand"},
		{"lone minus", `{"v":-}`, "v", "where a digit should stand"},
		{"2^53", `{"v":9007199254740992}`, "v", "beyond 2^53 - 1"},
		{"2^53+1", `{"v":9007199254740993}`, "v", "beyond 2^53 - 1"},
		{"2^63", `{"v":9223372036854775808}`, "v", "beyond 2^53 - 1"},
		{"-2^53", `{"v":-9007199254740992}`, "v", "beyond 2^53 - 1"},
		{"hex number", `{"v":0x10}`, "", "where ',' or '}' should stand"},
		{"NaN", `{"v":NaN}`, "v", "where a value should stand"},
		{"invalid UTF-8", "{\"v\":\"a\xff\"}", "v", "no valid UTF-8 at byte 7"},
		{"overlong UTF-8", "[\"\xc0\x80\"]", "0", "no valid UTF-8"},
		{"UTF-8 surrogate", "[\"\xed\xa0\x80\"]", "0", "no valid UTF-8"},
		{"half a surrogate pair", `["\ud800"]`, "0", "half a surrogate pair"},
		{"surrogates the wrong way round", `["\udc00\ud800"]`, "0", "half a surrogate pair"},
		{"surrogate and no escape", `["\ud800abcdef"]`, "0", "half a surrogate pair"},
		{"bare newline", "[\"a\nb\"]", "0", "bare control character 0x0a"},
		{"bare NUL", "[\"\x00\"]", "0", "bare control character 0x00"},
		{"unknown escape", `["\x41"]`, "0", "unknown escape at byte 2"},
		{"short unicode escape", `["\u12"]`, "0", "unknown escape"},
		{"signed unicode escape", `["\u+123"]`, "0", "unknown escape"},
		{"open string", `["abc`, "0", "ends inside a string"},
		{"open string after backslash", `["abc\`, "0", "ends inside a string"},
		{"open object", `{"a":1`, "", "ends too early"},
		{"open array", `[1,`, "1", "ends too early"},
		{"comma at the end of an array", `[1,]`, "1", "where a value should stand"},
		{"comma at the end of an object", `{"a":1,}`, "", "where a key in quotes should stand"},
		{"key without quotes", `{a:1}`, "", "where a key in quotes should stand"},
		{"no colon", `{"a" 1}`, "a", "where ':' should stand"},
		{"comment", `{"a":1 /* x */}`, "", "where ',' or '}' should stand"},
		{"no break space", "{\u00a0}", "", "where a key in quotes should stand"},
		{"too large", strings.Repeat(" ", 64<<20+1), "", "has 67108865 bytes"},
		{"too many fields", `{"a,:\":":[` + strings.Repeat("0,", 2_500_000) + `0]}`, "", "holds 2500001 commas and colons"},
		{"a name that steers a terminal", "{\"\\u001b[2J\\u202e\":1.5}", `"\x1b[2J\u202e"`, "whole number"},
		{"a long name", `{"` + strings.Repeat("k", 1e6) + `":1.5}`, strings.Repeat("k", 80) + "...", "whole number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := metadata.Canonical([]byte(c.text))
			wantField(t, err, c.path, c.why)
		})
	}
}

func TestDepth(t *testing.T) {
	nested := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if _, err := metadata.Canonical(nested(64)); err != nil {
		t.Errorf("64 levels: %v", err)
	}
	_, err := metadata.Canonical(nested(65))
	wantField(t, err, strings.Repeat("0.", 12)+"...", "nested more than 64 deep")
}

// Keys that differ only in case are one key to readers that ignore case.
func TestFoldedKeys(t *testing.T) {
	targets := func(paths string) []byte {
		return []byte(`{"_type":"targets","expires":"2027-09-01T12:00:00Z","spec_version":"1.0.31","targets":{` + paths + `},"version":1}`)
	}
	const target = `{"hashes":{"sha256":"0000000000000000000000000000000000000000000000000000000000000000"},"length":1}`
	for _, c := range []struct{ name, a, b string }{
		{"ASCII", "A", "a"},
		{"Kelvin sign", "k", "\u212a"},
		{"long s", "s", "\u017f"},
		{"umlaut", "Ä", "ä"},
		{"sigma", "Σ", "ς"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := targets(fmt.Sprintf(`%q:%s,%q:%s`, c.a, target, c.b, target))
			_, err := metadata.ParseSigned(text, metadata.Strict)
			if err == nil || !strings.Contains(err.Error(), "only in case") {
				t.Errorf("strict: got %v", err)
			}
			if _, err := metadata.ParseSigned(text, metadata.Adopted); err != nil {
				t.Errorf("adopted: two paths of other people: got %v", err)
			}
		})
	}
	for _, mode := range []metadata.Mode{metadata.Strict, metadata.Adopted} {
		text := bytes.Replace(targets(""), []byte(`"_type"`), []byte(`"Version":7,"_type"`), 1)
		_, err := metadata.ParseSigned(text, mode)
		if err == nil || !strings.Contains(err.Error(), "only in case") {
			t.Errorf("mode %d: a second version in capitals: got %v", mode, err)
		}
	}
}

// Hostile sizes cost memory in proportion. What time they cost depends on the
// machine: BenchmarkHostileSizes says it.
func TestHostileSizes(t *testing.T) {
	const perByte = 12
	for _, c := range hostile() {
		t.Run(c.name, func(t *testing.T) {
			for _, mode := range []metadata.Mode{metadata.Strict, metadata.Adopted} {
				var err error
				cost := costs(func() { _, err = metadata.ParseFile([]byte(c.text), mode) })
				if cost > 64<<10+perByte*uint64(len(c.text)) {
					t.Errorf("for %d bytes it allocated %d", len(c.text), cost)
				}
				if wantAs[*metadata.FieldError](t, err); len(err.Error()) > 1000 {
					t.Errorf("an error of %d bytes", len(err.Error()))
				}
			}
		})
	}
}

// What is out of order costs in proportion too, whatever the keys look like.
func TestKeysInTheWrongOrderCostInProportion(t *testing.T) {
	for _, key := range []string{"%06d", `%06d\"`, `%06d\u0041`, "Ä%06d"} {
		cost := func(n int) uint64 {
			var text strings.Builder
			for i := range n {
				fmt.Fprintf(&text, `,"`+key+`":{"b":0,"a":0}`, n-i)
			}
			all := []byte("{" + text.String()[1:] + "}")
			return costs(func() {
				if _, err := metadata.Canonical(all); err != nil {
					t.Fatal(err)
				}
			})
		}
		if one, four := cost(20_000), cost(80_000); four > 5*one {
			t.Errorf("%s: %d bytes for some, %d for four times as many", key, one, four)
		}
	}
}

// BenchmarkHostileSizes reads what is the most work to refuse.
func BenchmarkHostileSizes(b *testing.B) {
	for _, c := range hostile() {
		b.Run(c.name, func(b *testing.B) {
			text := []byte(c.text)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := metadata.ParseFile(text, metadata.Adopted); err == nil {
					b.Fatal("it was read")
				}
			}
		})
	}
}

type hostileText struct{ name, text string }

// hostile are files that are none, most of them as long as clients read.
func hostile() []hostileText {
	junk := strings.Repeat(`{"keyid":"k","sig":"00"},`, 40_000)
	var keys, sigs strings.Builder
	for i := range 500_000 {
		fmt.Fprintf(&keys, `"%06d":0,`, 500_000-i)
	}
	for i := range 40_000 {
		fmt.Fprintf(&sigs, `{"keyid":"%064x","sig":""},`, i)
	}
	fields := strings.ReplaceAll(keys.String(), `:0,`, `":0,"`)
	quoted := strings.ReplaceAll(keys.String(), `"0`, `"\"\u0030`)
	nested := strings.Repeat(`{"b":`, 60) + `"` + strings.Repeat("x", 5_000_000) + `"` + strings.Repeat(`,"a":1}`, 60)
	return []hostileText{
		{"500,000 unknown fields", `{"signatures":[],"signed":{"_type":"root","` + fields[1:len(fields)-2] + `}}`},
		{"a number of 5 MB", `{"signatures":[],"signed":{"version":` + strings.Repeat("9", 5_000_000) + `}}`},
		{"10,000 levels", strings.Repeat(`{"a":[`, 5_000)},
		{"40,000 signatures by one key", `{"signatures":[` + junk[:len(junk)-1] + `],"signed":{}}`},
		{"40,000 empty signatures", `{"signatures":[` + sigs.String()[:sigs.Len()-1] + `],"signed":{}}`},
		{"500,000 keys in the wrong order", `{` + keys.String()[:keys.Len()-1] + `}`},
		{"500,000 keys with escapes in the wrong order", `{` + quoted[:len(quoted)-1] + `}`},
		{"60 levels in the wrong order", nested},
		{"2,000,000 keys", `{` + strings.Repeat(`"":0,`, 2_000_000) + `"":0}`},
		{"5 MB of brackets", strings.Repeat("[", 5_000_000)},
		{"5 MB of escapes", `"` + strings.Repeat(`\u0041`, 800_000)},
		{"null", "null"},
		{"an array", "[]"},
		{"a string", `"signed"`},
		{"a number", "7"},
		{"an object", "{}"},
		{"a null body", `{"signatures":[],"signed":null}`},
		{"null signatures", `{"signatures":null,"signed":{}}`},
	}
}
