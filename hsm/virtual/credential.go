package virtual

import (
	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
)

// VerifyPIN opens the card for what needs the PIN (SP 800-73-4 part 2, 3.2.1).
// A wrong one costs a try.
func (c *Card) VerifyPIN(shown []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Verify++
	c.session.pin, c.session.fresh = false, false
	if c.scripted(RemovedAtVerify) {
		return ErrRemoved
	}
	if err := c.try(pin, shown); err != nil {
		return err
	}
	c.session.pin, c.session.fresh = true, true
	return nil
}

// PINStatus is what VERIFY answers without a PIN: nil where the PIN is
// verified, else a status that tells the tries left. It costs none.
func (c *Card) PINStatus() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.session.pin:
		return nil
	case c.state.PIN.Tries == 0:
		return status.Blocked
	}
	return status.WrongPIN(c.state.PIN.Tries)
}

// Forget ends the verified state of the PIN (VERIFY with P1 = FF).
func (c *Card) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.pin, c.session.fresh = false, false
}

// ChangePIN and ChangePUK replace a secret by showing it (SP 800-73-4 part 2,
// 3.2.2). A wrong one costs a try.
func (c *Card) ChangePIN(old, fresh []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Change++
	return c.change(pin, old, pin, fresh)
}

// ChangePUK: see ChangePIN.
func (c *Card) ChangePUK(old, fresh []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.PUK++
	return c.change(puk, old, puk, fresh)
}

// Unblock sets a new PIN by showing the PUK (SP 800-73-4 part 2, 3.2.3). A
// wrong PUK costs one of its tries.
func (c *Card) Unblock(shown, fresh []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.PUK++
	return c.change(puk, shown, pin, fresh)
}

// SetRetries sets how many tries PIN and PUK have, 1 to 255, and both back to
// what the factory gave them (Yubico PIV extensions, SET PIN RETRIES).
func (c *Card) SetRetries(pinTries, pukTries int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.session.management || !c.session.pin:
		return status.SecurityNotSatisfied
	case pinTries < 1 || pinTries > 255 || pukTries < 1 || pukTries > 255:
		return status.WrongParameters
	}
	return c.update(func(s *state) (err error) {
		if s.PIN, err = c.remember([]byte(provision.FactoryPIN), pinTries, provision.FactoryPIN); err == nil {
			s.PUK, err = c.remember([]byte(provision.FactoryPUK), pukTries, provision.FactoryPUK)
		}
		return err
	})
}

// CredentialInfo is what GET METADATA tells of the PIN and the PUK.
type CredentialInfo struct {
	Factory     bool // still as it was shipped
	Most, Tries int
}

// PINInfo and PUKInfo tell about the secrets without one (Yubico PIV
// extensions, GET METADATA; from firmware 5.3).
func (c *Card) PINInfo() CredentialInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.PIN.info()
}

// PUKInfo: see PINInfo.
func (c *Card) PUKInfo() CredentialInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.PUK.info()
}

func (s secret) info() CredentialInfo { return CredentialInfo{s.Factory, s.Most, s.Tries} }

// pin and puk name one of the two secrets of a state.
func pin(s *state) *secret { return &s.PIN }
func puk(s *state) *secret { return &s.PUK }

// try compares shown with a secret of the state and keeps count.
func (c *Card) try(which func(*state) *secret, shown []byte) error {
	held := *which(&c.state)
	if held.Tries == 0 {
		return status.Blocked
	}
	right := held.is(shown)
	if right && held.Tries == held.Most {
		return nil
	}
	if err := c.update(func(s *state) error {
		if right {
			which(s).Tries = held.Most
		} else {
			which(s).Tries--
		}
		return nil
	}); err != nil {
		return err
	}
	if !right {
		return status.WrongPIN(held.Tries - 1)
	}
	return nil
}

func (c *Card) change(proof func(*state) *secret, shown []byte, target func(*state) *secret, fresh []byte) error {
	if len(fresh) < 6 || len(fresh) > 8 {
		return status.WrongData
	}
	if err := c.try(proof, shown); err != nil {
		return err
	}
	return c.update(func(s *state) (err error) {
		factory := provision.FactoryPIN
		if target(s) == &s.PUK {
			factory = provision.FactoryPUK
		}
		*target(s), err = c.remember(fresh, target(s).Most, factory)
		return err
	})
}

// stale says that the PIN was not verified by the command right before.
func (c *Card) stale() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.fresh = false
}
