package ceremony

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// HeadSignature is a holder's signature over the head of a site's journal:
// over Payload of that site's record.
type HeadSignature struct {
	Site string `json:"site_id"`
	metadata.Signature
}

// Payload is what holders sign to stand by the journal of a site as it is
// recorded. It says what it is and names the trust, so that the signature
// serves for nothing else: TUF metadata never begins like this.
func (s *SiteRecord) Payload() []byte {
	return fmt.Appendf(nil, "conclave: record\ntrust: %s\nsite: %s\njournal: %s\nevents: %d\nhead: %s\n",
		Safe(s.Trust), Safe(s.Site), s.ID, s.Events, s.Head)
}

// VerifyRecord checks the signatures over the head of one journal: payload is
// its Payload, keys are those that may sign, by keyid. There is a check for
// each signature.
func VerifyRecord(payload []byte, sigs []metadata.Signature, keys map[string]HolderKey) []Check {
	var checks []Check
	for _, sig := range sigs {
		c := Check{Name: "head signature"}
		key, ok := keys[sig.KeyID]
		var err error
		if ok {
			err = key.verify(payload, sig.Sig)
		}
		switch {
		case !ok:
			c.Reason = fmt.Sprintf("key %.8s belongs to nobody, as far as the metadata here has its signatures", Safe(sig.KeyID))
		case err != nil:
			c.Reason = fmt.Sprintf("of %s: %s", key.Holder, Safe(err.Error()))
		default:
			c.Pass, c.Reason = true, fmt.Sprintf("%s (key %.8s) signed the head of the journal", key.Holder, sig.KeyID)
		}
		checks = append(checks, c)
	}
	return checks
}

// HolderKey is a key with its holder.
type HolderKey struct {
	metadata.Key
	Holder string // safe to print
}

func (k HolderKey) verify(payload []byte, sig string) error {
	who := metadata.Keyholders{KeyIDs: []string{""}, Threshold: 1}
	count := metadata.Quorum(who, map[string]metadata.Key{"": k.Key}, payload, []metadata.Signature{{Sig: sig}})
	if !count.Met() {
		return metadata.ErrSignature
	}
	return nil
}

// HolderKeys are the keys that belong to people, by keyid: as the roots and
// targets of a bundle say that have all their signatures themselves. trusted is
// the payload digest of a root that the caller knows to be right: what is older
// is then left out, and the error says where it is missing. The zero digest
// takes the bundle's word for its first root.
func HolderKeys(c Contents, trusted metadata.Digest) (map[string]HolderKey, error) {
	k, err := knownOf(c)
	if err != nil {
		return nil, err
	}
	if len(k.published) > 0 {
		if err := checkHead(k.published); err != nil {
			return nil, fmt.Errorf("published set: %w", err)
		}
	}
	keys := map[string]HolderKey{}
	set, err := k.complete(c.Trust, c.Signatures)
	switch {
	case err != nil && trusted.IsZero():
		return keys, nil // nothing here says yet whose keys they are
	case err != nil:
		return nil, err
	}
	roots := set.Roots
	if err := metadata.VerifyRootChain(roots, time.Time{}); err != nil {
		return nil, err
	}
	if !trusted.IsZero() {
		i := slices.IndexFunc(roots, func(r *metadata.File) bool { return r.Digest() == trusted })
		if i < 0 {
			return nil, errors.New("the root that was given is not among those of the bundle: nothing was verified")
		}
		roots = roots[i:]
	}
	for _, root := range roots {
		holderKeys(keys, root.Signed, root.Root.Keys)
	}
	if d := set.Targets.Targets.Delegations; d != nil {
		holderKeys(keys, set.Targets.Signed, d.Keys)
	}
	return keys, nil
}

func holderKeys(into map[string]HolderKey, s *metadata.Signed, keys map[string]metadata.Key) {
	if s.Conclave == nil {
		return
	}
	for id, holder := range s.Conclave.Holders {
		if key, ok := keys[id]; ok {
			into[id] = HolderKey{key, Safe(holder)}
		}
	}
}

