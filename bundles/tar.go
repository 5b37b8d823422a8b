package bundles

import (
	"archive/tar"
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

const (
	block   = 512
	trailer = 2 * block // of zeros, which end an archive

	blobDir = "blobs/sha256/"
)

// entry is one file of the archive.
type entry struct {
	name string
	data []byte
}

// header is the only tar header that a file of that name and size may have.
// Writing it is archive/tar's business; reading is comparing with it, so that
// links, sparse files, extended headers, owners and times need no rules.
func header(name string, size int) ([]byte, error) {
	var b bytes.Buffer
	err := tar.NewWriter(&b).WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg,
		Name:     name,
		Size:     int64(size),
		Mode:     0o644,
		ModTime:  time.Unix(0, 0),
		Format:   tar.FormatUSTAR,
	})
	return b.Bytes(), err
}

func padding(size int) int { return -size & (block - 1) }

// archiveSize is the length of the archive of those entries.
func archiveSize(entries []entry) int {
	size := trailer
	for _, e := range entries {
		size += block + len(e.data) + padding(len(e.data))
	}
	return size
}

func writeArchive(w io.Writer, entries []entry) error {
	var zeros [trailer]byte
	for _, e := range entries {
		h, err := header(e.name, len(e.data))
		if err != nil {
			return err
		}
		for _, part := range [][]byte{h, e.data, zeros[:padding(len(e.data))]} {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
	}
	_, err := w.Write(zeros[:])
	return err
}

// readArchive returns the entries of an archive that writeArchive could have
// written. Their data are parts of data.
func readArchive(data []byte) ([]entry, error) {
	var entries []entry
	last := ""
	for {
		if len(data) < trailer {
			return nil, refuse(last, "the archive is cut off after it")
		}
		if zero(data[:block]) {
			if len(data) != trailer || !zero(data) {
				return nil, refuse(last, "something follows the last entry")
			}
			return entries, nil
		}
		e, rest, err := readEntry(data)
		if err != nil {
			return nil, err
		}
		if e.name <= last {
			return nil, refuse(e.name, "it comes twice, or the entries are not sorted")
		}
		if len(entries) == maxEntries {
			return nil, refuse("", "it has more than %d entries", maxEntries)
		}
		entries = append(entries, e)
		last, data = e.name, rest
	}
}

// readEntry takes the first entry off data, which begins with a whole block.
func readEntry(data []byte) (entry, []byte, error) {
	h, rest := data[:block], data[block:]
	name, _, _ := strings.Cut(string(h[:100]), "\x00")
	if !expected(name) {
		return entry{}, nil, refuse(name, "a bundle has no file of that name")
	}
	if kind := h[156]; kind != tar.TypeReg {
		return entry{}, nil, refuse(name, "it is no regular file but of tar's type %q", text.Safe(string(rune(kind))))
	}
	size, ok := readSize(h[124:136])
	if !ok || size > maxEntry {
		return entry{}, nil, refuse(name, "its size is not stated, or over %d bytes", maxEntry)
	}
	want, err := header(name, size)
	if err != nil || !bytes.Equal(h, want) {
		return entry{}, nil, refuse(name, "its tar header is not the one that a bundle has (mode 0644, no owner, no time)")
	}
	if len(rest) < size+padding(size) {
		return entry{}, nil, refuse(name, "it is cut off")
	}
	if !zero(rest[size : size+padding(size)]) {
		return entry{}, nil, refuse(name, "something is hidden behind it")
	}
	return entry{name, rest[:size:size]}, rest[size+padding(size):], nil
}

// expected says whether a bundle may have a file of that name.
func expected(name string) bool {
	if hex, ok := strings.CutPrefix(name, blobDir); ok {
		return isHex(hex, 64)
	}
	return name == indexFile || name == layoutFile
}

// readSize reads the one form of a size that is written: 11 octal digits.
func readSize(field []byte) (int, bool) {
	size := 0
	for _, c := range field[:11] {
		if c < '0' || c > '7' {
			return 0, false
		}
		size = size<<3 | int(c-'0')
		if size > maxSize {
			return 0, false
		}
	}
	return size, field[11] == 0
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// isHex says whether s is n lower-case hexadecimal digits.
func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == ""
}
