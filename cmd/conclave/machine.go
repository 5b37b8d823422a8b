package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/offline"
	"github.com/conclave-tuf/conclave/ui"
)

// machine brings what the machine has to the screens.
type machine struct {
	kernel offline.Machine
	places []string // directories beside the removable drives
	reader token.Reader
}

func (m *machine) Preflight(ctx context.Context) []token.Check {
	tool, err := os.Executable()
	if err != nil {
		tool = ""
	}
	p := offline.Preflight{
		Machine: m.kernel,
		Reader:  m.reader,
		Medium:  m.places[0],
		Tool:    tool,
	}
	return p.Run(ctx)
}

func (m *machine) Places(context.Context) ([]ui.Place, error) {
	found, err := m.kernel.Places(m.places...)
	if err != nil {
		return nil, err
	}
	places := make([]ui.Place, len(found))
	for i, p := range found {
		places[i] = ui.Place{Name: p.Label, Path: p.Path, Detail: detail(p), Removable: p.Removable, Writable: !p.ReadOnly}
		if p.Label == "" {
			places[i].Name = filepath.Base(p.Path)
		}
	}
	return places, nil
}

func detail(p offline.Place) string {
	kind := "directory"
	if p.Removable {
		kind = "removable, " + p.FSType
	}
	if p.ReadOnly {
		return kind + ", read-only"
	}
	if p.Free < 0 {
		return kind
	}
	return fmt.Sprintf("%s, %d MB free", kind, p.Free/1e6)
}

func (m *machine) Plans(_ context.Context, in ui.Place) ([]ui.File, error) {
	return files(in, ".yaml", ".yml")
}

func (m *machine) Bundles(_ context.Context, in ui.Place) ([]ui.File, error) {
	return files(in, ".tar")
}

func files(in ui.Place, suffixes ...string) ([]ui.File, error) {
	found, err := offline.Find(in.Path, suffixes...)
	if err != nil {
		return nil, err
	}
	list := make([]ui.File, len(found))
	for i, f := range found {
		list[i] = ui.File{Name: f.Name, Path: f.Path, Size: f.Size}
	}
	return list, nil
}

func (m *machine) Files(_ context.Context, in ui.Place, suffixes ...string) ([]ui.File, error) {
	if len(suffixes) == 0 {
		suffixes = []string{""}
	}
	return files(in, suffixes...)
}

// Hash reads a file of any size once. Who cancels stops it.
func (m *machine) Hash(ctx context.Context, f ui.File) (metadata.Digest, int64, error) {
	file, err := bundles.OpenFile(f.Path)
	if err != nil {
		return metadata.Digest{}, 0, err
	}
	defer file.Close()
	defer context.AfterFunc(ctx, func() { _ = file.Close() })() // which ends the reading
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return metadata.Digest{}, 0, fmt.Errorf("%s was not read to its end: %w", f.Name, err)
	}
	return metadata.Digest(sum.Sum(nil)), n, nil
}

func (m *machine) Read(_ context.Context, f ui.File) ([]byte, error) {
	return bundles.ReadFile(f.Path, maxSmallFile)
}

func (m *machine) Folders(_ context.Context, in ui.Place) ([]ui.File, error) {
	found, err := offline.Folders(in.Path)
	if err != nil {
		return nil, err
	}
	list := make([]ui.File, len(found))
	for i, name := range found {
		list[i] = ui.File{Name: name, Path: filepath.Join(in.Path, name), Folder: true}
	}
	return list, nil
}

func (m *machine) Tree(ctx context.Context, f ui.File) ([]trust.NewTarget, error) {
	return offline.Tree(ctx, f.Path)
}

func (m *machine) Images(_ context.Context, f ui.File) ([]trust.NewTarget, error) {
	return bundles.Images(f.Path)
}

func (m *machine) Listing(_ context.Context, f ui.File) ([]trust.NewTarget, error) {
	text, err := bundles.ReadFile(f.Path, draft.MaxListing)
	if err != nil {
		return nil, err
	}
	return draft.ParseListing(text)
}

func (m *machine) Repository(_ context.Context, in ui.Place) (*metadata.Found, error) {
	return findMetadata(in.Path, true)
}

// maxSmallFile is what a plan, a key or a descriptor may have. In bytes.
const maxSmallFile = 1 << 20

// ReadPlan reads a plan and the files that it names. They lie beside it: a
// name that leads elsewhere is refused.
func (m *machine) ReadPlan(_ context.Context, f ui.File) ([]byte, map[string][]byte, error) {
	dir, err := os.OpenRoot(filepath.Dir(f.Path))
	if err != nil {
		return nil, nil, fmt.Errorf("the plan was not read: %w", err)
	}
	defer dir.Close()
	yaml, err := bundles.ReadIn(dir, filepath.Base(f.Path), maxSmallFile)
	if err != nil {
		return nil, nil, err
	}
	names, err := plan.Files(yaml)
	if err != nil {
		return nil, nil, err
	}
	named := map[string][]byte{}
	for _, name := range names {
		if filepath.Base(name) != name {
			return nil, nil, fmt.Errorf("%s does not lie beside the plan: it was not read", text.Safe(name))
		}
		if named[name], err = bundles.ReadIn(dir, name, maxSmallFile); err != nil {
			return nil, nil, err
		}
	}
	return yaml, named, nil
}

func (m *machine) ReadBundle(_ context.Context, f ui.File) (trust.Contents, metadata.Digest, error) {
	b, err := bundles.Open(f.Path)
	if err != nil {
		return trust.Contents{}, metadata.Digest{}, err
	}
	return b.Contents, b.Digest, nil
}

func (m *machine) Export(ctx context.Context, to ui.Place, c trust.Contents) (ui.Written, error) {
	b, err := bundles.Encode(c)
	if err != nil {
		return ui.Written{}, err
	}
	written, err := offline.Export(ctx, to.Path, bundles.Name(c, b.Digest), b.Bytes)
	if err != nil {
		return ui.Written{}, err
	}
	return ui.Written{Path: written.Path, Digest: written.Digest, Size: written.Size}, nil
}
