package bundles

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// files is a layout that a test takes apart and puts together again.
type files map[string][]byte

func unpack(t testing.TB, b *Bundle) files {
	t.Helper()
	entries, err := readArchive(b.Bytes)
	f := files{}
	for _, e := range must(t, entries, err) {
		f[e.name] = e.data
	}
	return f
}

func (f files) pack(t testing.TB) []byte {
	t.Helper()
	var entries []entry
	for _, name := range slices.Sorted(maps.Keys(f)) {
		entries = append(entries, entry{name, f[name]})
	}
	var b bytes.Buffer
	if err := writeArchive(&b, entries); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// put adds a blob and returns its descriptor.
func (f files) put(mediaType string, data []byte) ocispec.Descriptor {
	f[blobDir+metadata.Sum(data).String()] = data
	return describe(mediaType, data)
}

// editIndex changes the index, and nothing else.
func (f files) editIndex(t testing.TB, edit func(*ocispec.Index)) {
	t.Helper()
	index, err := parseIndex(f[indexFile])
	must(t, index, err)
	edit(&index)
	f[indexFile], err = json.Marshal(index)
	must(t, index, err)
}

// editManifest changes the first manifest of that kind as someone would who
// knows how digests work: the index follows.
func (f files) editManifest(t testing.TB, kind string, edit func(*ocispec.Manifest)) {
	t.Helper()
	f.editIndex(t, func(index *ocispec.Index) {
		for i, d := range index.Manifests {
			if d.ArtifactType != kind {
				continue
			}
			path := blobDir + d.Digest.Encoded()
			m, err := parseManifest(f[path])
			must(t, m, err)
			edit(&m)
			raw, err := json.Marshal(m)
			must(t, raw, err)
			delete(f, path)
			now := f.put(d.MediaType, raw)
			index.Manifests[i].Digest, index.Manifests[i].Size = now.Digest, now.Size
			index.Manifests[i].Annotations = maps.Clone(m.Annotations)
			index.Manifests[i].Annotations[ocispec.AnnotationRefName] = d.Annotations[ocispec.AnnotationRefName]
			slices.SortFunc(index.Manifests, func(a, b ocispec.Descriptor) int { return strings.Compare(string(a.Digest), string(b.Digest)) })
			return
		}
	})
}

// bounded decodes, and fails where that allocates more than in proportion to
// the data. How long it takes depends on the machine: BenchmarkDecode says it.
func bounded(t *testing.T, data []byte) error {
	t.Helper()
	const perByte, atMost = 16, 3 * maxSize
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Decode(data)
	runtime.ReadMemStats(&after)
	if cost := after.TotalAlloc - before.TotalAlloc; cost > min(1<<20+perByte*uint64(len(data)), atMost) {
		t.Errorf("for %d bytes it allocated %d", len(data), cost)
	}
	return err
}

// Junk signatures are a burden, not a bomb.
func TestDecodeJunkSignatures(t *testing.T) {
	_, err := Encode(junk(t, 40_000))
	refused(t, err, "at most")
	if err := bounded(t, mostJunk(t)); err != nil {
		t.Fatal(err)
	}
}

// junk is a sample with n more signatures, each said to be by another key.
func junk(t testing.TB, n int) trust.Contents {
	t.Helper()
	c := sample(t)
	for i := range n {
		s := c.Signatures[0]
		s.KeyID = keyID(fmt.Sprint(i))
		c.Signatures = append(c.Signatures, s)
	}
	return c
}

// mostJunk is a bundle with as much junk as fits into one.
func mostJunk(t testing.TB) []byte {
	t.Helper()
	return encode(t, junk(t, (maxEntries-100)/2-len(sample(t).Signatures))).Bytes
}

// A small file that names one blob a thousand times is refused for as little.
func TestDecodeOneBlobManyNames(t *testing.T) {
	f := files{layoutFile: layoutText()}
	f.put("", emptyConfig())
	big := bytes.Repeat([]byte("x"), maxEntry)
	f.put("", big)
	nothing := metadata.Sum(nil).String() + `","size":0`
	instead := fmt.Sprintf(`%s","size":%d`, metadata.Sum(big), len(big))
	index := ocispec.Index{ArtifactType: typeBundle, Annotations: map[string]string{noteTrust: "wabbit"}}
	for i := range 1000 {
		m, err := attestationItem("wabbit", trust.KeyAttestation{KeyID: keyID(fmt.Sprint(i)), PEM: nil}).manifest()
		m = bytes.Replace(must(t, m, err), []byte(nothing), []byte(instead), 1)
		d := f.put(ocispec.MediaTypeImageManifest, m)
		d.ArtifactType = typeAttestation
		index.Manifests = append(index.Manifests, d)
	}
	raw, err := json.Marshal(index)
	f[indexFile] = must(t, raw, err)
	refused(t, bounded(t, f.pack(t)), "contents have 33554432000 bytes")
}

// The longest bundle there can be.
func TestDecodeLargest(t *testing.T) {
	if err := bounded(t, largest(t)); err != nil {
		t.Fatal(err)
	}
}

func largest(t testing.TB) []byte {
	t.Helper()
	c := trust.Contents{Trust: "wabbit"}
	for _, key := range []string{"a", "b", "c", "d"} {
		c.Attestations = append(c.Attestations, attestation(key, strings.Repeat(key, maxEntry-16<<10)))
	}
	return encode(t, c).Bytes
}

// BenchmarkDecode opens the bundles that are the most work: the one with the
// most signatures and the longest one.
func BenchmarkDecode(b *testing.B) {
	for name, data := range map[string][]byte{"junk signatures": mostJunk(b), "largest": largest(b)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// No byte of a bundle can change without the bundle being refused.
func TestMalleability(t *testing.T) {
	p := proposal(t, "targets", 1, "app")
	good := encode(t, trust.Contents{Trust: "wabbit", Proposals: []trust.Proposal{p}, Signatures: []trust.ProposalSignature{signature(t, p, "ada", "")}})
	data := bytes.Clone(good.Bytes)
	for i := range data {
		for _, mask := range []byte{0x01, 0x20, 0x80} {
			data[i] ^= mask
			if _, err := Decode(data); err == nil {
				t.Fatalf("byte %d can be changed by %#x", i, mask)
			}
			data[i] ^= mask
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, trust.Contents{Trust: "wabbit", Journals: []trust.SiteJournal{journalOf("one", 1)}}).Bytes)
	f.Add(sparse(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Decode(data)
		if err != nil {
			return
		}
		if again := encode(t, b.Contents); !bytes.Equal(again.Bytes, data) {
			t.Error("what was accepted is not what is written")
		}
	})
}

// FuzzLayout mutates the JSON and keeps the digests right, so that the fuzzer
// gets behind them.
func FuzzLayout(f *testing.F) {
	good := unpack(f, encode(f, sample(f)))
	for _, data := range good {
		f.Add(string(data), "wabbit", "docker")
	}
	f.Fuzz(func(t *testing.T, blob, from, to string) {
		if from == "" {
			return
		}
		layout := maps.Clone(good)
		layout.put("", []byte(blob))
		layout[indexFile] = bytes.ReplaceAll(layout[indexFile], []byte(from), []byte(to))
		if b, err := Decode(layout.pack(t)); err == nil {
			if again := encode(t, b.Contents); again.Digest != b.Digest {
				t.Error("what was accepted is not what is written")
			}
		}
	})
}
