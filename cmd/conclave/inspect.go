package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

func inspectCommand() *cobra.Command {
	var at string
	c := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Verify a bundle, a metadata file or a directory of metadata, and report what it says",
		Long: `Inspect reads a bundle (.tar), a metadata file (.json), or a directory that holds
a chain of roots, a whole repository, or an OCI image layout with metadata in it. It verifies what can be verified, and
reports keys, thresholds, expiry, and every oddity of other people's metadata. Of
a repository it reads what clients do: the roots by their numbers, and what follows
from the timestamp. Other .json files are named as not part of the set.
Exit code 0: it verifies. 1: it does not, or is expired at the given time. 4: a
bundle lacks signatures.`,
		Example: `  conclave inspect rehearsal-wabbit-root-1-4f2a91c0.tar
  conclave inspect roots --at 2025-04-01T00:00:00Z --output json`,
		Args: cobra.ExactArgs(1),
	}
	output := cli.OutputFlag(c)
	c.Flags().StringVar(&at, "at", "", "the time to hold expiry against, as in 2025-04-01T00:00:00Z (default: now)")
	c.RunE = func(c *cobra.Command, args []string) error {
		when := time.Now().UTC()
		if at != "" {
			var err error
			if when, err = parseTime(at); err != nil {
				return err
			}
		}
		return inspect(c.OutOrStdout(), args[0], when.UTC(), *output)
	}
	return c
}

func inspect(out io.Writer, path string, at time.Time, format string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() && strings.HasSuffix(path, ".tar") {
		return inspectBundle(out, path, at, format)
	}
	found, err := findMetadata(path, info.IsDir())
	if err != nil {
		return err
	}
	report := found.Inspect(at)
	shown := mistakableIn(report)
	if err := cli.Report(out, format, shown, func(w io.Writer) error { return printReport(w, shown) }); err != nil {
		return err
	}
	if !report.Verified {
		return errNotVerified
	}
	return nil
}

// Limits of what is read from a directory.
const (
	maxNames         = 1_000_000 // of files that may be metadata, and need not be
	maxMetadataFiles = 40_000
	maxMetadataFile  = 64 << 20  // bytes
	maxMetadataBytes = 256 << 20 // of all files together
)

// findMetadata reads the file, or the repository in the directory, by names
// relative to it; of an OCI image layout the metadata in its images. Links are
// not followed.
func findMetadata(path string, dir bool) (*metadata.Found, error) {
	if !dir {
		b, err := bundles.ReadFile(path, maxMetadataFile)
		if err != nil {
			return nil, err
		}
		return metadata.FindIn(map[string][]byte{filepath.Base(path): b})
	}
	inside, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer inside.Close()
	if root := inside.FS(); bundles.IsImage(root) {
		files, err := bundles.ReadImage(root)
		if err != nil {
			return nil, err
		}
		return metadata.FindIn(files)
	}
	names, err := jsonFiles(inside.FS())
	if err == nil && len(names) == 0 {
		err = errors.New("it holds no .json file")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: nothing was verified: %w", path, err)
	}
	files, left := 0, int64(maxMetadataBytes)
	return metadata.Find(names, func(name string) ([]byte, error) {
		if files++; files > maxMetadataFiles {
			return nil, fmt.Errorf("%s holds more than %d metadata files: nothing was verified", path, maxMetadataFiles)
		}
		b, err := bundles.ReadIn(inside, name, min(maxMetadataFile, left))
		left -= int64(len(b))
		return b, err
	})
}

// jsonFiles lists the files below a directory that may be metadata.
func jsonFiles(dir fs.FS) (names []string, err error) {
	err = fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(name, ".json") {
			names = append(names, name)
		}
		if len(names) > maxNames {
			return fmt.Errorf("it holds more than %d .json files", maxNames)
		}
		return err
	})
	return names, err
}

// mistakable is a report with what a hasty reader of it would mistake.
type mistakable struct {
	*metadata.Report
	LookAlikes []string `json:"look_alikes,omitempty"` // sentences on names of files, roles and holders
}

func mistakableIn(r *metadata.Report) *mistakable {
	files := slices.Clone(r.Beside)
	var roles, holders []string
	for _, f := range r.Files {
		files, roles = append(files, f.Name), append(roles, f.Role)
		for _, role := range f.Roles {
			roles = append(roles, role.Name)
			for _, k := range role.Keys {
				holders = append(holders, k.Holder)
			}
		}
	}
	s := &mistakable{Report: r}
	for _, names := range [][]string{files, roles, holders} {
		slices.Sort(names)
		s.LookAlikes = append(s.LookAlikes, review.LookAlikes(slices.Compact(names))...)
	}
	return s
}

// bundleReport is what a bundle holds.
type bundleReport struct {
	Trust        string           `json:"trust"`
	SHA256       metadata.Digest  `json:"sha256"`
	Size         int64            `json:"size"`
	Complete     bool             `json:"complete"` // every proposal has its signatures
	Problem      string           `json:"problem,omitempty"`
	Proposals    []trust.Standing `json:"proposals"`
	Attestations []string         `json:"attestations"` // keyids
	Journals     []journalReport  `json:"journals"`
	Published    *mistakable      `json:"published,omitempty"`
}

type journalReport struct {
	Site   string          `json:"site"` // SHA-256 of the journal's first line
	Events int             `json:"events"`
	Head   metadata.Digest `json:"head"` // SHA-256 of its last line
}

func inspectBundle(out io.Writer, path string, at time.Time, format string) error {
	b, err := bundles.Open(path)
	if err != nil {
		return err
	}
	r := bundleReport{Trust: b.Contents.Trust, SHA256: b.Digest, Size: b.Size(), Attestations: []string{}, Journals: []journalReport{}}
	if r.Proposals, err = trust.Standings(b.Contents); err != nil {
		return err
	}
	for _, a := range b.Contents.Attestations {
		r.Attestations = append(r.Attestations, a.KeyID)
	}
	for _, j := range b.Contents.Journals {
		entries, head, err := journal.Read(j.Lines)
		if err != nil {
			return fmt.Errorf("journal of site %.8s: %w", j.Site, err)
		}
		r.Journals = append(r.Journals, journalReport{j.Site, len(entries), head})
	}
	if len(b.Contents.Published) > 0 {
		files := map[string][]byte{}
		for _, f := range b.Contents.Published {
			files[f.Name] = f.Bytes
		}
		published, err := metadata.Inspect(files, at)
		if err != nil {
			return err
		}
		r.Published = mistakableIn(published)
	}
	verdict := trust.Verdict(b.Contents, at)
	_, expired := errors.AsType[*metadata.ExpiredError](verdict)
	r.Complete = verdict == nil || expired
	for _, a := range b.Contents.Attestations {
		if verdict == nil {
			verdict = madeByToken(b.Contents.Trust, a)
		}
	}
	if verdict != nil {
		r.Problem = verdict.Error()
	}
	if err := cli.Report(out, format, r, func(w io.Writer) error { return printBundle(w, r) }); err != nil {
		return err
	}
	return verdict
}
