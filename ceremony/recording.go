package ceremony

import (
	"context"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// unsignedPart is the journal up to its last line that is no signature over it: all
// who sign at the end of a ceremony sign the same.
type unsignedPart struct {
	n    int
	head metadata.Digest
	by   []string // keyids of those who have signed it
}

// follow goes on by a line. by is the key of a signature over the record.
func (t *unsignedPart) follow(n int, head metadata.Digest, ev event.Event) {
	switch ev := ev.(type) {
	case event.RecordSigned:
		t.by = append(t.by, ev.Key.ID())
		return
	case event.ClockConfirmed:
		if len(t.by) > 0 {
			return // of the sitting in which others sign what was signed already
		}
	}
	*t = unsignedPart{n: n, head: head}
}

// RecordToSign is the record of this site up to what holders are to sign: everything
// but their signatures over it.
func (c *Ceremony) RecordToSign() (*record.Site, error) {
	if !c.Begun() {
		return nil, ErrNotNow
	}
	lines, err := c.deps.Workspace.Lines()
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return record.ReadSite(lines, c.unsigned.n)
}

// RecordSigners are the holders whose keys are known and have not signed
// RecordToSign. KeyID is the one that strict clients give the key. There are none
// before the ceremony has something to show: its payloads are signed, or a
// bundle was written.
func (c *Ceremony) RecordSigners() []Holder {
	if !c.state.exported && !c.allSettled() {
		return nil
	}
	strict := c.state.known().StrictIDs()
	var open []Holder
	for _, h := range c.Holders() {
		if id, ok := strict[h.KeyID]; ok {
			h.KeyID = id
		}
		if h.KeyID != "" && !slices.Contains(c.unsigned.by, h.KeyID) {
			open = append(open, h)
		}
	}
	return open
}

// allSettled says whether something was frozen here, and nothing lacks signatures.
func (c *Ceremony) allSettled() bool {
	known := c.state.known()
	for _, p := range c.state.proposals {
		if known.Pending(p) {
			return false
		}
	}
	return len(c.state.proposals) > 0
}

// MatchRecord says whether the token described by info is the one with which h
// signs the record: nil, *WrongTokenError, *PolicyError, ErrNoKey or
// ErrAlreadySigned. It asks the token for nothing.
func (c *Ceremony) MatchRecord(h Holder, info token.Info) error {
	switch {
	case info.Virtual != c.state.rehearsal:
		return c.virtualError(info)
	case info.Key == nil:
		return token.ErrNoKey
	case info.Key.ID() != h.KeyID:
		return &token.WrongTokenError{Holder: h.Name, Expected: h.Serial, Found: info.Serial, Owner: c.ownerOf(info), Why: token.OtherToken}
	case slices.Contains(c.unsigned.by, h.KeyID):
		return token.ErrAlreadySigned
	}
	return nil
}

// SignRecord makes h's signature over shown, which RecordToSign returned. When it
// returns nil the signature has been verified in software and is in the
// journal. It may block for a touch. Besides the errors of MatchRecord and of
// the token: *ConsentError where the journal is not as it was shown,
// *PINFormatError, *BadSignatureError; after each of them nothing was recorded.
func (c *Ceremony) SignRecord(ctx context.Context, h Holder, t token.Token, pin token.PIN, shown *record.Site) error {
	if c.unsigned.n != shown.Events || c.unsigned.head != shown.Head {
		return &ConsentError{"the journal has gone on since it was shown"}
	}
	info, err := t.Info(ctx)
	if err != nil {
		return err
	}
	if err := c.MatchRecord(h, info); err != nil {
		return err
	}
	s, err := record.SignHead(ctx, h.Name, shown, t, info, pin)
	if err != nil {
		return err
	}
	return c.append(event.RecordSigned{Events: s.Events, Head: s.Head, Holder: s.Holder, Serial: s.Serial, Key: s.Key, Sig: s.Sig})
}
