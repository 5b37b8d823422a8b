package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ui/page"
)

// draft leads from one edit to the next, and shows after each what they come
// to. It ends when the people have said all, or go back.
func (f *flow) draft(ctx context.Context) error {
	for {
		d, err := f.Ceremony.Preview()
		if err != nil {
			return err
		}
		if len(d.Edits) == 0 {
			if err := f.topics(ctx); err != nil {
				return err
			}
			continue
		}
		more, err := f.drafted(ctx, d)
		if err != nil || !more {
			return err
		}
	}
}

// drafted shows what the edits come to, and asks whether there are more.
func (f *flow) drafted(ctx context.Context, d ceremony.Preview) (more bool, err error) {
	blocks, err := f.comesTo(d)
	if err != nil {
		return false, err
	}
	p := f.draftPage("What the draft comes to", blocks...).WithHelp(
		"This is worked out each time from the set that is complete and from the edits. Nothing of it is frozen, and nobody can sign it yet.",
		"The edits are in the journal: leave now, and the next start finds the draft as it is.",
	)
	if d.Problem != nil {
		p.Problem = explain(d.Problem)
	}
	err = f.menu(ctx, p,
		option{page.Choice{Key: "more", Label: "Change something more", Detail: "it goes into the same versions"},
			func(ctx context.Context) error { more = true; return f.topics(ctx) }},
		option{page.Choice{Key: "done", Label: "That is all", Detail: afterDraft(d)},
			func(context.Context) error { more = false; return nil }},
		option{page.Choice{Key: "take back", Label: "Take an edit back", Detail: "the others stay"},
			func(ctx context.Context) error { more = true; return f.takeBack(ctx, d.Edits) }},
		option{page.Choice{Key: "drop", Label: "Throw the draft away", Detail: "what is published stays as it is"},
			func(ctx context.Context) error { more = false; return f.dropDraft(ctx) }},
	)
	return more, err
}

// afterDraft says what comes next.
func afterDraft(d ceremony.Preview) string {
	switch {
	case len(d.Missing) > 0:
		return "next: " + strings.Join(d.Missing, ", ") + " enrols a token"
	case d.Problem != nil:
		return "it can't be frozen yet"
	}
	return "next: freeze it, then sign"
}

// draftPage makes a page of the draft.
func (f *flow) draftPage(title string, body ...page.Block) page.Page {
	return f.page(title, body...).By(ceremony.Facilitator, "draft", "")
}

// comesTo is a draft in words.
func (f *flow) comesTo(d ceremony.Preview) ([]page.Block, error) {
	edits := make(page.Facts, len(d.Edits))
	for i, e := range d.Edits {
		edits[i] = page.Fact{Label: fmt.Sprint("Edit ", i+1), Value: e.String()}
	}
	blocks := []page.Block{edits}
	if len(d.Missing) > 0 {
		blocks = append(blocks, page.Strong("Before it is seen what this comes to, a new token has to be enrolled: "+strings.Join(d.Missing, ", ")+"."))
	}
	for _, v := range d.Voids {
		blocks = append(blocks, page.Warning("Freezing this makes void: "+v+"."))
	}
	for _, w := range d.Warnings {
		blocks = append(blocks, page.Warning(w))
	}
	signers, err := f.whoSigns(d)
	if err != nil {
		return nil, err
	}
	for _, p := range d.Payloads {
		blocks = append(blocks, page.Strong(fmt.Sprintf("What %s does", p.Name())), signers(p), page.Changes(p.Changes))
	}
	return blocks, nil
}

// whoSigns says whose signatures the payloads of a draft need: for a root those
// of the old one too, and who of these can't give theirs any more.
func (f *flow) whoSigns(d ceremony.Preview) (func(ceremony.NextVersion) page.Facts, error) {
	before, err := f.Ceremony.Roles()
	if err != nil {
		return nil, err
	}
	after, err := f.Ceremony.Editable()
	if err != nil {
		return nil, err
	}
	old, fresh := tokenWords(d.Edits)
	of := func(list []draft.RoleState, role string, words map[string]string) string {
		i := slices.IndexFunc(list, func(s draft.RoleState) bool { return s.Name == role })
		if i < 0 {
			return "nobody"
		}
		names := slices.Clone(list[i].Holders)
		for i, name := range names {
			names[i] += words[name]
		}
		return fmt.Sprintf("%d of %s", list[i].Threshold, strings.Join(names, ", "))
	}
	return func(p ceremony.NextVersion) page.Facts {
		if p.Role != "root" {
			return page.Facts{{Label: "Signed by", Value: of(after.Roles, p.Role, fresh)}}
		}
		return page.Facts{
			{Label: fmt.Sprintf("By old root %d", p.Version-1), Value: of(before, p.Role, old)},
			{Label: fmt.Sprintf("By new root %d", p.Version), Value: of(after.Roles, p.Role, fresh)},
		}
	}, nil
}

