package wire_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseCommand(t *testing.T) {
	for apdu, want := range map[string]wire.Command{
		"00fd0000":                   {INS: 0xfd},
		"00c0000000":                 {INS: 0xc0, Le: 256},
		"00c0000010":                 {INS: 0xc0, Le: 16},
		"00cb3fff035c017e":           {INS: 0xcb, P1: 0x3f, P2: 0xff, Data: []byte{0x5c, 1, 0x7e}},
		"10cb3fff035c017e00":         {CLA: 0x10, INS: 0xcb, P1: 0x3f, P2: 0xff, Data: []byte{0x5c, 1, 0x7e}, Le: 256},
		"00fd0000000000":             {INS: 0xfd, Le: 65536, Extended: true},
		"00fd0000000101":             {INS: 0xfd, Le: 257, Extended: true},
		"00cb3fff0000035c017e":       {INS: 0xcb, P1: 0x3f, P2: 0xff, Data: []byte{0x5c, 1, 0x7e}, Extended: true},
		"00cb3fff0000055c035fff0100": {},
		"00cb3fff0000035c017e0100":   {INS: 0xcb, P1: 0x3f, P2: 0xff, Data: []byte{0x5c, 1, 0x7e}, Le: 256, Extended: true},
		"":                           {},
		"00fd00":                     {},
		"00fd0000035c01":             {},
		"00fd0000000000aa":           {},
		"00fd00000000":               {},
	} {
		got, err := wire.ParseCommand(unhex(t, apdu))
		if refused := reflect.DeepEqual(want, wire.Command{}); refused != (err != nil) {
			t.Errorf("%s: got %+v, %v", apdu, got, err)
		} else if err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", apdu, got, want)
		}
	}
}

func TestReadTLVRefuses(t *testing.T) {
	for _, b := range []string{"", "53", "5301", "5380", "538100"[:4], "53840000000100", "1f", "1f81", "1f81818101", "5382ff"} {
		if tag, v, _, err := wire.ReadTLV(unhex(t, b)); err == nil {
			t.Errorf("%s: got %x %x", b, tag, v)
		}
	}
}

func TestTLVRoundTrip(t *testing.T) {
	tags := []uint32{0x53, 0x70, 0x7c, 0x7e, 0x7f49, 0x5f2f, 0x5fc10a & 0xffff}
	rapid.Check(t, func(t *rapid.T) {
		tag := rapid.SampledFrom(tags[:6]).Draw(t, "tag")
		value := rapid.SliceOfN(rapid.Byte(), 0, 70000).Draw(t, "value")
		rest := rapid.SliceOf(rapid.Byte()).Draw(t, "rest")
		b := append(wire.TLV(tag, value), rest...)
		gotTag, gotValue, gotRest, err := wire.ReadTLV(b)
		if err != nil || gotTag != tag || !bytes.Equal(gotValue, value) || !bytes.Equal(gotRest, rest) {
			t.Fatalf("tag %x with %d bytes: got %x with %d bytes, %d over, %v", tag, len(value), gotTag, len(gotValue), len(gotRest), err)
		}
	})
}

func FuzzReadTLV(f *testing.F) {
	f.Add([]byte{0x53, 0x82, 0x00, 0x01, 0xaa})
	f.Add([]byte{0x7f, 0x49, 0x02, 0x86, 0x00})
	f.Fuzz(func(t *testing.T, b []byte) {
		tag, value, rest, err := wire.ReadTLV(b)
		if err != nil {
			return
		}
		if len(value)+len(rest) >= len(b) {
			t.Fatalf("%x: %d bytes of value and %d of rest", b, len(value), len(rest))
		}
		again, v, r, err := wire.ReadTLV(append(wire.TLV(tag, value), rest...))
		if err != nil || again != tag || !bytes.Equal(v, value) || !bytes.Equal(r, rest) {
			t.Fatalf("%x: written and read again: %x %x %x, %v", b, again, v, r, err)
		}
	})
}

func FuzzParseCommand(f *testing.F) {
	f.Add([]byte{0, 0xcb, 0x3f, 0xff, 0, 0, 5, 0x5c, 3, 0x5f, 0xff, 1, 0, 0})
	f.Add([]byte{0, 0xcb, 0x3f, 0xff, 3, 0x5c, 1, 0x7e, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := wire.ParseCommand(b)
		if err != nil {
			return
		}
		if len(c.Data) > len(b)-4 || c.Le < 0 || c.Le > 65536 || (!c.Extended && (c.Le > 256 || len(c.Data) > 255)) {
			t.Fatalf("%x: %+v", b, c)
		}
	})
}

