package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/review"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// review shows what a payload does: every change, then every warning. The list
// of its targets, where there are many, stands behind that.
func (f *flow) review(ctx context.Context, r review.Review, list *Listing, before trust.Quorum) error {
	builds := "the version before it"
	if r.First {
		builds = "nothing: it is the first version"
	}
	facts := Facts{
		{"Trust", r.Trust},
		{"Builds on", builds},
		{"Expires", fmt.Sprintf("%s, in %s", toTheSecond(r.Expires), plural(r.Days, "day", "days"))},
		{"Size", bytesText(int64(r.Size)) + " to be signed"},
	}
	if r.Payloads > 0 {
		facts = append(facts, Fact{"Covers", plural(r.Payloads, "hash bin", "hash bins") + ", read as one list, each signed by itself"})
	}
	if r.Reason != "" {
		facts = append(facts, Fact{"Reason", r.Reason})
	}
	p := f.page(fmt.Sprintf("What %s does", what(before)), facts, changes(r)).
		as(r.Holder, what(before), progress(before)).
		help(
			"This text was read back out of the very bytes that the token will sign. Every line is a change from the version before.",
			"The fingerprint of a key is what makes it that key: compare it with the one that the holder has on paper.",
			"Nothing has been signed yet. Esc goes back.",
		)
	for _, w := range r.Warnings {
		p.Body = append(p.Body, Warning(w))
	}
	if list != nil {
		p.List = list
		p.Help = append(p.Help, "The list of all targets is turned with Page Down, and searched with / for a part of a path or of a digest, or for: removed, looks like. The page before your consent says how much of it was not on the screen.")
	}
	p.ReadAll = true
	return f.Person.Tell(ctx, p)
}

// toTheSecond is date with the seconds, where there are any.
func toTheSecond(t time.Time) string {
	if t.Second() == 0 {
		return date(t)
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// changes are those of the review. Of a first version everything is new, and
// what stands above them is not said a second time.
func changes(r review.Review) Changes {
	return slices.DeleteFunc(slices.Clone(r.Changes), func(c review.Change) bool {
		return r.First && (c.Field == "expires" || c.Field == "trust")
	})
}

// digest shows the digest in hex and words, and has two of the words typed back.
func (f *flow) digest(ctx context.Context, r review.Review, before trust.Quorum) (ceremony.Consent, error) {
	challenge, err := ceremony.Challenge(f.Rand)
	if err != nil {
		return ceremony.Consent{}, err
	}
	consent := ceremony.Consent{Proposal: r.Digest, Challenge: challenge}
	for i := 0; i < len(challenge); {
		n := challenge[i]
		p := f.page(fmt.Sprintf("Read the digest of %s aloud", what(before)),
			Para("A second person reads the words from their own screen or paper. All sites must hear the same words."),
			Hex(r.Digest), WordGrid(r.Words),
		).as(r.Holder, what(before), progress(before)).help(
			"The words say the same as the digits: they are the SHA-256 of what the token signs. If a single byte differed, about half of the words would.",
			"Two words are asked back, chosen at random, so that somebody has looked.",
		)
		p.ReadAll = true
		word, err := f.Person.Text(ctx, p, Field{
			Label: fmt.Sprintf("Type word %d", n),
			Check: func(typed []byte) error {
				if !strings.EqualFold(string(typed), r.Words[n-1]) {
					return fmt.Errorf("that is not word %d: look at its number and type it again", n)
				}
				return nil
			},
		})
		switch {
		case errors.Is(err, ErrBack) && i > 0:
			i--
		case err != nil:
			return ceremony.Consent{}, err
		default:
			consent.Words[i] = word
			i++
		}
	}
	return consent, nil
}

// consent says what the signature completes, and has the consent typed.
func (f *flow) consent(ctx context.Context, r review.Review, list *Listing, before trust.Quorum) (string, error) {
	var after Facts
	for _, t := range r.After.By {
		count := fmt.Sprintf("%d of %d signatures", len(t.Signed), t.Threshold)
		if len(t.Signed) >= t.Threshold {
			count += ": complete"
		}
		after = append(after, Fact{"By " + t.By + ", after yours", count})
	}
	verdict := Para("It is not complete then: others have to sign as well.")
	if r.After.Met() {
		verdict = Para("With your signature it is complete.")
	}
	blocks := []Block{Facts{{"Payload", "SHA-256 of what the token signs"}}, Hex(r.Digest), after, verdict}
	if r.Payloads > 0 {
		blocks[0] = Facts{{"Payloads", "SHA-256 of the list of their SHA-256"}}
		blocks = append(blocks, Para(fmt.Sprintf("The token makes up to %d signatures, one after the other, with one PIN. If it wants a touch for each, that many touches; if it remembers a touch, one every fifteen seconds.", r.Payloads)))
	}
	if list != nil {
		blocks = append(blocks, list.read())
	}
	p := f.page(fmt.Sprintf("%s: do you sign %s?", r.Holder, what(before)), append(blocks,
		Strong("By typing this you say that you have read what it does and that you want it."),
	)...).as(r.Holder, what(before), progress(before)).help(
		"Only the holder types here. Esc goes back and signs nothing.",
		"The token is asked for next, and then its PIN.",
	)
	return f.Person.Text(ctx, p, phrase(r.Phrase))
}
