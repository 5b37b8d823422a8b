package ceremony_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ceremony/schedule"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// states is "targets due, root later" for a schedule.
func states(s *schedule.Schedule) string {
	var list []string
	for _, r := range s.Roles {
		list = append(list, r.Role+" "+string(r.State))
	}
	return strings.Join(list, ", ")
}

func TestSchedule(t *testing.T) {
	site, _ := complete(t)
	c := site.contents()
	day := 24 * time.Hour
	for _, test := range []struct {
		after  time.Duration // from the freezing
		margin int
		want   string
		state  schedule.State
	}{
		{0, 30, "targets later, root later", schedule.Later},
		{150*day - time.Second, 30, "targets later, root later", schedule.Later},
		{150 * day, 30, "targets due, root later", schedule.Now},
		{150 * day, 29, "targets later, root later", schedule.Later},
		{180*day - time.Second, 0, "targets later, root later", schedule.Later},
		{180 * day, 0, "targets expired, root later", schedule.Expired},
		{181 * day, 200, "targets expired, root due", schedule.Expired},
		{365 * day, 30, "targets expired, root expired", schedule.Expired},
	} {
		s, err := schedule.Of(c, start.Add(test.after), test.margin)
		if err != nil {
			t.Fatal(err)
		}
		if states(s) != test.want || s.State != test.state || len(s.Missing) != 0 {
			t.Errorf("after %s, margin %d: %s, in all %s; want %s, %s", test.after, test.margin, states(s), s.State, test.want, test.state)
		}
	}
	s, err := schedule.Of(c, start.Add(10*day), 30)
	if err != nil {
		t.Fatal(err)
	}
	targets, root := s.Roles[0], s.Roles[1]
	if !targets.SignBy.Equal(start.Add(150*day)) || targets.Days != 170 || targets.Threshold != 1 || !slices.Equal(targets.Signers, []string{"Ada", "Bo"}) || targets.By != "root 1" {
		t.Errorf("targets: %+v", targets)
	}
	if !root.Expires.Equal(start.Add(365*day)) || root.Threshold != 2 || !slices.Equal(root.Signers, []string{"Ada", "Bo", "Cy"}) || root.Version != 1 {
		t.Errorf("root: %+v", root)
	}
	for _, margin := range []int{-1, schedule.MaxMargin + 1} {
		if _, err := schedule.Of(c, start, margin); err == nil {
			t.Errorf("a margin of %d days is taken", margin)
		}
	}
}

// TestScheduleMissing: what lacks signatures is due, with those who can give them.
func TestScheduleMissing(t *testing.T) {
	s, tokens := signedOnce(t)
	sched, err := schedule.Of(s.contents(), start, 30)
	s.must(err)
	if sched.State != schedule.Now || len(sched.Roles) != 0 || len(sched.Missing) != 2 {
		t.Fatalf("%+v", sched)
	}
	root := sched.Missing[1]
	if root.Role != "root" || !slices.Equal(root.From, []string{"Bo", "Cy"}) || root.Quorum.String() != "1 of 2 by root 1: Ada" || !root.SignBy.Equal(start.AddDate(0, 0, 335)) {
		t.Errorf("root: %+v", root)
	}
	s.must(s.signWith(s.proposalOf("root"), "Bo", tokens["Bo"], "123123"))
	sched, err = schedule.Of(s.contents(), start, 30)
	s.must(err)
	if len(sched.Missing) != 1 || sched.Missing[0].Role != "targets" {
		t.Errorf("missing: %+v", sched.Missing)
	}
}

// TestScheduleOfFound: of a repository that clients read, the online roles count.
func TestScheduleOfFound(t *testing.T) {
	files := corpora.Metadata(t, "docker/metadata")
	for at, want := range map[string]schedule.State{
		"2024-10-01T00:00:00Z": schedule.Later,
		"2026-12-01T00:00:00Z": schedule.Expired,
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		found, err := metadata.FindIn(files)
		if err != nil {
			t.Fatal(err)
		}
		s, err := schedule.OfFound(found, when, 0)
		if err != nil {
			t.Fatal(err)
		}
		if s.State != want || len(s.Problems) != 0 || len(s.Roles) < 4 {
			t.Errorf("at %s: %s, %s, problems %v", at, s.State, states(s), s.Problems)
		}
		for _, r := range s.Roles {
			if len(r.Signers) < r.Threshold || r.Threshold < 1 || r.By == "" {
				t.Errorf("%s: nobody can sign it: %+v", r.Role, r)
			}
		}
	}
	// Without its signatures a file says nothing.
	for name := range files {
		if strings.HasSuffix(name, "root.json") {
			files[name] = bytes.ReplaceAll(files[name], []byte(`"sig"`), []byte(`"sag"`))
		}
	}
	found, err := metadata.FindIn(files)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := schedule.OfFound(found, start, 0); err == nil && len(s.Problems) == 0 {
		t.Errorf("roots without signatures: %+v", s)
	}
}

