package ceremony_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestImportRefuses: one bad item, and nothing of the bundle is taken over.
func TestImportRefuses(t *testing.T) {
	source, tokens := founded(t)
	source.must(source.signWith(source.proposalOf("root"), "Ada", tokens["Ada"], "123123"))
	good, err := source.Contents()
	source.must(err)
	stranger, _ := founded(t)
	strange, err := stranger.Contents()
	stranger.must(err)

	for _, tt := range []struct {
		name  string
		spoil func(c *trust.Contents)
		want  string
	}{
		{"a real trust in a rehearsal", func(c *trust.Contents) { c.Trust = "wabbit" }, "rehearsal"},
		{"a trust that the payload does not name", func(c *trust.Contents) { c.Trust = "rehearsal-other" }, "other trust|another trust"},
		{"a flipped byte in a signature", func(c *trust.Contents) { flip(&c.Signatures[0].Sig) }, "signature of key"},
		{"a signature over what is not there", func(c *trust.Contents) { c.Proposals = c.Proposals[1:] }, ""},
		{"a signature by a key of no role", func(c *trust.Contents) {
			c.Signatures[0].KeyID = strings.Repeat("ab", 32)
		}, "may not sign"},
		{"a payload that is no canonical one", func(c *trust.Contents) {
			c.Proposals[0].Signed = append([]byte(" "), c.Proposals[0].Signed...)
		}, "proposal root 1"},
		{"a version that is another", func(c *trust.Contents) { c.Proposals[0].Version = 2 }, "version"},
		{"an attestation that is none", func(c *trust.Contents) {
			c.Attestations = []trust.KeyAttestation{{KeyID: "ab", PEM: []byte("x")}}
		}, "attestation"},
		{"a journal of another site's name", func(c *trust.Contents) { c.Journals[0].Site = strings.Repeat("0", 64) }, "journal"},
		{"a journal that was cut", func(c *trust.Contents) {
			c.Journals[0].Lines = c.Journals[0].Lines[:len(c.Journals[0].Lines)-9]
		}, "journal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := clone(good)
			tt.spoil(&in)
			s := newSite(t)
			s.begin(ceremony.Cosigning, "oslo")
			before, blobs := len(s.disk.lines), len(s.disk.blobs)
			_, err := s.Import(in, "bad.tar", metadata.Sum(nil))
			if !isType[*ceremony.ImportError](err) {
				t.Fatalf("got %v", err)
			}
			if !slices.ContainsFunc(strings.Split(tt.want, "|"), func(w string) bool { return strings.Contains(err.Error(), w) }) {
				t.Errorf("%v does not speak of %q", err, tt.want)
			}
			if len(s.disk.lines) != before || len(s.disk.blobs) != blobs {
				t.Error("something was written")
			}
			if _, err := s.Import(good, "good.tar", metadata.Sum(nil)); err != nil {
				t.Errorf("after the refusal the good bundle was refused too: %v", err)
			}
		})
	}

	t.Run("a clock that is years behind the other site's journal", func(t *testing.T) {
		s := newSite(t)
		s.time.t = start.AddDate(-1, 0, -1)
		s.begin(ceremony.Cosigning, "oslo")
		_, err := s.Import(good, "x.tar", metadata.Sum(nil))
		if !isType[*ceremony.ClockError](err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("two payloads of one version are kept, and neither is signed", func(t *testing.T) {
		s := newSite(t)
		s.begin(ceremony.Cosigning, "oslo")
		for _, c := range []trust.Contents{good, strange} {
			if _, err := s.Import(c, "x.tar", metadata.Sum(nil)); err != nil {
				t.Fatal(err)
			}
		}
		both, err := s.Contents()
		s.must(err)
		if len(both.Proposals) != 3 || // both founded the same targets 1
			len(both.Signatures) != 1 {
			t.Errorf("%d proposals and %d signatures are left", len(both.Proposals), len(both.Signatures))
		}
		for _, p := range both.Proposals {
			body, err := metadata.ParseSigned(p.Signed, metadata.Strict)
			s.must(err)
			if _, err := s.Review(body.Digest(), s.holder("Ada")); !isType[*trust.ConflictError](err) {
				t.Errorf("%s %d could be reviewed: %v", p.Role, p.Version, err)
			}
		}
		if _, err := trust.Assemble(both); !isType[*trust.ConflictError](err) {
			t.Errorf("assembled: %v", err)
		}
	})
}

func flip(hex *string) {
	b := []byte(*hex)
	b[len(b)-1] ^= 1
	*hex = string(b)
}

func clone(c trust.Contents) trust.Contents {
	c.Proposals = slices.Clone(c.Proposals)
	c.Signatures = slices.Clone(c.Signatures)
	c.Journals = slices.Clone(c.Journals)
	return c
}

// TestImportsCommute: sites that have seen the same bundles, in any order and
// any number of times, assemble the same bytes.
func TestImportsCommute(t *testing.T) {
	s, tokens := founded(t)
	empty, err := s.Contents()
	s.must(err)
	root, targets := s.proposalOf("root"), s.proposalOf("targets")
	var bundles []trust.Contents
	for _, part := range []struct {
		holder string
		id     metadata.Digest
	}{{"Ada", root}, {"Bo", root}, {"Cy", root}, {"Ada", targets}, {"Bo", targets}} {
		one := newSite(t)
		one.begin(ceremony.Cosigning, "with "+part.holder)
		_, err := one.Import(empty, "empty.tar", metadata.Sum(nil))
		one.must(err)
		one.must(one.signWith(part.id, part.holder, tokens[part.holder], "123123"))
		c, err := one.Contents()
		one.must(err)
		bundles = append(bundles, c)
	}
	var want []byte
	rapid.Check(t, func(rt *rapid.T) {
		order := rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(rt, "order")
		again := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(rt, "again")
		one := newSite(t)
		one.begin(ceremony.Cosigning, "last")
		for _, i := range append(order, again...) {
			if _, err := one.Import(bundles[i], "x.tar", metadata.Sum(nil)); err != nil {
				rt.Fatal(err)
			}
		}
		all, err := one.Contents()
		one.must(err)
		set, err := trust.Assemble(all)
		one.must(err)
		got := append(slices.Clone(set.Roots[0].Bytes), set.Targets.Bytes...)
		if want == nil {
			want = got
		}
		if string(got) != string(want) {
			rt.Fatal("another order gave other bytes")
		}
		if n := len(set.Roots[0].Signatures); n != 3 {
			rt.Fatalf("root 1 has %d of 3 signatures", n)
		}
	})
}

// TestOwnJournalComesBack: a site knows its own journal again, and raises an
// alarm when it is offered events of its own that it does not remember.
func TestOwnJournalComesBack(t *testing.T) {
	s, tokens := founded(t)
	early := slices.Clone(s.disk.lines)
	s.must(s.signWith(s.proposalOf("root"), "Ada", tokens["Ada"], "123123"))
	late, err := s.Contents()
	s.must(err)
	if _, err := s.Import(late, "own.tar", metadata.Sum(nil)); err != nil {
		t.Fatalf("its own bundle: %v", err)
	}
	s.disk.lines = early
	s.restart()
	if _, err := s.Import(late, "own.tar", metadata.Sum(nil)); err == nil || !strings.Contains(err.Error(), "does not remember") {
		t.Errorf("a site that lost its memory: %v", err)
	}
}

func TestReview(t *testing.T) {
	s, _ := founded(t)
	r, err := s.Review(s.proposalOf("root"), s.holder("Ada"))
	s.must(err)
	if !r.First || r.Phrase != "sign root 1" || r.Days != 365 || r.Words != text.Words(r.Digest) {
		t.Errorf("%+v", r)
	}
	if got := r.After.String(); got != "1 of 2 by root 1: Ada" {
		t.Errorf("after: %s", got)
	}
	want := map[string]string{"trust": "rehearsal-wabbit", "root: threshold": "2 of 3", "targets: threshold": "1 of 2", "expires": "2027-03-05 09:00 UTC, in 365 days"}
	keys := 0
	for _, c := range r.Changes {
		if c.Before != "" {
			t.Errorf("%s: a first version has nothing before: %q", c.Field, c.Before)
		}
		if v, ok := want[c.Field]; ok && c.After != v {
			t.Errorf("%s: %q, want %q", c.Field, c.After, v)
		}
		delete(want, c.Field)
		if strings.HasPrefix(c.Field, "root: ") && strings.Contains(c.After, "fingerprint") {
			keys++
		}
	}
	if len(want) > 0 || keys != 3 {
		t.Errorf("not shown: %v; %d root keys", want, keys)
	}
}

// TestReviewShowsWhatIsSigned: the digest on the screen is that of the bytes that reach the token.
func TestReviewShowsWhatIsSigned(t *testing.T) {
	s, tokens := founded(t)
	r, err := s.Review(s.proposalOf("targets"), s.holder("Bo"))
	s.must(err)
	var seen []byte
	tokens["Bo"].sign = func(payload []byte) ([]byte, error) {
		seen = slices.Clone(payload)
		return nil, errors.New("enough")
	}
	_, err = s.Sign(context.Background(), "Bo", tokens["Bo"], pin("123123"), consent(t, r))
	if err == nil || metadata.Sum(seen) != r.Digest {
		t.Errorf("shown %s, sent %s", r.Digest, metadata.Sum(seen))
	}
}
