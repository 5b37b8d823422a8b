package token

import (
	"cmp"
	"encoding/json"
	"fmt"
)

// PIN is a secret that a person types: a PIN or a PUK. It is held in bytes of
// its own, which Wipe overwrites, and no way of printing or encoding it shows
// them. Copies of a PIN share those bytes.
//
// Some copies are not ours to wipe, and last until the garbage collector takes
// them: Bubble Tea reads each key into a buffer of its own and hands it on as a
// string; a PUK that is shown stands in its screen until the next page is drawn
// over it; piv-go and the PKCS#11 binding take strings, and make a command for
// the card of them. What keeps those out of files is that the process leaves no
// dump, and that its memory is locked where that is allowed.
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

// PIV's limits of a PIN or PUK, in characters (SP 800-73-4 part 2, 2.4.3).
const (
	minPIN = 6
	maxPIN = 8
)

// CheckPIN says what is wrong with a PIN or PUK before a token is asked, so
// that no try is used: PIV's have 6 to 8 printable ASCII characters
// (SP 800-73-4 part 2, 2.4.3; a YubiKey takes any printable character). The
// error is a *PINFormatError.
func CheckPIN(b []byte) error { return checkPIN(b, minPIN, maxPIN) }

// CheckPIN is CheckPIN with the limits of this token.
func (i Info) CheckPIN(b []byte) error {
	return checkPIN(b, cmp.Or(i.MinPIN, minPIN), cmp.Or(i.MaxPIN, maxPIN))
}

func checkPIN(b []byte, least, most int) error {
	switch {
	case len(b) < least:
		return &PINFormatError{Why: fmt.Sprintf("it has %d characters, and the shortest allowed has %d", len(b), least)}
	case len(b) > most:
		return &PINFormatError{Why: fmt.Sprintf("it has %d characters, and the longest allowed has %d", len(b), most)}
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
