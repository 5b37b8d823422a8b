package drill

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/offline"
)

// Set says where a drill is prepared.
type Set struct {
	Workspace *offline.Workspace // empty, or of an earlier start of the same drill
	Stick     string             // a directory that plays the stick; it is there
	Drawer    string             // a directory for the tokens; it may be missing
	Now       func() time.Time
	Tool      string // name and version of the program, for the journals
}

// narrator says in the journal which drill it is of.
const narrator = "the drill"

// Prepare founds the trust, lets the accident happen, and begins the people's
// journal. Where that was done by an earlier start it does nothing. A workspace
// of anything else is an error, and stays as it is.
func (d Drill) Prepare(ctx context.Context, in Set) error {
	c, err := ceremony.Open(deps(in, in.Workspace, in.Now))
	if err != nil {
		return err
	}
	if c.Begun() {
		return d.isOf(c)
	}
	s := stage{Set: in, ctx: ctx}
	if err := s.prepare(d, c); err != nil {
		return fmt.Errorf("the drill could not be prepared (take another --workspace for another try): %w", err)
	}
	return nil
}

// isOf says whether a journal is that of the drill.
func (d Drill) isOf(c *ceremony.Ceremony) error {
	told, err := c.RecordToSign()
	if err != nil {
		return err
	}
	for _, n := range told.Notes {
		if n.Who == narrator && n.Text == d.sign() {
			return nil
		}
	}
	return fmt.Errorf("the workspace holds something else than the drill %s: take another one with --workspace; nothing was changed", d.Name)
}

func (d Drill) sign() string { return fmt.Sprintf("This is the drill %s: %s.", d.Name, d.Title) }

func deps(in Set, w journal.Workspace, now func() time.Time) ceremony.Deps {
	return ceremony.Deps{Workspace: w, Now: now, Rand: rand.Reader, Attestations: hsm.Checker{}, Tool: in.Tool}
}

// stage is a drill in the making.
type stage struct {
	Set
	ctx    context.Context
	drawer *virtual.Drawer // what is left of the tokens
	lost   *virtual.Drawer // what is not
	online *ecdsa.PrivateKey
}

func (s *stage) prepare(d Drill, people *ceremony.Ceremony) error {
	if err := s.tokens(d); err != nil {
		return err
	}
	if err := s.onlineKey(); err != nil {
		return err
	}
	set, err := s.found(d)
	if err != nil {
		return fmt.Errorf("found the trust: %w", err)
	}
	version := int64(1)
	if d.Name == "fast-forward" {
		version = fastForwarded
	}
	contents, err := s.publish(set, version)
	if err != nil {
		return fmt.Errorf("publish the trust: %w", err)
	}
	if d.prior != nil {
		if err := d.prior(s); err != nil {
			return err
		}
	}
	b, err := bundles.Encode(contents)
	if err != nil {
		return err
	}
	name := bundles.Name(contents, b.Digest)
	if _, err := offline.Export(s.ctx, s.Stick, name, b.Bytes); err != nil {
		return err
	}
	if err := people.ConfirmClock(s.Now(), "made up for the drill"); err != nil {
		return err
	}
	if err := people.Begin(ceremony.Changing, "drill", true); err != nil {
		return err
	}
	if _, err := people.Import(contents, name, b.Digest); err != nil {
		return err
	}
	return people.Note(narrator, d.sign())
}

// tokens fills the drawer: one for each holder, and a spare. Those that are
// going to be lost lie elsewhere from the beginning.
func (s *stage) tokens(d Drill) (err error) {
	if s.drawer, err = virtual.OpenDrawer(s.Drawer, virtual.Options{}); err != nil {
		return err
	}
	if s.lost, err = virtual.OpenDrawer("", virtual.Options{}); err != nil {
		return err
	}
	if there, err := s.drawer.All(); err != nil || len(there) > 0 {
		return errors.Join(err, fmt.Errorf("the drawer %s is not empty", s.Drawer))
	}
	for _, p := range People() {
		if err := add(s.of(d, p), p.Serial); err != nil {
			return err
		}
	}
	return add(s.drawer, spare)
}

const spare = "5417506"

func add(d *virtual.Drawer, serial string) error {
	n, err := strconv.ParseUint(serial, 10, 32)
	if err != nil {
		return err
	}
	return d.Add(uint32(n), virtual.Firmware574)
}

// of is where somebody's token lies.
func (s *stage) of(d Drill, p Person) *virtual.Drawer {
	if d.Lost(p.Name) {
		return s.lost
	}
	return s.drawer
}

// with puts a token into a reader, for as long as use takes.
func (s *stage) with(in *virtual.Drawer, serial string, use func(token.Token) error) error {
	if err := in.Insert(serial); err != nil {
		return err
	}
	tokens, err := in.Tokens(s.ctx)
	if err == nil && len(tokens) != 1 {
		err = fmt.Errorf("there are %d tokens in the reader", len(tokens))
	}
	if err == nil {
		err = use(tokens[0])
	}
	return errors.Join(err, in.Remove(serial))
}

func (s *stage) onlineKey() (err error) {
	s.online, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return err
}

// public is an online key's public half, in PEM.
func public(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}

// newOnlineKey lays a new key's public half onto the stick. Nobody has the other half.
func newOnlineKey(s *stage) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	text, err := public(key)
	if err == nil {
		_, err = offline.Export(s.ctx, s.Stick, "new-online.pub", text)
	}
	return err
}

// blockToken has somebody mistype a PIN until the token takes none.
func blockToken(serial string) func(*stage) error {
	return func(s *stage) error {
		return s.with(s.drawer, serial, func(t token.Token) error {
			for {
				info, err := t.Info(s.ctx)
				if err != nil || info.PINTries == 0 {
					return err
				}
				pin := token.NewPIN([]byte("000000"))
				if _, err := t.Sign(s.ctx, pin, []byte("mistyped")); err == nil {
					return errors.New("a wrong PIN was taken")
				}
			}
		})
	}
}
