package virtual

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// Firmware versions that differ in what a client sees. 5.2.7 has no GET
// METADATA and only 3DES management keys; 5.4.3 knows both; 5.7.4 makes
// Ed25519 and long RSA keys and is shipped with an AES-192 management key.
const (
	Firmware52  = "5.2.7"
	Firmware543 = "5.4.3"
	Firmware574 = "5.7.4"
)

// ErrRemoved is returned by a card that is no longer in the reader.
var ErrRemoved = errors.New("the virtual token was removed")

// Config says which token a card imitates. Serial and Firmware are needed.
type Config struct {
	Serial   uint32
	Firmware string          // "5.7.4"
	Form     wire.FormFactor // 0: a USB-C keychain

	// Touch returns once the token was touched (true), or ctx ended or the
	// time for a touch was over (false). nil: touched at once.
	Touch func(ctx context.Context) bool

	Rand io.Reader        // of challenges and salts; nil: crypto/rand
	Now  func() time.Time // for the cached touch; nil: time.Now

	// Cost is scrypt's N for PIN and PUK, a power of two. 0: a cheap 16,
	// as nothing of a card by itself is ever written.
	Cost int
}

// Counts is what a card was asked for since it was made.
type Counts struct {
	Verify int // VERIFY commands that carried a PIN
	Change int // commands that showed the PIN to change it
	PUK    int // commands that showed the PUK
	Sign   int // signatures asked for, made or not
}

// Card is the core. Its methods return a status.Word where the card refuses,
// and ErrRemoved where it is gone. It is safe for concurrent use, though two
// users of one card share its security state, as they would on a real one.
type Card struct {
	cfg      Config
	firmware wire.Version
	store    func(state) error // nil: memory only

	mu      sync.Mutex
	state   state
	signers map[wire.Slot]crypto.Signer // keys that can't be derived: RSA and imported ones
	session session
	faults  []Fault
	counts  Counts
}

// session is the security status (SP 800-73-4 part 1, 5.2): it ends when the
// card loses power or another application is selected.
type session struct {
	pin        bool   // the PIN was verified
	fresh      bool   // by the command before this one
	management bool   // the management key was shown
	witness    []byte // what the other end has to decrypt to show it
	touched    time.Time
}

// NewCard makes a token as it leaves the factory, in memory only.
func NewCard(cfg Config) (*Card, error) {
	c, err := newCard(cfg)
	if err != nil {
		return nil, err
	}
	c.state, err = c.factory(0)
	return c, err
}

// newCard makes a card that has no state yet.
func newCard(cfg Config) (*Card, error) {
	firmware, err := wire.ParseVersion(cfg.Firmware)
	if err != nil {
		return nil, fmt.Errorf("virtual token %d: %w", cfg.Serial, err)
	}
	if cfg.Serial == 0 {
		return nil, errors.New("a virtual token needs a serial number")
	}
	if cfg.Form == 0 {
		cfg.Form = 3
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Cost == 0 {
		cfg.Cost = 16
	}
	return &Card{cfg: cfg, firmware: firmware, signers: make(map[wire.Slot]crypto.Signer)}, nil
}

// Serial is the serial number in decimal, as it is printed on a token.
func (c *Card) Serial() string { return strconv.FormatUint(uint64(c.cfg.Serial), 10) }

// Firmware is the firmware's version.
func (c *Card) Firmware() wire.Version { return c.firmware }

// Counts says what the card was asked for so far.
func (c *Card) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// PowerOff ends the security status: PIN and management key count as not shown.
func (c *Card) PowerOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = session{}
}

// Reset makes the token as it left the factory (Yubico PIV extensions,
// RESET). As on a real one, PIN and PUK must both be blocked. Keys made
// afterwards differ from all that were made before.
func (c *Card) Reset() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.PIN.Tries > 0 || c.state.PUK.Tries > 0 {
		return status.ConditionsNotMet
	}
	fresh, err := c.factory(c.state.Made)
	if err != nil {
		return err
	}
	if err := c.save(fresh); err != nil {
		return err
	}
	clear(c.signers)
	c.session = session{}
	return nil
}

// update changes a copy of the state, which takes effect once it is stored.
func (c *Card) update(change func(*state) error) error {
	next := c.state.clone()
	if err := change(&next); err != nil {
		return err
	}
	return c.save(next)
}

func (c *Card) save(next state) error {
	if c.store != nil {
		if err := c.store(next); err != nil {
			return fmt.Errorf("%w: %w", status.MemoryFailure, err)
		}
	}
	c.state = next
	return nil
}
