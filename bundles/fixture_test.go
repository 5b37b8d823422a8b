package bundles

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// fataler is a *testing.T, a *testing.F or a *rapid.T.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func must[T any](t fataler, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return v
}

func header1(version int64) metadata.Header {
	return metadata.Header{
		Version:  version,
		Expires:  time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
		Conclave: &metadata.Conclave{Trust: "wabbit"},
	}
}

// proposal makes a proposal of a targets role that names one target.
func proposal(t fataler, role string, version int64, target string) trust.Proposal {
	t.Helper()
	signed, err := metadata.EncodeTargets(header1(version), metadata.Targets{Targets: map[string]metadata.Target{
		target: {Length: 3, Hashes: map[string]string{"sha256": metadata.Sum([]byte(target)).String()}},
	}})
	p := trust.Proposal{Trust: "wabbit", Role: role, Version: version, Signed: must(t, signed, err), Reason: "add <" + target + ">"}
	if version > 1 {
		p.Base = metadata.Sum([]byte(fmt.Sprint(role, version-1)))
	}
	return p
}

func payload(t fataler, p trust.Proposal) metadata.Digest {
	t.Helper()
	s, err := metadata.ParseSigned(p.Signed, metadata.Strict)
	return must(t, s, err).Digest()
}

// signature is a made-up one: nothing here verifies it.
func signature(t fataler, p trust.Proposal, key, nonce string) trust.ProposalSignature {
	t.Helper()
	sig := sha256.Sum256([]byte(key + nonce))
	return trust.ProposalSignature{Proposal: payload(t, p), Signature: metadata.Signature{KeyID: keyID(key), Sig: hex.EncodeToString(sig[:])}}
}

func keyID(key string) string { return metadata.Sum([]byte(key)).String() }

func attestation(key, text string) trust.KeyAttestation {
	return trust.KeyAttestation{KeyID: keyID(key), PEM: []byte("-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----\n")}
}

// journalOf has n lines; of one site, a shorter one is the start of a longer one.
func journalOf(site string, n int) trust.SiteJournal {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "{\"n\":%d,\"site\":%q}\n", i+1, site)
	}
	return trust.SiteJournal{Site: journal.SiteID(b.Bytes()), Lines: b.Bytes()}
}

// realJournal is journalOf with lines that hold together.
func realJournal(site string, n int) trust.SiteJournal {
	var b bytes.Buffer
	var prev metadata.Digest
	for i := range n {
		data := fmt.Appendf(nil, `{"site":%q}`, site)
		line, err := journal.Entry{N: i + 1, Time: time.Date(2026, 3, 5, 9, i, 0, 0, time.UTC), Prev: prev, Type: "note", Data: data}.Line()
		if err != nil {
			panic(err) // nothing in it can fail to be written
		}
		b.Write(line)
		prev = metadata.Sum(line)
	}
	return trust.SiteJournal{Site: journal.SiteID(b.Bytes()), Lines: b.Bytes()}
}

// head is a published set with roots 1 to root and that timestamp.
func head(t fataler, root, timestamp int64) []trust.NamedFile {
	t.Helper()
	var files []trust.NamedFile
	for n := range root {
		name := fmt.Sprintf("%d.root.json", n+1)
		files = append(files, trust.NamedFile{Name: name, Bytes: []byte(`{"signatures":[],"signed":{"version":` + fmt.Sprint(n+1) + `}}`)})
	}
	signed, err := metadata.EncodeTimestamp(header1(timestamp), metadata.Timestamp{Snapshot: metadata.FileMeta{
		Version: timestamp, Length: 1, Hashes: map[string]string{"sha256": strings.Repeat("0", 64)}}})
	return append(files, trust.NamedFile{Name: "timestamp.json", Bytes: metadata.Assemble(must(t, signed, err), nil)})
}

// sample holds something of each kind.
func sample(t fataler) trust.Contents {
	t.Helper()
	app, team := proposal(t, "targets", 2, "app"), proposal(t, "team/a", 1, "lib")
	return trust.Contents{
		Trust:        "wabbit",
		Published:    head(t, 2, 7),
		Proposals:    []trust.Proposal{team, app},
		Signatures:   []trust.ProposalSignature{signature(t, app, "bo", ""), signature(t, app, "ada", ""), signature(t, app, "ada", "again"), signature(t, team, "ada", "")},
		Attestations: []trust.KeyAttestation{attestation("ada", "a"), attestation("bo", "b")},
		Journals:     []trust.SiteJournal{journalOf("two", 3), journalOf("one", 2)},
	}
}

func encode(t fataler, c trust.Contents) *Bundle {
	t.Helper()
	b, err := Encode(c)
	return must(t, b, err)
}

// refused fails unless err is an *Error whose text holds every one of want.
func refused(t *testing.T, err error, want ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got %q, want it to say %q", err, w)
		}
	}
}
