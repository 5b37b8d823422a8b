package virtual

import (
	"bytes"

	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// discovery is the Discovery Object (SP 800-73-4 part 1, 3.3.2): this
// application, and a PIN of its own.
func discovery() []byte {
	return wire.AppendTLV(wire.TLV(0x4f, pivAID()), 0x5f2f, []byte{0x40, 0x00})
}

// pivAID is the full identifier of the PIV application.
func pivAID() []byte {
	return []byte{0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00}
}

// objectLimit is the most that a YubiKey keeps in one object.
const objectLimit = 3052

// GetData returns what is in a data object (SP 800-73-4 part 2, 3.1.2),
// without its tag. The printed information needs the PIN.
func (c *Card) GetData(object uint32) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if object == wire.ObjectPrinted && !c.session.pin {
		return nil, status.SecurityNotSatisfied
	}
	if b, ok := c.state.Objects[object]; ok {
		return bytes.Clone(b), nil
	}
	switch object {
	case wire.ObjectDiscovery:
		return discovery(), nil
	case wire.Attestation.Object():
		cert, err := deviceCertificate(c.cfg.Serial, c.firmware)
		if err != nil {
			return nil, err
		}
		return certificateObject(cert.Raw), nil
	}
	return nil, status.NotFound
}

// PutData fills a data object (SP 800-73-4 part 2, 3.3.1), or empties it.
func (c *Card) PutData(object uint32, data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.session.management:
		return status.SecurityNotSatisfied
	case object == wire.ObjectDiscovery:
		return status.WrongData
	case len(data) > objectLimit:
		return status.MemoryFailure
	}
	return c.update(func(s *state) error {
		if len(data) == 0 {
			delete(s.Objects, object)
		} else {
			s.Objects[object] = bytes.Clone(data)
		}
		return nil
	})
}

// certificateObject wraps a certificate as an object holds it (SP 800-73-4
// part 1, appendix A): the certificate, uncompressed, and no error code.
func certificateObject(der []byte) []byte {
	b := wire.TLV(0x70, der)
	b = wire.AppendTLV(b, 0x71, []byte{0})
	return wire.AppendTLV(b, 0xfe)
}
