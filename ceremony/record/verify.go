package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// keys are those of the record's signatures that its own journals give to holders.
func (r *Record) keys() map[string]trust.HolderKey {
	keys, who := map[string]trust.HolderKey{}, r.holders()
	for _, h := range r.Heads {
		if holder, ok := who[h.Key.ID()]; ok {
			keys[h.Key.ID()] = trust.HolderKey{Key: h.Key, Holder: text.Safe(holder), By: "the record's own journals"}
		}
	}
	return keys
}

// headSignature is what a check of a holder's signature over a journal is called.
const headSignature = "head signature"

// Check makes the record again from the journals that are in it, compares,
// and checks every signature that it speaks of and that can be proved. A bundle,
// or what else holds journals, may be held against it: nil for none. Its journals
// may have gone on since the record was made. keys are those of HolderKeys or
// KeysOfRoot; where keys is nil, the record is taken at its word about who has
// which key. Keys that are given and have signed nothing of it are a check that
// fails: then nothing says whose record it is. What there was nothing to check
// with is Open, and no pass. The error says what of the bundle can't be read.
func Check(r *Record, against *trust.Contents, keys map[string]trust.HolderKey) ([]token.Check, error) {
	given := keys != nil
	if !given {
		keys = r.keys()
	}
	known := trust.PublishedOnly(nil)
	journals := map[string][]byte{}
	if against != nil {
		var err error
		if known, err = trust.KnownOf(*against); err != nil {
			return nil, err
		}
		for _, j := range against.Journals {
			journals[j.Site] = j.Lines
		}
	}
	heads := map[string][]Signature{}
	for _, h := range r.Heads {
		heads[h.Site] = append(heads[h.Site], h)
	}
	var checks []token.Check
	for _, s := range r.Sites {
		checks = append(checks, s.check()...)
		if against != nil {
			checks = append(checks, s.checkAgainst(journals[s.ID]))
		}
		checks = append(checks, s.checkSignatures(known)...)
		checks = append(checks, s.checkHeads(heads[s.ID], keys)...)
		delete(heads, s.ID)
	}
	if given && against == nil && !slices.ContainsFunc(checks, func(c token.Check) bool { return c.Name == headSignature && c.Pass }) {
		checks = append(checks, token.Check{Name: "root", Reason: "no key of the root that was given has signed this record: it may be anybody's"})
	}
	for _, site := range slices.Sorted(maps.Keys(heads)) {
		checks = append(checks, token.Check{Name: headSignature, Reason: fmt.Sprintf("site %.8s is not in the record", text.Safe(site))})
	}
	return checks, nil
}

// where names the site in the reason of a check.
func (s *Site) where() string {
	return fmt.Sprintf("of %s (site %.8s)", text.Safe(s.Site), text.Safe(s.ID))
}

// lines counts those of the journal that is in the record.
func (s *Site) lines() int { return bytes.Count(s.Journal, []byte("\n")) }

// check holds a site's record against the journal that is in it.
func (s *Site) check() []token.Check {
	chain, same := token.Check{Name: "journal"}, token.Check{Name: "record"}
	again, err := readSite(s.Journal)
	if err != nil {
		chain.Reason = fmt.Sprintf("the journal %s: %v", s.where(), err)
		return []token.Check{chain}
	}
	chain.Pass = true
	chain.Reason = fmt.Sprintf("the journal %s holds together: %d lines, each follows from the one before", s.where(), again.Events)
	if field := differs(*s, again.Site); field != "" {
		same.Reason = fmt.Sprintf("the record %s is not what the journal tells: %s differs", s.where(), field)
		return []token.Check{chain, same}
	}
	same.Pass, same.Reason = true, "the record "+s.where()+" is what the journal tells"
	return []token.Check{chain, same}
}

// checkAgainst holds the journal in a site's record against another copy.
func (s *Site) checkAgainst(copied []byte) token.Check {
	c := token.Check{Name: "copy"}
	mine := s.Journal
	entries, _, err := journal.Read(copied)
	switch more := len(entries) - s.lines(); {
	case copied == nil:
		c.Reason = "the journal " + s.where() + " is not here"
	case err != nil:
		c.Reason = fmt.Sprintf("the journal %s that is here: %v", s.where(), err)
	case bytes.HasPrefix(copied, mine):
		c.Pass, c.Reason = true, "the journal "+s.where()+" is also here"
		if more > 0 {
			c.Reason += fmt.Sprintf("; it has gone on by %s since", text.Count(more, "line"))
		}
	case bytes.HasPrefix(mine, copied):
		c.Pass, c.Reason = true, fmt.Sprintf("the journal %s is here up to line %d: the record is of a later time", s.where(), len(entries))
	default:
		c.Reason = "ALARM: the journal " + s.where() + " that is here is another one than in the record: one of them was changed"
	}
	return c
}

