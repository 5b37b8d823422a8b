package plain

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/conclave-tuf/conclave/ui/page"
)

// Lines reads lines for [Driver]. A read can't be taken back, so a line that
// was being waited for when a question became void answers the next one only
// if the person types it then.
type Lines struct {
	r       *bufio.Reader
	pending chan read // a read that is under way; nil for none
}

type read struct {
	text []byte
	err  error
}

const maxLine = 4096 // bytes; what is longer is no answer

// NewLines reads from r.
func NewLines(r io.Reader) *Lines { return &Lines{r: bufio.NewReaderSize(r, maxLine)} }

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

func (l *Lines) line() ([]byte, error) {
	text, err := l.r.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		text = nil
		_, err = l.r.ReadSlice('\n')
	}
	if err != nil {
		return nil, err // a last line without its end was not entered
	}
	own := append([]byte{}, text[:len(text)-1]...)
	clear(text)
	for len(own) > 0 && own[len(own)-1] == '\r' {
		own = own[:len(own)-1]
	}
	return own, nil
}
