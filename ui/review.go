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
	"github.com/conclave-tuf/conclave/ui/page"
)

// review shows what a payload does: every change, then every warning. The list
// of its targets, where there are many, stands behind that.
func (f *flow) review(ctx context.Context, r review.Review, list *page.Listing, before trust.Quorum) error {
	builds := "the version before it"
	if r.First {
		builds = "nothing: it is the first version"
	}
	facts := page.Facts{
		{Label: "Trust", Value: r.Trust},
		{Label: "Builds on", Value: builds},
		{Label: "Expires", Value: fmt.Sprintf("%s, in %s", toTheSecond(r.Expires), plural(r.Days, "day", "days"))},
		{Label: "Size", Value: bytesText(int64(r.Size)) + " to be signed"},
	}
	if r.Payloads > 0 {
		facts = append(facts, page.Fact{Label: "Covers", Value: plural(r.Payloads, "hash bin", "hash bins") + ", read as one list, each signed by itself"})
	}
	if r.Reason != "" {
		facts = append(facts, page.Fact{Label: "Reason", Value: r.Reason})
	}
	p := f.page(fmt.Sprintf("What %s does", what(before)), facts, changes(r)).
		By(r.Holder, what(before), progress(before)).
		WithHelp(
			"This text was read back out of the very bytes that the token will sign. Every line is a change from the version before.",
			"The fingerprint of a key is what makes it that key: compare it with the one that the holder has on paper.",
			"Nothing has been signed yet. Esc goes back.",
		)
	for _, w := range r.Warnings {
		p.Body = append(p.Body, page.Warning(w))
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
func changes(r review.Review) page.Changes {
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
			page.Para("A second person reads the words from their own screen or paper. All sites must hear the same words."),
			page.Hex(r.Digest), page.WordGrid(r.Words),
		).By(r.Holder, what(before), progress(before)).WithHelp(
			"The words say the same as the digits: they are the SHA-256 of what the token signs. If a single byte differed, about half of the words would.",
			"Two words are asked back, chosen at random, so that somebody has looked.",
		)
		p.ReadAll = true
		word, err := f.Person.Text(ctx, p, page.Field{
			Label: fmt.Sprintf("Type word %d", n),
			Judge: func(typed []byte) error {
				if !strings.EqualFold(string(typed), r.Words[n-1]) {
					return fmt.Errorf("that is not word %d: look at its number and type it again", n)
				}
				return nil
			},
		})
		switch {
		case errors.Is(err, page.ErrBack) && i > 0:
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
func (f *flow) consent(ctx context.Context, r review.Review, list *page.Listing, before trust.Quorum) (string, error) {
	var after page.Facts
	for _, t := range r.After.By {
		count := fmt.Sprintf("%d of %d signatures", len(t.Signed), t.Threshold)
		if len(t.Signed) >= t.Threshold {
			count += ": complete"
		}
		after = append(after, page.Fact{Label: "By " + t.By + ", after yours", Value: count})
	}
	verdict := page.Para("It is not complete then: others have to sign as well.")
	if r.After.Met() {
		verdict = page.Para("With your signature it is complete.")
	}
	blocks := []page.Block{page.Facts{{Label: "Payload", Value: "SHA-256 of what the token signs"}}, page.Hex(r.Digest), after, verdict}
	if r.Payloads > 0 {
		blocks[0] = page.Facts{{Label: "Payloads", Value: "SHA-256 of the list of their SHA-256"}}
		blocks = append(blocks, page.Para(fmt.Sprintf("The token makes up to %d signatures, one after the other, with one PIN. If it wants a touch for each, that many touches; if it remembers a touch, one every fifteen seconds.", r.Payloads)))
	}
	if list != nil {
		blocks = append(blocks, list.ReadIn())
	}
	p := f.page(fmt.Sprintf("%s: do you sign %s?", r.Holder, what(before)), append(blocks,
		page.Strong("By typing this you say that you have read what it does and that you want it."),
	)...).By(r.Holder, what(before), progress(before)).WithHelp(
		"Only the holder types here. Esc goes back and signs nothing.",
		"The token is asked for next, and then its PIN.",
	)
	return f.Person.Text(ctx, p, phrase(r.Phrase))
}