// checkHeads checks the signatures over a site's journal, each over the lines
// that it covers: a journal that has gone on is signed as far as it was.
func (s *Site) checkHeads(heads []Signature, keys map[string]trust.HolderKey) []token.Check {
	if len(heads) == 0 {
		return []token.Check{{Name: headSignature, Open: true, Reason: "none: nobody has signed the journal " + s.where()}}
	}
	checks := make([]token.Check, len(heads))
	for i, h := range heads {
		checks[i] = token.Check{Name: headSignature}
		id := h.Key.ID()
		key, known := keys[id]
		if !known {
			checks[i].Reason = fmt.Sprintf("of %s: key %.8s is nobody's, as far as is known here", text.Safe(h.Holder), id)
			continue
		}
		if err := s.verifyHead(h, key); err != nil {
			checks[i].Reason = fmt.Sprintf("of %s: %s", key.Holder, text.Safe(err.Error()))
			continue
		}
		checks[i].Pass = true
		checks[i].Reason = fmt.Sprintf("%s signed the journal %s up to line %d with key %.8s, theirs by %s", key.Holder, s.where(), h.Events, id, key.By)
		if more := s.lines() - h.Events; more > 0 {
			checks[i].Reason += fmt.Sprintf("; it has gone on by %s since, which the signature does not cover", text.Count(more, "line"))
		}
	}
	return checks
}

// verifyHead says why a signature over the first lines of a site's journal does not hold.
func (s *Site) verifyHead(h Signature, key trust.HolderKey) error {
	if h.Holder != key.Holder {
		return fmt.Errorf("it is said to be %s's", h.Holder)
	}
	if h.Events < 1 || h.Events > s.lines() {
		return fmt.Errorf("it covers %d lines, and the journal in the record has %d", h.Events, s.lines())
	}
	then, err := ReadSite(s.Journal, h.Events)
	if err != nil {
		return err
	}
	if then.Head != h.Head {
		return fmt.Errorf("ALARM: up to line %d the journal is not the one that was signed: it was changed", h.Events)
	}
	return key.VerifyHex(then.RecordHead().Payload(), h.Sig)
}

// firstLines is the beginning of a journal; it has at least n lines.
func firstLines(lines []byte, n int) []byte {
	end := 0
	for range n {
		end += bytes.IndexByte(lines[end:], '\n') + 1
	}
	return lines[:end]
}

// differs names the first field in which two records differ, "" for none.
func differs(a, b Site) string {
	x, y := recordFields(a), recordFields(b)
	for _, name := range slices.Sorted(maps.Keys(y)) {
		if !bytes.Equal(x[name], y[name]) {
			return name
		}
	}
	for name := range x {
		if _, ok := y[name]; !ok {
			return name
		}
	}
	return ""
}

func recordFields(s Site) map[string]json.RawMessage {
	text, err := json.Marshal(s)
	var m map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return nil // nothing in a record can fail to be written
	}
	return m
}

// checkSignatures checks the signatures that a record speaks of against the
// payloads of the bundle, and says how many there was nothing to check with.
func (s *Site) checkSignatures(k trust.Known) []token.Check {
	var bad []token.Check
	verified, skipped := 0, 0
	for _, sig := range s.Signatures {
		p := k.Payload(sig.Payload)
		if p == nil {
			skipped++
			continue
		}
		holder, err := k.Verify(p, metadata.Signature{KeyID: sig.KeyID, Sig: sig.Sig})
		if err == nil && holder != sig.Holder {
			err = fmt.Errorf("the key is %s's", holder)
		}
		if err == nil {
			verified++
			continue
		}
		bad = append(bad, token.Check{Name: "signature", Reason: fmt.Sprintf("of %s over %s %d: %s", text.Safe(sig.Holder), text.Safe(p.Role), p.Version, text.Safe(err.Error()))})
	}
	all := token.Check{Name: "signatures", Pass: len(bad) == 0 && verified > 0, Open: len(bad) == 0 && verified == 0, Reason: fmt.Sprintf("%d of %d that site %.8s recorded verify", verified, len(s.Signatures), text.Safe(s.ID))}
	if skipped > 0 {
		all.Reason += fmt.Sprintf("; %d were not looked at, because what they sign is not here", skipped)
	}
	return append(bad, all)
}
