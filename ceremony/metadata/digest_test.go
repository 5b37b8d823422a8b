package metadata_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

func TestDigest(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	d := metadata.Sum(nil)
	if d.String() != empty || d.OCI() != "sha256:"+empty || d.IsZero() {
		t.Errorf("got %s, %s", d, d.OCI())
	}
	for _, s := range []string{empty, "sha256:" + empty} {
		if got, err := metadata.ParseDigest(s); err != nil || got != d {
			t.Errorf("%s: got %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "sha256:", empty[:63], empty + "0", strings.ToUpper(empty), "sha512:" + empty, "sha256:sha256:" + empty, " " + empty[1:], "\x1b[2J"} {
		if got, err := metadata.ParseDigest(s); err == nil || got != (metadata.Digest{}) {
			t.Errorf("%q: got %v", s, got)
		} else if strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: the error steers a terminal", s)
		}
	}
}

func TestDigestJSON(t *testing.T) {
	type record struct{ A, B metadata.Digest }
	want := record{A: metadata.Sum([]byte("a"))}
	b, err := json.Marshal(want)
	must(t, err)
	var got record
	must(t, json.Unmarshal(b, &got))
	if got != want {
		t.Errorf("%s became %+v", b, got)
	}
	if err := json.Unmarshal([]byte(`{"A":"abcd"}`), &got); err == nil {
		t.Error("a short digest was taken")
	}
}
