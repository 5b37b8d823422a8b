package bundles

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// notOurs is said of whatever the contents do not account for to the byte.
const notOurs = "nothing in the bundle accounts for it"

// edit spoils a layout that was good.
type edit struct {
	name string
	edit func(testing.TB, files)
	want string
}

func TestDecodeRefusesLayouts(t *testing.T) {
	for _, tc := range slices.Concat(notTheIndex, otherContents, otherManifests, otherItems) {
		t.Run(tc.name, func(t *testing.T) {
			f := unpack(t, encode(t, sample(t)))
			tc.edit(t, f)
			refused(t, bounded(t, f.pack(t)), tc.want)
		})
	}
}

// notTheIndex: an index that is none of ours.
var notTheIndex = []edit{
	{"no index", func(_ testing.TB, f files) { delete(f, indexFile) }, "index.json: it is missing"},
	{"no layout", func(_ testing.TB, f files) { delete(f, layoutFile) }, "oci-layout: it is missing"},
	{"another layout", func(_ testing.TB, f files) { f[layoutFile] = []byte(`{"imageLayoutVersion":"2.0.0"}`) }, "oci-layout"},
	{"an index null", func(_ testing.TB, f files) { f[indexFile] = []byte("null") }, "index.json"},
	{"an index []", func(_ testing.TB, f files) { f[indexFile] = []byte("[]") }, "index.json"},
	{"an empty index", func(_ testing.TB, f files) { f[indexFile] = nil }, "index.json"},
	{"an index that is no UTF-8", func(_ testing.TB, f files) {
		f[indexFile] = bytes.Replace(f[indexFile], []byte("wabbit"), []byte("wabb\xff\xff"), 1)
	}, "index.json"},
	{"an index with a field twice", func(_ testing.TB, f files) { f[indexFile] = append([]byte(`{"schemaVersion":2,`), f[indexFile][1:]...) }, "index.json"},
	{"an index with a field in another case", func(_ testing.TB, f files) {
		f[indexFile] = bytes.Replace(f[indexFile], []byte("manifests"), []byte("Manifests"), 1)
	}, "index.json"},
	{"an index with a field of its own", func(_ testing.TB, f files) { f[indexFile] = append([]byte(`{"x":1,`), f[indexFile][1:]...) }, "unknown field"},
	{"an index with blanks", func(_ testing.TB, f files) { f[indexFile] = append(f[indexFile], ' ') }, "index.json"},
	{"an index behind the index", func(_ testing.TB, f files) { f[indexFile] = append(f[indexFile], f[indexFile]...) }, "index.json"},
	{"10,000 levels", func(_ testing.TB, f files) {
		f[indexFile] = []byte(`{"manifests":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`)
	}, "index.json"},
	{"a number of 5 MB", func(_ testing.TB, f files) {
		f[indexFile] = []byte(`{"schemaVersion":` + strings.Repeat("9", 5_000_000) + `}`)
	}, "index.json"},
	{"8 MiB of nulls", func(_ testing.TB, f files) {
		f[indexFile] = []byte(`{"manifests":[` + strings.Repeat("null,", maxJSON/5-10) + `null]}`)
	}, "more than"},
	{"an index over the limit", func(_ testing.TB, f files) { f[indexFile] = bytes.Repeat([]byte(" "), maxJSON+1) }, "longer than"},
}

// otherContents: an index, or blobs, that don't go together.
var otherContents = []edit{
	{"another artifact type", func(t testing.TB, f files) {
		f.editIndex(t, func(i *ocispec.Index) { i.ArtifactType = "" })
	}, "no bundle"},
	{"another trust", func(t testing.TB, f files) {
		f.editIndex(t, func(i *ocispec.Index) { i.Annotations[noteTrust] = "docker" })
	}, "not of the trust"},
	{"an item twice", func(t testing.TB, f files) {
		f.editIndex(t, func(i *ocispec.Index) { i.Manifests = append(i.Manifests, i.Manifests[0]) })
	}, ""},
	{"an item gone from the index", func(t testing.TB, f files) {
		f.editIndex(t, func(i *ocispec.Index) {
			i.Manifests = slices.DeleteFunc(i.Manifests, func(d ocispec.Descriptor) bool { return d.ArtifactType == typeAttestation })
		})
	}, notOurs},
	{"an index entry that says something else", func(t testing.TB, f files) {
		f.editIndex(t, func(i *ocispec.Index) { i.Manifests[0].Annotations[noteVersion] = "9" })
	}, "index.json"},
	{"an index entry for another platform", func(t testing.TB, f files) {
		f.editIndex(t, func(i *ocispec.Index) { i.Manifests[0].Platform = &ocispec.Platform{OS: "linux"} })
	}, "index.json"},
	{"an index entry with another size", func(t testing.TB, f files) {
		f.editIndex(t, func(i *ocispec.Index) { i.Manifests[0].Size++ })
	}, "does not hold it"},
	{"an index entry with another hash", func(t testing.TB, f files) {
		f.editIndex(t, func(i *ocispec.Index) { i.Manifests[0].Digest = "sha512:00" })
	}, "does not hold it"},
	{"an index entry in capitals", func(t testing.TB, f files) {
		f.editIndex(t, func(i *ocispec.Index) {
			i.Manifests[0].Digest = "sha256:" + i.Manifests[0].Digest[7:8] + "A" + i.Manifests[0].Digest[9:]
		})
	}, "does not hold it"},
	{"a blob under another's name", func(_ testing.TB, f files) {
		f[blobDir+strings.Repeat("0", 64)] = []byte("x")
	}, "another SHA-256"},
	{"a blob that nothing refers to", func(_ testing.TB, f files) { f.put("", []byte("passenger")) }, notOurs},
	{"a blob gone", func(_ testing.TB, f files) { delete(f, blobDir+metadata.Sum(emptyConfig()).String()) }, "missing"},
	{"two heads", func(t testing.TB, f files) {
		f.editIndex(t, func(i *ocispec.Index) {
			for _, d := range i.Manifests {
				if d.ArtifactType == typeHead {
					i.Manifests = append(i.Manifests, d)
					return
				}
			}
		})
	}, "two published sets"},
}

