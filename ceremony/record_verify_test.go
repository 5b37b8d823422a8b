package ceremony_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// failing returns the names of the checks that did not pass.
func failing(checks []ceremony.Check) []string {
	var names []string
	for _, c := range checks {
		if !c.Pass {
			names = append(names, c.Name)
		}
	}
	return names
}

// TestCheckRecord: a record is what the journal tells, or it is refused.
func TestCheckRecord(t *testing.T) {
	s, tokens := signedOnce(t)
	before := s.contents()
	s.must(s.signWith(s.proposalOf("root"), "Bo", tokens["Bo"], "123123"))
	after := s.contents()
	other, _ := signedOnce(t)

	for name, c := range map[string]struct {
		change func(r *ceremony.Record)
		in     ceremony.Contents
		fails  []string
	}{
		"as it is":                    {in: before},
		"the journal has gone on":     {in: after},
		"no journal":                  {in: ceremony.Contents{}, fails: []string{"journal"}},
		"the journal of another site": {in: other.contents(), fails: []string{"journal"}},
		"another consent":             {func(r *ceremony.Record) { r.Sites[0].Signatures[0].Consent = "sign root 2" }, before, []string{"record"}},
		"another check":               {func(r *ceremony.Record) { r.Sites[0].Preflights[0].Checks[0].Pass = false }, before, []string{"record"}},
		"a note left out":             {func(r *ceremony.Record) { r.Sites[0].Notes = r.Sites[0].Notes[1:] }, before, []string{"record"}},
		"another head":                {func(r *ceremony.Record) { r.Sites[0].Head[0] ^= 1 }, before, []string{"record"}},
		"fewer lines":                 {func(r *ceremony.Record) { r.Sites[0].Events-- }, before, []string{"record"}},
		"no line":                     {func(r *ceremony.Record) { r.Sites[0].Events = 0 }, before, []string{"record"}},
		"more lines":                  {func(r *ceremony.Record) { r.Sites[0].Events++ }, before, []string{"record"}},
		"another signature":           {func(r *ceremony.Record) { r.Sites[0].Signatures[0].Sig = "00" }, before, []string{"record", "signature", "signatures"}},
		"another holder":              {func(r *ceremony.Record) { r.Sites[0].Signatures[0].Holder = "Cy" }, before, []string{"record", "signature", "signatures"}},
	} {
		r := recordOf(t, before)
		if c.change != nil {
			c.change(r)
		}
		checks, err := ceremony.CheckRecord(r, c.in, metadata.Digest{})
		s.must(err)
		if got := failing(checks); !slices.Equal(got, c.fails) {
			t.Errorf("%s: %v failed, want %v: %+v", name, got, c.fails, checks)
		}
	}
}

// TestVerifyRecord: a holder's signature stands for one head of one journal of
// one trust.
func TestVerifyRecord(t *testing.T) {
	s, tokens := complete(t)
	c := s.contents()
	r := recordOf(t, c)
	payload := r.Sites[0].Payload()
	if bytes.HasPrefix(payload, []byte("{")) || !bytes.Contains(payload, []byte("trust: rehearsal-wabbit\n")) {
		t.Fatalf("the payload is %q", payload)
	}
	keys, err := ceremony.HolderKeys(c, metadata.Digest{})
	s.must(err)
	if len(keys) != 3 {
		t.Fatalf("%d keys are of holders", len(keys))
	}
	sign := func(holder string, payload []byte) metadata.Signature {
		token := tokens[holder]
		sig, err := token.Sign(t.Context(), pin("123123"), payload)
		s.must(err)
		info, err := token.Info(t.Context())
		s.must(err)
		return metadata.Signature{KeyID: info.Key.ID(), Sig: hex.EncodeToString(sig)}
	}
	unfinished, _ := signedOnce(t)
	if none, err := ceremony.HolderKeys(unfinished.contents(), metadata.Digest{}); err != nil || len(none) != 0 {
		t.Errorf("a root that lacks signatures gives keys to %d holders, %v", len(none), err)
	}
	good := sign("Ada", payload)
	stranger := good
	stranger.KeyID = strings.Repeat("ab", 32)
	borrowed := sign("Bo", payload)
	borrowed.KeyID = good.KeyID
	for name, c := range map[string]struct {
		sig  metadata.Signature
		pass bool
	}{
		"good":                 {good, true},
		"a stranger's key":     {stranger, false},
		"of another key":       {borrowed, false},
		"over another payload": {sign("Ada", append(bytes.Clone(payload), '\n')), false},
		"no hex":               {metadata.Signature{KeyID: good.KeyID, Sig: "xyz"}, false},
		"empty":                {metadata.Signature{KeyID: good.KeyID}, false},
	} {
		checks := ceremony.VerifyRecord(payload, []metadata.Signature{c.sig}, keys)
		if len(checks) != 1 || checks[0].Pass != c.pass {
			t.Errorf("%s: %+v", name, checks)
		}
	}

	// Only what follows from a root that is known to be right counts.
	root := recordOf(t, c).Sites[0].Payloads[0].Digest
	if known, err := ceremony.HolderKeys(c, root); err != nil || len(known) != 3 {
		t.Errorf("from root 1 on, %d keys are known, %v", len(known), err)
	}
	if _, err := ceremony.HolderKeys(c, metadata.Sum(nil)); err == nil {
		t.Error("keys are known from a root that is not there")
	}

	// In a record it travels, and serves for that site alone.
	r.Heads = []ceremony.HeadSignature{{Site: r.Sites[0].ID, Signature: good}}
	text, err := r.JSON()
	s.must(err)
	r, err = ceremony.ReadRecord(text)
	s.must(err)
	checks, err := ceremony.CheckRecord(r, c, metadata.Digest{})
	s.must(err)
	if bad := failing(checks); bad != nil || !strings.Contains(checks[len(checks)-1].Reason, "Ada") {
		t.Errorf("%v failed: %+v", bad, checks)
	}
	r.Heads[0].Site = "0000"
	checks, err = ceremony.CheckRecord(r, c, metadata.Digest{})
	s.must(err)
	if bad := failing(checks); !slices.Equal(bad, []string{"head signature"}) {
		t.Errorf("a signature over no site: %v failed", bad)
	}
}
