package bundles

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// world is everything that honest sites of one trust may come to hold.
type world struct {
	heads      [][]trust.NamedFile // published one after the other
	proposals  []trust.Proposal
	signatures map[int][]trust.ProposalSignature // by proposal
}

func universe(t fataler) world {
	u := world{signatures: map[int][]trust.ProposalSignature{}}
	for root := range int64(3) {
		for timestamp := range int64(3) { // which begins anew with each root
			u.heads = append(u.heads, head(t, root+1, timestamp+1))
		}
	}
	for version := range int64(3) {
		for _, variant := range []string{"app", "other"} { // two edits of one version
			p := proposal(t, "targets", version+1, variant)
			i := len(u.proposals)
			u.proposals = append(u.proposals, p)
			for _, key := range []string{"ada", "bo", "cy"} {
				u.signatures[i] = append(u.signatures[i], signature(t, p, key, "1"), signature(t, p, key, "2"))
			}
		}
	}
	return u
}

// draw is what one site holds.
func (u world) draw(t *rapid.T) trust.Contents {
	c := trust.Contents{Trust: "wabbit", Journals: []trust.SiteJournal{realJournal("one", rapid.IntRange(1, 4).Draw(t, "lines of site one"))}}
	if n := rapid.IntRange(-1, len(u.heads)-1).Draw(t, "head"); n >= 0 {
		c.Published = u.heads[n]
	}
	for i, p := range u.proposals {
		if !rapid.Bool().Draw(t, "has proposal") {
			continue
		}
		c.Proposals = append(c.Proposals, p)
		for _, s := range u.signatures[i] {
			if rapid.Bool().Draw(t, "has signature") {
				c.Signatures = append(c.Signatures, s)
			}
		}
	}
	for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"ada", "bo", "cy"}), rapid.ID).Draw(t, "attested") {
		c.Attestations = append(c.Attestations, attestation(key, key))
	}
	if n := rapid.IntRange(0, 4).Draw(t, "lines of site two"); n > 0 {
		c.Journals = append(c.Journals, realJournal("two", n))
	}
	return c
}

func merged(t fataler, a, b trust.Contents) trust.Contents {
	t.Helper()
	c, err := Merge(a, b)
	return must(t, c, err)
}

func TestMergeLaws(t *testing.T) {
	u := universe(t)
	rapid.Check(t, func(t *rapid.T) {
		sites := make([]trust.Contents, rapid.IntRange(2, 5).Draw(t, "sites"))
		for i := range sites {
			sites[i] = u.draw(t)
		}
		want := sites[0]
		for _, s := range sites[1:] {
			want = merged(t, want, s)
		}
		digest := encode(t, want).Digest

		// Any order and any grouping: merge two of those that are left until one is.
		left := slices.Clone(sites)
		for len(left) > 1 {
			i := rapid.IntRange(0, len(left)-1).Draw(t, "one")
			a := left[i]
			left = slices.Delete(left, i, i+1)
			j := rapid.IntRange(0, len(left)-1).Draw(t, "with")
			left[j] = merged(t, a, left[j])
		}
		if encode(t, left[0]).Digest != digest {
			t.Fatalf("another order gave other bytes")
		}
		for i, s := range sites {
			if encode(t, merged(t, want, s)).Digest != digest {
				t.Fatalf("merging site %d again changed the bundle", i)
			}
		}
	})
}

func TestMergeKeepsWhatPeopleHaveToChoose(t *testing.T) {
	one, other := proposal(t, "targets", 2, "app"), proposal(t, "targets", 2, "evil")
	c := merged(t,
		trust.Contents{Trust: "wabbit", Proposals: []trust.Proposal{one}, Signatures: []trust.ProposalSignature{signature(t, one, "ada", "1")}},
		trust.Contents{Trust: "wabbit", Proposals: []trust.Proposal{other, one}, Signatures: []trust.ProposalSignature{signature(t, one, "ada", "2")}})
	if len(c.Proposals) != 2 || len(c.Signatures) != 2 {
		t.Errorf("got %d proposals and %d signatures, want 2 and 2", len(c.Proposals), len(c.Signatures))
	}
}

