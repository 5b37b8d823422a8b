package bundles

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

const (
	maxFileName  = 255  // bytes
	maxReason    = 4096 // bytes
	maxSignature = 2048 // hex digits
)

// check says whether sorted contents can stand in a bundle, and that what
// their labels say of them is true. It returns the payload digest of each
// proposal, in order.
func check(c trust.Contents) ([]metadata.Digest, error) {
	if err := checkTrust(c.Trust); err != nil {
		return nil, err
	}
	switch size := contentSize(c); {
	case size == 0:
		return nil, refuse("", "it holds nothing")
	case size > maxSize: // which a small file can do, with many names for one blob
		return nil, refuse("", "its contents have %d bytes, and at most %d are allowed", size, maxSize)
	}
	payloads, err := checkProposals(c)
	if err != nil {
		return nil, err
	}
	for _, err := range []error{checkHead(c.Published), checkSignatures(c.Signatures, payloads), checkAttestations(c.Attestations), checkJournals(c.Journals)} {
		if err != nil {
			return nil, err
		}
	}
	return payloads, nil
}

// contentSize is how many bytes there are to be read and hashed, whatever
// little room they take in the file.
func contentSize(c trust.Contents) (size int) {
	for _, f := range c.Published {
		size += len(f.Bytes)
	}
	for _, p := range c.Proposals {
		size += len(p.Signed)
	}
	for _, a := range c.Attestations {
		size += len(a.PEM)
	}
	for _, j := range c.Journals {
		size += len(j.Lines)
	}
	return size
}

// checkTrust takes names that are fit for a tag and for a file on any medium.
func checkTrust(name string) error {
	if err := trust.CheckName(name); err != nil {
		return refuse("", "%v", err)
	}
	return nil
}

func checkHead(head []trust.NamedFile) error {
	last := ""
	for _, f := range head {
		switch {
		case !fileName(f.Name):
			return refuse(f.Name, "a metadata file can't have that name")
		case f.Name == last:
			return refuse(f.Name, "two different files have that name")
		case len(f.Bytes) == 0:
			return refuse(f.Name, "it is empty")
		}
		last = f.Name
	}
	return nil
}

// fileName says whether name can't be mistaken for a path, hide, or turn into
// another name in JSON.
func fileName(name string) bool {
	bad := func(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) }
	return strings.HasSuffix(name, ".json") && !strings.HasPrefix(name, ".") && len(name) <= maxFileName &&
		utf8.ValidString(name) && !strings.ContainsFunc(name, bad)
}

func checkProposals(c trust.Contents) ([]metadata.Digest, error) {
	payloads := make([]metadata.Digest, len(c.Proposals))
	seen := map[metadata.Digest]bool{}
	for i, p := range c.Proposals {
		what := fmt.Sprintf("proposal of %s %d", p.Role, p.Version)
		s, err := metadata.ParseSigned(p.Signed, metadata.Strict)
		if err != nil {
			return nil, refuse(what, "%v", err)
		}
		payloads[i] = s.Digest()
		switch {
		case p.Trust != c.Trust, s.Conclave == nil, s.Conclave.Trust != c.Trust:
			return nil, refuse(what, "it is not of the trust %q", c.Trust)
		case s.Type != typeOf(p.Role), s.Version != p.Version:
			return nil, refuse(what, "it holds %s %d", s.Type, s.Version)
		case !utf8.ValidString(p.Role), !utf8.ValidString(p.Reason), len(p.Reason) > maxReason:
			return nil, refuse(what, "its reason is no text, or longer than %d bytes", maxReason)
		case seen[payloads[i]]:
			return nil, &ProposalError{Role: p.Role, Version: p.Version, Payload: payloads[i]}
		}
		seen[payloads[i]] = true
	}
	return payloads, nil
}

// typeOf is the type of the metadata of a role (TUF 1.0, section 4.1).
func typeOf(role string) string {
	switch role {
	case "root", "snapshot", "timestamp":
		return role
	}
	return "targets"
}

func checkSignatures(signatures []trust.ProposalSignature, payloads []metadata.Digest) error {
	known := map[metadata.Digest]bool{}
	for _, p := range payloads {
		known[p] = true
	}
	for _, s := range signatures {
		what := fmt.Sprintf("signature of %.12s over %.12s", s.KeyID, s.Proposal)
		switch {
		case !known[s.Proposal]:
			return refuse(what, "the bundle does not hold what it signs")
		case !isHex(s.KeyID, 64):
			return refuse(what, "its keyid is not 64 hex digits")
		case s.Sig == "", len(s.Sig)%2 != 0, len(s.Sig) > maxSignature, !isHex(s.Sig, len(s.Sig)):
			return refuse(what, "it is not hex, or longer than %d digits", maxSignature)
		}
	}
	return nil
}

func checkAttestations(attestations []trust.KeyAttestation) error {
	for _, a := range attestations {
		what := fmt.Sprintf("attestation of key %.12s", a.KeyID)
		switch {
		case !isHex(a.KeyID, 64):
			return refuse(what, "its keyid is not 64 hex digits")
		case len(a.PEM) == 0:
			return refuse(what, "it is empty")
		}
	}
	return nil
}

func checkJournals(journals []trust.SiteJournal) error {
	last := ""
	for _, j := range journals {
		what := fmt.Sprintf("journal of site %.12s", j.Site)
		switch {
		case j.Site == "", j.Site != journal.SiteID(j.Lines):
			return refuse(what, "a site is named by the SHA-256 of its first line, and this one is not")
		case j.Lines[len(j.Lines)-1] != '\n':
			return refuse(what, "its last line is torn")
		case j.Site == last:
			return refuse(what, "it comes twice")
		}
		last = j.Site
	}
	return nil
}