// tokenWords say with which token somebody signs for the old root, or that
// theirs can't any more, and with which for what is new.
func tokenWords(edits []draft.Edit) (old, fresh map[string]string) {
	old, fresh = map[string]string{}, map[string]string{}
	for _, e := range edits {
		switch e := e.(type) {
		case draft.ReplaceToken:
			name := text.Safe(e.Holder)
			fresh[name] = " (new token)"
			if old[name] == "" {
				old[name] = " (old token)"
			}
			if e.Lost {
				old[name] = tokenLost
			}
		case draft.RemoveHolder:
			if e.Lost {
				old[text.Safe(e.Holder)] = tokenLost
			}
		}
	}
	return old, fresh
}

const tokenLost = " (token lost)"

// takeBack asks for the edit that goes. Which other one needs it is said.
func (f *flow) takeBack(ctx context.Context, edits []draft.Edit) error {
	items := make([]item, len(edits))
	for i, e := range edits {
		items[i] = item{name: fmt.Sprintf("Edit %d", i+1), id: strconv.Itoa(i + 1), detail: e.String()}
	}
	var problem *page.Problem
	for {
		id, err := f.pick(ctx, f.draftPage("Which edit is taken back?",
			page.Para("It goes, and the others stay as they are. What they come to is worked out anew."),
		).WithProblem(problem).WithHelp(
			"The journal keeps the edit, and that it was taken back.",
			"A token that was enrolled for it keeps its key, and serves if the same edit is made again.",
		), "edit", items)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(id)
		if err != nil {
			return err
		}
		err = f.Ceremony.TakeBack(n)
		var needed *draft.NeededError
		if !errors.As(err, &needed) {
			return err
		}
		problem = explain(err)
	}
}

func (f *flow) dropDraft(ctx context.Context) error {
	p := f.draftPage("Throw the draft away",
		page.Para("Every edit of it goes. What is frozen or published already is not touched."),
		page.Para("A token that was enrolled for the draft keeps its key, and has no role."),
	).WithHelp("The edits stay in the journal, as does that they were thrown away.")
	if _, err := f.Person.Text(ctx, p, phrase("throw the draft away")); err != nil {
		return err
	}
	return f.Ceremony.DropEdits()
}

// topics asks what is to change, and for the edit.
func (f *flow) topics(ctx context.Context) error {
	p := f.draftPage("What is to change?",
		page.Para("Say one thing after the other: all of them go into one new version of each role that they touch. Nothing is frozen before all is said."),
	).WithHelp(
		"After each edit you see what all of them come to, before and after.",
		"An edit can be taken back alone, and the whole draft can be thrown away.",
	)
	return f.menu(ctx, p,
		option{page.Choice{Key: "holders", Label: "Holders and their tokens", Detail: "join, leave, new token"}, f.holders},
		option{page.Choice{Key: "threshold", Label: "How many must sign", Detail: "the threshold of a role"}, f.threshold},
		option{page.Choice{Key: "renew", Label: "How long a role is good for", Detail: "a new expiry"}, f.renew},
		option{page.Choice{Key: "targets", Label: "Targets", Detail: "files and images"}, f.targets},
		option{page.Choice{Key: "delegations", Label: "Delegations", Detail: "paths that others sign for"}, f.delegations},
		option{page.Choice{Key: "online", Label: "Keys of snapshot and timestamp", Detail: "those of the uploader"}, f.onlineKeys},
	)
}

// edit asks for edits until the rules have nothing against them: why they have
// is said on the page that asks.
func (f *flow) edit(ctx context.Context, ask func(context.Context, *page.Problem) ([]draft.Edit, error)) error {
	var problem *page.Problem
	for {
		edits, err := ask(ctx, problem)
		if err != nil {
			return err
		}
		err = f.Ceremony.Edit(edits...)
		var refused *draft.EditError
		if !errors.As(err, &refused) {
			return err
		}
		problem = explain(err)
	}
}
