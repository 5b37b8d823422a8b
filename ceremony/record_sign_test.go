package ceremony_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// signRecord has a holder sign the site's record.
func (s *site) signRecord(name string, token *softToken) error {
	s.t.Helper()
	shown, err := s.RecordToSign()
	s.must(err)
	return s.SignRecord(s.t.Context(), s.recordSigner(name), token, pin("123123"), shown)
}

// recordSigner is the holder with that name, the zero one where they need not sign.
func (s *site) recordSigner(name string) ceremony.Holder {
	for _, h := range s.RecordSigners() {
		if h.Name == name {
			return h
		}
	}
	return ceremony.Holder{Name: name}
}

func (s *site) recordSigners() []string {
	var names []string
	for _, h := range s.RecordSigners() {
		names = append(names, h.Name)
	}
	return names
}

// TestSignRecord: holders sign what the journal told before the first of them
// did, and a restart does not forget who has.
func TestSignRecord(t *testing.T) {
	s, tokens := signedOnce(t)
	if names := s.recordSigners(); names != nil {
		t.Errorf("in the middle of a ceremony %v may sign the record", names)
	}
	s.signAll(tokens)
	first, err := s.RecordToSign()
	s.must(err)
	if names := s.recordSigners(); !slices.Equal(names, []string{"Ada", "Bo", "Cy"}) {
		t.Errorf("%v may sign the record", names)
	}
	s.must(s.signRecord("Ada", tokens["Ada"]))
	s.restart()
	again, err := s.RecordToSign()
	s.must(err)
	if again.Head != first.Head || again.Events != first.Events {
		t.Errorf("the second signer signs line %d, the first signed line %d", again.Events, first.Events)
	}
	if names := s.recordSigners(); !slices.Equal(names, []string{"Bo", "Cy"}) {
		t.Errorf("after Ada %v may sign the record", names)
	}
	ada := ceremony.Holder{Name: "Ada", KeyID: keyOf(t, tokens["Ada"]).ID()}
	if err := s.SignRecord(t.Context(), ada, tokens["Ada"], pin("123123"), first); !errors.Is(err, token.ErrAlreadySigned) {
		t.Errorf("a second signature: %v", err)
	}
	if err := s.SignRecord(t.Context(), s.recordSigner("Bo"), tokens["Cy"], pin("123123"), first); !isType[*token.WrongTokenError](err) {
		t.Errorf("with another's token: %v", err)
	}
	lying := *tokens["Bo"]
	lying.sign = func([]byte) ([]byte, error) { return []byte("no signature"), nil }
	if err := s.SignRecord(t.Context(), s.recordSigner("Bo"), &lying, pin("123123"), first); !isType[*token.BadSignatureError](err) {
		t.Errorf("a token that lies: %v", err)
	}
	s.must(s.Note("Bo", "something more"))
	if err := s.SignRecord(t.Context(), s.recordSigner("Bo"), tokens["Bo"], pin("123123"), first); !isType[*ceremony.ConsentError](err) {
		t.Errorf("the journal has gone on: %v", err)
	}
	s.must(s.signRecord("Bo", tokens["Bo"]))

	r := recordOf(t, s.contents())
	if len(r.Heads) != 2 || r.Heads[0].Events >= r.Heads[1].Events || r.Heads[0].Holder != "Ada" {
		t.Fatalf("heads: %+v", r.Heads)
	}
	checks, err := record.Check(r, nil, nil)
	s.must(err)
	if bad := failing(checks); bad != nil {
		t.Errorf("%v failed: %+v", bad, checks)
	}
	if last := checks[len(checks)-1].Reason; !strings.Contains(last, "Bo signed") || !strings.Contains(last, "gone on by 1 line since") {
		t.Errorf("of the second signature: %s", last)
	}
	paper := string(r.Paper().Markdown())
	for _, want := range []string{"## Signatures over the journals", r.Heads[0].Sig, "signed the record, as of line", "something more"} {
		if !strings.Contains(paper, want) {
			t.Errorf("the record does not say %q", want)
		}
	}
}