// otherManifests: manifests that say too much, too little or something else.
var otherManifests = []edit{
	{"a long manifest", func(t testing.TB, f files) {
		f.editManifest(t, typeJournal, func(m *ocispec.Manifest) { m.Annotations["x"] = strings.Repeat("x", maxManifest) })
	}, "longer than"},
	{"an annotation more", func(t testing.TB, f files) {
		f.editManifest(t, typeJournal, func(m *ocispec.Manifest) { m.Annotations["x"] = "y" })
	}, notOurs},
	{"a layer more", func(t testing.TB, f files) {
		f.editManifest(t, typeProposal, func(m *ocispec.Manifest) { m.Layers = append(m.Layers, m.Layers[0]) })
	}, "it has 2 layers"},
	{"no layer", func(t testing.TB, f files) {
		f.editManifest(t, typeProposal, func(m *ocispec.Manifest) { m.Layers = []ocispec.Descriptor{} })
	}, "it has 0 layers"},
	{"a layer that is not there", func(t testing.TB, f files) {
		f.editManifest(t, typeProposal, func(m *ocispec.Manifest) { m.Layers[0].Digest = "sha256:../../../etc/shadow" })
	}, "layers[0]"},
	{"a layer elsewhere", func(t testing.TB, f files) {
		f.editManifest(t, typeProposal, func(m *ocispec.Manifest) { m.Layers[0].URLs = []string{"http://x"} })
	}, notOurs},
	{"an inline layer", func(t testing.TB, f files) {
		f.editManifest(t, typeHead, func(m *ocispec.Manifest) { m.Layers[0].Data = []byte("other") })
	}, notOurs},
	{"a config", func(t testing.TB, f files) {
		f.editManifest(t, typeProposal, func(m *ocispec.Manifest) { m.Config = f.put("application/json", []byte(`{"x":1}`)) })
	}, notOurs},
	{"an unknown kind of item", func(t testing.TB, f files) {
		f.editManifest(t, typeJournal, func(m *ocispec.Manifest) { m.ArtifactType = "application/x\u202e" })
	}, "another artifact type"},
	{"an unknown kind of item, listed as such", func(t testing.TB, f files) {
		f.editManifest(t, typeJournal, func(m *ocispec.Manifest) { m.ArtifactType = "x\u202e" })
		f.editIndex(t, func(i *ocispec.Index) {
			for n := range i.Manifests {
				if i.Manifests[n].ArtifactType == typeJournal {
					i.Manifests[n].ArtifactType = "x\u202e"
					return
				}
			}
		})
	}, `x\\u202e`},
}

// otherItems: items that are not what their manifests say.
var otherItems = []edit{
	{"a proposal of a version that is none", func(t testing.TB, f files) {
		f.editManifest(t, typeProposal, func(m *ocispec.Manifest) { m.Annotations[noteVersion] = "1e3" })
	}, noteVersion},
	{"a proposal of another version", func(t testing.TB, f files) {
		f.editManifest(t, typeProposal, func(m *ocispec.Manifest) { m.Annotations[noteVersion] = "9" })
	}, "it holds targets"},
	{"a proposal with a base that is none", func(t testing.TB, f files) {
		f.editManifest(t, typeProposal, func(m *ocispec.Manifest) { m.Annotations[noteBase] = "none" })
	}, noteBase},
	{"a proposal that names another payload", func(t testing.TB, f files) {
		f.editManifest(t, typeProposal, func(m *ocispec.Manifest) { m.Annotations[notePayload] = strings.Repeat("0", 64) })
	}, notOurs},
	{"a signature over something else", func(t testing.TB, f files) {
		f.editManifest(t, typeSignature, func(m *ocispec.Manifest) { m.Annotations[notePayload] = strings.Repeat("0", 64) })
	}, "does not hold what it signs"},
	{"a signature with another subject", func(t testing.TB, f files) {
		f.editManifest(t, typeSignature, func(m *ocispec.Manifest) { m.Subject.Digest = "sha256:" + m.Subject.Digest[7:70] + "0" })
	}, notOurs},
	{"a signature without a subject", func(t testing.TB, f files) {
		f.editManifest(t, typeSignature, func(m *ocispec.Manifest) { m.Subject = nil })
	}, notOurs},
	{"a signature under another key", func(t testing.TB, f files) {
		f.editManifest(t, typeSignature, func(m *ocispec.Manifest) { m.Annotations[noteKeyID] = keyID("eve") })
	}, notOurs},
	{"a signature with a key twice", func(t testing.TB, f files) {
		f.editManifest(t, typeSignature, func(m *ocispec.Manifest) {
			m.Layers[0] = f.put(typeSignature, []byte(`{"keyid":"00","keyid":"`+keyID("ada")+`","sig":"00"}`))
		})
	}, notOurs},
	{"a journal under another site", func(t testing.TB, f files) {
		f.editManifest(t, typeJournal, func(m *ocispec.Manifest) { m.Annotations[noteSite] = keyID("eve") })
	}, "first line"},
	{"a head with a path", func(t testing.TB, f files) {
		f.editManifest(t, typeHead, func(m *ocispec.Manifest) { m.Layers[0].Annotations[noteFileName] = "../1.root.json" })
	}, "can't have that name"},
}
