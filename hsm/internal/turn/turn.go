// Package turn lets one caller at a time use what can't be shared, such as a
// card. It does not know what that is.
package turn

import "context"

// Turn is a queue of callers. New makes one.
type Turn chan struct{} // has room for the one whose turn it is

// New makes a Turn.
func New() Turn { return make(Turn, 1) }

// Take waits for its turn and runs use. Once use runs it is not cut short; ctx
// ends the waiting.
func (t Turn) Take(ctx context.Context, use func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t <- struct{}{}:
		defer func() { <-t }()
		return use()
	case <-ctx.Done():
		return ctx.Err()
	}
}