// events reads a calendar as a calendar program does: content lines by name,
// for each event, after unfolding (RFC 5545, 3.1).
func events(t *testing.T, ics []byte) []map[string]string {
	t.Helper()
	text := string(ics)
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}
	if !strings.HasSuffix(text, "\r\n") {
		t.Error("the last line does not end")
	}
	var list []map[string]string
	depth := []string{}
	for line := range strings.SplitSeq(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n ", ""), "\r\n"), "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("%q is no content line", line)
		}
		switch {
		case name == "BEGIN":
			depth = append(depth, value)
			if value == "VEVENT" {
				list = append(list, map[string]string{})
			}
		case name == "END":
			if len(depth) == 0 || depth[len(depth)-1] != value {
				t.Fatalf("%s ends where it has not begun", value)
			}
			depth = depth[:len(depth)-1]
		case depth[len(depth)-1] == "VEVENT":
			if _, twice := list[len(list)-1][name]; twice {
				t.Errorf("%s stands twice in an event", name)
			}
			list[len(list)-1][name] = value
		}
	}
	if len(depth) != 0 {
		t.Errorf("%v does not end", depth)
	}
	return list
}

func TestCalendar(t *testing.T) {
	site, _ := complete(t)
	c := site.contents()
	s, err := schedule.Of(c, start, 30)
	if err != nil {
		t.Fatal(err)
	}
	got := events(t, s.Calendar())
	var days []string
	uids := map[string]bool{}
	for _, e := range got {
		days = append(days, e["DTSTART;VALUE=DATE"]+" "+e["SUMMARY"])
		uids[e["UID"]] = true
		if e["DTSTAMP"] != "20260305T090000Z" {
			t.Errorf("stamp %s", e["DTSTAMP"])
		}
	}
	want := []string{
		"20260802 rehearsal-wabbit: sign targets 2",
		"20260901 rehearsal-wabbit: targets 1 expires",
		"20270203 rehearsal-wabbit: sign root 2",
		"20270305 rehearsal-wabbit: root 1 expires",
	}
	if !slices.Equal(days, want) {
		t.Errorf("got %q, want %q", days, want)
	}
	if text := got[2]["DESCRIPTION"]; !strings.Contains(text, `2 of these: Ada\, Bo\, Cy.`) {
		t.Errorf("description: %s", text)
	}
	// Read again later, with another margin: the same events, not new ones.
	later, err := schedule.Of(c, start.AddDate(0, 1, 0), 60)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events(t, later.Calendar()) {
		if !uids[e["UID"]] {
			t.Errorf("%s has another UID than before", e["SUMMARY"])
		}
	}
	if len(uids) != len(want) {
		t.Errorf("%d UIDs for %d events", len(uids), len(want))
	}
}

func TestCalendarOfMissing(t *testing.T) {
	s, _ := signedOnce(t)
	schedule, err := schedule.Of(s.contents(), start, 30)
	s.must(err)
	got := events(t, schedule.Calendar())
	if len(got) != 2 || !strings.HasSuffix(got[1]["SUMMARY"], "root 1 lacks signatures") || !strings.Contains(got[1]["DESCRIPTION"], `Bo\, Cy`) {
		t.Errorf("%+v", got)
	}
}

// TestCalendarLaw: whatever names hold, the calendar is one, and says them.
func TestCalendarLaw(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.String().Draw(r, "name")
		s := schedule.Schedule{
			Trust: name, At: start,
			Roles: []schedule.Role{{Role: name, Version: 7, Payload: metadata.Sum([]byte(name)), Expires: start, SignBy: start, Threshold: 1, Signers: []string{name, name}}},
		}
		checkCalendar(t, &s, name)
	})
}

func FuzzCalendar(f *testing.F) {
	f.Add("a;b,c\\d\r\nBEGIN:VEVENT")
	f.Add(strings.Repeat("ö", 80))
	f.Fuzz(func(t *testing.T, name string) {
		s := schedule.Schedule{
			Trust: name, At: start,
			Missing: []schedule.OpenQuorum{{Role: name, Version: 7, SignBy: start, From: []string{name}}},
			Roles:   []schedule.Role{{Role: name, Version: 7, Expires: start, SignBy: start, Signers: []string{name}}},
		}
		checkCalendar(t, &s, name)
	})
}

func checkCalendar(t *testing.T, s *schedule.Schedule, name string) {
	t.Helper()
	got := events(t, s.Calendar())
	if want := 2*len(s.Roles) + len(s.Missing); len(got) != want {
		t.Fatalf("%d events, want %d", len(got), want)
	}
	prefix := name
	if name == "" {
		prefix = "TUF"
	}
	plain := strings.NewReplacer(`\\`, `\`, `\;`, `;`, `\,`, `,`).Replace(got[0]["SUMMARY"])
	if want := text.Safe(fmt.Sprintf("%s: sign %s 8", prefix, name)); plain != want {
		t.Errorf("%q reads as %q", want, plain)
	}
}
