package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// printer writes lines and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, text.Safe(fmt.Sprintf(format, args...)))
	}
}

// maxBeside is how many files that are not part of a set are named.
const maxBeside = 20

func printReport(w io.Writer, r *mistakable) error {
	p := &printer{w: w}
	p.line("%s, held against %s", r.Scope, r.At.Format(time.RFC3339))
	if r.Trust != "" {
		p.line("trust: %s", r.Trust)
	}
	for _, f := range r.Files {
		p.file(f)
	}
	p.line("")
	for _, s := range r.LookAlikes {
		p.line("WARNING  %s", s)
	}
	for _, name := range r.Beside[:min(len(r.Beside), maxBeside)] {
		p.line("not part of the set: %s", name)
	}
	if more := len(r.Beside) - maxBeside; more > 0 {
		p.line("not part of the set: %d more", more)
	}
	for _, s := range r.Problems {
		p.line("PROBLEM  %s", s)
	}
	for _, s := range r.Expired {
		p.line("EXPIRED  %s", s)
	}
	switch {
	case r.Verified:
		p.line("It verifies.")
	case len(r.Problems) == 0 && len(r.Expired) > 0:
		p.line("It verifies, but it has expired since.")
	default:
		p.line("It does not verify.")
	}
	return p.err
}

func (p *printer) file(f metadata.FileReport) {
	p.line("")
	if f.Error != "" {
		p.line("%s: can't be read: %s", f.Name, f.Error)
		return
	}
	p.line("%s: %s %d, expires %s", f.Name, f.Role, f.Version, f.Expires.Format(time.RFC3339))
	p.line("  payload sha256 %s", f.Payload)
	for _, s := range f.Signatures {
		p.line("  signed by %s: %d of %d", s.By, s.Valid, s.Needed)
	}
	for _, r := range f.Roles {
		p.line("  %s: %d of %d keys", r.Name, r.Threshold, len(r.Keys))
		for _, k := range r.Keys {
			p.line("    %.8s  %s %s", k.KeyID, k.Scheme, k.Holder)
		}
	}
	if f.Targets > 0 {
		p.line("  %d targets", f.Targets)
	}
	for _, finding := range f.Findings {
		p.line("  FINDING  %s: %s", finding.Code, finding.Text)
	}
}

func printBundle(w io.Writer, r bundleReport) error {
	p := &printer{w: w}
	p.line("bundle of the trust %s", r.Trust)
	p.line("  %d bytes, sha256 %s", r.Size, r.SHA256)
	p.line("  words: %s", words(r.SHA256))
	for _, s := range r.Proposals {
		p.line("")
		p.line("%s %d (%s), expires %s", s.Role, s.Version, s.Reason, s.Expires.Format(time.RFC3339))
		p.line("  payload sha256 %s", s.Digest)
		p.line("  words: %s", words(s.Digest))
		p.line("  %s", s.Quorum)
		if open := s.Quorum.Open(); len(open) > 0 {
			p.line("  can still sign: %s", strings.Join(open, ", "))
		}
		if s.Problem != "" {
			p.line("  PROBLEM  %s", s.Problem)
		}
	}
	p.line("")
	p.line("%d attestations, %d journals", len(r.Attestations), len(r.Journals))
	for _, j := range r.Journals {
		p.line("  site %.8s: %d events, head %s", j.Site, j.Events, j.Head)
	}
	if r.Published != nil && p.err == nil {
		p.line("")
		p.err = printReport(w, r.Published)
	}
	if r.Complete {
		p.line("Every proposal is complete.")
	}
	return p.err
}

func words(d metadata.Digest) string {
	w := text.Words(d)
	return strings.Join(w[:], " ")
}
