package main

import (
	"bytes"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// FuzzAttestation: whatever stands in a file, it is refused or judged, and
// nothing of it steers a terminal.
func FuzzAttestation(f *testing.F) {
	ca, err := virtual.RehearsalCA()
	if err != nil {
		f.Fatal(err)
	}
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}))
	for _, text := range []string{"", cert, cert + cert, cert + "junk", strings.ToLower(cert), "-----BEGIN CERTIFICATE-----\n\x1b[2J\n-----END CERTIFICATE-----\n"} {
		f.Add([]byte(text))
	}
	demanded := demand{source: "the default demands", at: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)}
	demanded.Policy = token.DefaultPolicy(true)
	f.Fuzz(func(t *testing.T, raw []byte) {
		certs, err := parseCertificates(raw)
		if err != nil || len(certs) != 2 {
			return
		}
		key, _ := metadata.NewKey(certs[0].PublicKey)
		var out bytes.Buffer
		report := demanded.judge(token.Attestation{Leaf: certs[0], Device: certs[1]}, key, "")
		if err := report.print(&out, "text"); err == nil && len(report.Checks) < 8 {
			t.Errorf("it passes by %d checks", len(report.Checks))
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSuffix(line, "\n"); text.Safe(line) != line {
				t.Errorf("it prints %q", line)
			}
		}
	})
}

// A token that can't vouch for its key passes only where that is allowed, and
// one that can, but does not, never.
func TestUnattestedToken(t *testing.T) {
	attester := struct{ token.Attester }{}
	other := struct{ token.Token }{}
	for _, c := range []struct {
		token   token.Token
		allowed bool
		want    bool
	}{
		{other, false, false},
		{other, true, true},
		{attester, false, false},
		{attester, true, false},
	} {
		var d demand
		d.Policy.WithoutAttestation = c.allowed
		r := d.judgeToken(nil, metadata.Key{}, seen{Token: c.token})
		if r.Passed != c.want || len(r.Checks) != 1 || r.Checks[0].Reason == "" {
			t.Errorf("%T, allowed %v: %+v", c.token, c.allowed, r)
		}
	}
}
