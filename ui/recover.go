package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

// recover asks what went wrong, says what can be done about it and what can't,
// and leads to the draft that does it.
func (f *flow) recover(ctx context.Context) error {
	options := []option{
		{page.Choice{Key: "lost", Label: "A token is lost or broken"}, f.recovery(f.lostToken)},
		{page.Choice{Key: "blocked", Label: "A token takes no PIN any more", Detail: "it is blocked"}, f.blockedToken},
		{page.Choice{Key: "compromised", Label: "Somebody else may have used a key"}, f.recovery(f.compromised)},
		{page.Choice{Key: "few", Label: "Several tokens are gone", Detail: "is there still a way?"}, f.recovery(f.fewTokens)},
		{page.Choice{Key: "expired", Label: "A role expires soon, or has expired"}, f.recovery(f.expired)},
		{page.Choice{Key: "fast-forward", Label: "Snapshot or timestamp were attacked", Detail: "their key was misused"}, f.recovery(f.fastForward)},
	}
	if len(f.Ceremony.Undecided()) > 0 {
		options = append(options, option{page.Choice{Key: "cancel", Label: "Something is frozen that is wrong", Detail: "cancel it"}, f.cancel})
	}
	return f.menu(ctx, f.page("What went wrong?",
		page.Para("Nothing is changed by looking. Each of these says first what can be done, and what can't."),
	).WithHelp(
		"Most accidents are put right by a new version of a role: it is drafted, frozen and signed like any other change.",
		"A key that never left its token can't be copied or restored. What helps is that others can sign too.",
	), options...)
}

// recovery has edits asked for, and then shows the draft that they are part of.
func (f *flow) recovery(ask action) action {
	return func(ctx context.Context) error {
		if err := ask(ctx); err != nil {
			return err
		}
		err := f.draft(ctx)
		if errors.Is(err, page.ErrBack) { // the edits are made: on to the list of steps
			return nil
		}
		return err
	}
}

func (f *flow) lostToken(ctx context.Context) error {
	return f.replaced(ctx, "Whose token is lost or broken?", true,
		"Its key can't be made again: no copy of it exists. The next root leaves it out.",
		"Whoever finds the token needs its PIN, and has three tries. Until clients have the next root, the key keeps its vote.")
}

func (f *flow) compromised(ctx context.Context) error {
	return f.replaced(ctx, "Whose key may somebody else have used?", false,
		"It has one vote: below a threshold it can do nothing alone. Until clients have the next root, it still counts.",
		"What was signed with it stays signed: read again every version since then.",
		"If as many keys as a threshold are in wrong hands, a new root does not help: who has them makes roots too. Then found a new trust, and give clients its first root by other means.")
}

// replaced asks whose key goes, and whether its holder stays.
func (f *flow) replaced(ctx context.Context, title string, lost bool, words ...string) error {
	return f.edit(ctx, func(ctx context.Context, problem *page.Problem) ([]draft.Edit, error) {
		name, gone := "", lost
		stays := false
		err := inTurn(ctx,
			func(ctx context.Context) (err error) {
				p := f.draftPage(title).WithProblem(problem).WithHelp("The holder's key is taken out of every role, in the same draft.")
				for _, w := range words {
					p.Body = append(p.Body, page.Para(w))
				}
				name, err = f.pickHolder(ctx, p)
				return err
			},
			func(ctx context.Context) (err error) {
				if stays, err = f.staysHolder(ctx, name); err == nil && !lost {
					gone, err = f.stillSigns(ctx, name)
				}
				return err
			},
		)
		if stays {
			return []draft.Edit{draft.ReplaceToken{Holder: name, Lost: gone}}, err
		}
		return []draft.Edit{draft.RemoveHolder{Holder: name, Lost: gone}}, err
	})
}

// staysHolder says what is left without somebody's key, and asks for a new token.
func (f *flow) staysHolder(ctx context.Context, name string) (bool, error) {
	d, err := f.Ceremony.Editable()
	if err != nil {
		return false, err
	}
	key, err := f.Person.Choose(ctx, f.draftPage("Does "+name+" get a new token?", left(d.Roles, []string{name}),
		page.Para("With a new token everything stays as it was: as many keys, as many signatures. Without one there is a key less."),
	).WithHelp("The new token is enrolled in the list of steps, after this."),
		[]page.Choice{{Key: "new token", Label: "Yes, " + name + " gets a new token"}, {Key: "leave", Label: "No, " + name + " leaves", Detail: "out of every role"}})
	return key == "new token", err
}

// left says of each role how many keys there are without those of some holders.
func left(roles []draft.RoleState, without []string) page.Facts {
	var facts page.Facts
	for _, r := range draft.SignedByHolders(roles) {
		n, tooFew := r.Without(without)
		words := fmt.Sprintf("%d must sign, %d of %d still can", r.Threshold, n, len(r.Holders))
		if tooFew {
			words += ": too few"
		}
		facts = append(facts, page.Fact{Label: r.Name, Value: words})
	}
	return facts
}

// fewTokens counts whether the root can still be changed.
func (f *flow) fewTokens(ctx context.Context) error {
	d, err := f.Ceremony.Editable()
	if err != nil {
		return err
	}
	published, err := f.Ceremony.Roles()
	if err != nil {
		return err
	}
	var gone []string
	return inTurn(ctx,
		func(ctx context.Context) (err error) {
			gone, err = f.several(ctx, f.draftPage("Whose tokens can't sign any more?",
				page.Para("Lost, broken, blocked with its PUK, reset, or not to be trusted. Look for the others before you answer: each one counts."),
			).WithHelp("The next root needs as many signatures by the keys of today's root as that one says. Nothing can stand in for them."), 1, f.holderItems(d))
			return err
		},
		func(ctx context.Context) error {
			if _, tooFew := published[0].Without(gone); tooFew {
				return backFrom(f.Person.Tell(ctx, f.beyondRepair(published, gone)))
			}
			return f.replaceAll(ctx, d, gone)
		},
	)
}

