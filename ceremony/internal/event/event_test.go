package event_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// example is an event with something in every field, and its JSON.
type example struct {
	event event.Event
	json  string
}

func examples() []example {
	id := metadata.Digest{0xab}
	hex := id.String()
	at := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	key := metadata.Key{Type: "ed25519", Scheme: "ed25519", Public: hex}
	keyJSON := `{"keytype":"ed25519","keyval":{"public":"` + hex + `"},"scheme":"ed25519"}`
	checks := []token.Check{{Name: "swap", Pass: true, Reason: "it is off"}}
	checksJSON := `[{"name":"swap","pass":true,"reason":"it is off"}]`
	payload := event.Payload{Role: "root", Version: 2, Payload: id, Signed: id, Base: id, Reason: "renewed"}
	payloadJSON := `{"role":"root","version":2,"payload":"` + hex + `","signed":"` + hex + `","base":"` + hex + `","reason":"renewed"}`
	signed := event.Signed{Proposal: id, Holder: "Ada", Serial: "1001", Consent: "sign root 2", KeyID: "aa", Also: []string{"bb"}, Sig: "cc"}
	signedJSON := `{"proposal":"` + hex + `","holder":"Ada","serial":"1001","consent":"sign root 2","keyid":"aa","also":["bb"],"sig":"cc"}`
	blobs := []event.NamedBlob{{Name: "x", Blob: id}}
	blobsJSON := `[{"name":"x","blob":"` + hex + `"}]`
	return []example{
		{event.Began{Kind: "found", Site: "vienna", Rehearsal: true, Tool: "test", Nonce: "00"},
			`{"kind":"found","site":"vienna","rehearsal":true,"tool":"test","nonce":"00"}`},
		{event.Preflighted{Checks: checks}, `{"checks":` + checksJSON + `}`},
		{event.ClockConfirmed{Shown: at, Source: "wall clock"}, `{"shown":"2026-03-05T09:00:00Z","source":"wall clock"}`},
		{event.ClockCorrected{Who: "Bo", From: at.Add(time.Hour), To: at, Source: "wall clock"}, `{"who":"Bo","from":"2026-03-05T10:00:00Z","to":"2026-03-05T09:00:00Z","source":"wall clock"}`},
		{event.Planned{Plan: "trust: x", Files: map[string]string{"online.pub": "PEM"}}, `{"plan":"trust: x","files":{"online.pub":"PEM"}}`},
		{event.Enrolling{Holder: "Ada", Serial: "1001"}, `{"holder":"Ada","serial":"1001"}`},
		{event.Enrolled{Holder: "Ada", Key: key, Kind: "YubiKey", Serial: "1001", Firmware: "5.7.4", Attestation: id, Possession: "00",
			Verdict: token.Verdict{Checks: checks, Serial: "1001", Firmware: "5.7.4", Touch: token.TouchAlways, PIN: token.PINOnce, Form: "USB-A keychain", FIPS: true}},
			`{"holder":"Ada","key":` + keyJSON + `,"token":"YubiKey","serial":"1001","firmware":"5.7.4","attestation":"` + hex + `",` +
				`"verdict":{"checks":` + checksJSON + `,"serial":"1001","firmware":"5.7.4","touch":"always","pin":"once","form_factor":"USB-A keychain","fips":true},"possession":"00"}`},
		{event.Edited{Kind: "renew", Edit: json.RawMessage(`{"role":"root","days":30}`), Blob: id, Words: "root is good for 30 days"},
			`{"kind":"renew","edit":{"role":"root","days":30},"blob":"` + hex + `","words":"root is good for 30 days"}`},
		{event.EditTakenBack{Edit: 2}, `{"edit":2}`},
		{event.EditsDropped{}, `{}`},
		{event.Frozen{Payloads: []event.Payload{payload}, Withdrawn: []metadata.Digest{id}}, `{"payloads":[` + payloadJSON + `],"withdrawn":["` + hex + `"]}`},
		{event.Withdrawn{Payload: id, Reason: "a mistake"}, `{"payload":"` + hex + `","reason":"a mistake"}`},
		{signed, signedJSON},
		{event.Imported{Name: "a.tar", Bundle: id, Trust: "wabbit", Head: blobs, Proposals: []event.Payload{payload},
			Signatures: []event.Signed{signed}, Attestations: map[string]string{"aa": "PEM"}, Journals: blobs},
			`{"name":"a.tar","bundle":"` + hex + `","trust":"wabbit","head":` + blobsJSON + `,"proposals":[` + payloadJSON + `],` +
				`"signatures":[` + signedJSON + `],"attestations":{"aa":"PEM"},"journals":` + blobsJSON + `}`},
		{event.ExportChecked{Open: []string{"root 2"}, Verified: []string{"targets 2"}, From: 1, Notes: []string{"a note"}, Refused: "too late"},
			`{"open":["root 2"],"verified":["targets 2"],"from":1,"notes":["a note"],"refused":"too late"}`},
		{event.Exported{Path: "b.tar", Bundle: id, Size: 4711}, `{"path":"b.tar","bundle":"` + hex + `","size":4711}`},
		{event.Noted{Text: "the lights went out", Who: "Cy"}, `{"text":"the lights went out","who":"Cy"}`},
		{event.RecordSigned{Events: 9, Head: id, Holder: "Ada", Serial: "1001", Key: key, Sig: "cc"},
			`{"events":9,"head":"` + hex + `","holder":"Ada","serial":"1001","key":` + keyJSON + `,"sig":"cc"}`},
	}
}

