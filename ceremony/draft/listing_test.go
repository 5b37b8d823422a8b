package draft_test

import (
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

var someDigest = "sha256:" + metadata.Sum([]byte("x")).String()

func TestListing(t *testing.T) {
	lines := "# images\n\n  app:1.0 " + someDigest + " 705 application/vnd.oci.image.index.v1+json\r\ntools/x\t" + someDigest + " 3\n"
	inJSON := `[{"path":"app:1.0","digest":"` + someDigest + `","size":705,"mediaType":"application/vnd.oci.image.index.v1+json"},
		{"path":"tools/x","digest":"` + someDigest + `","size":3}]`
	for _, text := range []string{lines, inJSON} {
		list, err := draft.ParseListing([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 2 || list[0].Path != "app:1.0" || list[0].Length != 705 || list[0].MediaType == "" || list[1].Path != "tools/x" || list[1].MediaType != "" {
			t.Errorf("%+v", list)
		}
	}
	list, err := draft.ParseListing([]byte(`[{"path":"with blanks","digest":"` + someDigest + `","size":3,"custom":{"a":1}}]`))
	if err != nil || list[0].Custom != `{"a":1}` {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestListingsThatAreRefused(t *testing.T) {
	for text, why := range map[string]string{
		"":                                  "no target",
		"# nothing\n":                       "no target",
		"a\n":                               "entry 1: a line has",
		"\na " + someDigest + " 1 m more\n": "entry 2: a line has",
		"a sha256:12 1\n":                   "entry 1 (a)",
		"a " + someDigest + " x\n":          "no number of bytes",
		"a " + someDigest + " 0\n":          "length",
		"../a " + someDigest + " 1\n":       `entry 1 (../a): the path has a part ".."`,
		"a " + someDigest + " 1\na " + someDigest + " 1\n": "entry 2 (a): it is named twice",
		`[{"path":"a"}]`:          "entry 1 (a)",
		`[{"path":"a","evil":1}]`: "JSON array",
		`[{"path":"a","digest":"` + someDigest + `","size":1,"custom":[]}]`: "no JSON object",
	} {
		if _, err := draft.ParseListing([]byte(text)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want %q", text, err, why)
		}
	}
}

func FuzzListing(f *testing.F) {
	f.Add([]byte("a " + someDigest + " 1\n"))
	f.Add([]byte(`[{"path":"a","digest":"` + someDigest + `","size":1,"custom":{}}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := draft.ParseListing(text)
		if err != nil {
			return
		}
		for _, n := range list {
			if err := trust.CheckTargetPath(n.Path); err != nil || n.Length < 1 {
				t.Errorf("%+v was taken: %v", n, err)
			}
		}
	})
}