// TestSignHead: a record is signed on its own too, by those who are in it, and
// a signature stands for one journal of one trust as far as it then was.
func TestSignHead(t *testing.T) {
	s, tokens := complete(t)
	c := s.contents()
	r := recordOf(t, c)
	site, err := r.Site("vienna")
	s.must(err)
	payload := site.RecordHead().Payload()
	if bytes.HasPrefix(payload, []byte("{")) || !bytes.Contains(payload, []byte("trust: rehearsal-wabbit\n")) {
		t.Fatalf("the payload is %q", payload)
	}
	for _, name := range []string{"Ada", "Bo"} {
		h, err := r.SignHead(t.Context(), site, tokens[name], pin("123123"))
		if err != nil || h.Holder != name {
			t.Fatalf("%s: %+v, %v", name, h, err)
		}
	}
	if _, err := r.SignHead(t.Context(), site, tokens["Ada"], pin("123123")); !errors.Is(err, token.ErrAlreadySigned) {
		t.Errorf("a second signature: %v", err)
	}
	stranger, others := complete(t)
	if _, err := r.SignHead(t.Context(), site, others["Ada"], pin("123123")); !isType[*token.PolicyError](err) {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := r.Site("oslo"); err == nil {
		t.Error("there is a site that is not there")
	}
	text, err := r.JSON()
	s.must(err)

	theirs := recordOf(t, stranger.contents())
	other, err := theirs.SignHead(t.Context(), &theirs.Sites[0], others["Ada"], pin("123123"))
	s.must(err)
	keys, err := trust.HolderKeys(c, metadata.Digest{})
	s.must(err)
	foreign, err := trust.HolderKeys(stranger.contents(), metadata.Digest{})
	s.must(err)
	one := []string{"head signature"}
	for name, c := range map[string]struct {
		change func(r *record.Record)
		keys   map[string]trust.HolderKey
		fails  []string
	}{
		"as it is":                {keys: keys},
		"by its own word":         {},
		"keys of another trust":   {keys: foreign, fails: []string{"head signature", "head signature", "root"}},
		"a root of nobody":        {keys: map[string]trust.HolderKey{}, fails: []string{"head signature", "head signature", "root"}},
		"nobody has signed":       {func(r *record.Record) { r.Heads = nil }, keys, []string{"root"}},
		"nobody, by its own word": {func(r *record.Record) { r.Heads = nil }, nil, nil},
		"a stranger's":            {func(r *record.Record) { other.Site = r.Sites[0].ID; r.Heads[0] = other }, keys, one},
		"of no site":              {func(r *record.Record) { r.Heads[0].Site = "0000" }, keys, one},
		"another holder":          {func(r *record.Record) { r.Heads[0].Holder = "Bo" }, keys, one},
		"another key":             {func(r *record.Record) { r.Heads[0].Key = r.Heads[1].Key }, keys, one},
		"fewer lines":             {func(r *record.Record) { r.Heads[0].Events-- }, keys, one},
		"no lines":                {func(r *record.Record) { r.Heads[0].Events = 0 }, keys, one},
		"more lines than are":     {func(r *record.Record) { r.Heads[0].Events = 1 << 40 }, keys, one},
		"another head":            {func(r *record.Record) { r.Heads[0].Head[0] ^= 1 }, keys, one},
		"no hex":                  {func(r *record.Record) { r.Heads[0].Sig = "xyz" }, keys, one},
		"no signature":            {func(r *record.Record) { r.Heads[0].Sig = "" }, keys, one},
		"a journal made up anew":  {func(r *record.Record) { r.Sites[0] = remade(t, r.Sites[0].Journal) }, keys, []string{"head signature", "head signature", "root"}},
	} {
		r, err := record.Read(text)
		s.must(err)
		if c.change != nil {
			c.change(r)
		}
		checks, err := record.Check(r, nil, c.keys)
		s.must(err)
		if got := failing(checks); !slices.Equal(got, c.fails) {
			t.Errorf("%s: %v failed, want %v: %+v", name, got, c.fails, checks)
		}
	}
}

// remade is the record of a journal in which a word was changed, so that it
// holds together and is of the same site.
func remade(t *testing.T, journal []byte) record.Site {
	t.Helper()
	changed := rechained(t, bytes.Replace(journal, []byte("sign root 1; words"), []byte("sign root 1; sword"), 1))
	if bytes.Equal(changed, journal) {
		t.Fatal("nothing was changed")
	}
	return recordOf(t, trust.Contents{Journals: sites(changed)}).Sites[0]
}

// TestHolderKeys: whose key is whose the metadata says, once it has its
// signatures; from a root that is known to be right on, if one is given.
func TestHolderKeys(t *testing.T) {
	s, _ := complete(t)
	c := s.contents()
	root := recordOf(t, c).Sites[0].Payloads[0].Digest
	for name, trusted := range map[string]metadata.Digest{"its own word": {}, "root 1": root} {
		if keys, err := trust.HolderKeys(c, trusted); err != nil || len(keys) != 3 {
			t.Errorf("by %s %d keys are known, %v", name, len(keys), err)
		}
	}
	if _, err := trust.HolderKeys(c, metadata.Sum(nil)); err == nil {
		t.Error("keys are known from a root that is not there")
	}
	unfinished, _ := signedOnce(t)
	if none, err := trust.HolderKeys(unfinished.contents(), metadata.Digest{}); err != nil || len(none) != 0 {
		t.Errorf("a root that lacks signatures gives keys to %d holders, %v", len(none), err)
	}
	set, err := trust.Assemble(c)
	s.must(err)
	if keys := trust.KeysOfRoot(set.Roots[0]); len(keys) != 3 {
		t.Errorf("root 1 gives keys to %d holders", len(keys))
	}
}
