package ui

import (
	"context"
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// signRecord has a holder stand by the journal as it is now. Nobody has to.
func (f *flow) signRecord(ctx context.Context) error {
	shown, err := f.Ceremony.RecordToSign()
	if err != nil {
		return err
	}
	var h ceremony.Holder
	dress := func(p page.Page) page.Page { return p.By(h.Name, "record", "") }
	err = inTurn(ctx,
		func(ctx context.Context) (err error) { h, err = f.recordSigner(ctx, shown); return err },
		func(ctx context.Context) error {
			return Testimony{f.Person, dress(f.page("")).Banner, h.Name, shown}.Consent(ctx)
		},
		func(ctx context.Context) error {
			match := func(info token.Info) error { return f.Ceremony.MatchRecord(h, info) }
			return f.byToken(ctx, h, dress, match, "sign the record", func(ctx context.Context, t token.Token, pin token.PIN) (string, error) {
				return "", f.Ceremony.SignRecord(ctx, h, t, pin, shown)
			})
		},
	)
	if err != nil {
		return err
	}
	p := dress(f.page("The record is signed",
		page.Para("The signature was checked by this machine and written to its journal."),
		page.Facts{{Label: "Holder", Value: h.Name}, {Label: "Signed", Value: fmt.Sprintf("the journal up to line %d", shown.Events)}},
		page.Para("It travels in the next bundle that is written. Take the token out and give it back to "+h.Name+"."),
	)).WithHelp(`"conclave record" prints the journal with the signatures over it, and "conclave record verify" checks them.`)
	p.NoBack = "The signature is made. It can't be taken back."
	return f.Person.Tell(ctx, p)
}

// recordSigner asks who signs the record: first those who were there.
func (f *flow) recordSigner(ctx context.Context, shown *record.Site) (ceremony.Holder, error) {
	var here, away []ceremony.Holder
	for _, h := range f.Ceremony.RecordSigners() {
		if did(shown, h.Name) != "" {
			here = append(here, h)
		} else {
			away = append(away, h)
		}
	}
	holders := append(here, away...)
	choices := make([]page.Choice, len(holders))
	for i, h := range holders {
		choices[i] = page.Choice{Key: h.Name + " " + keyName(h), Label: h.Name + " signs the record", Detail: keyName(h)}
	}
	p := f.page("Who signs the record?",
		page.Para("The record is what the journal tells: who was here, what was checked, frozen, signed and written down. A holder who signs it says that it was so. Nobody has to, and the trust needs none of these signatures."),
		page.Para("All who sign now sign the same. A facilitator who has a token of this trust may sign, too."),
	).WithHelp("The signature is over the last line of the journal, and so over every line before it. What is done later is not covered; the record can be signed again then.")
	key, err := f.Person.Choose(ctx, p, choices)
	for i, c := range choices {
		if err == nil && c.Key == key {
			return holders[i], nil
		}
	}
	return ceremony.Holder{}, err
}

// did is what somebody did at the site; "" for nothing with a token.
func did(s *record.Site, name string) string {
	for _, p := range s.People {
		if p.Name == name {
			return strings.Join(p.Did, "; ")
		}
	}
	return ""
}

// Testimony has a holder read what a journal tells, and consent to sign it. It
// is also for programs that have the record alone, without the ceremony.
type Testimony struct {
	Person page.Person
	Banner page.Banner
	Holder string
	Site   *record.Site // as far as it is to be signed
}

// Consent shows what the record tells, then what is signed, and returns nil
// once the holder has typed that they want it. ErrBack: they do not.
func (t Testimony) Consent(ctx context.Context) error {
	return inTurn(ctx,
		func(ctx context.Context) error { return t.Person.Tell(ctx, t.tells()) },
		func(ctx context.Context) error {
			_, err := t.Person.Text(ctx, t.asks(), phrase("sign the record"))
			return err
		},
	)
}

// tells is what happened, in short: the whole of it is the printed record.
func (t Testimony) tells() page.Page {
	s := t.Site
	body := []page.Block{page.Facts{
		{Label: "Trust", Value: s.Trust},
		{Label: "Ceremony", Value: fmt.Sprintf("%s, at %s", s.Kind, s.Site)},
		{Label: "Began", Value: date(s.Lines[0].Time)},
		{Label: "Last line", Value: date(s.Lines[len(s.Lines)-1].Time)},
	}, page.Strong("Who was there with a token")}
	people := page.Facts{}
	for _, p := range s.People {
		people = append(people, page.Fact{Label: p.Name, Value: strings.Join(p.Did, "; ")})
	}
	body = append(body, people, page.Strong("What was frozen or brought here"))
	payloads := page.Facts{}
	for _, p := range s.Payloads {
		fact := page.Fact{Label: fmt.Sprintf("%s %d", p.Role, p.Version), Value: "SHA-256 " + p.Digest.String()}
		if p.Void != "" {
			fact.Value += "; void: it " + p.Void
		}
		payloads = append(payloads, fact)
	}
	body = append(body, payloads, page.Strong("Exceptions and notes"))
	for _, n := range s.Notes {
		text := date(n.Time) + ": " + n.Text
		if n.Who != "" {
			text = date(n.Time) + ", " + n.Who + ": " + n.Text
		}
		body = append(body, page.Para(text))
	}
	if len(s.Notes) == 0 {
		body = append(body, page.Para("None are in the journal."))
	}
	return page.Page{
		Banner: t.Banner, Title: "What the record of " + s.Site + " tells", Body: body, ReadAll: true,
		Help: []string{
			`This is the record in short. "conclave record" prints all of it, line by line.`,
			"If something is missing or wrong, go back and write a note first: then the note is signed with the rest.",
		},
	}
}

func (t Testimony) asks() page.Page {
	s := t.Site
	return page.Page{
		Banner: t.Banner, Title: t.Holder + ": do you sign the record?", ReadAll: true,
		Body: []page.Block{
			page.Facts{
				{Label: "What is signed", Value: fmt.Sprintf("the journal of %s, %d lines", s.Site, s.Events)},
				{Label: "Journal", Value: s.ID},
				{Label: "Its head", Value: "SHA-256 of the last line, and so of all before it"},
			},
			page.Hex(s.Head), page.WordGrid(text.Words(s.Head)),
			page.Para("Compare the words with the printed record: they stand at its beginning. By typing this you say that it was so, as far as you were there."),
		},
		Help: []string{
			"The token signs a text that names the trust, the site, the journal, its number of lines and its head. It serves for nothing else.",
			"The token is asked for next, and then its PIN.",
		},
	}
}

// PIN asks for the PIN of a token, to sign with it, after saying how many tries
// are left. The last try needs a consent of its own. A PIN that is known to be
// blocked is not asked for: ErrPINBlocked.
func (s Secrets) PIN(ctx context.Context) (token.PIN, error) { return s.pin(ctx) }