func TestMergeHeads(t *testing.T) {
	with := func(root, timestamp int64) trust.Contents {
		return trust.Contents{Trust: "wabbit", Published: head(t, root, timestamp)}
	}
	edit := func(c trust.Contents, name, text string) trust.Contents {
		for i := range c.Published {
			if c.Published[i].Name == name {
				c.Published[i].Bytes = []byte(text)
			}
		}
		return c
	}
	without := with(3, 1)
	without.Published = without.Published[1:] // keeps no root 1
	for _, tc := range []struct {
		name       string
		a, b, want trust.Contents
		alarm      string // file
	}{
		{name: "newer timestamp", a: with(1, 5), b: with(1, 6), want: with(1, 6)},
		{name: "newer root, timestamp begun anew", a: with(1, 900), b: with(2, 1), want: with(2, 1)},
		{name: "none", a: with(2, 2), b: trust.Contents{Trust: "wabbit", Journals: []trust.SiteJournal{realJournal("one", 1)}}, want: with(2, 2)},
		{name: "all roots are kept", a: with(2, 9), b: without, want: with(3, 1)},
		{name: "another root 1", a: with(2, 1), b: edit(with(3, 1), "1.root.json", "{}"), alarm: "1.root.json"},
		{name: "one timestamp, two sets", a: with(2, 1), b: edit(with(2, 1), "timestamp.json", string(head(t, 1, 1)[1].Bytes)+"\n"), alarm: "timestamp.json"},
		{name: "a timestamp that is none", a: with(2, 1), b: edit(with(2, 2), "timestamp.json", "null"), alarm: "timestamp.json"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, pair := range [][2]trust.Contents{{tc.a, tc.b}, {tc.b, tc.a}} {
				got, err := Merge(pair[0], pair[1])
				var alarm *HeadError
				switch {
				case tc.alarm != "":
					if !errors.As(err, &alarm) || alarm.Name != tc.alarm {
						t.Errorf("got %v, want an alarm about %s", err, tc.alarm)
					}
				case err != nil:
					t.Error(err)
				case !slices.EqualFunc(got.Published, sorted(tc.want).Published, equalFiles):
					t.Errorf("got %v", names(got.Published))
				}
			}
		})
	}
}

func names(files []trust.NamedFile) (out []string) {
	for _, f := range files {
		out = append(out, f.Name)
	}
	return out
}

func TestMergeAlarms(t *testing.T) {
	p := proposal(t, "targets", 2, "app")
	again := p
	again.Reason = "another reason"
	fork := realJournal("one", 2)
	third, err := journal.Entry{N: 3, Time: time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC), Prev: lastLine(fork.Lines), Type: "note", Data: []byte(`{"site":"evil"}`)}.Line()
	if err != nil {
		t.Fatal(err)
	}
	fork.Lines = append(fork.Lines, third...)
	for _, tc := range []struct {
		name string
		a, b trust.Contents
		want error
	}{
		{"two trusts", trust.Contents{Trust: "wabbit"}, trust.Contents{Trust: "docker"}, &TrustError{}},
		{"a fork", trust.Contents{Trust: "wabbit", Journals: []trust.SiteJournal{realJournal("one", 4)}},
			trust.Contents{Trust: "wabbit", Journals: []trust.SiteJournal{fork}}, &journal.ForkError{Line: 3}},
		{"one payload, two reasons", trust.Contents{Trust: "wabbit", Proposals: []trust.Proposal{p}},
			trust.Contents{Trust: "wabbit", Proposals: []trust.Proposal{again}}, &ProposalError{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Merge(tc.a, tc.b)
			_, reverse := Merge(tc.b, tc.a)
			if want := fmt.Sprintf("%T", tc.want); fmt.Sprintf("%T", err) != want || fmt.Sprintf("%T", reverse) != want {
				t.Fatalf("got %v and %v, want a %s", err, reverse, want)
			}
			var f *journal.ForkError
			if want, ok := tc.want.(*journal.ForkError); ok && (!errors.As(err, &f) || f.Line != want.Line) {
				t.Errorf("got %v, want line %d", err, want.Line)
			}
		})
	}
}

func lastLine(lines []byte) metadata.Digest {
	_, head, err := journal.Read(lines)
	if err != nil {
		panic(err)
	}
	return head
}

// A journal that goes on with rubbish is taken as far as it holds together: it
// neither replaces the good one nor counts as a fork.
func TestMergeTakesJournalsAsFarAsTheyHold(t *testing.T) {
	good := trust.Contents{Trust: "wabbit", Journals: []trust.SiteJournal{realJournal("one", 3)}}
	for name, more := range map[string]string{
		"rubbish": "rubbish\n", "a line of another journal": string(realJournal("two", 1).Lines), "many lines": strings.Repeat("{}\n", 100),
	} {
		bad := realJournal("one", 2)
		bad.Lines = append(bad.Lines, more...)
		for _, pair := range [][2]trust.Contents{
			{good, {Trust: "wabbit", Journals: []trust.SiteJournal{bad}}}, {{Trust: "wabbit", Journals: []trust.SiteJournal{bad}}, good},
		} {
			merged, err := Merge(pair[0], pair[1])
			if err != nil || len(merged.Journals) != 1 || !bytes.Equal(merged.Journals[0].Lines, good.Journals[0].Lines) {
				t.Errorf("%s: %d journals, %v", name, len(merged.Journals), err)
			}
		}
	}
}
