package ui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// plan has a plan chosen, read and accepted.
func (f *flow) plan(ctx context.Context) error {
	for {
		file, err := f.file(ctx, "plan", f.Machine.Plans)
		if err != nil {
			return err
		}
		err = f.acceptPlan(ctx, file)
		switch {
		case err == nil, ends(ctx, err):
			return err
		case errors.Is(err, page.ErrBack):
		default:
			if err := f.Person.Tell(ctx, f.page("This plan can't be used").WithProblem(explain(err)).WithHelp("Correct the file on another machine, or here with an editor, and choose it again.")); err != nil && !errors.Is(err, page.ErrBack) {
				return err
			}
		}
	}
}

func (f *flow) acceptPlan(ctx context.Context, file File) error {
	text, files, err := f.Machine.ReadPlan(ctx, file)
	if err != nil {
		return err
	}
	written, err := plan.Parse(text, files)
	if err != nil {
		return err
	}
	p := f.page("The plan of "+written.Trust, append([]page.Block{page.Facts{{Label: "File", Value: file.Path}}}, planned(written, f.Now())...)...)
	p.Banner.Trust, p.ReadAll = written.Trust, true
	p.Help = []string{
		"Read the plan together, line by line. It decides who can change this trust, for years.",
		"After it is accepted it can't be changed in this ceremony. If something is wrong, go back, correct the file, and choose it again.",
	}
	if _, err := f.Person.Text(ctx, p, phrase("accept "+written.Trust)); err != nil {
		return err
	}
	err = f.Ceremony.AcceptPlan(text, files)
	var policy *token.PolicyError
	if errors.As(err, &policy) { // about the trust, and not about a token
		return &plan.Error{Field: "trust", Why: policy.Why}
	}
	return err
}

// planned is a plan in words.
func planned(p *plan.Plan, at time.Time) []page.Block {
	holders := make(page.Facts, len(p.Holders))
	for i, h := range p.Holders {
		token := "any token"
		if h.Serial != "" {
			token = "token " + h.Serial
		}
		holders[i] = page.Fact{Label: h.Name, Value: token}
	}
	roles := page.Facts{role("root 1", p.Root, at), role("targets 1", p.Targets, at)}
	roles = append(roles,
		page.Fact{Label: "snapshot", Value: "online key " + short(p.Online.Snapshot.ID())},
		page.Fact{Label: "timestamp", Value: "online key " + short(p.Online.Timestamp.ID())})
	if p.Margin > 0 {
		roles = append(roles, page.Fact{Label: "Margin", Value: "the next versions are signed " + plural(int(p.Margin/(24*time.Hour)), "day", "days") + " before these expire"})
	}
	t := p.Tokens
	tokens := page.Facts{{Label: "Keys", Value: fmt.Sprintf("%s, touch %s, PIN %s", t.Algorithm, t.Touch, t.PIN)}}
	if t.Policy.MinFirmware != "" {
		tokens = append(tokens, page.Fact{Label: "Firmware", Value: t.Policy.MinFirmware + " or newer"})
	}
	if t.Policy.WithoutAttestation {
		tokens = append(tokens, page.Fact{Label: "Attestation", Value: "not demanded: a key may come from anywhere"})
	}
	blocks := []page.Block{roles}
	for _, w := range p.Warnings() {
		blocks = append(blocks, page.Warning(w))
	}
	blocks = append(blocks, holders, tokens)
	for _, target := range p.Files {
		what := bytesText(target.Length)
		if target.MediaType != "" {
			what += ", " + target.MediaType
		}
		blocks = append(blocks, page.Facts{{Label: "Target", Value: target.Path}, {Label: "", Value: what}, {Label: "sha256", Value: halves(target.SHA256.String())}})
	}
	return blocks
}

func role(name string, r plan.Role, at time.Time) page.Fact {
	return page.Fact{Label: name, Value: fmt.Sprintf("%d of %d must sign (%s); expires %s",
		r.Threshold, len(r.Holders), strings.Join(r.Holders, ", "), at.Add(r.Expires).UTC().Format(time.DateOnly))}
}

// halves lets a long hex string break in the middle.
func halves(hex string) string { return hex[:len(hex)/2] + " " + hex[len(hex)/2:] }

func short(keyid string) string { return keyid[:min(8, len(keyid))] }
