package plan_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

const planText = `# Founding of a rehearsal
trust: rehearsal-wabbit
holders:
  - name: Ada
    serial: "1001"
  - name: Bo
  - name: Cy
roles:
  root:
    threshold: 2
    holders: [Ada, Bo, Cy]
    expires: 365d
  targets:
    threshold: 1
    holders: [Ada, Bo]
    expires: 180d
online:
  snapshot: online.pub
  timestamp: online.pub
tokens:
  without-attestation: true
targets:
  - path: wabbit/app
    sha256: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    length: 1234
    media-type: application/vnd.oci.image.manifest.v1+json
`

// planFiles are those that the plan names: a key that was made for this.
func planFiles() map[string][]byte {
	return map[string][]byte{"online.pub": []byte(`-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq35JohWsYMvvjkGXruWhA0tfligF
KJgZGxxPLHcSiJj2pCEcocC2gWMJcL6ldycGck0iIc+Rn/NLUCVqFJiTog==
-----END PUBLIC KEY-----
`)}
}

func TestParse(t *testing.T) {
	p, err := plan.Parse([]byte(planText), planFiles())
	if err != nil {
		t.Fatal(err)
	}
	if p.Trust != "rehearsal-wabbit" || len(p.Holders) != 3 || p.Holders[0].Serial != "1001" {
		t.Errorf("read %+v", p)
	}
	if p.Root.Threshold != 2 || p.Root.Expires != 365*24*time.Hour || len(p.Targets.Holders) != 2 {
		t.Errorf("roles: %+v %+v", p.Root, p.Targets)
	}
	if p.Tokens.Algorithm != token.P256 || p.Tokens.Touch != token.TouchAlways || p.Tokens.Policy.MinFirmware != "5.7.0" {
		t.Errorf("what the plan does not say: %+v", p.Tokens)
	}
	if p.Online.Snapshot.ID() == "" || p.Online.Snapshot.ID() != p.Online.Timestamp.ID() {
		t.Error("the online key was not read")
	}
	names, err := plan.Files([]byte(planText))
	if err != nil || len(names) != 1 || names[0] != "online.pub" {
		t.Errorf("Files: %v, %v", names, err)
	}
}

