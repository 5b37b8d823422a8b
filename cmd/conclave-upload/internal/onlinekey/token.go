package onlinekey

import (
	"context"
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// AskPIN gets the PIN of a token. Unattended says that no person typed it.
type AskPIN func(ctx context.Context, info token.Info) (pin token.PIN, unattended bool, err error)

// Token is a key on a token in a reader of this machine.
type Token struct {
	token token.Token
	info  token.Info
	ask   AskPIN
	say   func(line string)
	pin   token.PIN
	asked bool
}

// ErrLastTry: a PIN that no person types is not tried where it is the last try,
// so that a wrong one in a file can't block the token.
var ErrLastTry = errors.New("one try for the PIN is left, and it is not used unattended: type the PIN at a terminal once. No try was used")

// NoTokenError: the token that a key is on is in no reader.
type NoTokenError struct {
	Serial string
	Found  []string // serials
}

func (e *NoTokenError) Error() string {
	if len(e.Found) == 0 {
		return fmt.Sprintf("token %s is in no reader, and no other is: nothing was signed", e.Serial)
	}
	return fmt.Sprintf("token %s is in no reader; there are %v: nothing was signed", e.Serial, e.Found)
}

// OpenToken finds the token with that serial, and its key. It asks for no PIN
// yet. say is told when the token waits for a touch.
func OpenToken(ctx context.Context, reader token.Reader, serial string, ask AskPIN, say func(line string)) (*Token, error) {
	tokens, err := reader.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	missing := &NoTokenError{Serial: serial}
	for _, t := range tokens {
		info, err := t.Info(ctx)
		if err != nil {
			return nil, err
		}
		if info.Serial != serial {
			missing.Found = append(missing.Found, info.Serial)
			continue
		}
		if info.Key == nil {
			return nil, token.ErrNoKey
		}
		return &Token{token: t, info: info, ask: ask, say: say}, nil
	}
	return nil, missing
}

// Public is the key as metadata names it.
func (t *Token) Public() metadata.Key { return *t.info.Key }

// Sign has the token sign. It asks for the PIN the first time, never for a try
// that could block the token unattended, and never again after a wrong one.
func (t *Token) Sign(ctx context.Context, payload []byte) ([]byte, error) {
	info, err := t.token.Info(ctx)
	if err != nil {
		return nil, err
	}
	if !t.asked {
		if info.PINTries == 0 {
			return nil, token.ErrPINBlocked
		}
		pin, unattended, err := t.ask(ctx, info)
		if err != nil {
			return nil, err
		}
		if unattended && info.PINTries == 1 {
			pin.Wipe()
			return nil, ErrLastTry
		}
		if err := token.CheckPIN(pin.Bytes()); err != nil {
			pin.Wipe()
			return nil, err
		}
		t.pin, t.asked = pin, true
	}
	if info.Touch == token.TouchAlways || info.Touch == token.TouchCached {
		t.say(fmt.Sprintf("touch token %s now: it waits for that before it signs", info.Serial))
	}
	signature, err := t.token.Sign(ctx, t.pin, payload)
	if err != nil {
		return nil, err
	}
	if err := t.info.Key.Verify(payload, signature); err != nil {
		return nil, &token.Error{Op: "sign", Err: fmt.Errorf("its signature does not verify: %w", err)}
	}
	return signature, nil
}

// Close forgets the PIN.
func (t *Token) Close() { t.pin.Wipe() }
