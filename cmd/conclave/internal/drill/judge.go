package drill

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// End is what there is at the end of a drill.
type End struct {
	Ceremony *ceremony.Ceremony
	Drawer   *virtual.Drawer
	Now      time.Time
}

// Judge says of each goal whether it was achieved, and why.
func (d Drill) Judge(end End) ([]token.Check, error) {
	contents, err := end.Ceremony.Contents()
	if err != nil {
		return nil, err
	}
	o := outcome{End: end, contents: contents}
	if o.founding, err = foundingRoot(contents); err != nil {
		return nil, err
	}
	o.set, o.open = trust.Assemble(contents)
	var checks []token.Check
	for _, g := range d.goals {
		name, why, err := g(o)
		c := token.Check{Name: name, Pass: err == nil, Reason: why}
		if err != nil {
			c.Reason = err.Error()
		}
		checks = append(checks, c)
	}
	return checks, nil
}

// outcome is what goals are judged by.
type outcome struct {
	End
	contents trust.Contents
	founding *metadata.File // root 1, as it was before the accident
	set      *trust.Set     // nil where something frozen is not complete
	open     error          // what is not
}

// goal says why it was achieved, or as an error why it was not.
type goal func(outcome) (name, why string, err error)

// foundingRoot is the root that the people were given.
func foundingRoot(c trust.Contents) (*metadata.File, error) {
	for _, f := range c.Published {
		if f.Name == "1.root.json" {
			return metadata.ParseFile(f.Bytes, metadata.Strict)
		}
	}
	return nil, errors.New("the workspace holds no root 1: it is of no drill")
}

// next is the newest root, which has both quorums and is not the first.
func (o outcome) next() (*metadata.File, error) {
	if o.open != nil {
		return nil, o.open
	}
	root := o.set.Roots[len(o.set.Roots)-1]
	if root.Version == o.founding.Version {
		return nil, errors.New("there is no next root")
	}
	return root, nil
}

// keyOf is the key that a holder had at the founding.
func (o outcome) keyOf(holder string) string {
	for id, name := range o.founding.Conclave.Holders {
		if name == holder {
			return id
		}
	}
	return ""
}

func withoutKeyOf(holder string) goal {
	return func(o outcome) (name, why string, err error) {
		name = holder + "'s old key is out"
		root, err := o.next()
		if err != nil {
			return name, "", err
		}
		if _, there := root.Root.Keys[o.keyOf(holder)]; there {
			return name, "", fmt.Errorf("root %d still names it", root.Version)
		}
		return name, fmt.Sprintf("root %d does not name it, and has the signatures of both roots", root.Version), nil
	}
}

func renewed(role string, days int) goal {
	return func(o outcome) (name, why string, err error) {
		name = role + " is renewed"
		if o.open != nil {
			return name, "", o.open
		}
		f := o.set.Targets
		if role == "root" {
			f = o.set.Roots[len(o.set.Roots)-1]
		}
		left := int(f.Expires.Sub(o.Now) / day)
		switch {
		case f.Version == 1:
			err = fmt.Errorf("%s 1 is still the newest", role)
		case left < days:
			err = fmt.Errorf("%s %d is good for %d days only", role, f.Version, left)
		}
		return name, fmt.Sprintf("%s %d is complete, and good for %d days", role, f.Version, left), err
	}
}

func newOnlineKeys(o outcome) (name, why string, err error) {
	name = "new online keys"
	root, err := o.next()
	if err != nil {
		return name, "", err
	}
	for _, role := range []string{"snapshot", "timestamp"} {
		for _, id := range o.founding.Root.Roles[role].KeyIDs {
			if slices.Contains(root.Root.Roles[role].KeyIDs, id) {
				return name, "", fmt.Errorf("root %d still lets the stolen key sign %s", root.Version, role)
			}
		}
	}
	return name, fmt.Sprintf("root %d gives snapshot and timestamp another key, so clients forget their version numbers", root.Version), nil
}

func unblocked(holder, serial string) goal {
	return func(o outcome) (name, why string, err error) {
		name = "the token signs again"
		all, err := o.Drawer.All()
		if err != nil {
			return name, "", err
		}
		i := slices.IndexFunc(all, func(t token.Info) bool { return t.Serial == serial })
		switch {
		case i < 0:
			err = fmt.Errorf("token %s is not in the drawer", serial)
		case all[i].PINTries == 0:
			err = fmt.Errorf("token %s still takes no PIN", serial)
		case all[i].Key == nil || all[i].Key.ID() != o.keyOf(holder):
			err = fmt.Errorf("token %s has lost %s's key", serial, holder)
		}
		return name, fmt.Sprintf("token %s takes a PIN, and has %s's key", serial, holder), err
	}
}

// noRoot: what can't be completed was not begun, or was cancelled.
func noRoot(o outcome) (name, why string, err error) {
	name = "no root is left half signed"
	for _, p := range o.contents.Proposals {
		if p.Role == "root" {
			return name, "", fmt.Errorf("root %d is frozen, and nobody can complete it", p.Version)
		}
	}
	return name, "root stays as it was founded", nil
}

func noteWritten(o outcome) (name, why string, err error) {
	name = "a note says what is next"
	told, err := o.Ceremony.RecordToSign()
	if err != nil {
		return name, "", err
	}
	for _, n := range told.Notes {
		if n.Who != "" && n.Who != narrator {
			return name, n.Who + " has written one", nil
		}
	}
	return name, "", errors.New("nobody has written a note")
}

func written(o outcome) (name, why string, err error) {
	name = "the bundle is written"
	steps := o.Ceremony.Steps()
	if last := steps[len(steps)-1]; last.Kind != ceremony.StepExport || last.State != ceremony.Done {
		return name, "", errors.New("there is something that is in no bundle yet")
	}
	return name, "everything is in it", nil
}
