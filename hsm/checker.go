package hsm

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// Checker judges attestations. It implements token.Attestations.
type Checker struct{}

var _ token.Attestations = Checker{}

// What holds where a policy leaves it out: ECDSA only without EUCLEAK
// (YSA-2024-03), a touch for every signature, and a PIN.
const defaultFirmware = "5.7.0"

func defaultTouch() []token.TouchPolicy { return []token.TouchPolicy{token.TouchAlways} }
func defaultPIN() []token.PINPolicy {
	return []token.PINPolicy{token.PINOnce, token.PINAlways}
}

// Check gives every check with its outcome, in a fixed order. The chain is
// judged at the time at. It reads certificates only, and never fails
// otherwise than by a check that didn't pass.
func (Checker) Check(a token.Attestation, key metadata.Key, serial string, policy token.Policy, at time.Time) token.Verdict {
	if a.Leaf == nil || a.Device == nil {
		return token.Verdict{Checks: []token.Check{{Name: "chain", Reason: "a certificate is missing: an attestation is the key's certificate and the token's (slot f9)"}}}
	}
	j := judge{Attestation: a, policy: policy}
	j.chain(at)
	j.issuer(at)
	j.key(key)
	j.slot()
	if j.statement() {
		j.serial(serial)
		j.firmware()
		j.pinPolicy()
		j.touchPolicy()
	}
	return j.verdict
}

// judge goes through the checks of one attestation.
type judge struct {
	token.Attestation
	policy  token.Policy
	said    wire.Statement
	verdict token.Verdict
}

func (j *judge) add(name string, pass bool, format string, args ...any) {
	j.verdict.Checks = append(j.verdict.Checks, token.Check{Name: name, Pass: pass, Reason: fmt.Sprintf(format, args...)})
}

// chain: the token's certificate chains to its maker.
func (j *judge) chain(at time.Time) {
	maker, whose := "Yubico", "the roots of Yubico"
	if j.policy.Rehearsal {
		maker, whose = "the Conclave Rehearsal CA", "the Conclave Rehearsal CA, the only one that a rehearsal accepts"
	}
	roots, intermediates, err := anchors(j.policy.Rehearsal)
	if err != nil {
		j.add("chain", false, "%v", err)
		return
	}
	chains, err := j.Device.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		hint := ""
		if at.Before(time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC)) {
			hint = fmt.Sprintf(" (the time was taken to be %s; certificates of newer tokens begin on 2024-12-01)", at.UTC().Format(time.DateOnly))
		}
		j.add("chain", false, "the token's certificate does not chain to %s: %v%s", whose, err, hint)
		return
	}
	chain := chains[0]
	j.add("chain", true, "the token's certificate was issued by %s (%s)", maker, text.Safe(chain[len(chain)-1].Subject.CommonName))
}

// issuer: this very token signed the key's certificate, and signs nothing
// that could sign in turn.
func (j *judge) issuer(at time.Time) {
	switch err := j.Leaf.CheckSignatureFrom(j.Device); {
	case err != nil:
		j.add("issuer", false, "the key's certificate was not signed by this token's attestation key: %v", err)
	case !bytes.Equal(j.Leaf.RawIssuer, j.Device.RawSubject):
		j.add("issuer", false, "the key's certificate names another issuer than the token's certificate")
	case j.Leaf.IsCA || bytes.Equal(j.Leaf.RawSubjectPublicKeyInfo, j.Device.RawSubjectPublicKeyInfo):
		j.add("issuer", false, "the key's certificate is one of an issuer, not of a key")
	case len(j.Leaf.UnhandledCriticalExtensions) > 0:
		j.add("issuer", false, "the key's certificate has a critical extension that is unknown here: %v", j.Leaf.UnhandledCriticalExtensions[0])
	case at.Before(j.Leaf.NotBefore) || at.After(j.Leaf.NotAfter):
		j.add("issuer", false, "the key's certificate is not valid on %s", at.UTC().Format(time.DateOnly))
	default:
		j.add("issuer", true, "the key's certificate was signed by this token's attestation key: the key was made on the token")
	}
}

// key: it attests the key that goes into the metadata, bit for bit.
func (j *judge) key(key metadata.Key) {
	alg, known := wire.AlgorithmOf(j.Leaf.PublicKey)
	want, err := key.Fingerprint()
	switch {
	case err != nil:
		j.add("key", false, "the key that goes into the metadata can't be read: %v", err)
	case metadata.Sum(j.Leaf.RawSubjectPublicKeyInfo) != want:
		j.add("key", false, "the attested key is not the key that goes into the metadata")
	case !known || alg.Name() == "":
		j.add("key", false, "the attested key is of a kind that is not used for TUF here")
	case len(j.policy.Algorithms) > 0 && !slices.Contains(j.policy.Algorithms, alg.Name()):
		j.add("key", false, "the key is %s, and the plan allows %s", alg.Name(), list(j.policy.Algorithms))
	default:
		j.add("key", true, "the attested key is the key that goes into the metadata, bit for bit")
	}
}