// TestErrors has a row for each thing that can be wrong with a plan, and
// the line that the error must point at.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		name     string
		old, new string // what is replaced in the good plan
		line     int
		field    string
		why      string
	}{
		{"unknown field", "trust:", "trusst: x\ntrust:", 2, "", "unknown field"},
		{"a field twice", "trust:", "trust: other\ntrust:", 3, "", "already defined"},
		{"trust with a dot", "rehearsal-wabbit", "rehearsal.wabbit", 2, "trust", "lower-case letters"},
		{"trust too long", "rehearsal-wabbit", "rehearsal-" + strings.Repeat("w", 40), 2, "trust", "at most 40"},
		{"threshold over the keys", "threshold: 2", "threshold: 4", 10, "roles.root.threshold", "only 3 keys"},
		{"threshold zero", "threshold: 2", "threshold: 0", 10, "roles.root.threshold", "at least 1"},
		{"negative threshold", "threshold: 1", "threshold: -1", 14, "roles.targets.threshold", "at least 1"},
		{"threshold that is no number", "threshold: 2", "threshold: two", 10, "roles.root.threshold", "plain digits"},
		{"threshold with a fraction", "threshold: 2", "threshold: 2.0", 10, "roles.root.threshold", "plain digits"},
		{"threshold with hex", "threshold: 2", "threshold: 0x2", 10, "roles.root.threshold", "plain digits"},
		{"threshold with binary", "threshold: 2", "threshold: 0b10", 10, "roles.root.threshold", "plain digits"},
		{"threshold with octal", "threshold: 2", "threshold: 0o2", 10, "roles.root.threshold", "plain digits"},
		{"threshold with a zero in front", "threshold: 2", "threshold: 02", 10, "roles.root.threshold", "plain digits"},
		{"threshold with quotes", "threshold: 2", "threshold: '2'", 10, "roles.root.threshold", "plain digits"},
		{"threshold with double quotes", "threshold: 2", "threshold: \"2\"", 10, "roles.root.threshold", "plain digits"},
		{"threshold with an exponent", "threshold: 2", "threshold: 1e0", 10, "roles.root.threshold", "plain digits"},
		{"threshold with a plus", "threshold: 2", "threshold: +2", 10, "roles.root.threshold", "plain digits"},
		{"threshold with an underscore", "threshold: 2", "threshold: 2_0", 10, "roles.root.threshold", "plain digits"},
		{"threshold with a bool", "threshold: 2", "threshold: true", 10, "roles.root.threshold", "plain digits"},
		{"threshold with null", "threshold: 2", "threshold: ~", 10, "roles.root.threshold", "plain digits"},
		{"threshold with infinity", "threshold: 2", "threshold: .inf", 10, "roles.root.threshold", "plain digits"},
		{"threshold with minus zero", "threshold: 2", "threshold: -0", 10, "roles.root.threshold", "plain digits"},
		{"length in quotes", "length: 1234", "length: '1234'", 25, "targets[0].length", "plain digits"},
		{"length with a fraction", "length: 1234", "length: 1234.0", 25, "targets[0].length", "plain digits"},
		{"a bool in quotes", "without-attestation: true", "without-attestation: 'true'", 21, "tokens.without-attestation", "true or false"},
		{"a bool in capitals", "without-attestation: true", "without-attestation: True", 21, "tokens.without-attestation", "true or false"},
		{"a number for a bool", "without-attestation: true", "without-attestation: 1", 21, "tokens.without-attestation", "true or false"},
		{"a hex serial", `serial: "1001"`, "serial: 0x1001", 5, "holders[0].serial", "put it in quotes"},
		{"a serial with a zero in front", `serial: "1001"`, "serial: 01001", 5, "holders[0].serial", "put it in quotes"},
		{"a bool for a name", "name: Bo", "name: true", 6, "holders[1].name", "put it in quotes"},
		{"a fraction for a holder", "holders: [Ada, Bo]", "holders: [Ada, 1.5]", 15, "roles.targets.holders[1]", "put it in quotes"},
		{"a fraction for a firmware", "without-attestation: true", "min-firmware: 5.7", 21, "tokens.min-firmware", "put it in quotes"},
		{"unknown holder", "holders: [Ada, Bo]", "holders: [Ada, Bob]", 15, "roles.targets.holders[1]", "not among"},
		{"holder twice in a role", "holders: [Ada, Bo]", "holders: [Ada, Ada]", 15, "roles.targets.holders[1]", "twice"},
		{"holder named twice", "name: Bo", "name: Ada", 6, "holders[1].name", "twice"},
		{"look-alike holder", "name: Bo", "name: \"\u0410da\"", 6, "holders[1].name", "looks like"},
		{"invisible name", "name: Bo", "name: \"B\u200bo\"", 6, "holders[1].name", `\u200b`},
		{"serial that is none", `serial: "1001"`, `serial: "10 01"`, 5, "holders[0].serial", "digits, letters"},
		{"holder without a role", "- name: Cy", "- name: Di\n  - name: Cy", 7, "holders[2]", "no role"},
		{"period without a unit", "expires: 365d", "expires: 365", 12, "roles.root.expires", "days"},
		{"period of nothing", "expires: 180d", "expires: 0d", 16, "roles.targets.expires", "days"},
		{"period beyond reason", "expires: 180d", "expires: 99999999999999d", 16, "roles.targets.expires", "days"},
		{"margin without a unit", "online:", "margin: 30\nonline:", 17, "margin", "days"},
		{"margin of nothing", "online:", "margin: 0d\nonline:", 17, "margin", "days"},
		{"margin beyond reason", "online:", "margin: 99999d\nonline:", 17, "margin", "days"},
		{"margin as long as a period", "online:", "margin: 180d\nonline:", 17, "margin", "good for only 180"},
		{"online key missing", "snapshot: online.pub", "snapshot: other.pub", 18, "online.snapshot", "beside the plan"},
		{"target outside", "path: wabbit/app", "path: ../app", 23, "targets[0].path", "relative"},
		{"target without a length", "length: 1234", "length: 0", 25, "targets[0].length", "missing"},
		{"target with a short digest", "sha256:e3b0", "sha256:", 24, "targets[0].sha256", ""},
		{"unknown algorithm", "without-attestation: true", "algorithm: rsa2048", 21, "tokens.algorithm", "p256"},
		{"unknown touch policy", "without-attestation: true", "touch: sometimes", 21, "tokens.touch", "always"},
		{"firmware that is none", "without-attestation: true", "min-firmware: new", 21, "tokens.min-firmware", "5.7.0"},
		{"an alias", "- name: Cy", "- name: &x Cy", 7, "holders[2].name", "anchors"},
		{"not YAML", "trust:", "trust: [", 0, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(planText, tt.old, tt.new, 1)
			if text == planText {
				t.Fatal("the row changes nothing")
			}
			_, err := plan.Parse([]byte(text), planFiles())
			p, ok := errors.AsType[*plan.Error](err)
			if !ok {
				t.Fatalf("got %v, want a *plan.Error", err)
			}
			if tt.line > 0 && p.Line != tt.line {
				t.Errorf("line %d, want %d: %v", p.Line, tt.line, p)
			}
			if tt.field != "" && p.Field != tt.field {
				t.Errorf("field %q, want %q", p.Field, tt.field)
			}
			if !strings.Contains(p.Why, tt.why) {
				t.Errorf("%q does not say %q", p.Why, tt.why)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(planText))
	f.Add([]byte("trust: a\nholders: [{name: x}]"))
	f.Add([]byte("- &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := plan.Parse(text, nil)
		if err == nil {
			t.Fatalf("a plan without an online key was accepted: %+v", p)
		}
		if _, ok := errors.AsType[*plan.Error](err); !ok {
			t.Fatalf("%T is no *plan.Error: %v", err, err)
		}
	})
}

// The margin of a plan is found again in the journal that a bundle carries.
func TestMarginIn(t *testing.T) {
	files := map[string]string{}
	for name, b := range planFiles() {
		files[name] = string(b)
	}
	for text, want := range map[string]int{
		strings.Replace(planText, "online:", "margin: 45d\nonline:", 1): 45,
		planText: 0, "no plan": 0,
	} {
		data, err := json.Marshal(event.Planned{Plan: text, Files: files})
		if err != nil {
			t.Fatal(err)
		}
		line, err := journal.Entry{N: 1, Type: event.Planned{}.Type(), Data: data}.Line()
		if err != nil {
			t.Fatal(err)
		}
		journals := []trust.SiteJournal{{Site: journal.SiteID(line), Lines: line}}
		if days, ok := plan.MarginIn(journals); days != want || ok != (want > 0) {
			t.Errorf("%d days, %v, and want %d", days, ok, want)
		}
	}
}

// A plan whose every key is needed is accepted, and the danger is spelled out.
func TestWithoutASpare(t *testing.T) {
	for words, want := range map[string]string{
		"threshold: 2": "", "threshold: 3": "it can never be changed again",
	} {
		plan, err := plan.Parse([]byte(strings.Replace(planText, "threshold: 2", words, 1)), planFiles())
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Join(plan.Warnings(), "\n"); want == "" && said != "" || !strings.Contains(said, want) {
			t.Errorf("%s: %q", words, said)
		}
	}
	plan, err := plan.Parse([]byte(strings.Replace(planText, "threshold: 1", "threshold: 2", 1)), planFiles())
	if err != nil {
		t.Fatal(err)
	}
	if said := plan.Warnings(); len(said) != 1 || !strings.Contains(said[0], "Every key of targets is needed") {
		t.Errorf("%q", said)
	}
}
