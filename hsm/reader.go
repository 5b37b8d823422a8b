//go:build windows || (cgo && (linux || darwin))

package hsm

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
)

// Reader finds the YubiKeys (5 and later) that can be reached over PC/SC. Use
// one in a process: it lets one call at a time talk to cards, so that a list
// that is refreshed does not get in the way of a signature.
type Reader struct {
	turn chan struct{} // has room for the one whose turn it is
}

var _ ceremony.Reader = (*Reader)(nil)

// NewReader makes a Reader. It opens nothing.
func NewReader() *Reader { return &Reader{turn: make(chan struct{}, 1)} }

// exclusively waits for its turn and runs use. Once use runs it is not cut short.
func (r *Reader) exclusively(ctx context.Context, use func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
		return use()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Tokens lists the YubiKeys in reach, sorted by serial. Empty readers and
// other cards are left out. Where there is no token but a YubiKey's reader that
// can't be asked, the error says why: a *BusyError where another program holds it.
func (r *Reader) Tokens(ctx context.Context) ([]ceremony.Token, error) {
	var found []*Token
	var trouble error
	err := r.exclusively(ctx, func() error {
		names, err := piv.Cards()
		if err != nil {
			return failure(err, "list", "", refusal.Other, culprits)
		}
		for _, name := range names {
			a, err := ask(name)
			switch {
			case err == nil:
				found = append(found, &Token{reader: r, name: name, serial: a.serial})
			case is[*ceremony.NoServiceError](err):
				return err
			case strings.Contains(strings.ToLower(name), "yubi") && !is[*ceremony.RemovedError](err):
				trouble = err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && trouble != nil {
		return nil, trouble
	}
	slices.SortFunc(found, func(a, b *Token) int { return cmp.Compare(a.serial, b.serial) })
	tokens := make([]ceremony.Token, len(found))
	for i, t := range found {
		tokens[i] = t
	}
	return tokens, nil
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func decimal(serial uint32) string { return strconv.FormatUint(uint64(serial), 10) }
