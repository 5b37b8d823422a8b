package client_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// TestBeginsWithSigstore: sigstore's roots 1 to 4 have keys in hex, which go-tuf
// can't read. Whichever root is pinned, it is led to the newest.
func TestBeginsWithSigstore(t *testing.T) {
	files := corpora.Metadata(t, "sigstore/roots")
	var roots []*metadata.File
	for n := range files {
		f, err := metadata.ParseFile(files[fmt.Sprintf("%d.root.json", len(roots)+1)], metadata.Adopted)
		if err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		roots = append(roots, f)
	}
	for i, pinned := range roots {
		if err := client.GoesOnFrom(pinned.Bytes, &metadata.Set{Roots: roots}); err != nil {
			t.Errorf("ours does not begin with root %d: %v", pinned.Version, err)
		}
		start, err := trust.FollowRoots(roots[i:])
		if err != nil || start.Root.Version != max(5, pinned.Version) || (start.Why() == "") != (pinned.Version >= 5) {
			t.Errorf("from root %d go-tuf begins with %+v: %v", pinned.Version, start.Root, err)
		}
	}
	if start, err := trust.FollowRoots(roots[:4]); err == nil {
		t.Errorf("it was led to root 4, from root %d", start.Root.Version)
	}
}

// TestBeginsAfterADoubledSignature: of a root with two signatures by one key our
// client counts one, and go-tuf's reads nothing.
func TestBeginsAfterADoubledSignature(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	x.Root(func(*metadata.Root) {})
	x.Root(func(*metadata.Root) {})
	r, _ := published(t, x)
	files := read(t, r, x.Name).Files
	for i := range files {
		if files[i].Name == "2.root.json" {
			first, rest, _ := bytes.Cut(files[i].Bytes, []byte(`},`))
			one := first[bytes.LastIndexByte(first, '{'):]
			files[i].Bytes = slices.Concat(first, []byte(`},`), one, []byte(`},`), rest)
		}
	}
	roots := x.Offline().Roots
	v, err := client.Verify(files, roots[0].Bytes, trusttest.Start)
	if err != nil {
		t.Fatal(err)
	}
	if v.Begins[0] != (client.Begin{Client: "conclave", Root: 1}) || v.Begins[1].Root != 3 || v.Begins[1].Why == "" {
		t.Errorf("clients begin with %+v", v.Begins)
	}
	// What it reads it has to agree to.
	other := trusttest.New(t, "wabbit")
	other.Root(func(*metadata.Root) {})
	if start, err := trust.FollowRoots([]*metadata.File{roots[0], other.Offline().Roots[1]}); err == nil {
		t.Errorf("it was led from root 1 to another trust's root 2, and began with root %d", start.Root.Version)
	}
	if !bytes.Equal(roots[0].Bytes, v.Set.Roots[0].Bytes) {
		t.Error("it did not begin with the pinned root")
	}
}
