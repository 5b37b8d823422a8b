package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/conclave-tuf/conclave/cmd/conclave/internal/drill"
	"github.com/conclave-tuf/conclave/cmd/internal/people"
)

// drillCommand is `drill NAME STEP...`: people practise an accident, in the
// workspace NAME of the script's directory. What they say is in NAME.log. A
// STEP "note: TEXT" is a note that Ada writes, and "back" goes back.
func drillCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: drill NAME STEP...")
	}
	s := newSite(ts.Getenv("WORK"), "drill")
	s.drill, s.Place, s.Trust, s.Todo = args[0], "stick", "rehearsal-drill", args[1:]
	s.PINs = map[string]string{"5417506": "5060708"}
	for _, p := range drill.People() {
		s.PINs[p.Serial] = p.PIN
	}
	s.Spare, s.Instead = []string{"5417506"}, s.practise
	var said bytes.Buffer
	err := s.hold(context.Background(), &said)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".log"), said.Bytes(), 0o600))
	if (err != nil) != neg {
		ts.Fatalf("%v\n%s", err, said.Bytes())
	}
}

// practise answers the pages that there are in no ordinary ceremony.
func (s *testSite) practise(title, screen string) (people.Answer, bool, error) {
	has := func(words string) bool { return strings.Contains(title, words) }
	todo := ""
	if len(s.Todo) > 0 {
		todo = s.Todo[0]
	}
	note, noting := strings.CutPrefix(todo, "note: ")
	switch {
	case strings.HasPrefix(title, "Drill: "), title == "The drill is achieved", has("can't be changed any more"),
		title == "The token has its new PIN", title == "The note is in the journal":
		return people.Answer{GoOn: true}, true, nil
	case title == "Who acts now?" && noting:
		return people.Answer{Text: "n"}, true, nil
	case title == "Who writes a note?":
		return people.Answer{Text: "Ada"}, true, nil
	case title == "What is to stand in the record?":
		s.Todo = s.Todo[1:]
		return people.Answer{Text: note}, true, nil
	case has("Whose tokens can't sign") && todo == "back":
		s.Todo = s.Todo[1:]
		return people.Answer{Text: "b"}, true, nil
	case has("Whose token is blocked"), title == "The drill is not achieved yet":
		s.Todo = s.Todo[1:]
		return people.Answer{Choose: todo}, true, nil
	case strings.HasPrefix(title, "The PIN of token"):
		return people.Answer{Choose: "Unblock it"}, true, nil
	case strings.HasPrefix(title, "PUK of"):
		return people.Answer{Text: "ACDEFGHJ", Secret: true}, true, nil
	}
	return people.Answer{}, false, nil
}

// drillArgs start the program for a drill.
func (s *testSite) drillArgs() []string {
	return []string{"rehearse", "--drill", s.drill, "--workspace", filepath.Join(s.dir, s.drill), "--touch-after", (10 * time.Millisecond).String()}
}
