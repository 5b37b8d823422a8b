package provision

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// mostTries is the most that a PIN or a PUK can have (Yubico PIV extensions,
// SET PIN RETRIES).
const mostTries = 255

// Reset makes the card as it was shipped, as token.Resetter says: PIN and
// PUK are blocked by wrong ones, and then the card takes the reset. It may be
// cut short and repeated. ctx is looked at between commands. random is for
// the wrong ones.
func Reset(ctx context.Context, card Card, random io.Reader) error {
	pin, puk, err := card.Secrets()
	if err != nil {
		return err
	}
	for _, s := range []struct {
		name    string
		left    int
		blocked error
		show    func(guess []byte) error
	}{
		{"PIN", pin.Tries, token.ErrPINBlocked, card.VerifyPIN},
		{"PUK", puk.Tries, token.ErrPUKBlocked, func(guess []byte) error { return card.ChangePUK(guess, guess) }},
	} {
		if s.left == 0 {
			continue
		}
		if err := block(ctx, random, s.show, s.blocked); err != nil {
			return fmt.Errorf("the %s could not be blocked, which a reset needs: %w", s.name, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return card.Reset()
}

// block shows wrong secrets until none is taken any more. A guess that happens
// to be right gives all tries back, hence a new one each time.
func block(ctx context.Context, random io.Reader, show func([]byte) error, blocked error) error {
	for range 2 * mostTries {
		if err := ctx.Err(); err != nil {
			return err
		}
		guess := make([]byte, 8)
		if _, err := io.ReadFull(random, guess); err != nil {
			return err
		}
		for i := range guess {
			guess[i] = '0' + guess[i]%10
		}
		var wrongPIN *token.WrongPINError
		var wrongPUK *token.WrongPUKError
		switch err := show(guess); {
		case errors.Is(err, blocked):
			return nil
		case err == nil, errors.As(err, &wrongPIN), errors.As(err, &wrongPUK):
		default:
			return err
		}
	}
	return &token.Error{Op: "reset", Err: errors.New("the token never runs out of tries")}
}
