package ceremony_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// start is the time at which every test's clock begins.
var start = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)

// clock is a clock that tests move.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// memory is a workspace without a disk.
type memory struct {
	lines []byte
	blobs map[metadata.Digest][]byte
	fail  error // of the next Append
}

func newMemory() *memory { return &memory{blobs: map[metadata.Digest][]byte{}} }

func (m *memory) Append(line []byte) error {
	if m.fail != nil {
		return m.fail
	}
	m.lines = append(m.lines, line...)
	return nil
}
func (m *memory) Lines() ([]byte, error) { return bytes.Clone(m.lines), nil }
func (m *memory) Put(b []byte) (metadata.Digest, error) {
	d := metadata.Sum(b)
	m.blobs[d] = bytes.Clone(b)
	return d, nil
}
func (m *memory) Get(d metadata.Digest) ([]byte, error) {
	b, ok := m.blobs[d]
	if !ok {
		return nil, fmt.Errorf("no blob %s", d)
	}
	return bytes.Clone(b), nil
}

// softToken is a token for faults that a virtual card can't produce, and for
// rules that do not care what a token is. It attests only where it is told to.
type softToken struct {
	serial  string
	attests bool
	key     *ecdsa.PrivateKey
	pin     string
	signs   int
	sign    func(payload []byte) ([]byte, error) // instead of its own
}

func newSoftToken(serial string) *softToken { return &softToken{serial: serial} }

func (t *softToken) Info(context.Context) (token.Info, error) {
	info := token.Info{Kind: "soft token", Serial: t.serial, Slot: "9c", Virtual: true, PINTries: 3, PUKTries: 3}
	if t.key != nil {
		key, err := metadata.NewKey(t.key.Public())
		if err != nil {
			return info, err
		}
		info.Key = &key
	}
	return info, nil
}

func (t *softToken) Sign(_ context.Context, pin token.PIN, payload []byte) ([]byte, error) {
	t.signs++
	if string(pin.Bytes()) != t.pin {
		return nil, &token.WrongPINError{Tries: 2}
	}
	if t.sign != nil {
		return t.sign(payload)
	}
	sum := sha256.Sum256(payload)
	return ecdsa.SignASN1(rand.Reader, t.key, sum[:])
}

func (t *softToken) Enrol(_ context.Context, r token.EnrolRequest) (token.Enrolment, error) {
	if t.key != nil && !r.Resume {
		return token.Enrolment{}, &token.OccupiedError{Serial: t.serial, Slot: "9c"}
	}
	if t.key == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return token.Enrolment{}, err
		}
		t.key = key
	}
	t.pin = string(r.PIN.Bytes())
	info, err := t.Info(context.Background())
	if err != nil {
		return token.Enrolment{}, err
	}
	made := token.Enrolment{Info: info, Key: *info.Key}
	if t.attests {
		made.Attestation, err = t.attestation()
	}
	return made, err
}

// attestation has the form of one, and convinces only a believer.
func (t *softToken) attestation() (*token.Attestation, error) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: start.AddDate(99, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, t.key.Public(), t.key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &token.Attestation{Leaf: cert, Device: cert}, err
}

// believer passes every attestation; what a real one must hold is hsm's to test.
type believer struct{}

func (believer) Check(_ token.Attestation, _ metadata.Key, serial string, _ token.Policy, _ time.Time) token.Verdict {
	return token.Verdict{Checks: []token.Check{{Name: "chain", Pass: true, Reason: "believed"}}, Serial: serial, Touch: token.TouchAlways}
}

// site is one machine of a test.
type site struct {
	*ceremony.Ceremony
	t    *testing.T
	disk *memory
	time *clock
}

func newSite(t *testing.T) *site {
	s := &site{t: t, disk: newMemory(), time: &clock{start}}
	s.restart()
	return s
}

