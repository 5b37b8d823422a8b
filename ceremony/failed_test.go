package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestFailedCeremonies has what went wrong elsewhere, by where it did.
func TestFailedCeremonies(t *testing.T) {
	ctx := context.Background()
	t.Run("root-signing#492: the wrong metadata is signed", func(t *testing.T) {
		s, tokens := founded(t)
		r, err := s.Review(s.proposalOf("root"), s.holder("Ada"))
		s.must(err)
		wrong := consent(t, r)
		wrong.Proposal = s.proposalOf("targets")
		if _, err := s.Sign(ctx, "Ada", tokens["Ada"], pin("123123"), wrong); !isType[*ceremony.ConsentError](err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("root-signing#588: line endings are rewritten on the way", func(t *testing.T) {
		s, _ := founded(t)
		c, err := s.Contents()
		s.must(err)
		o := newSite(t)
		o.begin(ceremony.Cosigning, "oslo")
		crlf := clone(c)
		crlf.Journals[0].Lines = bytes.ReplaceAll(crlf.Journals[0].Lines, []byte("\n"), []byte("\r\n"))
		o.refusesBundle(crlf, "journal")
		crlf = clone(c)
		crlf.Proposals[0].Signed = append(bytes.Clone(crlf.Proposals[0].Signed), "\r\n"...)
		o.refusesBundle(crlf, "proposal")
	})
	t.Run("root-signing#1431: a key edited by hand, its keyid no longer its hash", func(t *testing.T) {
		s, _ := founded(t)
		c, err := s.Contents()
		s.must(err)
		c = clone(c)
		for i, p := range c.Proposals {
			c.Proposals[i].Signed = bytes.Replace(p.Signed, []byte(`"keytype":"ecdsa"`), []byte(`"keytype":"ecdsa-sha2-nistp256"`), 1)
		}
		c.Signatures = nil
		o := newSite(t)
		o.begin(ceremony.Cosigning, "oslo")
		o.refusesBundle(c, "proposal root 1")
	})
	t.Run("root-signing#1639: an edit throws signatures away, and nobody is told", func(t *testing.T) {
		s, tokens := complete(t)
		s.edit(draft.Renew{Role: "root", Days: 60})
		s.must(s.Freeze())
		s.must(s.signWith(s.proposalOf("root"), "Ada", tokens["Ada"], "123123"))
		s.edit(draft.Renew{Role: "root", Days: 90})
		draft, err := s.Preview()
		s.must(err)
		if len(draft.Voids) != 1 || !strings.Contains(draft.Voids[0], "Ada") {
			t.Errorf("voids: %v", draft.Voids)
		}
	})
	t.Run("docker/tuf: a serial is mistyped, and another token enrolled", func(t *testing.T) {
		s := newSite(t)
		s.begin(ceremony.Founding, "vienna")
		s.must(s.AcceptPlan([]byte(planText), planFiles(t)))
		tok := newSoftToken("1010")
		if _, err := s.Enrol(ctx, "Ada", tok, pin("123123"), pin("87654321")); !isType[*token.WrongTokenError](err) || tok.key != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("sigstore: one signature by a wrong key makes clients reject a root", func(t *testing.T) {
		s, _ := complete(t)
		c, err := s.Contents()
		s.must(err)
		root := s.proposalOf("root")
		stranger := newSoftToken("1")
		if _, err := stranger.Enrol(ctx, token.EnrolRequest{PIN: pin("123123")}); err != nil {
			t.Fatal(err)
		}
		c.Signatures = append(c.Signatures, trust.ProposalSignature{Proposal: root, Signature: metadata.Signature{KeyID: keyOf(t, stranger).ID(), Sig: c.Signatures[0].Sig}})
		set, err := trust.Assemble(c)
		s.must(err)
		if slices.ContainsFunc(set.Roots[0].Signatures, func(s metadata.Signature) bool { return s.KeyID == keyOf(t, stranger).ID() }) {
			t.Error("the wrong signature is in the file")
		}
		o := newSite(t)
		o.begin(ceremony.Cosigning, "oslo")
		o.refusesBundle(c, "may not sign")
	})
	t.Run("go-tuf 0.7: it adds no signature, and says that all is well", func(t *testing.T) {
		s, tokens := founded(t)
		root := s.proposalOf("root")
		s.must(s.signWith(root, "Ada", tokens["Ada"], "123123"))
		r, err := s.Review(root, s.holder("Bo"))
		s.must(err)
		if _, err := s.Sign(ctx, "Ada", tokens["Ada"], pin("123123"), consent(t, r)); !errors.Is(err, token.ErrAlreadySigned) {
			t.Errorf("got %v", err)
		}
	})
}
