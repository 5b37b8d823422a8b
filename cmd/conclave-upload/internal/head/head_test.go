package head_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"pgregory.net/rapid"
)

func file(name string, size int) trust.NamedFile {
	return trust.NamedFile{Name: name, Bytes: bytes.Repeat([]byte("x"), size)}
}

func encode(t testing.TB, files ...trust.NamedFile) []byte {
	t.Helper()
	raw, err := head.Encode("wabbit", 7, files)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestRoundTrip(t *testing.T) {
	files := []trust.NamedFile{file("1.root.json", 10), file("timestamp.json", 11), file("9.snapshot.json", 12), file("3.targets.json", 70_000)}
	h, err := head.Parse(encode(t, files...))
	if err != nil {
		t.Fatal(err)
	}
	if h.Trust != "wabbit" || h.Version != 7 || len(h.Layers) != len(files) {
		t.Errorf("%+v", h)
	}
	for i, l := range h.Layers {
		f := files[i]
		if l.Name != f.Name || l.Digest != metadata.Sum(f.Bytes) || l.Size != int64(len(f.Bytes)) {
			t.Errorf("layer %d is %+v", i, l)
		}
	}
}

// TestInline: what every client needs comes first, the rest while there is room.
func TestInline(t *testing.T) {
	for name, c := range map[string]struct {
		files []trust.NamedFile
		want  string
	}{
		"all of a usual trust": {
			[]trust.NamedFile{file("1.root.json", 5000), file("2.root.json", 5000), file("timestamp.json", 500), file("1.snapshot.json", 500), file("1.targets.json", 3000)},
			"1.root.json 2.root.json timestamp.json 1.snapshot.json 1.targets.json",
		},
		"the newest root before the others": {
			[]trust.NamedFile{file("9.root.json", 30_000), file("10.root.json", 30_000), file("timestamp.json", 500), file("1.snapshot.json", 5000), file("1.targets.json", 20_000)},
			"10.root.json timestamp.json 1.snapshot.json 1.targets.json",
		},
		"exactly the budget": {
			[]trust.NamedFile{file("timestamp.json", 1), file("1.snapshot.json", head.InlineBudget-1), file("1.targets.json", 1)},
			"timestamp.json 1.snapshot.json",
		},
		"a snapshot of hash bins": {
			[]trust.NamedFile{file("1.root.json", 5000), file("timestamp.json", 500), file("1.snapshot.json", head.InlineBudget), file("1.targets.json", 3000)},
			"1.root.json timestamp.json 1.targets.json",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := head.Parse(encode(t, c.files...))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range h.Layers {
				if l.Data != nil {
					got = append(got, l.Name)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("inline are %v, want %s", got, c.want)
			}
		})
	}
}

// TestDockerLayout holds the manifest against what docker/attest's client reads.
func TestDockerLayout(t *testing.T) {
	var m ocispec.Manifest
	if err := json.Unmarshal(encode(t, file("1.root.json", 10), file("timestamp.json", 10)), &m); err != nil {
		t.Fatal(err)
	}
	if m.SchemaVersion != 2 || m.MediaType != ocispec.MediaTypeImageManifest {
		t.Errorf("schema version %d, media type %q", m.SchemaVersion, m.MediaType)
	}
	if m.Config.MediaType != "application/vnd.oci.empty.v1+json" || m.Config.Digest.String() != metadata.Sum(head.EmptyConfig()).OCI() || m.Config.Size != 2 {
		t.Errorf("config %+v", m.Config)
	}
	for i, name := range []string{"1.root.json", "timestamp.json"} {
		if l := m.Layers[i]; l.MediaType != "application/vnd.tuf.metadata+json" || l.Annotations["tuf.io/filename"] != name {
			t.Errorf("layer %d: %+v", i, l)
		}
	}
}

func TestRefusals(t *testing.T) {
	good := encode(t, file("1.root.json", 10), file("timestamp.json", 10))
	if _, err := head.Parse(good); err != nil {
		t.Fatal(err)
	}
	for field, c := range map[string]struct{ old, new string }{
		"schemaVersion":                         {`"schemaVersion":2`, `"schemaVersion":1`},
		"mediaType":                             {head.ManifestType, "text/html"},
		"artifactType":                          {head.ArtifactType, head.RootArtifactType},
		"annotations.io.conclave.trust":         {`"io.conclave.trust"`, `"io.conclave.rust"`},
		"annotations.io.conclave.version":       {`"io.conclave.version":"7"`, `"io.conclave.version":"0"`},
		"layers[0].mediaType":                   {head.MetadataType, "text/html"},
		"layers[0].annotations.tuf.io/filename": {`"1.root.json"`, `"../1.root.json"`},
		"layers[1]":                             {`"timestamp.json"`, `"1.root.json"`},
		"layers[0].digest":                      {`"digest":"sha256:` + metadata.Sum(bytes.Repeat([]byte("x"), 10)).String(), `"digest":"sha512:00`},
		"layers[0].size":                        {`"size":10`, `"size":-1`},
		"layers[0].data":                        {`"data":"eHh4`, `"data":"eHh5`},
	} {
		t.Run(field, func(t *testing.T) {
			bad := strings.Replace(string(good), c.old, c.new, 1)
			if bad == string(good) {
				t.Fatal("the manifest holds nothing of the kind")
			}
			_, err := head.Parse([]byte(bad))
			var format *head.FormatError
			if !errors.As(err, &format) || format.Field != field {
				t.Errorf("got %v", err)
			}
		})
	}
	for name, raw := range map[string][]byte{
		"html":     []byte("<html>"),
		"null":     []byte("null"),
		"a list":   []byte("[]"),
		"too long": make([]byte, head.MaxSize+1),
		"too deep": bytes.Repeat([]byte("["), 1_000_000),
		"a huge set": encode(t, func() (files []trust.NamedFile) {
			shared := make([]byte, head.MaxFile)
			for i := range 60 {
				files = append(files, trust.NamedFile{Name: fmt.Sprintf("%d.root.json", i+1), Bytes: shared})
			}
			return files
		}()...),
	} {
		var format *head.FormatError
		if _, err := head.Parse(raw); !errors.As(err, &format) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTooLong(t *testing.T) {
	var files []trust.NamedFile
	for i := range 20_000 {
		files = append(files, file(fmt.Sprintf("1.bin-%x.json", i), 1))
	}
	if _, err := head.Encode("wabbit", 1, files); err == nil {
		t.Error("a head that no registry takes was made")
	}
}

// TestSplit: a head that would get too long loses its delegated roles to
// manifests of their own, which a new timestamp leaves as they are.
func TestSplit(t *testing.T) {
	set := func(timestamp, roles int) []trust.NamedFile {
		files := []trust.NamedFile{file("1.root.json", 5000), file("timestamp.json", timestamp), file("1.snapshot.json", 5000), file("1.targets.json", 60_000)}
		for i := range roles {
			files = append(files, file(fmt.Sprintf("1.bin-%04x.json", i), 500))
		}
		return files
	}
	listed, bins, err := head.Split("wabbit", set(500, 3))
	if err != nil || len(listed) != 7 || len(bins) != 0 {
		t.Errorf("a small one: %d files listed, %d manifests, %v", len(listed), len(bins), err)
	}
	listed, bins, err = head.Split("wabbit", set(500, 8000))
	if err != nil || len(listed) != 4 || len(bins) != 3 {
		t.Fatalf("a large one: %d files listed, %d manifests, %v", len(listed), len(bins), err)
	}
	var sums []metadata.Digest
	for _, b := range bins {
		sums = append(sums, b.Digest)
		if len(b.Bytes) > head.MaxSize || b.Tag != head.BinsTag("wabbit", b.Digest) || b.Digest != metadata.Sum(b.Bytes) {
			t.Errorf("%s: %d bytes", b.Tag, len(b.Bytes))
		}
	}
	raw, err := head.Encode("wabbit", 7, listed, sums...)
	if err != nil || len(raw) > head.SplitSize {
		t.Errorf("the head has %d bytes, %v", len(raw), err)
	}
	if h, err := head.Parse(raw); err != nil || !slices.Equal(h.Bins, sums) {
		t.Errorf("%+v, %v", h, err)
	}
	_, later, err := head.Split("wabbit", set(501, 8000))
	if err != nil || !slices.EqualFunc(bins, later, func(a, b head.Bins) bool { return a.Digest == b.Digest }) {
		t.Errorf("a new timestamp made other manifests: %v", err)
	}
}

// TestHeadSize: whatever the size of a trust, a new timestamp costs a client no
// more than 100 KiB, and what does not fit comes in a few manifests.
func TestHeadSize(t *testing.T) {
	for name, c := range map[string]struct{ roots, rootSize, snapshot, targets, bins, binSize, manifests int }{
		"16,384 hash bins, 100,000 targets": {3, 5000, 2_100_000, 2000, 16384, 1500, 15},
		"as many roots as clients follow":   {256, 5000, 500, 3000, 0, 0, 0},
		"large roots, large teams":          {10, 400_000, 5000, 60_000, 40, 2_000_000, 40},
		"many small teams":                  {1, 5000, 20_000, 50_000, 300, 600, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var files []trust.NamedFile
			for n := range c.roots {
				files = append(files, file(fmt.Sprintf("%d.root.json", n+1), c.rootSize))
			}
			files = append(files, file("timestamp.json", 800), file("1.snapshot.json", c.snapshot), file("1.targets.json", c.targets))
			for n := range c.bins {
				files = append(files, file(fmt.Sprintf("1.bin-%04x.json", n), c.binSize))
			}
			listed, bins, err := head.Split("wabbit", files)
			if err != nil {
				t.Fatal(err)
			}
			var sums []metadata.Digest
			carried := 0
			for _, b := range bins {
				sums = append(sums, b.Digest)
				layers, err := head.ParseBins(b.Bytes)
				if err != nil || len(b.Bytes) > head.MaxSize {
					t.Fatalf("a manifest of %d bytes, %v", len(b.Bytes), err)
				}
				for _, l := range layers {
					if l.Data == nil {
						t.Errorf("%s is not inline", l.Name)
					}
				}
				carried += len(layers)
			}
			raw, err := head.Encode("wabbit", 9, listed, sums...)
			if err != nil || len(raw) > head.SplitSize {
				t.Errorf("the head has %d bytes, %v", len(raw), err)
			}
			if len(bins) > c.manifests || carried+len(listed) != len(files) {
				t.Errorf("%d files in %d manifests, %d listed", carried, len(bins), len(listed))
			}
			t.Logf("the head has %d bytes, %d manifests carry %d files", len(raw), len(bins), carried)
		})
	}
}

// TestTargetTags: where docker/attest's client looks for a file, if that can be a tag.
func TestTargetTags(t *testing.T) {
	sum := metadata.Sum([]byte("x"))
	for path, want := range map[string]string{
		"mapping.yaml":          sum.String() + ".mapping.yaml",
		strings.Repeat("a", 63): sum.String() + "." + strings.Repeat("a", 63),
		strings.Repeat("a", 64): sum.String(),
		"doc/policy.rego":       sum.String(),
		"app:1.0":               sum.String(),
	} {
		if tag, _, _, err := head.EncodeTarget(path, sum, 1); err != nil || tag != want {
			t.Errorf("%s: %s, %v", path, tag, err)
		}
	}
}

func TestFileNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		role := rapid.StringN(1, 40, -1).Draw(t, "role")
		version := rapid.Int64Min(1).Draw(t, "version")
		if role == head.Timestamp {
			version = 0
		}
		name := head.FileName(role, version)
		gotRole, gotVersion, err := head.ParseFileName(name)
		if err != nil || gotRole != role || gotVersion != version || strings.ContainsAny(name, "/\\") {
			t.Errorf("%q: %q %d, %v", name, gotRole, gotVersion, err)
		}
	})
	for _, name := range []string{"", ".json", "root.json", "0.root.json", "-1.root.json", "+1.root.json", "01.root.json", "1.root", "1..json",
		"1.timestamp.json", "1.a/b.json", "1.a%2fb.json", "1.%zz.json", "1.root.json ", "99999999999999999999.root.json"} {
		if role, version, err := head.ParseFileName(name); err == nil {
			t.Errorf("%q was taken as %q %d", name, role, version)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(encode(f, file("1.root.json", 10), file("timestamp.json", 10), file("1.snapshot.json", 70_000)))
	f.Add([]byte(`{"schemaVersion":2,"layers":[null]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var layers []head.Layer
		if h, err := head.Parse(raw); err == nil {
			layers = h.Layers
		}
		for _, parse := range []func([]byte) ([]head.Layer, error){head.ParseImage, head.ParseBins} {
			if more, err := parse(raw); err == nil {
				layers = append(layers, more...)
			}
		}
		for _, l := range layers {
			if l.Data != nil && metadata.Sum(l.Data) != l.Digest {
				t.Errorf("%s: inline data that is not what its digest says", l.Name)
			}
			if role, version, err := head.ParseFileName(l.Name); err != nil || head.FileName(role, version) != l.Name {
				t.Errorf("the name %q", l.Name)
			}
		}
	})
}
