package schedule

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// State says how urgent something is.
type State string

const (
	Later   State = "later"   // not before the margin
	Now     State = "due"     // within the margin, or a quorum is open
	Expired State = "expired" // clients refuse it
	Online  State = "online"  // a program renews it; in a bundle its age says nothing
)

// Schedule says what of a trust expires when, who has to sign by which day, and
// which signatures are missing. Its strings are safe to print.
type Schedule struct {
	Trust    string       `json:"trust,omitempty"`
	At       time.Time    `json:"at"`          // the time that everything is held against
	Margin   int          `json:"margin_days"` // people sign this long before the expiry
	State    State        `json:"state"`       // the most urgent of all
	Roles    []Role       `json:"roles"`       // by the day on which to sign
	Missing  []OpenQuorum `json:"missing"`
	Problems []string     `json:"problems"` // sentences: what can't be verified
}

// Role is the newest complete version of a role, and its successor's deadline.
type Role struct {
	Role      string          `json:"role"`
	Version   int64           `json:"version"`
	Payload   metadata.Digest `json:"payload_sha256"`
	Expires   time.Time       `json:"expires"`
	SignBy    time.Time       `json:"sign_by"` // of the next version
	Days      int             `json:"days"`    // whole days from At to Expires; negative for days ago
	State     State           `json:"state"`
	Online    bool            `json:"online"` // signed by a program
	By        string          `json:"by"`     // who says who signs: "root 1"
	Threshold int             `json:"threshold"`
	Signers   []string        `json:"signers"` // names of those of whom Threshold have to sign
}

// OpenQuorum is a frozen payload that lacks signatures.
type OpenQuorum struct {
	Role    string          `json:"role"`
	Version int64           `json:"version"`
	Payload metadata.Digest `json:"payload_sha256"`
	Expires time.Time       `json:"expires"`
	SignBy  time.Time       `json:"sign_by"`
	Quorum  trust.Quorum    `json:"quorum"`
	From    []string        `json:"from"` // who can still sign
	Problem string          `json:"problem,omitempty"`
}

// MaxMargin is the longest margin that a schedule takes, in days.
const MaxMargin = 3660

// Of reads what a bundle or a workspace holds. What is complete counts
// as if it were published. margin is in days. A published set that does not
// verify is an error.
func Of(c trust.Contents, at time.Time, margin int) (*Schedule, error) {
	k, err := trust.KnownOf(c)
	if err != nil {
		return nil, err
	}
	if err := k.Verified(); err != nil {
		return nil, err
	}
	s, err := newSchedule(at, margin)
	if err != nil {
		return nil, err
	}
	s.Trust = text.Safe(c.Trust)
	if files := k.CompleteFiles(c); len(files) > 0 {
		report, err := metadata.Inspect(files, at)
		if err != nil {
			return nil, err
		}
		s.roles(report.Files)
	}
	for i := range s.Roles {
		if s.Roles[i].Online {
			s.Roles[i].State = Online
		}
	}
	standings, err := trust.Standings(c)
	if err != nil {
		return nil, err
	}
	s.missing(standings)
	if len(standings) > 0 && len(s.Roles)+len(s.Missing) == 0 {
		s.Problems = append(s.Problems, "what is proposed builds on nothing that is here: there is no root that says who signs it")
	}
	return s.judged(), nil
}

// OfFound reads a repository that clients read, so that timestamp and snapshot
// count too. Only what has its signatures is looked at.
func OfFound(found *metadata.Found, at time.Time, margin int) (*Schedule, error) {
	s, err := newSchedule(at, margin)
	if err != nil {
		return nil, err
	}
	report := found.Inspect(at)
	s.Trust = text.Safe(report.Trust)
	for _, problem := range report.Problems {
		s.Problems = append(s.Problems, text.Safe(problem))
	}
	s.roles(slices.DeleteFunc(report.Files, func(f metadata.FileReport) bool {
		return f.Error != "" || len(f.Signatures) == 0 ||
			slices.ContainsFunc(f.Signatures, func(s metadata.SignatureReport) bool { return !s.Met })
	}))
	return s.judged(), nil
}

func newSchedule(at time.Time, margin int) (*Schedule, error) {
	if margin < 0 || margin > MaxMargin {
		return nil, fmt.Errorf("a margin has 0 to %d days, and not %d", MaxMargin, margin)
	}
	return &Schedule{At: at.UTC().Truncate(time.Second), Margin: margin, Roles: []Role{}, Missing: []OpenQuorum{}, Problems: []string{}}, nil
}

