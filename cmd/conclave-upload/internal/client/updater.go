package client

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	tuf "github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// nowhere is where go-tuf looks for metadata that it has from before. It reads
// that directory even with its cache switched off, and would otherwise take
// whatever lies in the current one. No file can have this name.
const nowhere = "\x00"

// base stands for the address of a repository. go-tuf appends file names to it.
const base = "set://"

// refresh runs go-tuf's client workflow (TUF 1.0, section 5) over files, and
// has it verify every delegated role of the set, which it would otherwise do
// only on the way to a target.
func refresh(files []trust.NamedFile, set *metadata.Set, pinned []byte, at time.Time) (u *updater.Updater, err error) {
	defer func() {
		// It panics over an Ed25519 key of a wrong length.
		if p := recover(); p != nil {
			u, err = nil, fmt.Errorf("it broke over this metadata: %v", p)
		}
	}()
	cfg, err := config.New(base, pinned)
	if err != nil {
		return nil, err
	}
	cfg.DisableLocalCache = true
	cfg.LocalMetadataDir = nowhere
	cfg.Fetcher = newFetcher(files)
	if u, err = updater.New(cfg); err != nil {
		return nil, err
	}
	u.UnsafeSetRefTime(at)
	if err := u.Refresh(); err != nil {
		return nil, err
	}
	trusted := u.GetTrustedMetadataSet()
	if err := delegated(&trusted, set, head.Targets); err != nil {
		return nil, err
	}
	return u, nil
}

// delegated verifies what parent delegates to, and what those delegate to.
func delegated(trusted *trustedmetadata.TrustedMetadata, set *metadata.Set, parent string) error {
	delegations := trusted.Targets[parent].Signed.Delegations
	if delegations == nil {
		return nil
	}
	var names []string
	for _, r := range delegations.Roles {
		names = append(names, r.Name)
	}
	if delegations.SuccinctRoles != nil {
		names = append(names, delegations.SuccinctRoles.GetRoles()...)
	}
	for _, name := range names {
		f, published := set.Delegated[name]
		if _, done := trusted.Targets[name]; done || !published {
			continue
		}
		if _, err := trusted.UpdateDelegatedTargets(f.Bytes, name, parent); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := delegated(trusted, set, name); err != nil {
			return err
		}
	}
	return nil
}

// fetcher gives go-tuf the files of a set, also under the names that it asks for
// where the root wants no consistent snapshots.
type fetcher map[string][]byte

func newFetcher(files []trust.NamedFile) fetcher {
	f := fetcher{}
	for _, named := range files {
		f[named.Name] = named.Bytes
		if role, _, err := head.ParseFileName(named.Name); err == nil && role != head.Root {
			f[head.PlainName(role)] = named.Bytes
		}
	}
	return f
}

// DownloadFile implements go-tuf's fetcher. A file that the set lacks is a 404,
// which is what ends the search for a newer root.
func (f fetcher) DownloadFile(url string, limit int64, _ time.Duration) ([]byte, error) {
	file, ok := f[strings.TrimPrefix(url, base)]
	if !ok {
		return nil, &tuf.ErrDownloadHTTP{StatusCode: http.StatusNotFound, URL: url}
	}
	if int64(len(file)) > limit {
		return nil, &tuf.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("%s has %d bytes, and %d are allowed", url, len(file), limit)}
	}
	return file, nil
}
