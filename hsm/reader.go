//go:build windows || (cgo && (linux || darwin))

package hsm

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/turn"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// Reader finds the YubiKeys (5 and later) that can be reached over PC/SC. Use
// one in a process: it lets one call at a time talk to cards, so that a list
// that is refreshed does not get in the way of a signature.
type Reader struct {
	turn turn.Turn

	// Of the tokens in reach, by serial: whether it is one of a rehearsal.
	// Whoever has the turn uses it.
	rehearsals map[uint32]bool
}

var _ token.Reader = (*Reader)(nil)

// NewReader makes a Reader. It opens nothing.
func NewReader() *Reader { return &Reader{turn: turn.New(), rehearsals: make(map[uint32]bool)} }

// Tokens lists the YubiKeys in reach, sorted by serial. Empty readers and
// other cards are left out. Where there is no token but a YubiKey's reader that
// can't be asked, the error says why: a *BusyError where another program holds it.
func (r *Reader) Tokens(ctx context.Context) ([]token.Token, error) {
	var found []*Token
	var trouble error
	err := r.turn.Take(ctx, func() error {
		names, err := piv.Cards()
		if err != nil {
			return failure(err, "list", "", refusal.Other, culprits)
		}
		for _, name := range names {
			a, err := ask(name)
			switch {
			case err == nil:
				found = append(found, &Token{reader: r, name: name, serial: a.serial})
			case is[*token.NoServiceError](err):
				return err
			case strings.Contains(strings.ToLower(name), "yubi") && !is[*token.RemovedError](err):
				trouble = err
			}
		}
		r.forget(found)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && trouble != nil {
		return nil, trouble
	}
	slices.SortFunc(found, func(a, b *Token) int { return cmp.Compare(a.serial, b.serial) })
	tokens := make([]token.Token, len(found))
	for i, t := range found {
		tokens[i] = t
	}
	return tokens, nil
}

// rehearsal says whether an open card is a virtual one, told by the maker of
// its certificate (slot f9), whichever way it is reached. A card is asked once
// for as long as it stays in its reader.
func (r *Reader) rehearsal(c *card) (bool, error) {
	if virtually, known := r.rehearsals[c.serial]; known {
		return virtually, nil
	}
	device, err := c.AttestationCertificate()
	if errors.Is(err, piv.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, failure(err, "read", "before the PIN", refusal.Other, culprits)
	}
	ca, err := virtual.RehearsalCA()
	if err != nil {
		return false, err
	}
	r.rehearsals[c.serial] = device.CheckSignatureFrom(ca) == nil
	return r.rehearsals[c.serial], nil
}

// forget drops what is known of tokens that are gone: another one could come
// under the same serial.
func (r *Reader) forget(found []*Token) {
	maps.DeleteFunc(r.rehearsals, func(serial uint32, _ bool) bool {
		return !slices.ContainsFunc(found, func(t *Token) bool { return t.serial == serial })
	})
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func decimal(serial uint32) string { return strconv.FormatUint(uint64(serial), 10) }
