package ceremony_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/script"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// fixedKey is the public part of an online key, the same in each run.
const fixedKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
`

func TestFoundingScript(t *testing.T) {
	p, err := script.Founding([]byte(planText), map[string][]byte{"online.pub": []byte(fixedKey)})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "script.md", p.Markdown())
	golden(t, "script.html", p.HTML())
}

func TestFoundingScriptOfBadPlan(t *testing.T) {
	_, err := script.Founding([]byte("trust: x\n"), nil)
	if _, ok := errors.AsType[*plan.Error](err); !ok {
		t.Errorf("got %v", err)
	}
}

// TestCosignScript: the paper has the words of every payload that can still be
// signed, and of the bundle, and asks only those who can sign.
func TestCosignScript(t *testing.T) {
	s, tokens := signedOnce(t)
	digest := metadata.Sum([]byte("bundle"))
	script := func() string {
		t.Helper()
		p, err := script.Cosigning(s.contents(), "one.tar", digest, start.AddDate(0, 0, 1), believer{})
		s.must(err)
		return string(p.Markdown())
	}
	raw := script()
	for _, d := range []metadata.Digest{digest, s.proposalOf("root"), s.proposalOf("targets")} {
		words := text.Words(d)
		for i := 0; i < len(words); i += 4 {
			if !strings.Contains(raw, words[i]+" | ") {
				t.Errorf("the word %q of %s is not on the paper", words[i], d)
			}
		}
	}
	for _, want := range []string{
		"REHEARSAL", "asks to type: sign root 1", "asks to type: sign targets 1", "asks to type: the words match",
		"So far: 1 of 2 by root 1: Ada.", "| root: threshold | – | 2 of 3 | – |", "| Cy | reads what it does",
	} {
		if !strings.Contains(raw, want) {
			t.Errorf("the paper does not say %q", want)
		}
	}
	if before, _, _ := strings.Cut(raw, "signs targets 1"); strings.Contains(before, "| Ada | reads what it does") {
		t.Error("Ada, who has signed root 1, is asked to sign it")
	}
	s.must(s.signWith(s.proposalOf("root"), "Bo", tokens["Bo"], "123123"))
	if text := script(); !strings.Contains(text, "root 1 is signed") || strings.Contains(text, "asks to type: sign root 1") {
		t.Errorf("root 1 is complete, and the paper says:\n%s", text)
	}
}

// TestCosignScriptSaysWhatIsWrong: what nobody should sign is not scripted.
func TestCosignScriptSaysWhatIsWrong(t *testing.T) {
	s, _ := signedOnce(t)
	p, err := script.Cosigning(s.contents(), "one.tar", metadata.Sum(nil), start.AddDate(2, 0, 0), believer{})
	s.must(err)
	if text := string(p.Markdown()); !strings.Contains(text, "It can't be signed now") || strings.Contains(text, "asks to type: sign root 1") {
		t.Errorf("everything has expired, and the paper says:\n%s", text)
	}
	bad := s.contents()
	bad.Signatures[0].Sig = "00"
	if _, err := script.Cosigning(bad, "one.tar", metadata.Sum(nil), start, believer{}); err == nil {
		t.Error("a signature that does not verify goes into a script")
	}
}

// TestFoundingScriptNamesLookAlikes: what a hasty reader of the paper takes for
// another target is said on it.
func TestFoundingScriptNamesLookAlikes(t *testing.T) {
	const first, second = "path: wabbit/app-1.0", "path: wabbit/app-l.0"
	entry := planText[strings.LastIndex(planText, "  - path:"):]
	two := strings.Replace(planText, entry, strings.ReplaceAll(entry, "path: wabbit/app", first)+strings.ReplaceAll(entry, "path: wabbit/app", second), 1)
	p, err := script.Founding([]byte(two), map[string][]byte{"online.pub": []byte(fixedKey)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(p.Markdown()), "looks like") {
		t.Errorf("it is not said:\n%s", p.Markdown())
	}
}