func (f *flow) replaceAll(ctx context.Context, d ceremony.Editable, gone []string) error {
	key, err := f.Person.Choose(ctx, f.draftPage("There is still a way", left(d.Roles, gone),
		page.Para("The holders who are left can sign the next root, and that one decides who signs from then on. Do it soon: with every further token lost there may be no way."),
	).WithHelp("Until the next root is published, a role with too few keys can't have a new version."),
		[]page.Choice{{Key: "new token", Label: "They get new tokens", Detail: strings.Join(gone, ", ")}, {Key: "leave", Label: "They leave", Detail: "change the thresholds, too, where it is too few"}})
	if err != nil {
		return err
	}
	edits := make([]draft.Edit, len(gone))
	for i, name := range gone {
		if edits[i] = (draft.ReplaceToken{Holder: name, Lost: true}); key == "leave" {
			edits[i] = draft.RemoveHolder{Holder: name, Lost: true}
		}
	}
	return f.Ceremony.Edit(edits...)
}

// beyondRepair says honestly that no root can follow, and what is left to do.
func (f *flow) beyondRepair(roles []draft.RoleState, gone []string) page.Page {
	still, _ := roles[0].Without(gone)
	return f.draftPage("This trust can't be changed any more", left(roles, gone),
		page.Strong(fmt.Sprintf("The next root would need %d signatures by keys of root %d, and %d can be given. Nobody can repair that: not this program, and nobody else.",
			roles[0].Threshold, roles[0].Version, still)),
		page.Para("What is published stays good until it expires: root on "+roles[0].Expires.UTC().Format(time.DateOnly)+". Until then a role that is not too few can still have new versions."),
		page.Para("Found a new trust before that day, and give its first root to every client by the way on which they got the first one of this trust: with the software, or by hand."),
	).WithHelp("A token that turns up again counts again. Go back if one of them can sign after all.")
}

func (f *flow) expired(ctx context.Context) error {
	return f.renewal(ctx, f.draftPage("Which role has to be renewed?",
		page.Facts{{Label: "Today", Value: f.Now().UTC().Format(time.DateOnly)}},
		page.Para("Also a root that has expired can be followed by its next version: clients look at the expiry of the last one only. Its holders sign as ever."),
		page.Para("Until the new version is published, clients refuse what has expired and all that hangs on it. Nobody can shorten that."),
	).WithHelp("Is the clock right? An expiry that surprises everybody is sometimes only a wrong date."))
}

func (f *flow) fastForward(ctx context.Context) error {
	return f.menu(ctx, f.draftPage("Snapshot or timestamp were attacked",
		page.Para("Who had the online key may have published a snapshot or a timestamp with a very high number. Clients that saw it refuse every lower one."),
		page.Para("A root that names new keys makes clients forget what the old ones signed: versions start again, and low numbers are good. The attacker could hold back new targets, but not make any: those need their holders."),
		page.Para("Have the new key made on a machine that the attacker never had. The old one is not used again."),
	).WithHelp("Changing both keys is the safe way, also where only one number was raised."),
		option{page.Choice{Key: "both", Label: "New keys for snapshot and timestamp", Detail: "read from a file"},
			func(ctx context.Context) error { return f.newOnlineKey(ctx, "snapshot", "timestamp") }})
}

// blockedToken unblocks a token outside of a signature.
func (f *flow) blockedToken(ctx context.Context) error {
	h, err := f.pickToken(ctx)
	if err != nil {
		return err
	}
	dress := func(p page.Page) page.Page { return p.By(h.Name, "unblocking", "") }
	match := func(info token.Info) error { return f.Ceremony.CheckUnblock(h, info) }
	t, err := f.expect(ctx, h, dress, match, nil)
	if err != nil {
		return err
	}
	if t.info.PINTries != 0 {
		return f.Person.Tell(ctx, dress(f.page("This token is not blocked",
			page.Facts{{Label: "Token", Value: tokenText(t.info)}, {Label: "Holder", Value: h.Name}, {Label: "Tries left", Value: tries(t.info.PINTries)}},
			page.Para("Its holder can sign with it as ever. If nobody remembers the PIN, it is as good as lost: with the last try gone, the PUK sets a new one."),
		)).WithHelp("Each wrong PIN costs a try. A right one gives them all back."))
	}
	return f.blocked(ctx, h, t, dress, nil, "The token signs again, with the new PIN.")
}

// pickToken has a token chosen by its holder: somebody with two stands there twice.
func (f *flow) pickToken(ctx context.Context) (ceremony.Holder, error) {
	holders := f.Ceremony.Holders()
	items := make([]item, len(holders))
	for i, h := range holders {
		items[i] = item{name: h.Name, id: fmt.Sprint("holder ", i), detail: keyName(h)}
	}
	id, err := f.pick(ctx, f.page("Whose token is blocked?",
		page.Para("After too many wrong PINs a token takes none. The PUK from its paper sets a new one, and the key stays."),
		page.Para("Where the PUK is blocked as well, or its paper is gone, the token is lost: take that way instead."),
	).WithHelp("Nothing is asked of the token before it is in the reader, and no try is used by looking."), "token", items)
	if err != nil {
		return ceremony.Holder{}, err
	}
	i := slices.IndexFunc(items, func(it item) bool { return it.id == id })
	return holders[i], nil
}