// roles takes the newest version of each role.
func (s *Schedule) roles(files []metadata.FileReport) {
	newest := map[string]metadata.FileReport{}
	for _, f := range files {
		if old, ok := newest[f.Role]; !ok || f.Version > old.Version {
			newest[f.Role] = f
		}
	}
	who := mandates(newest)
	for _, role := range slices.Sorted(maps.Keys(newest)) {
		s.Roles = append(s.Roles, s.role(newest[role], mandateOf(role, who)))
	}
	slices.SortStableFunc(s.Roles, func(a, b Role) int { return a.SignBy.Compare(b.SignBy) })
}

func (s *Schedule) role(f metadata.FileReport, who mandate) Role {
	d := Role{
		Role: text.Safe(f.Role), Version: f.Version, Payload: f.Payload,
		Expires: f.Expires, SignBy: s.before(f.Expires), Days: text.Days(f.Expires.Sub(s.At)),
		Online: trust.IsOnline(f.Role), State: Later,
		By: who.by, Threshold: who.threshold, Signers: slices.Clone(who.names),
	}
	if d.Online {
		d.SignBy = f.Expires // a program needs no margin
	}
	switch {
	case !f.Expires.After(s.At):
		d.State = Expired
	case !d.SignBy.After(s.At):
		d.State = Now
	}
	return d
}

// mandate says who signs a role.
type mandate struct {
	by        string
	threshold int
	names     []string
}

// mandates reads them out of the newest root and targets; those of hash bins
// are under the name that a report has for all of them, "prefix-*".
func mandates(newest map[string]metadata.FileReport) map[string]mandate {
	all := map[string]mandate{}
	for role, f := range newest {
		for _, r := range f.Roles {
			if top := r.Name == "root" || r.Name == "targets" || trust.IsOnline(r.Name); top != (role == "root") {
				continue
			}
			m := mandate{by: fmt.Sprintf("%s %d", text.Safe(role), f.Version), threshold: r.Threshold, names: []string{}}
			for _, key := range r.Keys {
				m.names = append(m.names, keyName(key))
			}
			slices.Sort(m.names)
			m.names = slices.Compact(m.names)
			if other, ok := all[r.Name]; !ok || m.by < other.by {
				all[r.Name] = m
			}
		}
	}
	return all
}

// mandateOf finds the mandate of a role, which may be a hash bin.
func mandateOf(role string, all map[string]mandate) mandate {
	if m, ok := all[role]; ok {
		return m
	}
	bin := strings.TrimRight(role, "0123456789abcdef")
	return all[bin+"*"]
}

func keyName(k metadata.KeyReport) string {
	if k.Holder != "" {
		return text.Safe(k.Holder)
	}
	return fmt.Sprintf("key %.8s", text.Safe(k.KeyID))
}

// before is the day by which people sign what takes the place of something.
func (s *Schedule) before(expires time.Time) time.Time {
	return expires.AddDate(0, 0, -s.Margin)
}

// missing takes the payloads that lack signatures, or a decision of people.
func (s *Schedule) missing(standings []trust.Standing) {
	current := map[string]Role{}
	for _, d := range s.Roles {
		current[d.Role] = d
	}
	for _, st := range standings {
		now, ok := current[text.Safe(st.Role)]
		if st.Foreign || st.Problem == "" && (st.Quorum.Met() || now.Version >= st.Version) {
			continue
		}
		o := OpenQuorum{
			Role: text.Safe(st.Role), Version: st.Version, Payload: st.Digest, Expires: st.Expires,
			SignBy: s.before(st.Expires), Quorum: st.Quorum, From: st.Quorum.Open(), Problem: text.Safe(st.Problem),
		}
		if ok && now.SignBy.Before(o.SignBy) {
			o.SignBy = now.SignBy // it takes that one's place
		}
		s.Missing = append(s.Missing, o)
	}
	slices.SortStableFunc(s.Missing, func(a, b OpenQuorum) int {
		return cmp.Or(a.SignBy.Compare(b.SignBy), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Version, b.Version))
	})
}

// judged sets the state of the whole.
func (s *Schedule) judged() *Schedule {
	s.State = Later
	if len(s.Missing) > 0 {
		s.State = Now
	}
	for _, d := range s.Roles {
		switch {
		case d.State == Expired:
			s.State = Expired
		case d.State == Now && s.State == Later:
			s.State = Now
		}
	}
	return s
}
