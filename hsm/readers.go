package hsm

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Readers joins readers of several kinds of tokens into one. Do not join the
// Reader of this package with a PKCS#11 module that reaches YubiKeys as well:
// the module keeps them open, and they are found twice.
func Readers(readers ...token.Reader) token.Reader { return joined(readers) }

type joined []token.Reader

// Tokens lists what all of the readers find, sorted by serial. An error of one
// does not hide the tokens of another; where there is no token at all, every
// error is told.
func (j joined) Tokens(ctx context.Context) ([]token.Token, error) {
	var all []token.Token
	var trouble []error
	for _, r := range j {
		tokens, err := r.Tokens(ctx)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err != nil {
			trouble = append(trouble, err)
		}
		all = append(all, tokens...)
	}
	if len(all) == 0 {
		return nil, errors.Join(trouble...)
	}
	slices.SortStableFunc(all, func(a, b token.Token) int { return compare(serialOf(a), serialOf(b)) })
	return all, nil
}

// serialOf is the serial that a handle was made for: asking the token would
// open it. Handles without one stand first.
func serialOf(t token.Token) string {
	if s, ok := t.(interface{ Serial() string }); ok {
		return s.Serial()
	}
	return ""
}

// compare orders serials as numbers where they are numbers.
func compare(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
