package plan

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Plan is what a founding is to come to. It is written by people, reviewed by
// people, and the only input of the ceremony besides tokens and consent.
type Plan struct {
	Trust   string
	Holders []Holder
	Root    Role
	Targets Role
	Online  Online
	Margin  time.Duration // before an expiry the next version is signed, in whole days; 0: the plan does not say
	Tokens  token.Profile
	Files   []trust.NewTarget
}

// Holder is a person who owns a token.
type Holder struct {
	Name   string
	Serial string // "": any token that no other holder uses
}

// Role says who signs a role, how many of them, and for how long.
type Role struct {
	Threshold int // keys
	Holders   []string
	Expires   time.Duration // from the freezing
}

// Online is the keys of the roles that the uploader signs.
type Online struct{ Snapshot, Timestamp metadata.Key }

// Error says where a plan is wrong.
type Error struct {
	Line  int    // from 1; 0: not known
	Field string // "roles.root.threshold"
	Why   string
}

func (e *Error) Error() string {
	s := "plan"
	if e.Line > 0 {
		s += ", line " + strconv.Itoa(e.Line)
	}
	if e.Field != "" {
		s += ": " + e.Field
	}
	return s + ": " + e.Why
}

// planFile is the YAML text of a plan.
type planFile struct {
	Trust   string `yaml:"trust"`
	Holders []struct {
		Name   string `yaml:"name"`
		Serial string `yaml:"serial"`
	} `yaml:"holders"`
	Roles struct {
		Root    planFileRole `yaml:"root"`
		Targets planFileRole `yaml:"targets"`
	} `yaml:"roles"`
	Margin string `yaml:"margin"`
	Online struct {
		Snapshot  string `yaml:"snapshot"`
		Timestamp string `yaml:"timestamp"`
	} `yaml:"online"`
	Tokens struct {
		Algorithm   string `yaml:"algorithm"`
		Touch       string `yaml:"touch"`
		PIN         string `yaml:"pin"`
		MinFirmware string `yaml:"min-firmware"`
		Unattested  bool   `yaml:"without-attestation"`
	} `yaml:"tokens"`
	Targets []struct {
		Path      string `yaml:"path"`
		SHA256    string `yaml:"sha256"`
		Length    int64  `yaml:"length"`
		MediaType string `yaml:"media-type"`
	} `yaml:"targets"`
}

type planFileRole struct {
	Threshold int      `yaml:"threshold"`
	Holders   []string `yaml:"holders"`
	Expires   string   `yaml:"expires"`
}

// Files returns the names of the files that a plan refers to, so that a
// caller can read them; they lie beside the plan.
func Files(text []byte) ([]string, error) {
	f, _, err := readPlanFile(text)
	if err != nil {
		return nil, err
	}
	names := []string{f.Online.Snapshot, f.Online.Timestamp}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == "" })
	return names, nil
}

// Parse reads a plan. Unknown fields, a threshold over its keys and all
// else that could not be completed is a *Error with the line.
func Parse(text []byte, files map[string][]byte) (*Plan, error) {
	f, lines, err := readPlanFile(text)
	if err != nil {
		return nil, err
	}
	r := planReader{f: f, lines: lines, files: files}
	p := r.plan()
	if r.err != nil {
		return nil, r.err
	}
	return p, nil
}

const maxPlan = 1 << 20 // bytes

func readPlanFile(text []byte) (planFile, planLines, error) {
	var f planFile
	if len(text) > maxPlan {
		return f, nil, &Error{Why: fmt.Sprintf("it is larger than %d bytes", maxPlan)}
	}
	if err := checkNesting(text); err != nil {
		return f, nil, err
	}
	lines, err := planLinesOf(text)
	if err != nil {
		return f, nil, err
	}
	if err := yaml.UnmarshalWithOptions(text, &f, yaml.Strict()); err != nil {
		return f, nil, yamlError(err)
	}
	return f, lines, nil
}

// yamlError keeps the line and the reason of the library's error.
func yamlError(err error) error {
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil {
		return &Error{Line: y.GetToken().Position.Line, Why: text.Safe(y.GetMessage())}
	}
	return &Error{Why: text.Safe(err.Error())}
}

// planReader turns the YAML into a Plan, keeping the error that stands first in it.
type planReader struct {
	f     planFile
	lines planLines
	files map[string][]byte
	err   *Error
}

