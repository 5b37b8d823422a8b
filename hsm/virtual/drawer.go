package virtual

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
	"sync"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Options are what the tokens of a drawer have in common.
type Options struct {
	// Touch is Config.Touch, told which token waits for it.
	Touch func(ctx context.Context, serial string) bool

	Rand io.Reader // nil: crypto/rand
	Cost int       // scrypt's N for PINs on disk, of new tokens; 0: 32768, about 0.1 s
}

// Drawer is a set of virtual tokens, of which some are in the reader. It is a
// token.Reader. In a directory it is durable: a process that was killed
// finds the same tokens, in the reader or not, as it left them. One process
// at a time may use a directory.
type Drawer struct {
	dir     string // "": in memory
	options Options

	mu     sync.Mutex
	tokens map[string]*Token // by serial
}

var _ token.Reader = (*Drawer)(nil)

// OpenDrawer opens the drawer kept in dir, which is made where it isn't there;
// "" keeps it in memory.
func OpenDrawer(dir string, o Options) (*Drawer, error) {
	d := &Drawer{dir: dir, options: o, tokens: make(map[string]*Token)}
	if dir == "" {
		return d, nil
	}
	if o.Cost == 0 {
		d.options.Cost = 1 << 15
	}
	states, err := readStates(dir)
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		c, err := d.card(Config{Serial: s.Serial, Firmware: s.Firmware, Form: s.Form, Cost: s.PIN.Cost})
		if err != nil {
			return nil, err
		}
		c.state = s
		t := NewToken(c)
		if !s.Inserted {
			t.Remove()
		}
		d.tokens[c.Serial()] = t
	}
	return d, nil
}

// card makes a card without a state, that stores what it becomes.
func (d *Drawer) card(cfg Config) (*Card, error) {
	serial := strconv.FormatUint(uint64(cfg.Serial), 10)
	if touch := d.options.Touch; touch != nil {
		cfg.Touch = func(ctx context.Context) bool { return touch(ctx, serial) }
	}
	cfg.Rand, cfg.Cost = d.options.Rand, cmp.Or(cfg.Cost, d.options.Cost)
	c, err := newCard(cfg)
	if err != nil {
		return nil, err
	}
	if d.dir != "" {
		c.store = func(s state) error { return writeState(d.dir, s) }
	}
	return c, nil
}

// Add lays a token into the drawer as it leaves the factory. It returns once
// the token is durable. A serial that is there already is an error.
func (d *Drawer) Add(serial uint32, firmware string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, err := d.card(Config{Serial: serial, Firmware: firmware})
	if err != nil {
		return err
	}
	if d.tokens[c.Serial()] != nil {
		return fmt.Errorf("virtual token %d is in the drawer already", serial)
	}
	s, err := c.factory(0)
	if err != nil {
		return err
	}
	if err := c.save(s); err != nil {
		return err
	}
	t := NewToken(c)
	t.Remove()
	d.tokens[c.Serial()] = t
	return nil
}

// Insert puts a token into the reader, beside those that are there.
func (d *Drawer) Insert(serial string) error { return d.move(serial, true) }

// Remove takes a token out of the reader.
func (d *Drawer) Remove(serial string) error { return d.move(serial, false) }

// ErrNoSuchToken: the drawer holds no token with that serial.
var ErrNoSuchToken = errors.New("no such virtual token in the drawer")

func (d *Drawer) move(serial string, in bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tokens[serial]
	if t == nil {
		return fmt.Errorf("%s: %w", serial, ErrNoSuchToken)
	}
	if in {
		t.Insert()
	} else {
		t.Remove()
	}
	return t.card.setInserted(in)
}

// setInserted stores where the token lies.
func (c *Card) setInserted(in bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.update(func(s *state) error {
		s.Inserted = in
		return nil
	})
}

// Tokens lists the tokens in the reader, sorted by serial.
func (d *Drawer) Tokens(ctx context.Context) ([]token.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var in []token.Token
	for _, t := range d.sorted() {
		if t.Inserted() {
			in = append(in, t)
		}
	}
	return in, nil
}

// All tells about every token in the drawer, sorted by serial. Reader is ""
// for those that are not in the reader.
func (d *Drawer) All() ([]token.Info, error) {
	var all []token.Info
	for _, t := range d.sorted() {
		info, err := t.card.info()
		if err != nil {
			return nil, err
		}
		if !t.Inserted() {
			info.Reader = ""
		}
		all = append(all, info)
	}
	return all, nil
}

// Card is the card of a token, for scripts of what goes wrong; nil where there
// is none with that serial.
func (d *Drawer) Card(serial string) *Card {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.tokens[serial]; t != nil {
		return t.card
	}
	return nil
}

func (d *Drawer) sorted() []*Token {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]*Token, 0, len(d.tokens))
	for _, t := range d.tokens {
		all = append(all, t)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].card.cfg.Serial < all[j].card.cfg.Serial })
	return all
}
