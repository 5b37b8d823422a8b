package bundles

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// The digest that people read aloud must not change with the program's
// version, its toolchain or the machine.
func TestEncodeIsFrozen(t *testing.T) {
	b := encode(t, sample(t))
	const want = "8248b2efc50dde32b58ac915ee29d72bf1577acf94e2f801ab5181ff2212c142"
	if got := b.Digest.String(); got != want {
		t.Errorf("the sample's bundle has the digest %s, and had %s", got, want)
	}
	if b.Digest != metadata.Sum(b.Bytes) {
		t.Error("the digest is not that of the bytes")
	}
}

func TestRoundTrip(t *testing.T) {
	c := sample(t)
	b := encode(t, c)
	got, err := Decode(b.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Contents, sorted(c)) {
		t.Errorf("got  %+v\nwant %+v", got.Contents, sorted(c))
	}
	if got.Digest != b.Digest || got.Size() != int64(len(b.Bytes)) {
		t.Error("digest or size differ")
	}
}

func TestEncodeDependsOnContentsOnly(t *testing.T) {
	u := universe(t)
	rapid.Check(t, func(t *rapid.T) {
		c := u.draw(t)
		want := encode(t, c)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		again := trust.Contents{Trust: c.Trust, Published: shuffle(r, c.Published), Proposals: shuffle(r, c.Proposals),
			Signatures: shuffle(r, c.Signatures), Attestations: shuffle(r, c.Attestations), Journals: shuffle(r, c.Journals)}
		if encode(t, again).Digest != want.Digest {
			t.Fatalf("order or repetition changed the bundle")
		}
		got, err := Decode(want.Bytes)
		if err != nil || !reflect.DeepEqual(got.Contents, want.Contents) {
			t.Fatalf("what was written is not what is read: %v", err)
		}
	})
}

// shuffle reorders s and repeats some of it.
func shuffle[T any](r *rand.Rand, s []T) []T {
	if len(s) == 0 {
		return s
	}
	out := append([]T{s[r.IntN(len(s))]}, s...)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestName(t *testing.T) {
	p := func(role string, version int64) trust.Proposal {
		return trust.Proposal{Role: role, Version: version}
	}
	digest := metadata.Digest{0xab, 0xcd, 0xef, 0x01}
	for _, tc := range []struct {
		want string
		c    trust.Contents
	}{
		{"wabbit-root-7-abcdef01.tar", trust.Contents{Trust: "wabbit", Proposals: []trust.Proposal{p("targets", 9), p("root", 6), p("root", 7)}}},
		{"wabbit-targets-9-abcdef01.tar", trust.Contents{Trust: "wabbit", Proposals: []trust.Proposal{p("../x", 1), p("targets", 9)}}},
		{"wabbit-roles-abcdef01.tar", trust.Contents{Trust: "wabbit", Proposals: []trust.Proposal{p("../x", 1)}}},
		{"rehearsal-wabbit-head-abcdef01.tar", trust.Contents{Trust: "rehearsal-wabbit", Published: []trust.NamedFile{{}}}},
		{"wabbit-record-abcdef01.tar", trust.Contents{Trust: "wabbit"}},
	} {
		if got := Name(tc.c, digest); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
		if !IsName(tc.want) || IsName("."+tc.want) || IsName(tc.want+"1") || IsName("x/"+tc.want) {
			t.Errorf("whether %q is a name of ours is not known", tc.want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*trust.Contents)
		want string
	}{
		{"nothing", func(c *trust.Contents) { *c = trust.Contents{Trust: "wabbit"} }, "holds nothing"},
		{"no trust", func(c *trust.Contents) { c.Trust = "" }, "trust's name"},
		{"a trust that is a path", func(c *trust.Contents) { c.Trust = "../wabbit" }, "trust's name"},
		{"a trust with an escape", func(c *trust.Contents) { c.Trust = "w\x1b[2J" }, `w\\x1b[2J`},
		{"a proposal of another trust", func(c *trust.Contents) { c.Trust = "docker" }, "not of the trust"},
		{"a proposal under another trust's label", func(c *trust.Contents) { c.Proposals[0].Trust = "docker" }, "not of the trust"},
		{"a version that is not the payload's", func(c *trust.Contents) { c.Proposals[1].Version = 3 }, "it holds targets 2"},
		{"a role that is not the payload's", func(c *trust.Contents) { c.Proposals[1].Role = "root" }, "it holds targets 2"},
		{"a payload that is none", func(c *trust.Contents) { c.Proposals[1].Signed = []byte("{}") }, "proposal of targets 2"},
		{"a reason that is no text", func(c *trust.Contents) { c.Proposals[1].Reason = "\xff" }, "no text"},
		{"a reason without end", func(c *trust.Contents) { c.Proposals[1].Reason = strings.Repeat("x", maxReason+1) }, "longer than"},
		{"a signature over nothing", func(c *trust.Contents) { c.Signatures[0].Proposal = metadata.Digest{1} }, "does not hold what it signs"},
		{"a signature in capitals", func(c *trust.Contents) { c.Signatures[0].Sig = "AB" }, "not hex"},
		{"half a byte of signature", func(c *trust.Contents) { c.Signatures[0].Sig = "abc" }, "not hex"},
		{"an empty signature", func(c *trust.Contents) { c.Signatures[0].Sig = "" }, "not hex"},
		{"a keyid that is none", func(c *trust.Contents) { c.Signatures[0].KeyID = "ada" }, "keyid"},
		{"an empty attestation", func(c *trust.Contents) { c.Attestations[0].PEM = nil }, "empty"},
		{"an attestation of no key", func(c *trust.Contents) { c.Attestations[0].KeyID = "" }, "keyid"},
		{"a journal of another site", func(c *trust.Contents) { c.Journals[0].Site = keyID("x") }, "first line"},
		{"a torn journal", func(c *trust.Contents) { c.Journals[0].Lines = append(c.Journals[0].Lines, '{') }, "torn"},
		{"a journal twice", func(c *trust.Contents) { c.Journals = append(c.Journals, journalOf("one", 1)) }, "twice"},
		{"an empty journal", func(c *trust.Contents) { c.Journals[0] = trust.SiteJournal{} }, "first line"},
		{"a metadata file that is a path", func(c *trust.Contents) { c.Published[0].Name = "../1.root.json" }, "can't have that name"},
		{"a metadata file with no end", func(c *trust.Contents) { c.Published[0].Name = strings.Repeat("x", 300) + ".json" }, "can't have that name"},
		{"two metadata files of one name", func(c *trust.Contents) { c.Published[0].Name = c.Published[1].Name }, "two different files"},
		{"an empty metadata file", func(c *trust.Contents) { c.Published[0].Bytes = nil }, "empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := sample(t)
			tc.edit(&c)
			_, err := Encode(c)
			refused(t, err, tc.want)
		})
	}
}
