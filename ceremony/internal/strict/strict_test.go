package strict_test

import (
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/internal/strict"
)

type inner struct {
	Name string `json:"name"`
}

type outer struct {
	inner
	At      time.Time        `json:"at"`
	Count   int              `json:"count,omitempty"`
	List    []inner          `json:"list"`
	ByName  map[string]inner `json:"by_name"`
	Pointed *inner           `json:"pointed"`
	Plain   int
}

func TestJSON(t *testing.T) {
	got, err := strict.JSON[outer]([]byte(`{"name":"a","at":"2026-09-01T12:00:00Z","count":0,"list":[{"name":"b"}],
		"by_name":{"Any":{"name":"c"},"any":{"name":"d"}},"pointed":{"name":"e"},"Plain":1}`))
	if err != nil || got.Name != "a" || got.List[0].Name != "b" || got.ByName["any"].Name != "d" || got.Pointed.Name != "e" || got.Plain != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, c := range []struct{ text, want string }{
		{`{"Name":"a"}`, "the field Name is not known"},
		{`{"count":1,"COUNT":2}`, "the field COUNT is not known"},
		{`{"plain":1}`, "the field plain is not known"},
		{`{"other":1}`, "the field other is not known"},
		{`{"list":[{"name":"a"},{"nam\u0065":"a","\u017fame":1}]}`, "the field list.1.\u017fame is not known"},
		{`{"by_name":{"a":{"NAME":"b"}}}`, "the field by_name.a.NAME is not known"},
		{`{"pointed":{"NAME":"b"}}`, "the field pointed.NAME is not known"},
		{`{"name":"a","name":"b"}`, "name is given twice"},
		{`{"list":[{"name":"a","name":"b"}]}`, "list.0.name is given twice"},
		{`{"by_name":{"a":{},"a":{}}}`, "by_name.a is given twice"},
		{`{"name":"a"} {}`, "followed by other data"},
		{`{"name":1}`, "cannot unmarshal"},
		{`{"list":{}}`, "cannot unmarshal"},
		{strings.Repeat("[", 48<<10), "nested more than 64 deep"},
	} {
		if _, err := strict.JSON[outer]([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s: got %v, and not %q", c.text, err, c.want)
		}
	}
}