// TestRead: journals hold exactly this JSON, and it is read back as it was
// written. A new kind needs an example here, and a new field something in it.
func TestRead(t *testing.T) {
	seen := map[string]bool{}
	for _, ex := range examples() {
		kind := ex.event.Type()
		seen[kind] = true
		data, err := json.Marshal(ex.event)
		if err != nil || string(data) != ex.json {
			t.Errorf("%s: %v\n got %s\nwant %s", kind, err, data, ex.json)
		}
		got, err := event.Read(journal.Entry{Type: kind, Data: []byte(ex.json)})
		if err != nil || !reflect.DeepEqual(got, ex.event) {
			t.Errorf("%s: read as %+v, %v", kind, got, err)
		}
		for i, v := 0, reflect.ValueOf(ex.event); i < v.NumField(); i++ {
			if v.Field(i).IsZero() {
				t.Errorf("%s: nothing is in %s", kind, v.Type().Field(i).Name)
			}
		}
	}
	for _, k := range event.Kinds() {
		if !seen[k.Name] {
			t.Errorf("there is no example of %q", k.Name)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, ex := range examples() {
		kind := ex.event.Type()
		more := strings.Replace(ex.json, "{", `{"more":1,`, 1)
		for name, data := range map[string]string{
			"a field more": strings.Replace(more, ",}", "}", 1), "text after it": ex.json + "{}", "a list": "[]", "nothing": "",
		} {
			if _, err := event.Read(journal.Entry{Type: kind, Data: []byte(data)}); err == nil || !strings.Contains(err.Error(), kind) {
				t.Errorf("%s, %s: got %v", kind, name, err)
			}
		}
	}
	if _, err := event.Read(journal.Entry{Type: "blessed\x1b", Data: []byte("{}")}); err == nil || !strings.Contains(err.Error(), `blessed\\x1b`) {
		t.Errorf("an unknown event: %v", err)
	}
}

// TestIn finds the events of one kind in every journal that can be read.
func TestIn(t *testing.T) {
	at := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	var lines []byte
	var prev metadata.Digest
	for i, ex := range examples() {
		line, err := journal.Entry{N: i + 1, Time: at, Prev: prev, Type: ex.event.Type(), Data: []byte(ex.json)}.Line()
		if err != nil {
			t.Fatal(err)
		}
		lines, prev = append(lines, line...), metadata.Sum(line)
	}
	torn := trust.SiteJournal{Lines: lines[:len(lines)-1]}
	found := event.In[event.Noted]([]trust.SiteJournal{torn, {Lines: lines}, {Lines: lines}})
	if len(found) != 2 || found[0].Event.Who != "Cy" || !found[0].At.Equal(at) {
		t.Errorf("found %+v", found)
	}
}
