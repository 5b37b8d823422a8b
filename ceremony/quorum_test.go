package ceremony_test

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// A key that adopted metadata has under a keyid that isn't its hash counts for
// the old root and for the new one, and the review says so before it signs.
func TestReviewCountsKeysAndNotKeyids(t *testing.T) {
	s, tokens := complete(t)
	ada := s.holder("Ada")
	files := map[string][]byte{}
	contents, err := s.Contents()
	s.must(err)
	wrong := strings.Repeat("ab", 32)
	for _, p := range contents.Proposals {
		signed := []byte(strings.ReplaceAll(string(p.Signed), ada.KeyID, wrong))
		read, err := metadata.ParseSigned(signed, metadata.Adopted)
		s.must(err)
		var sigs []metadata.Signature
		for name, keyid := range map[string]string{"Ada": wrong, "Bo": s.holder("Bo").KeyID} {
			sig, err := tokens[name].Sign(context.Background(), pin("123123"), read.Payload)
			s.must(err)
			sigs = append(sigs, metadata.Signature{KeyID: keyid, Sig: hex.EncodeToString(sig)})
		}
		files["1."+p.Role+".json"] = metadata.Assemble(signed, sigs)
	}
	adopted, err := trust.Adopt(files, "rehearsal-wabbit")
	s.must(err)

	other := newSite(t)
	other.begin(ceremony.Changing, "oslo")
	_, err = other.Import(adopted.Contents, "directory", metadata.Sum(nil))
	other.must(err)
	other.edit(draft.Renew{Role: "root", Days: 30})
	other.must(other.Freeze())
	root := other.proposalOf("root")
	for _, h := range []ceremony.Holder{ada, {Name: "Ada", KeyID: wrong}, other.holder("Ada")} {
		r, err := other.Review(root, h)
		other.must(err)
		for _, by := range r.After.By {
			if !slices.Equal(by.Signed, []string{"Ada"}) || !slices.Equal(by.Open, []string{"Bo", "Cy"}) {
				t.Errorf("with key %.8s: %s: signed by %v, open %v", h.KeyID, by.By, by.Signed, by.Open)
			}
		}
	}
	other.must(other.signWith(root, "Ada", tokens["Ada"], "123123"))
	again, err := other.Review(root, ada)
	other.must(err)
	if got := again.After.By[0]; !slices.Equal(got.Signed, []string{"Ada"}) {
		t.Errorf("counted twice: %v", got.Signed)
	}
}
