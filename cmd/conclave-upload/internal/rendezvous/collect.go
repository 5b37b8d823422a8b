package rendezvous

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

const (
	maxManifest = 64 << 10 // bytes
	maxShared   = 10_000   // objects of one trust
)

// Collect gets what was shared of a trust: proposals that are not live yet,
// signatures over them, attestations. What can't be read, or has no business
// there, is passed over and told. live may be nil.
func Collect(ctx context.Context, r Registry, name string, live *metadata.Set, tell func(line string)) (trust.Contents, error) {
	tags, err := r.Tags(ctx, name+"-")
	if err != nil {
		return trust.Contents{}, err
	}
	ours := regexp.MustCompile("^" + regexp.QuoteMeta(name) + "-(prop-[0-9a-f]{12}|sig-[0-9a-f]{12}-[0-9a-f]{12}|key-[0-9a-f]{12})$")
	tags = slices.DeleteFunc(tags, func(tag string) bool { return !ours.MatchString(tag) })
	if len(tags) > maxShared {
		return trust.Contents{}, fmt.Errorf("%d objects are shared, and at most %d are collected", len(tags), maxShared)
	}
	slices.Sort(tags) // so that what is told does not depend on the registry

	all := trust.Contents{Trust: name}
	var mu sync.Mutex
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(registry.Parallel)
	for _, tag := range tags {
		group.Go(func() error {
			got, err := get(inner, r, name, tag)
			mu.Lock()
			defer mu.Unlock()
			var failed *registry.Error
			if errors.As(err, &failed) && !errors.Is(err, registry.ErrNotFound) {
				return err
			}
			if err != nil {
				tell(fmt.Sprintf("%s was passed over: %v", tag, err))
				return nil
			}
			all.Proposals = append(all.Proposals, got.Proposals...)
			all.Signatures = append(all.Signatures, got.Signatures...)
			all.Attestations = append(all.Attestations, got.Attestations...)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return trust.Contents{}, err
	}
	return sound(all, live, tell), nil
}

func get(ctx context.Context, r Registry, name, tag string) (trust.Contents, error) {
	raw, err := r.Manifest(ctx, tag, maxManifest)
	if err != nil {
		return trust.Contents{}, err
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(raw.Bytes, &m); err != nil {
		return trust.Contents{}, fmt.Errorf("it is no manifest: %w", err)
	}
	if len(m.Layers) != 1 || m.Layers[0].Size < 1 || m.Layers[0].Size > head.MaxFile {
		return trust.Contents{}, fmt.Errorf("it has %d layers, or one of a wrong size", len(m.Layers))
	}
	sum, err := metadata.ParseDigest(string(m.Layers[0].Digest))
	if err != nil {
		return trust.Contents{}, err
	}
	content, err := r.Blob(ctx, sum, m.Layers[0].Size)
	if err != nil {
		return trust.Contents{}, err
	}
	return read(name, m, content)
}

// sound keeps what a bundle takes, and what is still to be decided.
func sound(all trust.Contents, live *metadata.Set, tell func(line string)) trust.Contents {
	c := trust.Contents{Trust: all.Trust}
	open := map[metadata.Digest]trust.Proposal{}
	for _, p := range all.Proposals {
		if p.Version <= liveVersion(live, p.Role) {
			continue
		}
		body, err := metadata.ParseSigned(p.Signed, metadata.Strict)
		if err == nil {
			_, err = bundles.Encode(trust.Contents{Trust: all.Trust, Proposals: []trust.Proposal{p}})
		}
		if err == nil && open[body.Digest()].Signed != nil {
			err = errors.New("the same payload is proposed twice")
		}
		if err != nil {
			tell(fmt.Sprintf("a proposal of %s %d was passed over: %v", p.Role, p.Version, err))
			continue
		}
		open[body.Digest()] = p
		c.Proposals = append(c.Proposals, p)
	}
	for _, s := range all.Signatures {
		p, ok := open[s.Proposal]
		if !ok {
			continue // over what is live, or over nothing that was shared
		}
		one := trust.Contents{Trust: all.Trust, Proposals: []trust.Proposal{p}, Signatures: []trust.ProposalSignature{s}}
		if _, err := bundles.Encode(one); err != nil {
			tell(fmt.Sprintf("a signature over %s %d was passed over: %v", p.Role, p.Version, err))
			continue
		}
		c.Signatures = append(c.Signatures, s)
	}
	if len(c.Proposals) == 0 {
		return c
	}
	for _, a := range all.Attestations {
		if _, err := bundles.Encode(trust.Contents{Trust: all.Trust, Attestations: []trust.KeyAttestation{a}}); err != nil {
			tell(fmt.Sprintf("an attestation was passed over: %v", err))
			continue
		}
		c.Attestations = append(c.Attestations, a)
	}
	return c
}