// CheckRecord makes the record again from the journals that a bundle holds,
// compares, and checks every signature that the record speaks of and the
// bundle can prove. A journal may have gone on since the record was made.
// trusted is that of HolderKeys, and so are errors.
func CheckRecord(r *Record, c Contents, trusted metadata.Digest) ([]Check, error) {
	known, err := knownOf(c)
	if err != nil {
		return nil, err
	}
	keys, err := HolderKeys(c, trusted)
	if err != nil {
		return nil, err
	}
	journals := map[string][]byte{}
	for _, j := range c.Journals {
		journals[j.Site] = j.Lines
	}
	proposals := map[metadata.Digest]*proposal{}
	for _, p := range known.proposals {
		proposals[p.id] = p
	}
	heads := map[string][]metadata.Signature{}
	for _, h := range r.Heads {
		heads[h.Site] = append(heads[h.Site], h.Signature)
	}
	var checks []Check
	for _, s := range r.Sites {
		checks = append(checks, checkSite(s, journals[s.ID])...)
		checks = append(checks, known.checkSignatures(s, proposals)...)
		checks = append(checks, VerifyRecord(s.Payload(), heads[s.ID], keys)...)
		delete(heads, s.ID)
	}
	for _, site := range slices.Sorted(maps.Keys(heads)) {
		checks = append(checks, Check{Name: "head signature", Reason: fmt.Sprintf("site %.8s is not in the record", Safe(site))})
	}
	return checks, nil
}

// checkSite holds a site's record against its journal.
func checkSite(s SiteRecord, lines []byte) []Check {
	chain := Check{Name: "journal"}
	same := Check{Name: "record"}
	where := fmt.Sprintf("of %s (site %.8s)", Safe(s.Site), Safe(s.ID))
	if lines == nil {
		chain.Reason = "the journal " + where + " is not here"
		return []Check{chain}
	}
	entries, _, err := ReadJournal(lines)
	if err == nil && SiteID(lines) != s.ID {
		err = errors.New("it is the journal of another site")
	}
	if err != nil {
		chain.Reason = fmt.Sprintf("the journal %s: %v", where, err)
		return []Check{chain}
	}
	chain.Pass = true
	chain.Reason = fmt.Sprintf("the journal %s holds together: %d lines, each follows from the one before", where, len(entries))
	if s.Events > len(entries) || s.Events < 1 {
		same.Reason = fmt.Sprintf("the record %s has %d lines, and the journal only %d: another bundle may have more", where, s.Events, len(entries))
		return []Check{chain, same}
	}
	again, err := newSiteRecord(firstLines(lines, s.Events))
	if err != nil {
		same.Reason = fmt.Sprintf("the record %s can't be made again: %v", where, err)
		return []Check{chain, same}
	}
	if field := differs(s, *again); field != "" {
		same.Reason = fmt.Sprintf("the record %s is not what the journal tells: %s differs", where, field)
		return []Check{chain, same}
	}
	same.Pass, same.Reason = true, "the record "+where+" is what the journal tells"
	if more := len(entries) - s.Events; more > 0 {
		same.Reason += fmt.Sprintf("; the journal has gone on by %d lines since", more)
	}
	return []Check{chain, same}
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
func differs(a, b SiteRecord) string {
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

func recordFields(s SiteRecord) map[string]json.RawMessage {
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
func (k known) checkSignatures(s SiteRecord, proposals map[metadata.Digest]*proposal) []Check {
	var bad []Check
	verified, skipped := 0, 0
	for _, sig := range s.Signatures {
		p := proposals[sig.Payload]
		if p == nil {
			skipped++
			continue
		}
		holder, err := verify(k.everAuthorities(p), p, metadata.Signature{KeyID: sig.KeyID, Sig: sig.Sig})
		if err == nil && holder != sig.Holder {
			err = fmt.Errorf("the key is %s's", holder)
		}
		if err == nil {
			verified++
			continue
		}
		bad = append(bad, Check{Name: "signature", Reason: fmt.Sprintf("of %s over %s %d: %s", Safe(sig.Holder), Safe(p.Role), p.Version, Safe(err.Error()))})
	}
	all := Check{Name: "signatures", Pass: len(bad) == 0, Reason: fmt.Sprintf("%d of %d that site %.8s recorded verify", verified, len(s.Signatures), Safe(s.ID))}
	if skipped > 0 {
		all.Reason += fmt.Sprintf("; %d were not looked at, because what they sign is not here", skipped)
	}
	return append(bad, all)
}
