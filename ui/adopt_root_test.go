package ui

import (
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestNewestRoot: a delegated role whose name ends as a root's file does is none.
func TestNewestRoot(t *testing.T) {
	root := corpora.Metadata(t, "sigstore/roots")["5.root.json"]
	targets := corpora.Metadata(t, "reports/stale-role")["2.targets.json"]
	head := []trust.NamedFile{{Name: "5.root.json", Bytes: root}, {Name: "2.x.root.json", Bytes: targets}}
	if got, err := newestRoot(head); err != nil || got.Root == nil || got.Version != 5 {
		t.Errorf("got %+v, %v", got, err)
	}
	if facts := headFacts(head); facts[0].Value != "5.root.json" {
		t.Errorf("got %+v", facts)
	}
}