func (j *judge) slot() {
	slot, ok := wire.AttestedSlot(j.Leaf.Subject.CommonName)
	switch {
	case !ok:
		j.add("slot", false, "the certificate's name %q does not tell a slot", text.Safe(j.Leaf.Subject.CommonName))
	case slot != wire.Signature:
		j.add("slot", false, "the key is in slot %s, and signing keys are in slot %s", slot, wire.Signature)
	default:
		j.add("slot", true, "the key is in slot %s", slot)
	}
}

// statement reads Yubico's extensions. Where they can't be read, the checks
// that need them fail in its place.
func (j *judge) statement() bool {
	said, err := wire.ParseStatement(j.Leaf.Extensions)
	if err != nil {
		for _, name := range []string{"serial", "firmware", "pin policy", "touch policy"} {
			j.add(name, false, "what the token says about the key can't be read: %v", err)
		}
		return false
	}
	j.said = said
	j.verdict.Form, j.verdict.FIPS = said.Form.String(), said.Form.FIPS()
	j.verdict.PIN, j.verdict.Touch = said.PIN.Name(), said.Touch.Name()
	if said.Serial != 0 {
		j.verdict.Serial = strconv.FormatUint(uint64(said.Serial), 10)
	}
	if said.Firmware != (wire.Version{}) {
		j.verdict.Firmware = said.Firmware.String()
	}
	return true
}

func (j *judge) serial(want string) {
	got := j.verdict.Serial
	switch {
	case got == "":
		j.add("serial", false, "the attestation tells no serial number")
	case want == "":
		j.add("serial", true, "the attestation is of token %s; no serial was named to compare it with", got)
	case got != want:
		j.add("serial", false, "the attestation is of token %s, not of token %s", got, text.Safe(want))
	default:
		j.add("serial", true, "the attestation is of token %s", got)
	}
}

func (j *judge) firmware() {
	text := j.policy.MinFirmware
	if text == "" {
		text = defaultFirmware
	}
	floor, err := wire.ParseVersion(text)
	_, ec := j.Leaf.PublicKey.(*ecdsa.PublicKey)
	got := j.said.Firmware
	switch {
	case err != nil:
		j.add("firmware", false, "the plan's floor can't be read: %v", err)
	case j.verdict.Firmware == "":
		j.add("firmware", false, "the attestation tells no firmware version")
	case ec && !got.AtLeast(floor) && !got.AtLeast(wire.V(5, 7, 0)):
		j.add("firmware", false, "firmware %s is older than %s, and ECDSA keys of firmware before 5.7.0 can be cloned by who has the token for a while (YSA-2024-03)", got, floor)
	case ec && !got.AtLeast(floor):
		j.add("firmware", false, "firmware %s is older than %s", got, floor)
	case ec && !got.AtLeast(wire.V(5, 7, 0)):
		j.add("firmware", true, "firmware %s, which the plan allows although ECDSA keys of it can be cloned by who has the token for a while (YSA-2024-03)", got)
	default:
		j.add("firmware", true, "firmware %s", got)
	}
}

func (j *judge) pinPolicy() {
	allowed := j.policy.PIN
	if len(allowed) == 0 {
		allowed = defaultPIN()
	}
	switch got := j.verdict.PIN; {
	case got == token.PINUnknown:
		j.add("pin policy", false, "the attestation tells no PIN policy that is known here")
	case !slices.Contains(allowed, got):
		j.add("pin policy", false, "the key asks for the PIN %q, and the plan allows %s", got, list(allowed))
	default:
		j.add("pin policy", true, "the key asks for the PIN %q", got)
	}
}

func (j *judge) touchPolicy() {
	allowed := j.policy.Touch
	if len(allowed) == 0 {
		allowed = defaultTouch()
	}
	switch got := j.verdict.Touch; {
	case got == token.TouchUnknown:
		j.add("touch policy", false, "the attestation tells no touch policy that is known here")
	case !slices.Contains(allowed, got):
		j.add("touch policy", false, "the key asks for a touch %q, and the plan allows %s", got, list(allowed))
	default:
		j.add("touch policy", true, "the key asks for a touch %q", got)
	}
}

// list writes what is allowed: "always" or "once".
func list[T ~string](allowed []T) string {
	quoted := make([]string, len(allowed))
	for i, a := range allowed {
		quoted[i] = strconv.Quote(string(a))
	}
	return strings.Join(quoted, " or ")
}
