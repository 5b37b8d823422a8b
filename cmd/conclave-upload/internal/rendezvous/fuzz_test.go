package rendezvous

import (
	"encoding/json"
	"testing"

	"github.com/conclave-tuf/conclave/bundles"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// FuzzRead: whatever strangers share, what is kept of it can stand in a bundle.
func FuzzRead(f *testing.F) {
	digest := "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
	for _, kind := range []string{typeProposal, typeSignature, typeAttestation, "text/html"} {
		m, err := json.Marshal(ocispec.Manifest{ArtifactType: kind, Annotations: map[string]string{
			noteTrust: "wabbit", noteRole: "targets", noteVersion: "2", noteKeyID: digest, notePayload: digest, noteBase: digest,
		}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m, []byte(`{"keyid":"`+digest+`","sig":"00"}`))
	}
	f.Fuzz(func(t *testing.T, manifest, content []byte) {
		var m ocispec.Manifest
		if json.Unmarshal(manifest, &m) != nil {
			return
		}
		c, err := read("wabbit", m, content)
		if err != nil {
			return
		}
		kept := sound(c, nil, func(string) {})
		if len(kept.Proposals)+len(kept.Signatures)+len(kept.Attestations) == 0 {
			return
		}
		if _, err := bundles.Encode(kept); err != nil {
			t.Error(err)
		}
	})
}
