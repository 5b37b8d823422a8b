package ceremony_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/plan"
)

// TestPlanAndDraftJudgeAlike: a founding is a draft over nothing, so what comes
// in by a plan and what comes in by an edit is judged in the same words.
func TestPlanAndDraftJudgeAlike(t *testing.T) {
	target := func(path string, length int64) draft.Edit {
		return draft.AddTarget{Role: "targets", Path: path, SHA256: metadata.Sum(nil), Length: length}
	}
	holder := func(name string) draft.Edit { return draft.AddHolder{Holder: name, Roles: []string{"root"}} }
	long := strings.Repeat("x/", 1000) + "x"
	s, _ := complete(t)
	for _, tt := range []struct {
		name     string
		old, new string // in the plan
		edit     draft.Edit
		field    string // of the plan
		want     string // "": both take it
	}{
		{"an empty part", "path: wabbit/app", "path: a//b", target("a//b", 1), "targets[0].path", "the path has an empty part"},
		{"a dot", "path: wabbit/app", "path: ./x", target("./x", 1), "targets[0].path", `the path has a part "."`},
		{"a backslash", "path: wabbit/app", `path: 'a\b'`, target(`a\b`, 1), "targets[0].path", `the path holds a \`},
		{"a slash at the end", "path: wabbit/app", "path: a/", target("a/", 1), "targets[0].path", "the path has an empty part"},
		{"a long path", "path: wabbit/app", "path: " + long, target(long, 1), "targets[0].path", "the path is longer than 1024 bytes"},
		{"an absolute path", "path: wabbit/app", "path: /a", target("/a", 1), "targets[0].path", "begins with a slash"},
		{"a path that can't be seen", "path: wabbit/app", `path: "a\u200bb"`, target("a\u200bb", 1), "targets[0].path", "can't be seen"},
		{"no length", "length: 1234", "length: 0", target("a", 0), "targets[0].length", "the length in bytes is missing"},
		{"a good path", "path: wabbit/app", "path: a/b", target("a/b", 1), "", ""},
		{"a blank before a name", "name: Bo\n  - name: Cy", "name: \" Eve\"\n  - name: Cy", holder(" Eve"), "holders[1].name", "no space around it"},
		{"a blank behind a name", "name: Bo\n  - name: Cy", "name: \"Eve \"\n  - name: Cy", holder("Eve "), "holders[1].name", "no space around it"},
		{"a long name", "name: Bo\n  - name: Cy", "name: " + strings.Repeat("E", 65) + "\n  - name: Cy", holder(strings.Repeat("E", 65)), "holders[1].name", "1 to 64 bytes"},
		{"a look-alike", "name: Bo\n  - name: Cy", "name: \"\u0410da\"\n  - name: Cy", holder("\u0410da"), "holders[1].name", "looks like Ada"},
		{"a name that can't be seen", "name: Bo\n  - name: Cy", "name: \"B\u200bo\"\n  - name: Cy", holder("B\u200bo"), "holders[1].name", "can't be seen"},
		{"a good name", "name: Bo\n  - name: Cy", "name: Eve\n  - name: Cy", holder("Eve"), "", ""},
		{"no threshold", "threshold: 2", "threshold: 0", draft.SetThreshold{Role: "root", Threshold: 0}, "roles.root.threshold", "a threshold is at least 1"},
		{"a threshold beyond reason", "threshold: 2", "threshold: 100", draft.SetThreshold{Role: "root", Threshold: 100}, "roles.root.threshold", "at most 99"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := strings.Replace(planText, tt.old, tt.new, 1)
			if strings.HasPrefix(tt.old, "name: Bo") { // whoever has no role is refused for that
				name, _, _ := strings.Cut(strings.TrimPrefix(tt.new, "name: "), "\n")
				p = strings.ReplaceAll(p, "Bo", name)
			}
			_, err := plan.Parse([]byte(p), planFiles(t))
			refused, isPlanError := errors.AsType[*plan.Error](err)
			editErr := s.Edit(tt.edit)
			if tt.want == "" {
				if err != nil || editErr != nil {
					t.Errorf("refused: %v, %v", err, editErr)
				}
				s.must(s.DropEdits())
				return
			}
			if !isPlanError || refused.Field != tt.field || !strings.Contains(refused.Why, tt.want) || refused.Line == 0 {
				t.Errorf("the plan: %v, field %q", err, refused.Field)
			}
			if !isType[*draft.EditError](editErr) || !strings.Contains(editErr.Error(), tt.want) {
				t.Errorf("the draft: %v", editErr)
			}
		})
	}
}

// A founding's payloads are those of its plan's edits, to the byte, whichever
// way they are made.
func TestFoundingIsADraftOverNothing(t *testing.T) {
	plan, err := plan.Parse([]byte(planText), planFiles(t))
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, e := range plan.Edits() {
		words = append(words, e.String())
	}
	want := []string{
		"Ada joins root and targets", "Bo joins root and targets", "Cy joins root",
		"root needs 2 signatures", "root is good for 365 days", "targets needs 1 signature", "targets is good for 180 days",
	}
	if got := strings.Join(words[:len(want)], "\n"); got != strings.Join(want, "\n") {
		t.Errorf("the edits of the plan:\n%s", got)
	}
	if last := words[len(words)-1]; last != "wabbit/app is put into targets" {
		t.Errorf("the last: %s", last)
	}
}
