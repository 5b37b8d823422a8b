package record

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Head is how far a site's journal has come. Holders sign it in order to
// stand by all that the journal tells up to there.
type Head struct {
	Trust  string
	Site   string          // as the people there named it
	ID     string          // hex SHA-256 of the journal's first line
	Events int             // lines, from the first
	Head   metadata.Digest // SHA-256 of the last of them
}

// Payload is what the token signs. It says what it is and names the trust, so
// that the signature serves for nothing else: TUF metadata never begins like this.
func (h Head) Payload() []byte {
	return fmt.Appendf(nil, "conclave: record\ntrust: %s\nsite: %s\njournal: %s\nevents: %d\nhead: %s\n",
		text.Safe(h.Trust), text.Safe(h.Site), text.Safe(h.ID), h.Events, h.Head)
}

// Signature is a holder's signature over the head of a site's journal. The
// journal may go on after it: it covers the lines up to Events.
type Signature struct {
	Site   string          `json:"site_id"`
	Events int             `json:"events"` // lines that it covers, from the first
	Head   metadata.Digest `json:"head"`   // SHA-256 of the last of them
	Holder string          `json:"holder"` // whose key it is, as known where it was made
	Serial string          `json:"serial,omitempty"`
	Key    metadata.Key    `json:"key"`
	Sig    string          `json:"sig"` // hex, over the Payload of a RecordHead
}

// SignHead has a token sign the head of a journal, once.
func SignHead(ctx context.Context, holder string, s *Site, t token.Token, info token.Info, pin token.PIN) (Signature, error) {
	if err := info.CheckPIN(pin.Bytes()); err != nil {
		return Signature{}, err
	}
	payload := s.RecordHead().Payload()
	sig, err := t.Sign(ctx, pin, slices.Clone(payload))
	if err != nil {
		return Signature{}, err
	}
	if err := info.Key.Verify(payload, sig); err != nil {
		return Signature{}, &token.BadSignatureError{Serial: info.Serial, Err: err}
	}
	return Signature{s.ID, s.Events, s.Head, holder, info.Serial, *info.Key, hex.EncodeToString(sig)}, nil
}

// Site is what the record tells of the site with that name or id. It may be
// "" where there is only one.
func (r *Record) Site(name string) (*Site, error) {
	var found []*Site
	for i := range r.Sites {
		if s := &r.Sites[i]; name == "" || s.Site == name || s.ID == name {
			found = append(found, s)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case name == "" && len(found) > 1:
		return nil, errors.New("the record tells of several sites: say which one")
	case len(found) > 1:
		return nil, fmt.Errorf("the record tells of several sites called %q: say the site's id", text.Safe(name))
	}
	return nil, fmt.Errorf("the record tells of no site %q", text.Safe(name))
}

// HolderOf names the holder of a key as the journals of the record have it: who
// enrolled it, or signed with it.
func (r *Record) HolderOf(keyid string) (name string, ok bool) {
	who, ok := r.holders()[keyid]
	return who, ok
}

func (r *Record) holders() map[string]string {
	who := map[string]string{}
	for _, s := range r.Sites {
		for _, sig := range s.Signatures {
			for _, id := range append([]string{sig.KeyID}, sig.Also...) {
				who[id] = sig.Holder
			}
		}
	}
	for _, s := range r.Sites {
		for _, e := range s.Enrolments {
			who[e.KeyID] = e.Holder // which proved that the key was theirs
		}
	}
	return who
}

// SignHead appends the signature of t over the head of one of the record's
// sites, once it was verified in software. The key has to be that of a holder
// in the record. It may block for a touch. Errors are those of the token,
// *WrongTokenError, *PolicyError, ErrNoKey, ErrAlreadySigned, *PINFormatError
// and *BadSignatureError; after each of them the record is as it was.
func (r *Record) SignHead(ctx context.Context, s *Site, t token.Token, pin token.PIN) (Signature, error) {
	info, err := t.Info(ctx)
	if err != nil {
		return Signature{}, err
	}
	holder, err := r.MatchHead(s, info)
	if err != nil {
		return Signature{}, err
	}
	h, err := SignHead(ctx, holder, s, t, info, pin)
	if err == nil {
		r.Heads = append(r.Heads, h)
	}
	return h, err
}

// MatchHead names the holder whose token is described by info, or says why it
// may not sign the head of s; see SignHead. It asks the token for nothing.
func (r *Record) MatchHead(s *Site, info token.Info) (holder string, err error) {
	switch {
	case info.Virtual && !s.Rehearsal:
		return "", &token.PolicyError{Why: fmt.Sprintf("token %s is a virtual one for rehearsals, and this is the record of a real ceremony", info.Serial)}
	case !info.Virtual && s.Rehearsal:
		return "", &token.PolicyError{Why: fmt.Sprintf("token %s is a real one, and this is the record of a rehearsal", info.Serial)}
	case info.Key == nil:
		return "", token.ErrNoKey
	}
	holder, ok := r.HolderOf(info.Key.ID())
	if !ok {
		return "", &token.PolicyError{Why: fmt.Sprintf("the key on token %s is nobody's in this record", info.Serial)}
	}
	for _, h := range r.Heads {
		if h.Site == s.ID && h.Events == s.Events && h.Key.ID() == info.Key.ID() {
			return "", token.ErrAlreadySigned
		}
	}
	return holder, nil
}
