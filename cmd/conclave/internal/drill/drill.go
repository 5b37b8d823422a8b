package drill

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Drill is an accident that a group can practise.
type Drill struct {
	Name     string // for the command line: "lost-token"
	Title    string // "A token is lost"
	Happened []string
	Achieve  []string
	Papers   []Paper // beyond the PINs: what somebody has in a drawer at home

	ago   time.Duration // when the trust was founded, before the drill
	lost  []string      // whose tokens are nowhere
	prior func(*stage) error
	goals []goal
}

// Paper is something that people know or have on paper.
type Paper struct{ What, Text string }

const day = 24 * time.Hour

// All returns the drills, by name.
func All() []Drill {
	return []Drill{
		{
			Name: "blocked-token", Title: "A token takes no PIN any more",
			Happened: []string{"Bo mistyped the PIN of token 5417502 three times. The token takes none any more. Bo has found the paper with the PUK."},
			Achieve:  []string{"Bo's token takes a PIN again, and still has its key."},
			Papers:   []Paper{{"PUK of token 5417502", spelled(puk)}},
			ago:      30 * day, prior: blockToken("5417502"),
			goals: []goal{unblocked("Bo", "5417502")},
		},
		{
			Name: "compromised-key", Title: "Somebody else may have used a key",
			Happened: []string{"Dee's token was not in its envelope for a weekend, and the paper with the PIN lay beside it. On Monday it was back. Nobody knows who had it."},
			Achieve: []string{
				"The next root no longer names Dee's old key, and is signed by the old and the new holders.",
				"The bundle with it is written.",
			},
			ago:   90 * day,
			goals: []goal{withoutKeyOf("Dee"), written},
		},
		{
			Name: "expired-root", Title: "The root expires in 5 days",
			Happened: []string{"Nobody looked at the calendar: root 1 expires in 5 days. After that clients refuse everything."},
			Achieve: []string{
				"The next root is signed, and good for at least 90 days.",
				"The bundle with it is written.",
			},
			ago:   rootPeriod - 5*day - time.Hour,
			goals: []goal{renewed("root", 90), written},
		},
		{
			Name: "fast-forward", Title: "Snapshot and timestamp were attacked",
			Happened: []string{
				"Somebody had the online key for a night, and published a snapshot and a timestamp with huge version numbers. Clients that saw them refuse whatever comes after.",
				"The uploader's people have made a new key, on another machine. Its public half lies on the stick: new-online.pub.",
			},
			Achieve: []string{
				"The next root names the new key for snapshot and timestamp, and is signed.",
				"The bundle with it is written.",
			},
			ago: 30 * day, prior: newOnlineKey,
			goals: []goal{newOnlineKeys, written},
		},
		{
			Name: "lost-token", Title: "A token is lost",
			Happened: []string{"Cy came by train, and token 5417503 did not arrive. It is in no drawer. The lost-property office has nothing. There is a spare token, 5417506, as it came from the factory."},
			Achieve: []string{
				"The next root no longer names the lost key, and is signed by the old and the new holders.",
				"The bundle with it is written.",
			},
			ago: 90 * day, lost: []string{"Cy"},
			goals: []goal{withoutKeyOf("Cy"), written},
		},
		{
			Name: "unreachable-threshold", Title: "Too many tokens are gone",
			Happened: []string{"There was a fire in the bank. The tokens of Cy, Dee and Ed were in the same vault, and are destroyed. Root needs 3 of 5, and 2 are left."},
			Achieve: []string{
				"Find out what can still be done, and what can't. No root is left half signed.",
				"Targets are renewed, so that clients go on while a new trust is founded.",
				"A note in the journal says what has to happen next.",
				"The bundle is written.",
			},
			ago: 150 * day, lost: []string{"Cy", "Dee", "Ed"},
			goals: []goal{noRoot, renewed("targets", 90), noteWritten, written},
		},
	}
}

// Find returns the drill of that name.
func Find(name string) (Drill, error) {
	all := All()
	i := slices.IndexFunc(all, func(d Drill) bool { return d.Name == name })
	if i < 0 {
		names := make([]string, len(all))
		for i, d := range all {
			names[i] = d.Name
		}
		return Drill{}, fmt.Errorf("there is no drill %q, but these: %s", text.Safe(name), strings.Join(names, ", "))
	}
	return all[i], nil
}

// Person is a holder of the trust that a drill is about.
type Person struct{ Name, Serial, PIN string }

// People are the five holders, with what they type. Root needs three of them,
// targets two of the first three.
func People() []Person {
	return []Person{
		{"Ada", "5417501", "470213"},
		{"Bo", "5417502", "570313"},
		{"Cy", "5417503", "670413"},
		{"Dee", "5417504", "770513"},
		{"Ed", "5417505", "870613"},
	}
}

// puk is the PUK of every token. A rehearsal has no secrets.
const puk = "ACDEFGHJ"

func spelled(s string) string { return strings.Join(strings.Split(s, ""), " ") }

// Lost says whether a holder's token is nowhere.
func (d Drill) Lost(holder string) bool { return slices.Contains(d.lost, holder) }
