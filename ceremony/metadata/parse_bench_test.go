package metadata_test

import (
	"fmt"
	"testing"
	"time"

	tuf "github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// BenchmarkParseFile reads a targets file with 10,000 entries, strictly. It
// ends with how many times faster that is than go-tuf's reading.
func BenchmarkParseFile(b *testing.B) {
	text := metadata.Assemble(manyTargets(b, 10_000), nil)
	start := time.Now()
	_, err := tuf.Targets().FromBytes(text)
	theirs := time.Since(start)
	must(b, err)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := metadata.ParseFile(text, metadata.Strict); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(theirs)/float64(b.Elapsed()/time.Duration(b.N)), "x-faster-than-go-tuf")
}

// BenchmarkVerifySet verifies a set with 1,024 hash bins, each signed by itself.
func BenchmarkVerifySet(b *testing.B) {
	tr := newTrust(b, "wabbit")
	s := tr.set(b, 3)
	keys, who := keyed(1, tr.team)
	s.Targets = file(b, encoded(b)(metadata.EncodeTargets(tr.header(3), metadata.Targets{Delegations: &metadata.Delegations{
		Keys: keys, Succinct: &metadata.SuccinctRoles{RoleKeys: who, BitLength: 10, NamePrefix: "bin"}}})), tr.targets...)
	bin := s.Delegated["team"]
	delete(s.Delegated, "team")
	for i := range 1024 {
		s.Delegated[fmt.Sprintf("bin-%03x", i)] = bin
	}
	tr.publish(b, s, 3)
	for b.Loop() {
		must(b, metadata.VerifySet(s, now))
	}
}
