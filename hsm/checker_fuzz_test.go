package hsm_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// Nothing but the token's own bytes passes, and nothing makes it crash.
func FuzzCheck(f *testing.F) {
	good := virtualAttestation(f, virtual.Firmware574, nil)
	key := keyOf(f, good.Leaf)
	f.Add(good.Leaf.Raw, good.Device.Raw)
	f.Add(good.Device.Raw, good.Device.Raw)
	f.Add(good.Leaf.Raw, good.Leaf.Raw)
	f.Fuzz(func(t *testing.T, leaf, device []byte) {
		var a token.Attestation
		a.Leaf, _ = x509.ParseCertificate(leaf)
		a.Device, _ = x509.ParseCertificate(device)
		v := hsm.Checker{}.Check(a, key, good.serial, token.DefaultPolicy(true), checkedAt)
		if v.Err() == nil && !a.Leaf.Equal(good.Leaf) {
			t.Errorf("passed: %x", leaf)
		}
		if (hsm.Checker{}).Check(a, key, good.serial, token.DefaultPolicy(false), checkedAt).Err() == nil {
			t.Errorf("passed as a real token: %x", leaf)
		}
	})
}

// A certificate that somebody made himself, with names and extensions of his
// choice: it does not pass, what it is told about can be shown to people, and
// a critical extension that nobody knows is never passed over.
func FuzzHostileCertificate(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	certify := func(name string, ca bool, extensions []pkix.Extension) (*x509.Certificate, error) {
		t := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: ca, IsCA: ca,
			NotBefore: checkedAt.Add(-time.Hour), NotAfter: checkedAt.Add(time.Hour), ExtraExtensions: extensions,
		}
		der, err := x509.CreateCertificate(rand.Reader, t, &x509.Certificate{Subject: pkix.Name{CommonName: "f9"}}, key.Public(), key)
		if err != nil {
			return nil, err
		}
		return x509.ParseCertificate(der)
	}
	device, err := certify("f9", true, nil)
	if err != nil {
		f.Fatal(err)
	}
	yubico := []byte{0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xc4, 0x0a, 0x03}
	f.Add("YubiKey PIV Attestation 9c", append(yubico, 3), []byte{5, 7, 4}, append(yubico, 7), []byte{2, 4, 1, 2, 3, 4}, false)
	f.Add("YubiKey PIV Attestation 9c", append(yubico, 8), []byte{3, 2}, append(yubico, 8), []byte{3, 2}, true)
	f.Add("YubiKey PIV Attestation 9c\x1b[2J", append(yubico, 9), []byte{}, append(yubico, 7), []byte{2, 9, 1}, true)
	f.Add("\u202e", []byte{0x06, 0x03, 0x55, 0x1d, 0x13}, []byte{0x30, 0x03, 1, 1, 0xff}, []byte{0x06, 0x03, 0x55, 0x1d, 0x0f}, []byte{3, 2, 1, 6}, true)
	f.Fuzz(func(t *testing.T, name string, id1, value1, id2, value2 []byte, critical bool) {
		var extensions []pkix.Extension
		for _, e := range []struct{ id, value []byte }{{id1, value1}, {id2, value2}} {
			var id asn1.ObjectIdentifier
			if rest, err := asn1.Unmarshal(e.id, &id); err == nil && len(rest) == 0 {
				extensions = append(extensions, pkix.Extension{Id: id, Value: e.value, Critical: critical})
			}
		}
		leaf, err := certify(name, false, extensions)
		if err != nil {
			return
		}
		v := hsm.Checker{}.Check(token.Attestation{Leaf: leaf, Device: device}, keyOf(t, leaf), "1", token.DefaultPolicy(false), checkedAt)
		if v.Err() == nil {
			t.Fatalf("passed: %x", leaf.Raw)
		}
		for _, c := range v.Checks {
			if c.Reason == "" || text.Safe(c.Reason) != c.Reason {
				t.Errorf("check %q: the reason can't be shown: %q", c.Name, c.Reason)
			}
			if c.Name == "issuer" && c.Pass && len(leaf.UnhandledCriticalExtensions) > 0 {
				t.Errorf("a critical extension was passed over: %v", leaf.UnhandledCriticalExtensions)
			}
		}
	})
}
