package record

import (
	"bytes"
	"encoding/json"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// example is an event of one kind, and what a record must say of it.
type example struct {
	kind, data string
	says       []string
}

// examples has one of each kind, in an order in which they may happen.
func examples() []example {
	id := strings.Repeat("ab", 32)
	key := `{"keytype":"ed25519","keyval":{"public":"` + id + `"},"scheme":"ed25519"}`
	payload := `{"role":"root","version":2,"payload":"` + id + `","signed":"` + id + `","base":"` + id + `","reason":"a lost token"}`
	return []example{
		{"began", `{"kind":"found","site":"vienna","rehearsal":true,"tool":"conclave 9","nonce":"00"}`, []string{"vienna", "conclave 9"}},
		{"preflight", `{"checks":[{"name":"swap","pass":false,"reason":"swap is on"}]}`, []string{"0 of 1 checks passed", "swap is on"}},
		{"clock-confirmed", `{"shown":"2026-03-05T09:00:00Z","source":"church bells"}`, []string{"church bells"}},
		{"clock-corrected", `{"who":"Bo","from":"2026-06-13T09:00:00Z","to":"2026-03-05T09:00:00Z","source":"church bells"}`, []string{"corrected by Bo from 2026-06-13 09:00:00 to 2026-03-05 09:00:00", "church bells"}},
		{"plan-accepted", `{"plan":"trust: wabbit"}`, []string{"A plan was accepted", "trust: wabbit"}},
		{"enrolling", `{"holder":"Ada","serial":"1001"}`, []string{"The enrolment of Ada begins, with token 1001"}},
		{"enrolled", `{"holder":"Ada","key":` + key + `,"token":"YubiKey","serial":"1001","attestation":"` + id + `","verdict":{"checks":[{"name":"chain","pass":true,"reason":"it is Yubico's"}]},"possession":"00"}`,
			[]string{"Ada enrolled token 1001", "it is Yubico", "every check passed"}},
		{"edited", `{"kind":"set-threshold","edit":{"role":"root","threshold":2}}`, []string{"Put into the draft"}},
		{"edit-taken-back", `{"edit":1}`, []string{"Taken out of the draft again"}},
		{"edits-dropped", `{}`, []string{"The draft was dropped"}},
		{"frozen", `{"payloads":[` + payload + `]}`, []string{"Frozen: root 2", "a lost token"}},
		{"signed", `{"proposal":"` + id + `","holder":"Bo","serial":"1002","consent":"sign root 2","keyid":"00","sig":"cafe"}`, []string{"Bo signed root 2 with token 1002"}},
		{"withdrawn", `{"payload":"` + id + `","reason":"the other one is right"}`, []string{"the other one is right", "Void are the signatures of Bo", "Its signatures are void"}},
		{"imported", `{"name":"stick/one.tar","bundle":"` + id + `","trust":"rehearsal-wabbit"}`, []string{"stick/one.tar was opened"}},
		{"export-checked", `{"verified":["root 2"],"from":1}`, []string{"root 2: verified"}},
		{"exported", `{"path":"stick/two.tar","bundle":"` + id + `","size":4711}`, []string{"written to stick/two.tar"}},
		{"note", `{"text":"The lights went out.","who":"Cy"}`, []string{"The lights went out.", "Note by Cy"}},
		{"record-signed", `{"events":1,"head":"` + id + `","holder":"Dee","serial":"1004","key":` + key + `,"sig":"beef"}`, []string{"Dee signed the record", "beef"}},
	}
}

// TestEveryEventIsRecorded: there is no kind of event that a record keeps quiet
// about, in any form. A new kind needs an example here.
func TestEveryEventIsRecorded(t *testing.T) {
	var lines bytes.Buffer
	var prev metadata.Digest
	seen := map[string]bool{}
	for i, ex := range examples() {
		var data bytes.Buffer
		if err := json.Compact(&data, []byte(ex.data)); err != nil {
			t.Fatalf("%s: %v", ex.kind, err)
		}
		e := journal.Entry{N: i + 1, Time: time.Date(2026, 3, 5, 9, i, 0, 0, time.UTC), Prev: prev, Type: ex.kind, Data: data.Bytes()}
		line, err := e.Line()
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(line)
		prev = metadata.Sum(line)
		seen[ex.kind] = true
	}
	for _, k := range event.Kinds() {
		if !seen[k.Name] {
			t.Errorf("there is no example of the event %q", k.Name)
		}
	}
	r, err := New([]trust.SiteJournal{{Site: journal.SiteID(lines.Bytes()), Lines: lines.Bytes()}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	unescaped := strings.NewReplacer(`\.`, ".", `\-`, "-", `\_`, "_").Replace(string(r.Paper().Markdown()))
	forms := map[string]string{"Markdown": unescaped, "HTML": html.UnescapeString(string(r.Paper().HTML()))}
	for i, ex := range examples() {
		said := r.Sites[0].Lines[i].Text
		if strings.Contains(said, "{") || strings.Contains(said, "not understood") {
			t.Errorf("%s is not said in words: %s", ex.kind, said)
		}
		for name, form := range forms {
			for _, want := range append([]string{said}, ex.says...) {
				if !strings.Contains(form, want) {
					t.Errorf("%s: the %s does not say %q", ex.kind, name, want)
				}
			}
		}
		if quoted, _ := json.Marshal(said); !bytes.Contains(text, quoted) {
			t.Errorf("%s: the JSON does not say %q", ex.kind, said)
		}
	}
}