func (r *planReader) fail(field, format string, args ...any) {
	if line := r.lines.of(field); r.err == nil || line < r.err.Line {
		r.err = &Error{Line: line, Field: field, Why: fmt.Sprintf(format, args...)}
	}
}

func (r *planReader) plan() *Plan {
	p := &Plan{Trust: r.f.Trust}
	if err := trust.CheckName(p.Trust); err != nil {
		r.fail("trust", "%v", err)
	}
	p.Holders = r.holders()
	p.Root = r.role("root", r.f.Roles.Root, p.Holders)
	p.Targets = r.role("targets", r.f.Roles.Targets, p.Holders)
	p.Margin = r.margin(p.Root.Expires, p.Targets.Expires)
	p.Online.Snapshot = r.key("online.snapshot", r.f.Online.Snapshot)
	p.Online.Timestamp = r.key("online.timestamp", r.f.Online.Timestamp)
	p.Tokens = r.tokens(trust.IsRehearsal(p.Trust))
	p.Files = r.targets()
	r.edits(p)
	return p
}

// edits has the draft judge what the plan comes to, as it judges a change.
func (r *planReader) edits(p *Plan) {
	d := draft.Founding(p.Trust, nil)
	for _, e := range p.edits() {
		refused, ok := errors.AsType[*draft.EditError](d.Apply(e.Edit))
		if !ok {
			continue
		}
		at := e.at
		if at == "targets" {
			at = fmt.Sprintf("targets[%d]", refused.Entry)
		}
		if refused.Field != "" {
			at += "." + refused.Field
		}
		r.fail(at, "%s", refused.Why)
	}
	if role, err := d.Unsignable(); err != nil {
		r.fail("roles."+role+".threshold", "%v", err)
	}
}

// plannedEdit is an edit, and where in the plan it stands.
type plannedEdit struct {
	draft.Edit
	at string
}

// Edits make the trust of the plan out of nothing.
func (p *Plan) Edits() []draft.Edit {
	var edits []draft.Edit
	for _, e := range p.edits() {
		edits = append(edits, e.Edit)
	}
	return edits
}

func (p *Plan) edits() []plannedEdit {
	var list []plannedEdit
	add := func(at string, e draft.Edit) { list = append(list, plannedEdit{e, at}) }
	for i, h := range p.Holders {
		add(fmt.Sprintf("holders[%d]", i), draft.AddHolder{Holder: h.Name, Roles: p.RolesOf(h.Name)})
	}
	for _, role := range []string{"root", "targets"} {
		planned := map[string]Role{"root": p.Root, "targets": p.Targets}[role]
		add("roles."+role, draft.SetThreshold{Role: role, Threshold: planned.Threshold})
		add("roles."+role+".expires", draft.Renew{Role: role, Days: text.Days(planned.Expires)})
	}
	add("online.snapshot", draft.SetOnlineKey{Role: "snapshot", Key: p.Online.Snapshot})
	add("online.timestamp", draft.SetOnlineKey{Role: "timestamp", Key: p.Online.Timestamp})
	if len(p.Files) > 0 {
		add("targets", draft.AddTargets{Role: "targets", Targets: p.Files})
	}
	return list
}

// RolesOf lists the roles that a holder signs, root first.
func (p *Plan) RolesOf(holder string) []string {
	var roles []string
	if slices.Contains(p.Root.Holders, holder) {
		roles = append(roles, "root")
	}
	if slices.Contains(p.Targets.Holders, holder) {
		roles = append(roles, "targets")
	}
	return roles
}

const serialCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"

// holders reads whose token has which serial. Their names are the draft's to judge.
func (r *planReader) holders() []Holder {
	var holders []Holder
	names, serials := map[string]bool{}, map[string]string{}
	for i, h := range r.f.Holders {
		at := fmt.Sprintf("holders[%d]", i)
		switch {
		case names[h.Name]:
			r.fail(at+".name", "%s is named twice", text.Safe(h.Name))
		case strings.Trim(h.Serial, serialCharacters) != "" || len(h.Serial) > 32:
			r.fail(at+".serial", "a serial has at most 32 digits, letters and dashes, as printed on the token; %q has not", text.Safe(h.Serial))
		case h.Serial != "" && serials[h.Serial] != "":
			r.fail(at+".serial", "token %s is given to %s already", h.Serial, text.Safe(serials[h.Serial]))
		}
		names[h.Name] = true
		if h.Serial != "" {
			serials[h.Serial] = h.Name
		}
		holders = append(holders, Holder{h.Name, h.Serial})
	}
	return holders
}

