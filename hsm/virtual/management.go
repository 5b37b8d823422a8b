package virtual

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"io"

	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// factoryAlgorithm is the algorithm of the management key that a token is shipped with.
func (c *Card) factoryAlgorithm() wire.Algorithm {
	if c.firmware.AtLeast(wire.V(5, 7, 0)) {
		return wire.AES192
	}
	return wire.TripleDES
}

// Witness starts the mutual authentication with the management key
// (SP 800-73-4 part 2, A.1): it returns a challenge enciphered with the key.
func (c *Card) Witness(a wire.Algorithm) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.management = false
	block, err := c.cipher(a)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, block.BlockSize())
	if _, err := io.ReadFull(c.cfg.Rand, plain); err != nil {
		return nil, err
	}
	c.session.witness = plain
	sealed := make([]byte, len(plain))
	block.Encrypt(sealed, plain)
	return sealed, nil
}

// Authenticate ends it: witness is the deciphered challenge, and the answer
// is challenge enciphered, which shows that the card has the key too.
func (c *Card) Authenticate(a wire.Algorithm, witness, challenge []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	want := c.session.witness
	c.session.witness = nil
	block, err := c.cipher(a)
	switch {
	case err != nil:
		return nil, err
	case len(challenge) != block.BlockSize():
		return nil, status.WrongData
	case want == nil || subtle.ConstantTimeCompare(want, witness) != 1:
		return nil, status.SecurityNotSatisfied
	}
	c.session.management = true
	answer := make([]byte, len(challenge))
	block.Encrypt(answer, challenge)
	return answer, nil
}

func (c *Card) cipher(a wire.Algorithm) (cipher.Block, error) {
	m := c.state.Management
	if a != m.Algorithm {
		return nil, status.WrongParameters
	}
	if a == wire.TripleDES {
		return des.NewTripleDESCipher(m.Key)
	}
	return aes.NewCipher(m.Key)
}

// AuthenticateManagement shows the management key itself: both steps in one,
// for a user in process.
func (c *Card) AuthenticateManagement(key []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.management = subtle.ConstantTimeCompare(key, c.state.Management.Key) == 1
	if !c.session.management {
		return status.SecurityNotSatisfied
	}
	return nil
}

// SetManagementKey replaces the management key (Yubico PIV extensions, SET
// MANAGEMENT KEY). Firmware before 5.4 knows 3DES only.
func (c *Card) SetManagementKey(a wire.Algorithm, key []byte, touch wire.TouchPolicy) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.session.management:
		return status.SecurityNotSatisfied
	case a.KeyBytes() == 0, a != wire.TripleDES && !c.firmware.AtLeast(wire.V(5, 4, 0)):
		return status.WrongData
	case len(key) != a.KeyBytes():
		return status.WrongLength
	}
	return c.update(func(s *state) error {
		s.Management = managementKey{a, bytes.Clone(key), touch}
		return nil
	})
}

// ManagementInfo is what GET METADATA tells of the management key.
type ManagementInfo struct {
	Algorithm wire.Algorithm
	Touch     wire.TouchPolicy
	Factory   bool // still as it was shipped
}

// ManagementInfo tells about the management key without it.
func (c *Card) ManagementInfo() ManagementInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.state.Management
	return ManagementInfo{m.Algorithm, m.Touch,
		m.Algorithm == c.factoryAlgorithm() && bytes.Equal(m.Key, provision.FactoryManagementKey())}
}
