package token

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Reader finds the tokens that can be reached right now.
type Reader interface {
	// Tokens lists the tokens in reach, sorted by serial. No token is no
	// error. Listing costs no PIN try and leaves no token locked. It returns
	// ErrNoCardSupport where the program was built without it, and
	// *NoServiceError where the card service does not answer.
	Tokens(ctx context.Context) ([]Token, error)
}

// Token is a token that can sign. It is a handle, not a connection: each call
// opens the token, checks that it is still the same one, and releases it.
// Methods return the typed errors of this file.
type Token interface {
	// Info asks the token for what it tells freely: it never costs a PIN try.
	Info(ctx context.Context) (Info, error)

	// Sign verifies pin once and signs payload once with the key in the
	// token's signing slot; the hash is the scheme's. It may block for a
	// touch. No call leads to a second PIN try. Where the error is a
	// *RemovedError or ErrNoTouch, no signature was made that anyone could
	// have seen.
	Sign(ctx context.Context, pin PIN, payload []byte) ([]byte, error)
}

// Enroller is a Token whose key can be made on it, under a policy.
type Enroller interface {
	Token
	// Enrol replaces the factory PIN, PUK and management key, generates a key
	// in the signing slot and attests it. It refuses with *OccupiedError
	// before it changes anything where the slot holds a key, unless the
	// request resumes a run that was cut short: with the same PIN and PUK it
	// then does what is still to do, and keeps a key that is there.
	Enrol(ctx context.Context, r EnrolRequest) (Enrolment, error)
}

// Attester is a Token that can prove where its key was born, at any time and
// without a PIN.
type Attester interface {
	Token
	// Attestation attests the key in the signing slot. It returns ErrNoKey for
	// an empty slot, and nil where the key can't be attested (it was imported).
	Attestation(ctx context.Context) (*Attestation, error)
}

// Unblocker is a Token whose blocked PIN can be replaced by means of its PUK.
type Unblocker interface {
	Token
	// Unblock shows the PUK once and sets a new PIN. It returns *WrongPUKError
	// or ErrPUKBlocked where the PUK was refused.
	Unblock(ctx context.Context, puk, pin PIN) error
}

// Resetter is a Token that can be made as it was shipped.
type Resetter interface {
	Token
	// Reset destroys every PIV key on the token, PIN and PUK too. It uses up
	// the tries that are left first, because a token asks for that.
	Reset(ctx context.Context) error
}

// Info is what a token tells without a PIN.
type Info struct {
	Kind       string // "YubiKey", "PKCS#11"
	Serial     string // decimal, as printed on the token
	Reader     string // the reader's name
	Firmware   string // "5.7.4"; "" where the token has none
	FormFactor string // "USB-A keychain"; "" where not known
	FIPS       bool
	Slot       string        // PIV: "9c"
	Key        *metadata.Key // the key in the signing slot; nil: the slot is empty
	Touch      TouchPolicy   // of that key
	PINPolicy  PINPolicy     // of that key
	PINTries   int           // tries left; -1: not known
	PUKTries   int           // tries left; -1: not known
	MinPIN     int           // bytes of a PIN at the least; 0: as PIV has it
	MaxPIN     int           // bytes at the most; 0: as PIV has it
	OwnTools   bool          // its own tools set PIN and PUK: enrolling leaves both as they are
	Factory    bool          // PIN, PUK or management key still have the value they were shipped with
	Virtual    bool          // a rehearsal token
}

// TouchPolicy says when a token wants a touch (Yubico PIV extensions, "touch policy").
type TouchPolicy string

// PINPolicy says when a token wants its PIN (Yubico PIV extensions, "PIN policy").
type PINPolicy string

const (
	TouchUnknown TouchPolicy = ""
	TouchNever   TouchPolicy = "never"
	TouchAlways  TouchPolicy = "always"
	TouchCached  TouchPolicy = "cached"

	PINUnknown PINPolicy = ""
	PINNever   PINPolicy = "never"
	PINOnce    PINPolicy = "once"
	PINAlways  PINPolicy = "always"
)

// Algorithm names a kind of key that a token can make.
type Algorithm string

const (
	P256    Algorithm = "p256"
	P384    Algorithm = "p384"
	Ed25519 Algorithm = "ed25519"
)

// EnrolRequest says how a token is made ready.
type EnrolRequest struct {
	PIN, PUK  PIN
	Algorithm Algorithm
	Touch     TouchPolicy
	PINPolicy PINPolicy
	Subject   string    // common name of the certificate put into the slot
	Now       time.Time // start of that certificate's validity
	Resume    bool      // an earlier run found the slot empty and was cut short
}

// Enrolment is what making a key on a token gave.
type Enrolment struct {
	Info        Info
	Key         metadata.Key
	Attestation *Attestation // nil: this kind of token can't attest
}

// Attestation proves that a key was born on a token: the key's certificate,
// signed by the token, and the token's own, signed by its maker.
type Attestation struct {
	Leaf   *x509.Certificate // of the key
	Device *x509.Certificate // slot f9
}

// Policy is what a plan demands of a token.
type Policy struct {
	Algorithms         []Algorithm
	Touch              []TouchPolicy // allowed
	PIN                []PINPolicy   // allowed
	MinFirmware        string        // floor for ECDSA keys (EUCLEAK, YSA-2024-03)
	WithoutAttestation bool          // a token that can't attest may be enrolled
	Rehearsal          bool          // the virtual token's CA is trusted, and only it
}

// Attestations judges attestations. It is implemented by hsm.
type Attestations interface {
	// Check gives every check with its outcome. serial is the one that the
	// plan or the token named; "" skips that check. key is the key that goes
	// into the metadata.
	Check(a Attestation, key metadata.Key, serial string, policy Policy, at time.Time) Verdict
}

// Verdict is a list of checks; it holds where all of them passed.
type Verdict struct {
	Checks   []Check     `json:"checks"`
	Serial   string      `json:"serial,omitempty"`
	Firmware string      `json:"firmware,omitempty"`
	Touch    TouchPolicy `json:"touch,omitempty"`
	PIN      PINPolicy   `json:"pin,omitempty"`
	Form     string      `json:"form_factor,omitempty"`
	FIPS     bool        `json:"fips,omitempty"`
}

// Check is one line of a verdict.
type Check struct {
	Name   string `json:"name"` // "chain", "issuer", "key", "slot", "serial", "firmware", "pin policy", "touch policy"
	Pass   bool   `json:"pass"`
	Open   bool   `json:"open,omitempty"` // nothing was looked at: it has neither passed nor failed
	Reason string `json:"reason"`         // a sentence for people, also where it passed
}

// Err is nil where every check passed, else a *VerdictError naming those that did not.
func (v Verdict) Err() error {
	var failed []Check
	for _, c := range v.Checks {
		if !c.Pass {
			failed = append(failed, c)
		}
	}
	if len(v.Checks) == 0 {
		failed = []Check{{Name: "attestation", Reason: "nothing was checked"}}
	}
	if len(failed) == 0 {
		return nil
	}
	return &VerdictError{Failed: failed}
}

// VerdictError names the checks that an attestation failed.
type VerdictError struct{ Failed []Check }

func (e *VerdictError) Error() string {
	s := "the attestation was refused"
	for i, c := range e.Failed {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		s += sep + c.Name + ": " + c.Reason
	}
	return s
}
