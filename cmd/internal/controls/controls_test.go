package controls_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/internal/controls"
)

const table = "# Promises\n\n| control | passes in | refused in |\n| --- | --- | --- |\n" +
	"| A key has one vote | `a/b` TestQuorum | `a/b` TestCopies, TestTwins; `c` TestVotes |\n"

func TestParse(t *testing.T) {
	rows, err := controls.Parse(table)
	if err != nil || len(rows) != 1 || rows[0].Control != "A key has one vote" {
		t.Fatalf("%+v, %v", rows, err)
	}
	want := []controls.Test{{"a/b", "TestQuorum"}, {"a/b", "TestCopies"}, {"a/b", "TestTwins"}, {"c", "TestVotes"}}
	if !slices.Equal(rows[0].Tests, want) {
		t.Errorf("%v", rows[0].Tests)
	}
	for name, bad := range map[string]string{
		"two columns":      "| A promise | `a` TestA |\n",
		"no test":          "| A promise | `a` TestA | |\n",
		"no package":       "| A promise | `a` TestA | TestB |\n",
		"something behind": "| A promise | `a` TestA | `b` TestB, too |\n",
	} {
		if rows, err := controls.Parse(bad); err == nil || !strings.Contains(err.Error(), "A promise") {
			t.Errorf("%s: %v, %v", name, rows, err)
		}
	}
}

// TestCheck: a control is held by tests that ran and passed, in all their parts.
func TestCheck(t *testing.T) {
	others := passed("a/b", "TestCopies") + passed("a/b", "TestTwins") + passed("c", "TestVotes")
	for name, tc := range map[string]struct{ said, want string }{
		"all pass":                      {passed("a/b", "TestQuorum") + others, ""},
		"with all their parts":          {passed("a/b", "TestQuorum/x") + passed("a/b", "TestQuorum") + others, ""},
		"one fails":                     {failed("a/b", "TestQuorum") + others, "a/b TestQuorum failed"},
		"one is skipped":                {skipped("a/b", "TestQuorum") + others, "a/b TestQuorum was skipped: x_test.go:7: no disk"},
		"one is skipped in part":        {skipped("a/b", "TestQuorum/x") + passed("a/b", "TestQuorum") + others, "a/b TestQuorum has a part, TestQuorum/x, that was skipped: x_test.go:7: no disk"},
		"one never runs":                {others, "a/b TestQuorum never ran"},
		"one of that name elsewhere":    {passed("a", "TestQuorum") + others, "a/b TestQuorum never ran"},
		"a longer name":                 {passed("a/b", "TestQuorumOfKeys") + others, "a/b TestQuorum never ran"},
		"one never ends":                {ran("a/b", "TestQuorum") + line("fail", "a/b", "", "") + others, "a/b TestQuorum failed"},
		"one that the second run skips": {passed("a/b", "TestQuorum") + skipped("a/b", "TestQuorum") + others, ""},
		"one that the second run fails": {passed("a/b", "TestQuorum") + failed("a/b", "TestQuorum") + others, "a/b TestQuorum failed"},
		"no test at all":                {"", "c TestVotes never ran"},
		"what is no event":              {"go: no such module\n", "c TestVotes never ran"},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := controls.Parse(table)
			if err != nil {
				t.Fatal(err)
			}
			r := controls.NewResults("example.com/m")
			if err := r.Read(strings.NewReader(tc.said), new(strings.Builder)); err != nil {
				t.Fatal(err)
			}
			err = r.Check(rows)
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || !strings.Contains(err.Error(), "A key has one vote: "+tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestRead: a person sees what go test shows: packages, and what failed.
func TestRead(t *testing.T) {
	said := `{"ImportPath":"example.com/m/d","Action":"build-output","Output":"d.go:2: undefined: f\n"}` + "\n" +
		passed("a/b", "TestGood") + skipped("a/b", "TestLeftOut") + failed("a/b", "TestBad/part") + failed("a/b", "TestBad") +
		ran("a/b", "TestHung") + line("output", "a/b", "TestHung", "panic: test timed out\n") +
		line("output", "a/b", "", "FAIL\texample.com/m/a/b\t1s\n") + line("fail", "a/b", "", "") +
		line("output", "c", "", "PASS\n") + line("output", "c", "", "ok  \texample.com/m/c\t1s\n") + line("pass", "c", "", "") +
		"go: a line of its own"
	var seen strings.Builder
	if err := controls.NewResults("example.com/m").Read(strings.NewReader(said), &seen); err != nil {
		t.Fatal(err)
	}
	want := `d.go:2: undefined: f
x_test.go:8: got 1
--- FAIL: TestBad/part
x_test.go:8: got 1
--- FAIL: TestBad
FAIL	example.com/m/a/b	1s
panic: test timed out
ok  	example.com/m/c	1s
go: a line of its own`
	if seen.String() != want {
		t.Errorf("it shows\n%s", seen.String())
	}
}

func passed(pkg, test string) string {
	return ran(pkg, test) + line("output", pkg, test, "x_test.go:9: fine\n") + line("output", pkg, test, "--- PASS: "+test+"\n") + line("pass", pkg, test, "")
}

func failed(pkg, test string) string {
	return ran(pkg, test) + line("output", pkg, test, "x_test.go:8: got 1\n") + line("output", pkg, test, "--- FAIL: "+test+"\n") + line("fail", pkg, test, "")
}

func skipped(pkg, test string) string {
	return ran(pkg, test) + line("output", pkg, test, "    x_test.go:7: no disk\n") + line("output", pkg, test, "--- SKIP: "+test+"\n") + line("skip", pkg, test, "")
}

func ran(pkg, test string) string {
	return line("run", pkg, test, "") + line("output", pkg, test, "=== RUN   "+test+"\n")
}

// line is one event of "go test -json".
func line(action, pkg, test, output string) string {
	b, err := json.Marshal(struct{ Action, Package, Test, Output string }{action, "example.com/m/" + pkg, test, output})
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}
