package hsm_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// attested is one attestation and what it ought to be of.
type attested struct {
	token.Attestation
	serial string
}

func readCertificate(t testing.TB, path string) *x509.Certificate {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		t.Fatalf("%s: no PEM", path)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return c
}

// real reads the attestations of a corpus: folders named by serial.
func real(t testing.TB, corpus, leaf, device string) []attested {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(corpora.Dir(t), corpus, "attestations", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all []attested
	for _, f := range folders {
		serial := filepath.Base(f)
		name := strings.NewReplacer("SERIAL", serial)
		all = append(all, attested{token.Attestation{
			Leaf:   readCertificate(t, filepath.Join(f, name.Replace(leaf))),
			Device: readCertificate(t, filepath.Join(f, name.Replace(device))),
		}, serial})
	}
	return all
}

func sigstore(t testing.TB) []attested {
	return real(t, "sigstore", "SERIAL_key_cert.pem", "SERIAL_device_cert.pem")
}

func docker(t testing.TB) []attested {
	return real(t, "docker", "Slot9CAttestation.pem", "SlotF9Intermediate.pem")
}

func keyOf(t testing.TB, c *x509.Certificate) metadata.Key {
	t.Helper()
	k, err := metadata.NewKey(c.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var checkedAt = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

func (a attested) check(t testing.TB, p token.Policy) token.Verdict {
	t.Helper()
	return hsm.Checker{}.Check(a.Attestation, keyOf(t, a.Leaf), a.serial, p, checkedAt)
}

// failed names the checks that didn't pass, and sees to it that each check
// has a reason.
func failed(t testing.TB, v token.Verdict) []string {
	t.Helper()
	var names []string
	for _, c := range v.Checks {
		if c.Reason == "" {
			t.Errorf("check %q gives no reason", c.Name)
		}
		if !c.Pass {
			names = append(names, c.Name)
		}
	}
	return names
}

func wantFailed(t testing.TB, v token.Verdict, want ...string) {
	t.Helper()
	if got := failed(t, v); !slices.Equal(got, want) {
		t.Errorf("failed checks %q, want %q\n%v", got, want, v.Err())
	}
}

func TestSigstoreAttestations(t *testing.T) {
	all := sigstore(t)
	if len(all) != 5 {
		t.Fatalf("%d attestations, want 5", len(all))
	}
	lenient := token.DefaultPolicy(false)
	lenient.MinFirmware = "5.2.0"
	for _, a := range all {
		t.Run(a.serial, func(t *testing.T) {
			v := a.check(t, lenient)
			wantFailed(t, v)
			if v.Serial != a.serial || v.Touch != token.TouchAlways || v.PIN != token.PINAlways || !strings.HasPrefix(v.Firmware, "5.") || v.FIPS || v.Form == "" {
				t.Errorf("verdict %+v", v)
			}
			wantFailed(t, a.check(t, token.DefaultPolicy(false)), "firmware")
			wantFailed(t, a.check(t, token.Policy{}), "firmware")
			lenient := lenient
			lenient.Rehearsal = true
			wantFailed(t, a.check(t, lenient), "chain")
		})
	}
}

func TestDockerAttestations(t *testing.T) {
	all := docker(t)
	if len(all) != 12 {
		t.Fatalf("%d attestations, want 12", len(all))
	}
	lenient := token.DefaultPolicy(false)
	lenient.MinFirmware = "5.4.0"
	for _, a := range all {
		t.Run(a.serial, func(t *testing.T) {
			v := a.check(t, lenient)
			wantFailed(t, v, "touch policy")
			if !v.FIPS || v.Touch != token.TouchNever || v.Serial != a.serial {
				t.Errorf("verdict %+v", v)
			}
			if !strings.Contains(v.Err().Error(), `a touch "never"`) {
				t.Errorf("the reason doesn't say it: %v", v.Err())
			}
		})
	}
}

// A real attestation in which one thing is not what it claims.
func TestAttestationOfSomethingElse(t *testing.T) {
	all := sigstore(t)
	a, b := all[0], all[1]
	policy := token.DefaultPolicy(false)
	policy.MinFirmware = "5.2.0"
	check := func(leaf, device *x509.Certificate, key metadata.Key, serial string) token.Verdict {
		return hsm.Checker{}.Check(token.Attestation{Leaf: leaf, Device: device}, key, serial, policy, checkedAt)
	}
	aKey := keyOf(t, a.Leaf)

	t.Run("another token's f9", func(t *testing.T) {
		wantFailed(t, check(a.Leaf, b.Device, aKey, a.serial), "issuer")
	})
	t.Run("f9 against itself", func(t *testing.T) {
		v := check(a.Device, a.Device, aKey, a.serial)
		wantFailed(t, v, "issuer", "key", "slot", "serial", "pin policy", "touch policy")
	})
	t.Run("the key's certificate as the token's", func(t *testing.T) {
		wantFailed(t, check(a.Leaf, a.Leaf, aKey, a.serial), "chain", "issuer")
	})
	t.Run("another key in the metadata", func(t *testing.T) {
		wantFailed(t, check(a.Leaf, a.Device, keyOf(t, b.Leaf), a.serial), "key")
	})
	t.Run("no key in the metadata", func(t *testing.T) {
		wantFailed(t, check(a.Leaf, a.Device, metadata.Key{}, a.serial), "key")
	})
	t.Run("another serial", func(t *testing.T) {
		wantFailed(t, check(a.Leaf, a.Device, aKey, b.serial), "serial")
	})
	t.Run("no serial to compare with", func(t *testing.T) {
		wantFailed(t, check(a.Leaf, a.Device, aKey, ""))
	})
	t.Run("a certificate is missing", func(t *testing.T) {
		wantFailed(t, check(a.Leaf, nil, aKey, a.serial), "chain")
		wantFailed(t, check(nil, a.Device, aKey, a.serial), "chain")
	})
	t.Run("a clock before the certificate", func(t *testing.T) {
		early := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)
		v := hsm.Checker{}.Check(a.Attestation, aKey, a.serial, policy, early)
		wantFailed(t, v, "chain", "issuer")
		if !strings.Contains(v.Err().Error(), "2015-01-01") {
			t.Errorf("the reason doesn't name the time: %v", v.Err())
		}
	})
	t.Run("an algorithm that the plan doesn't allow", func(t *testing.T) {
		p := policy
		p.Algorithms = []token.Algorithm{token.Ed25519}
		wantFailed(t, hsm.Checker{}.Check(a.Attestation, aKey, a.serial, p, checkedAt), "key")
	})
	t.Run("a floor that can't be read", func(t *testing.T) {
		p := policy
		p.MinFirmware = "five"
		wantFailed(t, hsm.Checker{}.Check(a.Attestation, aKey, a.serial, p, checkedAt), "firmware")
	})
}

func card(t testing.TB, c virtual.Config) *virtual.Applet {
	t.Helper()
	made, err := virtual.NewCard(c)
	if err != nil {
		t.Fatal(err)
	}
	return &virtual.Applet{Card: made}
}

// virtualAttestation makes and attests a key on a virtual token.
func virtualAttestation(t testing.TB, firmware string, change func(*token.EnrolRequest)) attested {
	t.Helper()
	token := virtual.NewToken(card(t, virtual.Config{Serial: 5417533, Firmware: firmware}).Card)
	r := hsmtest.Request("wabbit Ada")
	if change != nil {
		change(&r)
	}
	e, err := token.Enrol(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return attested{*e.Attestation, e.Info.Serial}
}

func TestRehearsalAttestations(t *testing.T) {
	real, rehearsal := token.DefaultPolicy(false), token.DefaultPolicy(true)
	for name, c := range map[string]struct {
		firmware string
		change   func(*token.EnrolRequest)
		fails    []string
	}{
		"as the plan demands": {virtual.Firmware574, nil, nil},
		"old firmware":        {virtual.Firmware543, nil, []string{"firmware"}},
		"no touch":            {virtual.Firmware574, func(r *token.EnrolRequest) { r.Touch = token.TouchNever }, []string{"touch policy"}},
		"cached touch":        {virtual.Firmware574, func(r *token.EnrolRequest) { r.Touch = token.TouchCached }, []string{"touch policy"}},
		"no PIN":              {virtual.Firmware574, func(r *token.EnrolRequest) { r.PINPolicy = token.PINNever }, []string{"pin policy"}},
		"the PIN once":        {virtual.Firmware574, func(r *token.EnrolRequest) { r.PINPolicy = token.PINOnce }, nil},
		"Ed25519":             {virtual.Firmware574, func(r *token.EnrolRequest) { r.Algorithm = token.Ed25519 }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := virtualAttestation(t, c.firmware, c.change)
			wantFailed(t, a.check(t, rehearsal), c.fails...)
			wantFailed(t, a.check(t, real), append([]string{"chain"}, c.fails...)...)
			if v := a.check(t, rehearsal); v.Serial != a.serial || v.Firmware != c.firmware || v.Form != "USB-C keychain" {
				t.Errorf("verdict %+v", v)
			}
		})
	}
}

// Tokens from firmware 5.7.4 on chain to Yubico's root of 2024 through two
// intermediates, the last of which stands in for a token here.
func TestNewChain(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("yubico", "intermediates.pem"))
	if err != nil {
		t.Fatal(err)
	}
	leaf := virtualAttestation(t, virtual.Firmware574, nil).Leaf
	found := 0
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(c.Subject.CommonName, "Yubico PIV Attestation") {
			continue
		}
		found++
		for at, want := range map[time.Time]bool{
			checkedAt: true,
			time.Date(2024, 11, 30, 0, 0, 0, 0, time.UTC): false,
		} {
			v := hsm.Checker{}.Check(token.Attestation{Leaf: leaf, Device: c}, keyOf(t, leaf), "", token.Policy{}, at)
			if chain := v.Checks[0]; chain.Name != "chain" || chain.Pass != want {
				t.Errorf("%s at %v: %+v", c.Subject.CommonName, at, chain)
			} else if want && !strings.Contains(chain.Reason, "Yubico Attestation Root 1") {
				t.Errorf("another root: %s", chain.Reason)
			} else if !want && !strings.Contains(chain.Reason, "2024-12-01") {
				t.Errorf("a clock behind the certificates is not named: %s", chain.Reason)
			}
			if v.Err() == nil {
				t.Error("a leaf of another issuer was accepted")
			}
		}
	}
	if found != 2 {
		t.Errorf("%d intermediates for PIV, want 2", found)
	}
}
