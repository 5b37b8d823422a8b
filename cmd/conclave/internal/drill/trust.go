package drill

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

const (
	rootPeriod    = 365 * day
	onlinePeriod  = 7 * day
	fastForwarded = int64(1) << 40 // a version that no uploader ever gets to
)

// plan is that of every drill. The targets outlast the root of expired-root.
const plan = `trust: rehearsal-drill
holders:
  - {name: Ada, serial: "5417501"}
  - {name: Bo, serial: "5417502"}
  - {name: Cy, serial: "5417503"}
  - {name: Dee, serial: "5417504"}
  - {name: Ed, serial: "5417505"}
roles:
  root:    {threshold: 3, holders: [Ada, Bo, Cy, Dee, Ed], expires: 365d}
  targets: {threshold: 2, holders: [Ada, Bo, Cy], expires: 390d}
online: {snapshot: online.pub, timestamp: online.pub}
targets:
  - {path: hello.txt, sha256: "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", length: 6}
`

// found holds the founding as it was then, and returns what its bundle held.
func (s *stage) found(d Drill) (contents trust.Contents, err error) {
	then := s.Now().Add(-d.ago)
	w := &journal.Memory{} // what comes of it is in the bundle
	c, err := ceremony.Open(deps(s.Set, w, func() time.Time { return then }))
	if err != nil {
		return contents, err
	}
	if err := s.planned(c, then); err != nil {
		return contents, err
	}
	for _, p := range People() {
		err := s.with(s.of(d, p), p.Serial, func(t token.Token) error {
			enroller, ok := t.(token.Enroller)
			if !ok {
				return errors.New("the token can't be enrolled")
			}
			_, err := c.Enrol(s.ctx, p.Name, enroller, pinOf(p), token.NewPIN([]byte(puk)))
			return err
		})
		if err != nil {
			return contents, err
		}
	}
	if err := c.Freeze(); err != nil {
		return contents, err
	}
	for _, step := range c.Steps() {
		if step.Kind == ceremony.StepSign {
			if err := s.signed(d, c, step); err != nil {
				return contents, err
			}
		}
	}
	return c.Contents()
}

func pinOf(p Person) token.PIN { return token.NewPIN([]byte(p.PIN)) }

func (s *stage) planned(c *ceremony.Ceremony, then time.Time) error {
	online, err := public(s.online)
	if err == nil {
		err = c.ConfirmClock(then, "made up for the drill")
	}
	if err == nil {
		err = c.Begin(ceremony.Founding, "founding", true)
	}
	if err == nil {
		err = c.Preflight([]token.Check{{Name: "drill", Pass: true, Reason: "this founding was played by the program"}})
	}
	if err == nil {
		err = c.AcceptPlan([]byte(plan), map[string][]byte{"online.pub": online})
	}
	return err
}

// signed has as many holders sign as it takes.
func (s *stage) signed(d Drill, c *ceremony.Ceremony, step ceremony.Step) error {
	for _, p := range People()[:step.Quorum.By[0].Threshold] {
		challenge, err := ceremony.Challenge(rand.Reader)
		if err != nil {
			return err
		}
		words := text.Words(step.Proposal)
		consent := ceremony.Consent{
			Proposal: step.Proposal, Phrase: "sign " + step.Quorum.Name(),
			Challenge: challenge, Words: [2]string{words[challenge[0]-1], words[challenge[1]-1]},
		}
		err = s.with(s.of(d, p), p.Serial, func(t token.Token) error {
			_, err := c.Sign(s.ctx, p.Name, t, pinOf(p), consent)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// publish signs snapshot and timestamp as the uploader does, and returns the
// bundle that the people of a drill get.
func (s *stage) publish(founded trust.Contents, version int64) (trust.Contents, error) {
	set, err := trust.Assemble(founded)
	if err != nil {
		return trust.Contents{}, err
	}
	root := set.Roots[len(set.Roots)-1]
	header := metadata.Header{
		Version: version, Expires: s.Now().Add(onlinePeriod).UTC().Truncate(time.Second),
		Conclave: &metadata.Conclave{Trust: set.Trust},
	}
	signed, err := metadata.EncodeSnapshot(header, metadata.Snapshot{Meta: map[string]metadata.FileMeta{"targets.json": metaOf(set.Targets.Version, set.Targets.Bytes)}})
	if err != nil {
		return trust.Contents{}, err
	}
	snapshot, err := s.signOnline(root, "snapshot", signed)
	if err != nil {
		return trust.Contents{}, err
	}
	if signed, err = metadata.EncodeTimestamp(header, metadata.Timestamp{Snapshot: metaOf(version, snapshot)}); err != nil {
		return trust.Contents{}, err
	}
	timestamp, err := s.signOnline(root, "timestamp", signed)
	if err != nil {
		return trust.Contents{}, err
	}
	head := []trust.NamedFile{
		{Name: fmt.Sprintf("%d.root.json", root.Version), Bytes: root.Bytes},
		{Name: fmt.Sprintf("%d.targets.json", set.Targets.Version), Bytes: set.Targets.Bytes},
		{Name: fmt.Sprintf("%d.snapshot.json", version), Bytes: snapshot},
		{Name: "timestamp.json", Bytes: timestamp},
	}
	slices.SortFunc(head, func(a, b trust.NamedFile) int { return strings.Compare(a.Name, b.Name) })
	return trust.Contents{Trust: set.Trust, Published: head, Attestations: founded.Attestations, Journals: founded.Journals}, nil
}

func metaOf(version int64, file []byte) metadata.FileMeta {
	return metadata.FileMeta{Version: version, Length: int64(len(file)), Hashes: map[string]string{"sha256": metadata.Sum(file).String()}}
}

func (s *stage) signOnline(root *metadata.File, role string, signed []byte) ([]byte, error) {
	body, err := metadata.ParseSigned(signed, metadata.Strict)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body.Payload)
	sig, err := s.online.Sign(rand.Reader, sum[:], nil)
	if err != nil {
		return nil, err
	}
	id := root.Root.Roles[role].KeyIDs[0]
	return metadata.Assemble(signed, []metadata.Signature{{KeyID: id, Sig: hex.EncodeToString(sig)}}), nil
}
