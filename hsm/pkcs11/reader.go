//go:build cgo

package pkcs11

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	ck "github.com/miekg/pkcs11"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/turn"
)

// Reader finds the tokens that a PKCS#11 module reaches. Use one for each
// module in a process: a module keeps its state, and who is logged in, for the
// process as a whole.
type Reader struct {
	options Options
	turn    turn.Turn
	module  *ck.Ctx // loaded at the first call; whoever has the turn uses it
}

var _ token.Reader = (*Reader)(nil)

// NewReader makes a Reader. It loads nothing.
func NewReader(o Options) *Reader { return &Reader{options: o, turn: turn.New()} }

// Tokens lists the initialised tokens in reach, sorted by serial. It is a
// *NoServiceError around a *ModuleError where the module can't be used.
func (r *Reader) Tokens(ctx context.Context) ([]token.Token, error) {
	var found []*Token
	err := r.with(ctx, func(m *ck.Ctx) error {
		return r.each(m, func(_ uint, info ck.TokenInfo) bool {
			found = append(found, &Token{reader: r, serial: padded(info.SerialNumber), label: padded(info.Label)})
			return true
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b *Token) int {
		return cmp.Or(strings.Compare(a.serial, b.serial), strings.Compare(a.label, b.label))
	})
	tokens := make([]token.Token, len(found))
	for i, t := range found {
		tokens[i] = t
	}
	return tokens, nil
}

// Close ends the module's work. The library stays loaded: some break when they
// are unloaded.
func (r *Reader) Close() error {
	return r.turn.Take(context.Background(), func() error {
		if r.module == nil {
			return nil
		}
		err := r.module.Finalize()
		r.module = nil
		if errors.Is(err, ck.Error(ck.CKR_CRYPTOKI_NOT_INITIALIZED)) { // somebody else ended it
			return nil
		}
		return err
	})
}

// with runs use with the module, when it is this call's turn.
func (r *Reader) with(ctx context.Context, use func(m *ck.Ctx) error) error {
	return r.turn.Take(ctx, func() error {
		if err := r.load(); err != nil {
			return &token.NoServiceError{Err: &ModuleError{r.options.Module, err}}
		}
		return use(r.module)
	})
}

func (r *Reader) load() error {
	if r.module != nil {
		return nil
	}
	m := ck.New(r.options.Module)
	if m == nil {
		return errors.New("it is not there, or no PKCS#11 module for this machine")
	}
	if err := m.Initialize(); err != nil && !errors.Is(err, ck.Error(ck.CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
		m.Destroy()
		return err
	}
	r.module = m
	return nil
}

// each visits the initialised tokens until visit returns false. Slots whose
// token went away meanwhile are passed over.
func (r *Reader) each(m *ck.Ctx, visit func(slot uint, info ck.TokenInfo) bool) error {
	slots, err := m.GetSlotList(true)
	if err != nil {
		return failure(err, "list", "before the PIN", noFlags)
	}
	for _, slot := range slots {
		info, err := m.GetTokenInfo(slot)
		if err != nil || info.Flags&ck.CKF_TOKEN_INITIALIZED == 0 {
			continue
		}
		if !visit(slot, info) {
			break
		}
	}
	return nil
}

// noFlags: where no PIN was shown.
func noFlags() uint { return 0 }

// padded is a field of fixed length, filled up with blanks, so that it can be shown.
func padded(field string) string { return text.Safe(strings.TrimRight(field, " \x00")) }
