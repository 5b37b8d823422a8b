package cli

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// remembers what it was read into.
type remembers struct {
	io.Reader
	into [][]byte
}

func (r *remembers) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.into = append(r.into, b[:n])
	return n, err
}

// TestReadSecret: once the secret is wiped, nothing of it is left where it was read into.
func TestReadSecret(t *testing.T) {
	full := strings.Repeat("p", MaxSecret)
	for _, tc := range []struct {
		text, want string
		err        error
	}{
		{"swordfish\n", "swordfish", nil},
		{"swordfish\r\nand more\n", "swordfish", nil},
		{"swordfish", "swordfish", nil},
		{"", "", io.EOF},
		{"\nx", "", nil},
		{full + "\r\n", full, nil},
		{full, full, nil},
		{full + "p\n", "", ErrTooLong},
		{full + "pp", "", ErrTooLong},
		{full + full, "", ErrTooLong},
	} {
		for way, r := range map[string]io.Reader{"at once": strings.NewReader(tc.text), "in bytes": iotest.OneByteReader(strings.NewReader(tc.text))} {
			from := &remembers{Reader: r}
			got, err := ReadSecret(from)
			if string(got) != tc.want || !errors.Is(err, tc.err) {
				t.Errorf("%.20q %s: %.20q, %v", tc.text, way, got, err)
			}
			clear(got)
			if left := strings.Trim(string(bytes.Join(from.into, nil)), "\x00\r\n"); left != "" {
				t.Errorf("%.20q %s: %.20q is left", tc.text, way, left)
			}
		}
	}
}
