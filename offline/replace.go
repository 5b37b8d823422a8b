package offline

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Replace makes data the content of a file that is there and holds old, and
// returns once the medium gave the same bytes back. After a power cut there is
// old or all of data. Where the file holds something else by now, it is not
// touched, and the error is an *ExistsError. Errors are else those of Export.
func Replace(ctx context.Context, path string, old, data []byte) (Written, error) {
	return replace(ctx, osDisk{}, path, old, data)
}

func replace(ctx context.Context, d disk, path string, old, data []byte) (Written, error) {
	name := filepath.Base(path)
	there, err := d.ReadFile(path)
	if err == nil && !bytes.Equal(there, old) {
		err = &ExistsError{Path: path}
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = writeWhole(d, path, data)
	}
	if err != nil {
		return Written{}, fmt.Errorf("%s was not changed: %w", name, err)
	}
	back, err := d.ReadFile(path)
	if err != nil {
		return Written{}, fmt.Errorf("%s was written but can't be read back, don't rely on it: %w", name, err)
	}
	if !bytes.Equal(back, data) {
		return Written{}, &DamagedError{Path: path}
	}
	return Written{Path: path, Digest: metadata.Sum(back), Size: int64(len(back))}, nil
}
