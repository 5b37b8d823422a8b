package plain

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/conclave-tuf/conclave/ui/page"
)

// Lines reads lines for [Driver]. A read can't be taken back, so a line that
// was being waited for when a question became void answers the next one only
// if the person types it then.
type Lines struct {
	r       io.Reader
	held    []byte    // what was read and is in no line yet; nothing else is left in its array
	pending chan read // a read that is under way; nil for none
}

type read struct {
	text []byte
	err  error
}

const maxLine = 4096 // bytes; what is longer is no answer

// NewLines reads from r.
func NewLines(r io.Reader) *Lines { return &Lines{r: r, held: make([]byte, 0, maxLine)} }

// next returns a line without its end. ErrQuit: there are no more.
func (l *Lines) next(ctx context.Context) ([]byte, error) {
	return l.await(ctx, l.line)
}

// hidden returns a line that isn't shown: from terminal, or without one from
// the same input as all else.
func (l *Lines) hidden(ctx context.Context, terminal func() ([]byte, error)) ([]byte, error) {
	if terminal == nil {
		return l.next(ctx)
	}
	return l.await(ctx, terminal)
}

// waiting says whether a line is being read that nobody has entered yet.
func (l *Lines) waiting() bool { return l.pending != nil }

func (l *Lines) await(ctx context.Context, from func() ([]byte, error)) ([]byte, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if l.pending == nil {
		pending := make(chan read, 1)
		l.pending = pending
		go func() {
			text, err := from()
			pending <- read{text, err}
		}()
	}
	select {
	case got := <-l.pending:
		l.pending = nil
		if errors.Is(got.err, io.EOF) {
			return nil, page.ErrQuit
		}
		return got.text, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// line gives a line away that is nowhere else any more. One that is too long is
// an empty one, and a last one without its end was not entered.
func (l *Lines) line() ([]byte, error) {
	for long := false; ; {
		if n := bytes.IndexByte(l.held, '\n'); n >= 0 {
			own := append(make([]byte, 0, n), l.held[:n]...)
			l.drop(n + 1)
			if long {
				clear(own)
				own = nil
			}
			return bytes.TrimRight(own, "\r"), nil
		}
		if len(l.held) == cap(l.held) {
			long = true
			l.drop(len(l.held))
		}
		n, err := l.r.Read(l.held[len(l.held):cap(l.held)])
		l.held = l.held[:len(l.held)+n]
		if n == 0 && err != nil {
			l.drop(len(l.held))
			return nil, err
		}
	}
}

// drop forgets the first n bytes that are held: a PIN may be among them.
func (l *Lines) drop(n int) {
	rest := copy(l.held, l.held[n:])
	clear(l.held[rest:])
	l.held = l.held[:rest]
}