// restart is what a crash and a new start come to, with the clock compared.
func (s *site) restart() {
	s.t.Helper()
	c, err := ceremony.Open(ceremony.Deps{
		Workspace: s.disk, Now: s.time.now, Rand: rand.Reader,
		Attestations: believer{}, Tool: "test",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.Ceremony = c
	s.must(c.ConfirmClock(s.time.now(), "wall clock"))
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) begin(kind ceremony.Kind, name string) {
	s.t.Helper()
	s.must(s.ConfirmClock(s.time.now(), "wall clock"))
	s.must(s.Begin(kind, name, true))
	s.must(s.Preflight([]token.Check{{Name: "network", Pass: true, Reason: "no interface is up"}}))
}

func pin(text string) token.PIN { return token.NewPIN([]byte(text)) }

// consent is what a careful person types.
func consent(t *testing.T, r review.Review) ceremony.Consent {
	t.Helper()
	words, err := ceremony.Challenge(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return ceremony.Consent{
		Proposal: r.Digest, Phrase: r.Phrase, Challenge: words,
		Words: [2]string{r.Words[words[0]-1], r.Words[words[1]-1]},
	}
}

// signWith lets a holder review, consent and sign.
func (s *site) signWith(id metadata.Digest, holder string, token token.Token, secret string) error {
	s.t.Helper()
	review, err := s.Review(id, s.holder(holder))
	if err != nil {
		return err
	}
	given := consent(s.t, review)
	for more := true; more && err == nil; {
		var done ceremony.Signed
		done, err = s.Sign(context.Background(), holder, token, pin(secret), given)
		more = done.Left > 0
	}
	return err
}

// holder finds somebody by name: the last of several with that name has the newest key.
func (s *site) holder(name string) ceremony.Holder {
	s.t.Helper()
	holders := s.Holders()
	for _, h := range slices.Backward(holders) {
		if h.Name == name {
			return h
		}
	}
	s.t.Fatalf("nobody is called %s: %v", name, holders)
	return ceremony.Holder{}
}

// proposalOf returns the payload digest of the newest proposal of a role.
func (s *site) proposalOf(role string) metadata.Digest {
	s.t.Helper()
	for _, step := range s.Steps() {
		if step.Kind == ceremony.StepSign && step.Quorum.Role == role {
			return step.Proposal
		}
	}
	s.t.Fatalf("there is no proposal of %s", role)
	return metadata.Digest{}
}

const planText = `# Founding of a rehearsal
trust: rehearsal-wabbit
holders:
  - name: Ada
    serial: "1001"
  - name: Bo
  - name: Cy
roles:
  root:
    threshold: 2
    holders: [Ada, Bo, Cy]
    expires: 365d
  targets:
    threshold: 1
    holders: [Ada, Bo]
    expires: 180d
online:
  snapshot: online.pub
  timestamp: online.pub
tokens:
  without-attestation: true
targets:
  - path: wabbit/app
    sha256: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    length: 1234
    media-type: application/vnd.oci.image.manifest.v1+json
`

func planFiles(t *testing.T) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"online.pub": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}
}

// founded is a site whose root 1 and targets 1 are frozen, with its tokens by holder.
func founded(t *testing.T) (*site, map[string]*softToken) {
	t.Helper()
	s, tokens := enrolledBy(t, planText)
	s.must(s.Freeze())
	return s, tokens
}

// plannedTo is a complete site whose plan has some of its words replaced.
func plannedTo(t *testing.T, words ...string) (*site, map[string]*softToken) {
	t.Helper()
	s, tokens := enrolledBy(t, strings.NewReplacer(words...).Replace(planText))
	s.must(s.Freeze())
	s.signAll(tokens)
	return s, tokens
}

// enrolledBy is a site whose plan's holders have their tokens.
func enrolledBy(t *testing.T, plan string) (*site, map[string]*softToken) {
	t.Helper()
	s := newSite(t)
	s.begin(ceremony.Founding, "vienna")
	s.must(s.AcceptPlan([]byte(plan), planFiles(t)))
	tokens := map[string]*softToken{"Ada": newSoftToken("1001"), "Bo": newSoftToken("1002"), "Cy": newSoftToken("1003")}
	for _, h := range []string{"Ada", "Bo", "Cy"} {
		s.enrol(h, tokens[h])
	}
	return s, tokens
}