func TestStatement(t *testing.T) {
	said := wire.Statement{Firmware: wire.V(5, 7, 4), Serial: 25515003, PIN: wire.PINAlways, Touch: wire.TouchAlways, Form: 0x83}
	exts := said.Extensions()
	if got, err := wire.ParseStatement(exts); err != nil || got != said {
		t.Errorf("got %+v, %v", got, err)
	}
	// as a real token of that serial writes it
	if got, want := exts[1].Value, unhex(t, "0204018553fb"); !bytes.Equal(got, want) {
		t.Errorf("serial: got %x, want %x", got, want)
	}
	for name, bad := range map[string][]pkix.Extension{
		"twice":               append(said.Extensions(), exts[2]),
		"short firmware":      {{Id: exts[0].Id, Value: []byte{5, 7}}},
		"serial negative":     {{Id: exts[1].Id, Value: []byte{2, 1, 0x80}}},
		"serial too long":     {{Id: exts[1].Id, Value: []byte{2, 5, 1, 0, 0, 0, 0}}},
		"serial and more":     {{Id: exts[1].Id, Value: []byte{2, 1, 1, 0}}},
		"serial is no number": {{Id: exts[1].Id, Value: []byte{4, 1, 1}}},
		"policy of one byte":  {{Id: exts[2].Id, Value: []byte{1}}},
		"no form factor":      {{Id: exts[3].Id}},
	} {
		if got, err := wire.ParseStatement(bad); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	other := []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3}, Value: []byte{1}}, {Id: asn1.ObjectIdentifier{2, 5, 29, 19}}}
	if got, err := wire.ParseStatement(other); err != nil || got != (wire.Statement{}) {
		t.Errorf("other extensions: got %+v, %v", got, err)
	}
}

func FuzzParseStatement(f *testing.F) {
	f.Add(uint8(3), []byte{5, 7, 4}, uint8(7), []byte{2, 4, 1, 2, 3, 4})
	f.Add(uint8(8), []byte{3, 2}, uint8(9), []byte{0x83})
	f.Fuzz(func(t *testing.T, id1 uint8, v1 []byte, id2 uint8, v2 []byte) {
		id := func(n uint8) asn1.ObjectIdentifier {
			return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, int(n)}
		}
		said, err := wire.ParseStatement([]pkix.Extension{{Id: id(id1), Value: v1}, {Id: id(id2), Value: v2}})
		if err == nil && id1 == id2 && (id1 == 3 || id1 == 7 || id1 == 8 || id1 == 9) {
			t.Fatalf("an extension that stands there twice: %+v", said)
		}
		if err == nil {
			if again, err := wire.ParseStatement(said.Extensions()); err != nil || again != said {
				t.Fatalf("written and read again: %+v, %v; was %+v", again, err, said)
			}
		}
	})
}

func TestAttestedSlot(t *testing.T) {
	for name, want := range map[string]wire.Slot{
		"YubiKey PIV Attestation 9c": 0x9c, "YubiKey PIV Attestation 82": 0x82,
		"YubiKey PIV Attestation 9C": 0, "YubiKey PIV Attestation 9cc": 0, "YubiKey PIV Attestation  9c": 0,
		"YubiKey PIV Attestation ": 0, "Yubico PIV Attestation": 0, "9c": 0, "YubiKey PIV Attestation 00": 0,
	} {
		if got, ok := wire.AttestedSlot(name); got != want || ok != (want != 0) {
			t.Errorf("%q: got %v, %v", name, got, ok)
		}
	}
}

func TestVersion(t *testing.T) {
	for s, want := range map[string]string{"5.7.4": "5.7.4", "5.7": "5.7.0", "5": "", "5.7.256": "", "5.7.4.1": "", "": "", "5.-7.4": "", "v5.7.4": ""} {
		v, err := wire.ParseVersion(s)
		if (err == nil) != (want != "") || err == nil && v.String() != want {
			t.Errorf("%q: got %v, %v", s, v, err)
		}
	}
	ascending := []wire.Version{wire.V(4, 9, 9), wire.V(5, 2, 7), wire.V(5, 4, 3), wire.V(5, 7, 0), wire.V(5, 7, 4), wire.V(6, 0, 0)}
	for i, v := range ascending {
		for j, w := range ascending {
			if v.AtLeast(w) != (i >= j) {
				t.Errorf("%v at least %v: %v", v, w, v.AtLeast(w))
			}
		}
	}
}

func TestPolicies(t *testing.T) {
	for _, pin := range []token.PINPolicy{token.PINNever, token.PINOnce, token.PINAlways} {
		for _, touch := range []token.TouchPolicy{token.TouchNever, token.TouchAlways, token.TouchCached} {
			if p, q, ok := wire.Policies(pin, touch); !ok || p.Name() != pin || q.Name() != touch {
				t.Errorf("%s, %s: got %v, %v, %v", pin, touch, p, q, ok)
			}
		}
	}
	if _, _, ok := wire.Policies("", token.TouchAlways); ok {
		t.Error("no PIN policy was accepted")
	}
	if _, _, ok := wire.Policies(token.PINOnce, "often"); ok {
		t.Error(`the touch policy "often" was accepted`)
	}
}
