package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/offline"
)

func mergeCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "merge BUNDLE BUNDLE... -o FILE",
		Short: "Join bundles of one trust into one",
		Long: `Merge writes the union of the bundles: every payload, signature, attestation
and journal that any of them holds. The order does not matter, and neither does
merging twice: the same contents give the same bytes. What does not verify is not
taken along, and published sets that don't follow from each other are refused.`,
		Example: `  conclave merge vienna.tar oslo.tar -o both.tar`,
		Args:    cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := needed(c, "out"); err != nil {
				return err
			}
			first, err := bundles.Open(args[0])
			if err != nil {
				return err
			}
			all := first.Contents
			for _, path := range args[1:] {
				next, err := bundles.Open(path)
				if err != nil {
					return err
				}
				if all, err = bundles.Merge(all, next.Contents); err != nil {
					return fmt.Errorf("%s can't be merged, and nothing was written: %w", path, err)
				}
			}
			_, err = trust.Assemble(all)
			if _, unverified := errors.AsType[*trust.UnverifiedError](err); unverified {
				return fmt.Errorf("what they come to can't be believed, and nothing was written: %w", err)
			}
			if all.Attestations, err = authentic(all); err != nil {
				return fmt.Errorf("nothing was written: %w", err)
			}
			merged, err := bundles.Encode(all)
			if err != nil {
				return err
			}
			written, err := offline.Export(c.Context(), filepath.Dir(out), filepath.Base(out), merged.Bytes)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "wrote %s\n%d bytes, %s\n", written.Path, written.Size, written.Digest.OCI())
			return nil
		},
	}
	c.Flags().StringVarP(&out, "out", "o", "", "the file to write; one that is there with other content is never overwritten")
	return c
}

// authentic are the attestations of a bundle that a token made. What else is said
// to attest a key goes where there is one of these; else it is an error.
func authentic(c trust.Contents) ([]trust.KeyAttestation, error) {
	var kept []trust.KeyAttestation
	wrong := map[string]error{}
	for _, a := range c.Attestations {
		if err := madeByToken(c.Trust, a); err != nil {
			wrong[a.KeyID] = err
			continue
		}
		kept = append(kept, a)
	}
	for _, a := range kept {
		delete(wrong, a.KeyID)
	}
	for _, keyid := range slices.Sorted(maps.Keys(wrong)) {
		return nil, wrong[keyid]
	}
	return kept, nil
}

// madeByToken says why an attestation in a bundle was made by no token, as an
// import of the bundle would.
func madeByToken(name string, a trust.KeyAttestation) error {
	if err := token.Authentic(hsm.Checker{}, a.KeyID, a.PEM, trust.IsRehearsal(name), time.Now()); err != nil {
		return &bundles.Error{Entry: fmt.Sprintf("attestation of key %.8s", a.KeyID), Why: err.Error()}
	}
	return nil
}
