package ui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ui/page"
)

// item is something that can be picked out of a list, by its name; id is what
// is meant by it, where that is something else.
type item struct{ name, detail, id string }

// A list up to here is shown at once; of what was searched for, that much.
const (
	maxList  = 9
	maxFound = 99
)

// pick has one item of a list chosen. A long list is searched first, by a part
// of the name.
func (f *flow) pick(ctx context.Context, p page.Page, what string, items []item) (string, error) {
	if len(items) <= maxList {
		return f.pickOf(ctx, p, items)
	}
	for {
		search := p
		search.Body = append([]page.Block{page.Facts{{Label: "In the list", Value: plural(len(items), what, what+"s")}}}, p.Body...)
		part, err := f.Person.Text(ctx, search, page.Field{
			Label: "A part of its name, to search for",
			Judge: func(typed []byte) error {
				switch n := len(matching(items, string(typed))); {
				case n == 0:
					return fmt.Errorf("there is no %s with that in its name", what)
				case n > maxFound:
					return fmt.Errorf("%s have that in their names: type more of it", plural(n, what, what+"s"))
				}
				return nil
			},
		})
		if err != nil {
			return "", err
		}
		found := p
		found.Body = append([]page.Block{page.Facts{{Label: "Searched for", Value: part}}}, p.Body...)
		name, err := f.pickOf(ctx, found, matching(items, part))
		if !errors.Is(err, page.ErrBack) {
			return name, err
		}
	}
}

func matching(items []item, part string) []item {
	var found []item
	for _, i := range items {
		if strings.Contains(strings.ToLower(i.name), strings.ToLower(part)) {
			found = append(found, i)
		}
	}
	return found
}

func (f *flow) pickOf(ctx context.Context, p page.Page, items []item) (string, error) {
	choices := make([]page.Choice, len(items))
	for i, it := range items {
		choices[i] = page.Choice{Key: cmp.Or(it.id, it.name), Label: it.name, Detail: it.detail}
	}
	return f.Person.Choose(ctx, p, choices)
}

// several has at least some items of a list chosen, one after the other. One
// that is chosen a second time is taken out again.
func (f *flow) several(ctx context.Context, p page.Page, least int, items []item) ([]string, error) {
	taken := map[string]bool{}
	for {
		var names []string
		choices := make([]page.Choice, 0, len(items)+1)
		for _, it := range items {
			detail := it.detail
			if taken[it.name] {
				names, detail = append(names, it.name), "chosen"
			}
			choices = append(choices, page.Choice{Key: "take " + it.name, Label: it.name, Detail: detail})
		}
		chosen := "nothing yet"
		if len(names) > 0 {
			chosen = strings.Join(names, ", ")
		}
		if len(names) >= least {
			choices = append(choices, page.Choice{Key: "done", Label: "That is all"})
		}
		shown := p
		shown.Body = append(append([]page.Block{}, p.Body...), page.Facts{{Label: "Chosen", Value: chosen}})
		key, err := f.Person.Choose(ctx, shown, choices)
		if err != nil {
			return nil, err
		}
		if key == "done" {
			return names, nil
		}
		name := strings.TrimPrefix(key, "take ")
		taken[name] = !taken[name]
	}
}
