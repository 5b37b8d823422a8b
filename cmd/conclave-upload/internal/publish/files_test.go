package publish_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// TestFiles: files are uploaded and kept alive under the tag that docker/attest's
// client knows; without them the push is refused, and nothing is written.
func TestFiles(t *testing.T) {
	registrytest.Every(t, func(t *testing.T, s registrytest.Served) {
		r := s.Open(t, nil)
		x := trusttest.New(t, "wabbit")
		x.Vouch("mapping.yaml", []byte("content"), "")
		x.Vouch("doc/policy.rego", []byte("policy"), "")
		push := func(files fstest.MapFS) error {
			p := x.Publisher(r, trusttest.Start)
			p.Elsewhere = false
			if files != nil {
				p.Files = files
			}
			_, err := p.Push(t.Context(), x.Offline())
			return err
		}
		for name, files := range map[string]fstest.MapFS{
			"none":    nil,
			"one":     {"mapping.yaml": {Data: []byte("content")}},
			"another": {"mapping.yaml": {Data: []byte("Content")}, "doc/policy.rego": {Data: []byte("policy")}},
			"longer":  {"mapping.yaml": {Data: []byte("content\n")}, "doc/policy.rego": {Data: []byte("policy")}},
		} {
			var missing *publish.TargetError
			if err := push(files); !errors.As(err, &missing) || !missing.File {
				t.Errorf("%s: %v", name, err)
			}
		}
		if tags, err := r.Tags(t.Context(), ""); err != nil || len(tags) != 0 {
			t.Errorf("after refusals there are %v, %v", tags, err)
		}
		if err := push(fstest.MapFS{"mapping.yaml": {Data: []byte("content")}, "doc/policy.rego": {Data: []byte("policy")}}); err != nil {
			t.Fatal(err)
		}
		sum := metadata.Sum([]byte("content")).String()
		m, names := manifestAt(t, r, sum+".mapping.yaml")
		if names[0] != sum+".mapping.yaml" || m.Layers[0].MediaType != "application/vnd.tuf.target" {
			t.Errorf("%v, %+v", names, m)
		}
		if _, names := manifestAt(t, r, metadata.Sum([]byte("policy")).String()); names[0] != metadata.Sum([]byte("policy")).String()+".policy.rego" {
			t.Errorf("%v", names)
		}
	})
}
