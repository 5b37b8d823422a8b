package cli

import (
	"bytes"
	"errors"
	"io"
)

// MaxSecret is how long a secret may be that somebody types, or that is read
// from a file. In bytes.
const MaxSecret = 1024

// ErrTooLong: what should be a secret is longer than any.
var ErrTooLong = errors.New("it is too long")

// ReadSecret reads r up to a newline or the end. What it returns stands in one
// array and nowhere else; the caller wipes it. Where there is not even the end of
// a line the error is io.EOF.
func ReadSecret(r io.Reader) ([]byte, error) {
	buf := make([]byte, 0, MaxSecret+2) // and the end of a line
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		read := buf[:len(buf)+n]
		line, rest, ended := bytes.Cut(read, []byte("\n"))
		clear(rest)
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case len(read) == 0 && err != nil:
			return nil, err
		case ended && len(line) <= MaxSecret, errors.Is(err, io.EOF) && len(line) <= MaxSecret:
			return line, nil
		case ended, len(read) == cap(buf), errors.Is(err, io.EOF):
			clear(read)
			return nil, ErrTooLong
		case err != nil:
			clear(read)
			return nil, err
		}
		buf = read
	}
}