func (r *planReader) role(name string, f planFileRole, holders []Holder) Role {
	at := "roles." + name
	seen := map[string]bool{}
	for i, h := range f.Holders {
		field := fmt.Sprintf("%s.holders[%d]", at, i)
		if !slices.ContainsFunc(holders, func(p Holder) bool { return p.Name == h }) {
			r.fail(field, "%q is not among the plan's holders", text.Safe(h))
		}
		if seen[h] {
			r.fail(field, "%s is named twice: a key counts once", text.Safe(h))
		}
		seen[h] = true
	}
	return Role{f.Threshold, f.Holders, r.period(at+".expires", f.Expires)}
}

const wantPeriod = `a number of days from 1 to 3660, as in "365d"`

func (r *planReader) period(field, raw string) time.Duration {
	days, err := strconv.Atoi(strings.TrimSuffix(raw, "d"))
	d := time.Duration(days) * 24 * time.Hour
	if err != nil || !strings.HasSuffix(raw, "d") || days > draft.MaxDays || d < draft.MinPeriod || d > draft.MaxPeriod {
		r.fail(field, "%q is not %s", text.Safe(raw), wantPeriod)
	}
	return d
}

// margin is shorter than what it comes before: else all would be due for ever.
func (r *planReader) margin(periods ...time.Duration) time.Duration {
	if r.f.Margin == "" {
		return 0
	}
	d := r.period("margin", r.f.Margin)
	if shortest := slices.Min(periods); d >= shortest {
		r.fail("margin", "it is %d days, and a role is good for only %d", text.Days(d), text.Days(shortest))
	}
	return d
}

func (r *planReader) key(field, file string) metadata.Key {
	if file == "" {
		r.fail(field, "the file of the online key's public part is not named")
		return metadata.Key{}
	}
	raw, ok := r.files[file]
	if !ok {
		r.fail(field, "the file %s does not lie beside the plan", text.Safe(file))
		return metadata.Key{}
	}
	key, err := metadata.ParsePublicKey(raw)
	if err != nil {
		r.fail(field, "%s: %v", text.Safe(file), err)
	}
	return key
}

func (r *planReader) tokens(rehearsal bool) token.Profile {
	f := r.f.Tokens
	t := token.DefaultProfile(rehearsal)
	if f.Algorithm != "" {
		t.Algorithm = token.Algorithm(f.Algorithm)
		if !slices.Contains([]token.Algorithm{token.P256, token.P384, token.Ed25519}, t.Algorithm) {
			r.fail("tokens.algorithm", "%q is not one of p256, p384, ed25519", text.Safe(f.Algorithm))
		}
		t.Policy.Algorithms = []token.Algorithm{t.Algorithm}
	}
	if f.Touch != "" {
		t.Touch = token.TouchPolicy(f.Touch)
		if !slices.Contains([]token.TouchPolicy{token.TouchAlways, token.TouchCached, token.TouchNever}, t.Touch) {
			r.fail("tokens.touch", "%q is not one of always, cached, never", text.Safe(f.Touch))
		}
		t.Policy.Touch = []token.TouchPolicy{t.Touch}
	}
	if f.PIN != "" {
		t.PIN = token.PINPolicy(f.PIN)
		if !slices.Contains([]token.PINPolicy{token.PINOnce, token.PINAlways}, t.PIN) {
			r.fail("tokens.pin", "%q is not one of once, always", text.Safe(f.PIN))
		}
		t.Policy.PIN = []token.PINPolicy{t.PIN}
	}
	t.Policy.WithoutAttestation = f.Unattested
	if f.MinFirmware != "" {
		t.Policy.MinFirmware = f.MinFirmware
		if ok, err := regexp.MatchString(`^[0-9]+\.[0-9]+\.[0-9]+$`, f.MinFirmware); err != nil || !ok {
			r.fail("tokens.min-firmware", "%q is not a version such as 5.7.0", text.Safe(f.MinFirmware))
		}
	}
	return t
}

// targets reads what the first targets are. What they may be is the draft's to judge.
func (r *planReader) targets() []trust.NewTarget {
	var targets []trust.NewTarget
	for i, f := range r.f.Targets {
		digest, err := metadata.ParseDigest(f.SHA256)
		if err != nil {
			r.fail(fmt.Sprintf("targets[%d].sha256", i), "%v", err)
		}
		targets = append(targets, trust.NewTarget{Path: f.Path, SHA256: digest, Length: f.Length, MediaType: f.MediaType})
	}
	return targets
}
