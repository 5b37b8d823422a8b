package ceremony

import (
	"encoding/json"
	"fmt"
)

// PIN is a secret that a person types: a PIN or a PUK. It is held in bytes of
// its own, which Wipe overwrites, and no way of printing or encoding it shows
// them. Copies of a PIN share those bytes.
type PIN struct{ b []byte }

// NewPIN takes ownership of b: the caller must not keep it.
func NewPIN(b []byte) PIN { return PIN{b} }

// Bytes is for the one place that hands the secret to a token. The caller must not
// keep or copy what it returns.
func (p PIN) Bytes() []byte { return p.b }

// Len is the number of bytes.
func (p PIN) Len() int { return len(p.b) }

// Wipe overwrites the secret.
func (p PIN) Wipe() { clear(p.b) }

const hiddenPIN = "PIN(hidden)"

func (p PIN) String() string               { return hiddenPIN }
func (p PIN) GoString() string             { return hiddenPIN }
func (p PIN) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(hiddenPIN)) }
func (p PIN) MarshalJSON() ([]byte, error) { return json.Marshal(hiddenPIN) }
func (p PIN) MarshalText() ([]byte, error) { return []byte(hiddenPIN), nil }

// CheckPIN says what is wrong with a PIN before a token is asked, so that no
// try is used: a PIV PIN or PUK has 6 to 8 printable ASCII characters
// (SP 800-73-4 part 2, 2.4.3; a YubiKey takes any printable character).
func CheckPIN(b []byte) error {
	switch {
	case len(b) < 6:
		return &PINFormatError{Why: fmt.Sprintf("it has %d characters, and the shortest allowed has 6", len(b))}
	case len(b) > 8:
		return &PINFormatError{Why: fmt.Sprintf("it has %d characters, and the longest allowed has 8", len(b))}
	}
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return &PINFormatError{Why: "it holds a character that is no printable ASCII"}
		}
	}
	return nil
}

// PINFormatError says why a PIN was not even sent to a token. It never holds the PIN.
type PINFormatError struct{ Why string }

func (e *PINFormatError) Error() string {
	return "this can't be a PIN: " + e.Why + ". No try was used."
}
