package virtual

import (
	"crypto/subtle"
	"io"
	"maps"

	"golang.org/x/crypto/scrypt"

	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// state is what a token keeps without power. It is also the file of a stored one.
type state struct {
	Serial     uint32               `json:"serial"`
	Firmware   string               `json:"firmware"`
	Form       wire.FormFactor      `json:"form_factor"`
	Made       uint64               `json:"keys_made"` // keys made so far, over all resets
	PIN        secret               `json:"pin"`
	PUK        secret               `json:"puk"`
	Management managementKey        `json:"management_key"`
	Keys       map[wire.Slot]record `json:"keys,omitempty"`
	Objects    map[uint32][]byte    `json:"objects,omitempty"`
	Inserted   bool                 `json:"inserted"` // lies in the drawer's reader
}

// managementKey guards nothing here (see the package's documentation).
type managementKey struct {
	Algorithm wire.Algorithm   `json:"algorithm"`
	Key       []byte           `json:"key"`
	Touch     wire.TouchPolicy `json:"touch_policy"`
}

// record is a key in a slot. The key itself is derived from Number, the count
// of keys made up to this one.
type record struct {
	Algorithm wire.Algorithm   `json:"algorithm"`
	Number    uint64           `json:"number"`
	PIN       wire.PINPolicy   `json:"pin_policy"`
	Touch     wire.TouchPolicy `json:"touch_policy"`
	Imported  bool             `json:"imported,omitempty"`
}

func (s state) clone() state {
	s.Keys = maps.Clone(s.Keys)
	s.Objects = maps.Clone(s.Objects)
	return s
}

const factoryTries = 3

// factory is the state in which a token with that serial and firmware is
// shipped, having made that many keys in former lives.
func (c *Card) factory(made uint64) (state, error) {
	s := state{
		Serial:     c.cfg.Serial,
		Firmware:   c.firmware.String(),
		Form:       c.cfg.Form,
		Made:       made,
		Management: managementKey{Algorithm: c.factoryAlgorithm(), Key: provision.FactoryManagementKey(), Touch: wire.TouchNever},
		Keys:       make(map[wire.Slot]record),
		Objects:    make(map[uint32][]byte),
		Inserted:   c.state.Inserted,
	}
	var err error
	if s.PIN, err = c.remember([]byte(provision.FactoryPIN), factoryTries, provision.FactoryPIN); err != nil {
		return state{}, err
	}
	s.PUK, err = c.remember([]byte(provision.FactoryPUK), factoryTries, provision.FactoryPUK)
	return s, err
}

// secret is a PIN or PUK as the card remembers it.
type secret struct {
	Salt  []byte `json:"salt"`
	Hash  []byte `json:"scrypt"` // of the PIN, r=8, p=1
	Cost  int    `json:"n"`      // scrypt's N
	Tries int    `json:"tries"`
	Most  int    `json:"most_tries"`

	Factory bool `json:"factory"` // as it was shipped
}

// remember makes the secret that pin is.
func (c *Card) remember(pin []byte, tries int, factory string) (secret, error) {
	s := secret{Salt: make([]byte, 16), Cost: c.cfg.Cost, Tries: tries, Most: tries, Factory: string(pin) == factory}
	if _, err := io.ReadFull(c.cfg.Rand, s.Salt); err != nil {
		return secret{}, err
	}
	var err error
	s.Hash, err = s.hash(pin)
	return s, err
}

func (s secret) hash(pin []byte) ([]byte, error) {
	return scrypt.Key(pin, s.Salt, s.Cost, 8, 1, 32)
}

func (s secret) is(pin []byte) bool {
	h, err := s.hash(pin)
	return err == nil && subtle.ConstantTimeCompare(h, s.Hash) == 1
}
