package publish_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// TestRoleOverALaterSet: the bundle of a role's own holders, made over a set
// that the others have gone on from meanwhile, is published over what is live.
// An old bundle of the others stays refused.
func TestRoleOverALaterSet(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x := trusttest.New(t, "wabbit")
	x.Delegate("team", "team/*")
	x.Publish(r, trusttest.Start)
	published := head.Files(x.Verified(r, trusttest.Start).Set)

	all := x.Contents
	x.Update("team")
	role := trust.Contents{
		Trust: "wabbit", Published: published,
		Proposals:  slices.Clone(x.Contents.Proposals[len(all.Proposals):]),
		Signatures: slices.Clone(x.Contents.Signatures[len(all.Signatures):]),
	}
	x.Contents = all
	x.Targets(func(t *metadata.Targets) {
		t.Targets["file"] = metadata.Target{Length: 1, Hashes: map[string]string{"sha256": metadata.Sum(nil).String()}}
	})
	later := x.Publisher(r, trusttest.Start.Add(hour))
	later.Elsewhere = true
	if _, err := later.Push(t.Context(), x.Offline()); err != nil {
		t.Fatal(err)
	}

	offered, err := trust.Assemble(role)
	if err != nil {
		t.Fatal(err)
	}
	p := x.Publisher(r, trusttest.Start.Add(2*hour))
	p.Elsewhere = true
	if _, err := p.Push(t.Context(), offered); err != nil {
		t.Fatal(err)
	}
	set := x.Verified(r, trusttest.Start.Add(2*hour)).Set
	if set.Targets.Version != 3 || set.Delegated["team"].Version != 2 {
		t.Errorf("live: targets %d, team %d", set.Targets.Version, set.Delegated["team"].Version)
	}

	role.Proposals, role.Signatures = nil, nil
	old, err := trust.Assemble(role)
	if err != nil {
		t.Fatal(err)
	}
	var rollback *publish.RollbackError
	if _, err := p.Push(t.Context(), old); !errors.As(err, &rollback) {
		t.Errorf("an old bundle: %v", err)
	}
}

// TestUnlistedRole: a delegation without a file is somebody else's to carry on, and
// nobody's to begin: nothing is signed here whose search would end there.
func TestUnlistedRole(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	x.Delegate("team", "team/*")
	host := registrytest.Embedded(t)
	r := registrytest.Open(t, host.Host(), registry.Options{})
	offered := *x.Offline()
	offered.Delegated = nil
	_, err := x.Publisher(r, trusttest.Start).Push(t.Context(), &offered)
	if err == nil || !strings.Contains(err.Error(), "does not list team, to which targets 2 delegates") {
		t.Errorf("got %v", err)
	}
	if _, err := r.Stat(t.Context(), "wabbit"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("something was published: %v", err)
	}
}
