package wire

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
)

// AttestationName is how the subject of an attestation begins; the slot follows.
const AttestationName = "YubiKey PIV Attestation "

// Statement is what an attestation certificate says in Yubico's extensions
// (PIV attestation, 1.3.6.1.4.1.41482.3.*). What it doesn't say is zero.
type Statement struct {
	Firmware Version     // .3.3: three bytes
	Serial   uint32      // .3.7: a DER INTEGER; 0 where the token hides it
	PIN      PINPolicy   // .3.8: first byte
	Touch    TouchPolicy // .3.8: second byte
	Form     FormFactor  // .3.9: one byte
}

const (
	extFirmware = 3
	extSerial   = 7
	extPolicy   = 8
	extForm     = 9
)

// yubicoPIV is the number of the extension, where id is 1.3.6.1.4.1.41482.3.number.
func yubicoPIV(id asn1.ObjectIdentifier) (number int, ok bool) {
	arc := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3}
	if len(id) != len(arc)+1 || !id[:len(arc)].Equal(arc) {
		return 0, false
	}
	return id[len(arc)], true
}

// ParseStatement reads Yubico's extensions. Others are left alone; one that
// is there twice, or not of the form that Yubico documents, is an error.
func ParseStatement(exts []pkix.Extension) (Statement, error) {
	var s Statement
	seen := make(map[int]bool)
	for _, e := range exts {
		n, ok := yubicoPIV(e.Id)
		if !ok {
			continue
		}
		if seen[n] {
			return Statement{}, fmt.Errorf("extension %v stands there twice", e.Id)
		}
		seen[n] = true
		if err := s.read(n, e.Value); err != nil {
			return Statement{}, fmt.Errorf("extension %v: %w", e.Id, err)
		}
	}
	return s, nil
}

func (s *Statement) read(number int, value []byte) error {
	size := func(n int) error {
		if len(value) != n {
			return fmt.Errorf("%d bytes instead of %d", len(value), n)
		}
		return nil
	}
	switch number {
	case extFirmware:
		if err := size(3); err != nil {
			return err
		}
		s.Firmware = Version(value)
	case extSerial:
		var serial int64
		rest, err := asn1.Unmarshal(value, &serial)
		if err != nil || len(rest) > 0 || serial < 0 || serial > 1<<32-1 {
			return fmt.Errorf("no serial number")
		}
		s.Serial = uint32(serial)
	case extPolicy:
		if err := size(2); err != nil {
			return err
		}
		s.PIN, s.Touch = PINPolicy(value[0]), TouchPolicy(value[1])
	case extForm:
		if err := size(1); err != nil {
			return err
		}
		s.Form = FormFactor(value[0])
	}
	return nil
}

// Extensions encodes the statement as a token does.
func (s Statement) Extensions() []pkix.Extension {
	serial, _ := asn1.Marshal(int64(s.Serial)) // an integer always encodes
	return []pkix.Extension{
		FirmwareExtension(s.Firmware),
		extension(extSerial, serial),
		extension(extPolicy, []byte{byte(s.PIN), byte(s.Touch)}),
		extension(extForm, []byte{byte(s.Form)}),
	}
}

// FirmwareExtension is the one that a token's own certificate has as well.
func FirmwareExtension(v Version) pkix.Extension { return extension(extFirmware, v[:]) }

func extension(number int, value []byte) pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, number}, Value: value}
}

// AttestedSlot reads the slot out of the subject's common name.
func AttestedSlot(commonName string) (Slot, bool) {
	name, ok := strings.CutPrefix(commonName, AttestationName)
	var s Slot
	if _, err := fmt.Sscanf(name, "%02x", &s); !ok || err != nil || name != s.String() || !s.Valid() {
		return 0, false
	}
	return s, true
}

// FormFactor is the shape of a YubiKey (Yubico's configuration reference);
// the top bit marks a FIPS token.
type FormFactor byte

// FIPS says whether the token is of the FIPS series.
func (f FormFactor) FIPS() bool { return f&0x80 != 0 }

func (f FormFactor) String() string {
	switch f & 0x0f {
	case 1:
		return "USB-A keychain"
	case 2:
		return "USB-A nano"
	case 3:
		return "USB-C keychain"
	case 4:
		return "USB-C nano"
	case 5:
		return "USB-C and Lightning keychain"
	case 6:
		return "USB-A keychain with fingerprint"
	case 7:
		return "USB-C keychain with fingerprint"
	}
	return ""
}
