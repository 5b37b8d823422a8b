package bundles

import (
	"archive/tar"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// archive writes whatever archive/tar can write.
func archive(t testing.TB, headers ...*tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write(make([]byte, h.Size)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecodeRefusesArchives(t *testing.T) {
	good := encode(t, sample(t))
	file := func(edit func(*tar.Header)) []byte {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: indexFile, Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		edit(h)
		return archive(t, h)
	}
	many := func(n int) []byte {
		var b bytes.Buffer
		for i := range n {
			h, err := header(fmt.Sprintf("%s%064x", blobDir, i), 0)
			b.Write(must(t, h, err))
		}
		b.Write(make([]byte, trailer))
		return b.Bytes()
	}
	type row struct {
		name string
		data []byte
		want string
	}
	rows := []row{
		{"empty", nil, "cut off"},
		{"null", []byte("null"), "cut off"},
		{"only an end", make([]byte, trailer), "missing"},
		{"a GNU tar's padding", append(bytes.Clone(good.Bytes), make([]byte, 8192)...), "follows the last entry"},
		{"trailing data", append(bytes.Clone(good.Bytes), "x"...), "follows the last entry"},
		{"two archives", append(bytes.Clone(good.Bytes), good.Bytes...), "follows the last entry"},
		{"no end", good.Bytes[:len(good.Bytes)-block], "cut off"},
		{"half", good.Bytes[:len(good.Bytes)/2], "cut off"},
		{"too long", make([]byte, maxSize+1), "at most"},
		{"too many entries", many(maxEntries + 1), "more than"}, // a million of them is "too long"
		{"a hard link", file(func(h *tar.Header) { h.Typeflag, h.Linkname = tar.TypeLink, "/etc/shadow" }), "no regular file"},
		{"a symbolic link", file(func(h *tar.Header) { h.Typeflag, h.Linkname = tar.TypeSymlink, "/etc/shadow" }), "no regular file"},
		{"a device", file(func(h *tar.Header) { h.Typeflag, h.Devmajor = tar.TypeBlock, 8 }), "no regular file"},
		{"a pipe", file(func(h *tar.Header) { h.Typeflag = tar.TypeFifo }), "no regular file"},
		{"a directory", file(func(h *tar.Header) { h.Typeflag, h.Name = tar.TypeDir, "blobs/" }), "no file of that name"},
		{"an extended header", file(func(h *tar.Header) { h.Format, h.PAXRecords = tar.FormatPAX, map[string]string{"comment": "x"} }), "no file of that name"},
		{"a sparse file", sparse(t), "no regular file"},
		{"another mode", file(func(h *tar.Header) { h.Mode = 0o4755 }), "header"},
		{"an owner", file(func(h *tar.Header) { h.Uid, h.Uname = 1000, "bo" }), "header"},
		{"a time", file(func(h *tar.Header) { h.ModTime = time.Unix(1, 0) }), "header"},
		{"GNU's magic", file(func(h *tar.Header) { h.Format = tar.FormatGNU }), "header"},
	}
	first := func(edit func(header []byte)) []byte {
		b := bytes.Clone(good.Bytes)
		edit(b)
		return b
	}
	for _, name := range []string{"../index.json", "/index.json", "./index.json", "index.json/", `..\index.json`, "INDEX.JSON", "CON", "blobs", "blobs/sha256/",
		"blobs/sha512/" + strings.Repeat("0", 64), "blobs/sha256/" + strings.Repeat("A", 64), "blobs/sha256/" + strings.Repeat("0", 63),
		"blobs/sha256/../../" + strings.Repeat("0", 58), "x\x1b[2J", "\u202ejson", strings.Repeat("x", 100)} {
		rows = append(rows, row{"the name " + text.Safe(name), first(func(h []byte) { clear(h[:100]); copy(h, name) }), "no file of that name"})
	}
	rows = append(rows,
		row{"a size of 8 GiB", first(func(h []byte) { copy(h[124:], "77777777777") }), "size is not stated"},
		row{"a size in base 256", first(func(h []byte) { h[124] = 0x80 }), "size is not stated"},
		row{"a size with a blank", first(func(h []byte) { h[135] = ' ' }), "size is not stated"},
		row{"bytes behind the name", first(func(h []byte) { h[90] = 'x' }), "header"},
		row{"another checksum", first(func(h []byte) { h[148] ^= 1 }), "header"},
		row{"bytes in the padding", first(func(h []byte) {
			size, _ := readSize(h[124:136])
			h[block+size+padding(size)-1] = 1
		}), "hidden"},
	)
	entries, err := readArchive(good.Bytes)
	must(t, entries, err)
	twice := append(slices.Clone(entries), entries[len(entries)-1])
	swapped := slices.Clone(entries)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	for name, list := range map[string][]entry{"an entry twice": twice, "entries out of order": swapped} {
		var b bytes.Buffer
		if err := writeArchive(&b, list); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row{name, b.Bytes(), "comes twice"})
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) { refused(t, bounded(t, r.data), r.want) })
	}
}

// sparse is the header of a file that GNU tar would write as full of holes.
func sparse(t testing.TB) []byte {
	t.Helper()
	h, err := header(indexFile, 0)
	must(t, h, err)
	h[156] = tar.TypeGNUSparse
	return append(h, make([]byte, trailer)...)
}
