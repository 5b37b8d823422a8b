package metadata_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	tuf "github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// TestRotationAgainstGoTUF is a model-based test of root rotation: random
// chains of roots, valid and damaged, on which go-tuf's verdict is compared
// with ours. Where the two differ, it has to be for a reason that is listed.
// What differs otherwise, rapid shrinks.
func TestRotationAgainstGoTUF(t *testing.T) {
	m := newRotations()
	rapid.Check(t, func(t *rapid.T) {
		if err := m.play(func(n int, what string) int { return rapid.IntRange(0, n-1).Draw(t, what) }); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTenThousandRotations plays ten thousand chains that are the same each
// time, and makes sure that among them is everything: each damage, each
// verdict, each listed difference. It is a tenth of them where CONCLAVE_LONG,
// which "make test" sets, is empty.
func TestTenThousandRotations(t *testing.T) {
	const shards = 4
	chains := 10_000
	if os.Getenv("CONCLAVE_LONG") == "" {
		chains = 1_000
	}
	models := make([]*rotations, shards)
	t.Run("chains", func(t *testing.T) {
		for shard := range shards {
			models[shard] = newRotations()
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(1, uint64(shard)))
				for range chains / shards {
					if err := models[shard].play(func(n int, _ string) int { return random.IntN(n) }); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	})
	seen := map[string]int{}
	for _, m := range models {
		for what, n := range m.seen {
			seen[what] += n
		}
	}
	want := []string{"both accept", "both refuse", "both: expired", "both: not expired"}
	for _, d := range damages() {
		want = append(want, "damage: "+d.name)
	}
	for _, d := range differences() {
		want = append(want, "difference: "+d.name)
	}
	for _, w := range want {
		if seen[w] == 0 {
			t.Errorf("no chain shows %s", w)
		}
	}
	t.Logf("%d chains: %v", chains, seen)
}

// difference is a disagreement that is known.
type difference struct {
	name         string
	ours, theirs func(error) bool // the verdicts
	why          string
}

func differences() []difference {
	return []difference{
		{"two signatures by one key", accepts, says("multiple signatures found for key ID"),
			"go-tuf gives up at a second entry of one keyid. We count the key once (TUF 1.0, 5.3.4), and report the entry; what is made here never has one."},
		{"another trust", isA[*metadata.OtherTrustError], accepts,
			"go-tuf knows no trusts. One key may serve two, so a root that names another trust, or none any more, does not follow."},
		{"a keyid without a key", accepts, says("not found in root keyids"),
			"go-tuf gives up where a role names a key that is not there. We count the keys that are, and report the other."},
		{"a key that nobody can use", accepts, says("unsupported public key type|malformed|invalid|it panics|bad public key length"),
			"go-tuf gives up at one key of a role that it can't read, whatever the others have signed. We count those, and report the key."},
	}
}

func accepts(err error) bool { return err == nil }

func isA[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

func says(any string) func(error) bool {
	return func(err error) bool {
		return err != nil && slices.ContainsFunc(strings.Split(any, "|"), func(s string) bool { return strings.Contains(err.Error(), s) })
	}
}

// play makes a chain, root by root, for as long as both sides accept it.
func (m *rotations) play(draw func(n int, what string) int) error {
	root := m.first(draw)
	trusted, ours, err := m.begin(root.text)
	if err != nil {
		return err
	}
	for range 1 + draw(3, "roots") {
		next := m.next(draw, root)
		m.seen["damage: "+next.damage]++
		f, we := follows(ours, next.text)
		they := followed(trusted, next.text)
		if we != nil || they != nil {
			return m.compare(next, we, they)
		}
		m.seen["both accept"]++
		ours, root = f, next
	}
	return m.compareExpiry(ours, trusted)
}

// begin is how both sides come to trust a root 1; it is asked for often.
func (m *rotations) begin(text []byte) (*trustedmetadata.TrustedMetadata, *metadata.File, error) {
	b, ok := m.begun[string(text)]
	if !ok {
		var err error
		if b.theirs, err = trustedmetadata.New(text); err != nil {
			return nil, nil, fmt.Errorf("go-tuf refuses root 1: %w", err)
		}
		b.theirs.RefTime = now
		if b.ours, err = metadata.ParseFile(text, metadata.Strict); err != nil {
			return nil, nil, fmt.Errorf("we refuse root 1: %w", err)
		}
		if err := metadata.VerifyRootChain([]*metadata.File{b.ours}, time.Time{}); err != nil {
			return nil, nil, fmt.Errorf("we refuse root 1: %w", err)
		}
		m.begun[string(text)] = b
	}
	trusted := *b.theirs
	return &trusted, b.ours, nil
}

// compare says what is wrong with two verdicts of which one at least is a refusal.
func (m *rotations) compare(r chainRoot, we, they error) error {
	if we != nil && they != nil {
		m.seen["both refuse"]++
		return nil
	}
	if _, err := metadata.ParseFile(r.text, metadata.Strict); err == nil && we == nil {
		return fmt.Errorf("%s: strict to the letter, and go-tuf says %v: %s", r.damage, they, r.text)
	}
	i := slices.IndexFunc(differences(), func(d difference) bool { return d.ours(we) && d.theirs(they) })
	if i < 0 {
		return fmt.Errorf("%s: we say %v, go-tuf says %v: %s", r.damage, we, they, r.text)
	}
	m.seen["difference: "+differences()[i].name]++
	return nil
}

// compareExpiry asks both whether the newest root is still good. Whether one
// before it was is nobody's question (TUF 1.0, 5.3.10).
func (m *rotations) compareExpiry(newest *metadata.File, trusted *trustedmetadata.TrustedMetadata) error {
	ours := isA[*metadata.ExpiredError](metadata.VerifyRootChain([]*metadata.File{newest}, now))
	_, err := trusted.UpdateTimestamp(nil) // looks at the root first
	theirs := isA[*tuf.ErrExpiredMetadata](err)
	switch {
	case ours != theirs:
		return fmt.Errorf("expired: we say %v, go-tuf says %v (%v)", ours, theirs, err)
	case ours:
		m.seen["both: expired"]++
	default:
		m.seen["both: not expired"]++
	}
	return nil
}

// follows is our verdict on the next root.
func follows(prev *metadata.File, text []byte) (*metadata.File, error) {
	f, err := metadata.ParseFile(text, metadata.Adopted)
	if err != nil {
		return nil, err
	}
	return f, metadata.VerifyNextRoot(prev, f)
}

// followed is go-tuf's.
func followed(trusted *trustedmetadata.TrustedMetadata, text []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panics: %v", p)
		}
	}()
	_, err = trusted.UpdateRoot(text)
	return err
}
