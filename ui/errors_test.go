package ui_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/offline"
	"github.com/conclave-tuf/conclave/ui"
)

var errCause = errors.New("the cause")

// explained has every error that the rules, tokens, bundles and files can give,
// with the code under which it is explained.
var explained = []struct {
	err  error
	code string
}{
	{&ceremony.WrongPINError{Tries: 2}, "TOKEN-PIN-WRONG"},
	{&ceremony.WrongPINError{Tries: -1}, "TOKEN-PIN-WRONG"},
	{&ceremony.WrongPINError{Tries: 0}, "TOKEN-PIN-BLOCKED"},
	{ceremony.ErrPINBlocked, "TOKEN-PIN-BLOCKED"},
	{&ceremony.WrongPUKError{Tries: 2}, "TOKEN-PUK-WRONG"},
	{&ceremony.WrongPUKError{Tries: -1}, "TOKEN-PUK-WRONG"},
	{&ceremony.WrongPUKError{Tries: 0}, "TOKEN-PUK-BLOCKED"},
	{ceremony.ErrPUKBlocked, "TOKEN-PUK-BLOCKED"},
	{&ceremony.PINFormatError{Why: "it is empty"}, "TOKEN-PIN-FORMAT"},

	{&ceremony.WrongTokenError{Holder: "Ada", Found: "5417502"}, "TOKEN-WRONG"},
	{ceremony.ErrAlreadySigned, "TOKEN-SIGNED-ALREADY"},
	{ceremony.ErrNoKey, "TOKEN-EMPTY"},
	{&ceremony.OccupiedError{Serial: "5417501", Slot: "9c"}, "TOKEN-OCCUPIED"},
	{&ceremony.VerdictError{Failed: []ceremony.Check{{Name: "touch policy", Reason: "never"}}}, "TOKEN-ATTESTATION"},
	{&ceremony.PolicyError{Why: "it is a virtual one"}, "TOKEN-POLICY"},
	{&ceremony.RemovedError{Err: errCause}, "TOKEN-REMOVED"},
	{ceremony.ErrNoTouch, "TOKEN-NO-TOUCH"},
	{&ceremony.BadSignatureError{Serial: "5417501", Err: metadata.ErrSignature}, "TOKEN-BAD-SIGNATURE"},
	{&ceremony.TokenError{Op: "sign", Err: errCause}, "TOKEN-FAILED"},
	{&ceremony.BusyError{By: []string{"scdaemon"}, Err: errCause}, "READER-BUSY"},
	{&ceremony.NoServiceError{Err: errCause}, "READER-SERVICE"},
	{ceremony.ErrNoCardSupport, "READER-NONE"},

	{&ceremony.PlanError{Line: 3, Field: "trust", Why: "is missing"}, "PLAN"},
	{&ceremony.EditError{Why: "nobody is called Zoe"}, "EDIT"},
	{&ceremony.NeededError{Edit: ceremony.JoinRole{Holder: "Ada", Role: "team"}, By: ceremony.LeaveRole{Holder: "Ada", Role: "team"}, Why: "Ada has no key in team"}, "EDIT-NEEDED"},
	{&ceremony.DraftError{Err: errCause}, "DRAFT-STUCK"},
	{&ceremony.ConsentError{Why: "the words are others"}, "CONSENT"},
	{&ceremony.ConflictError{Role: "root", Version: 1}, "CONFLICT"},
	{&metadata.ExpiredError{Role: "root", Version: 1, Expires: noon, At: noon}, "EXPIRED"},
	{&ceremony.HorizonError{Role: "root", Version: 1, Expires: noon, Now: noon}, "HORIZON"},
	{&ceremony.ExportError{Role: "root", Version: 1, Rule: "has 600000 bytes"}, "EXPORT-REFUSED"},
	{&ceremony.IncompleteError{Quorum: ceremony.Quorum{Role: "root", Version: 1}}, "INCOMPLETE"},
	{ceremony.ErrNotNow, "NOT-NOW"},
	{ceremony.ErrUnknown, "PAYLOAD-UNKNOWN"},
	{&ceremony.ClockError{Now: noon, Floor: noon.Add(time.Hour), What: "the last entry"}, "CLOCK"},
	{&ceremony.JournalError{Line: 3, Why: "it is torn"}, "JOURNAL"},
	{&ceremony.ForkError{Site: "0123456789", Line: 3}, "BUNDLE-FORK"},
	{context.Canceled, "CANCELLED"},

	{&ceremony.ImportError{Item: "signature", Err: errCause}, "BUNDLE-REFUSED"},
	{&ceremony.ImportError{Item: "proposal", Err: &metadata.FieldError{Path: "signed", Why: "is missing"}}, "BUNDLE-REFUSED"},
	{&ceremony.ImportError{Item: "journal", Err: &ceremony.ClockError{Now: noon, Floor: noon.Add(time.Hour)}}, "CLOCK"},
	{&ceremony.ImportError{Item: "journal", Err: &ceremony.ForkError{Site: "0123456789", Line: 3}}, "BUNDLE-FORK"},
	{&ceremony.ImportError{Item: "trust", Err: &metadata.OtherTrustError{Want: "wabbit", Got: "rabbit"}}, "BUNDLE-OTHER-TRUST"},
	{&ceremony.ImportError{Item: "trust", Err: &ceremony.PolicyError{Why: "this is a rehearsal"}}, "BUNDLE-OTHER-KIND"},

	{&metadata.OtherTrustError{Want: "wabbit", Got: "rabbit"}, "BUNDLE-OTHER-TRUST"},
	{&metadata.ThresholdError{Role: "root", By: "root 1"}, "METADATA-UNSIGNED"},
	{&metadata.VersionError{Role: "root", Want: 2, Got: 3, Why: "follows root 1"}, "METADATA-VERSION"},
	{&metadata.FieldError{Path: "signed.version", Why: "is missing"}, "METADATA-FIELD"},
	{&metadata.MismatchError{Role: "targets", Why: "is another one"}, "METADATA-MISMATCH"},
	{metadata.ErrSignature, "METADATA-SIGNATURE"},

	{&bundles.Error{Why: "it is empty"}, "BUNDLE-REFUSED"},
	{&bundles.HeadError{Name: "1.root.json", Why: "differs"}, "BUNDLE-HEADS"},
	{&bundles.TrustError{A: "wabbit", B: "rabbit"}, "BUNDLE-OTHER-TRUST"},
	{&bundles.ProposalError{Role: "root", Version: 1}, "BUNDLE-PROPOSED-TWICE"},
	{&offline.LockedError{Dir: "/w"}, "WORKSPACE-LOCKED"},
	{&offline.DamagedError{Path: "/w/x"}, "FILE-DAMAGED"},
	{&offline.ExistsError{Path: "/w/x"}, "FILE-EXISTS"},
	{&offline.SpaceError{Dir: "/w"}, "MEDIUM-FULL"},
	{&offline.NameError{Name: "CON", Why: "Windows takes it for a device"}, "FILE-NAME"},
}

func TestEveryErrorIsExplained(t *testing.T) {
	for _, e := range explained {
		for _, err := range []error{e.err, fmt.Errorf("the step: %w", e.err)} {
			p := ui.Explain(err)
			if p.Code != e.code {
				t.Errorf("%T (%v): %s instead of %s", e.err, err, p.Code, e.code)
			}
			for _, part := range []string{p.Happened, p.NotDone, p.Next} {
				if !strings.HasSuffix(part, ".") {
					t.Errorf("%s: %q is no sentence", p.Code, part)
				}
			}
		}
	}
	if p := ui.Explain(errCause); p.Code != "STOPPED" {
		t.Errorf("%+v", p)
	}
}

// What a bundle holds is to blame in its own words, but nothing of it was taken
// over, whatever it was.
func TestNothingOfARefusedBundleWasTakenOver(t *testing.T) {
	for _, e := range explained {
		if p := ui.Explain(&ceremony.ImportError{Item: "an item", Err: e.err}); p.NotDone != "Nothing of it was taken over." {
			t.Errorf("%T in a bundle: %+v", e.err, p)
		}
	}
}

// unknown is an error of another package, with a code that has no words here.
type unknown struct{ error }

func (unknown) Code() string { return "NEVER-HEARD-OF" }

func TestUnknownCodeIsNotShown(t *testing.T) {
	if p := ui.Explain(unknown{errCause}); p.Code != "STOPPED" || p.Happened != "The cause." {
		t.Errorf("%+v", p)
	}
}

// Whoever adds an error to these packages adds words for it.
func TestNoErrorIsForgotten(t *testing.T) {
	has := map[string]bool{}
	for _, e := range explained {
		has[strings.TrimPrefix(fmt.Sprintf("%T", e.err), "*")] = true
	}
	for name, err := range map[string]error{
		"ceremony.ErrNotNow": ceremony.ErrNotNow, "ceremony.ErrUnknown": ceremony.ErrUnknown, "ceremony.ErrAlreadySigned": ceremony.ErrAlreadySigned,
		"ceremony.ErrNoCardSupport": ceremony.ErrNoCardSupport, "ceremony.ErrNoTouch": ceremony.ErrNoTouch,
		"ceremony.ErrPINBlocked": ceremony.ErrPINBlocked, "ceremony.ErrPUKBlocked": ceremony.ErrPUKBlocked,
		"ceremony.ErrNoKey": ceremony.ErrNoKey, "metadata.ErrSignature": metadata.ErrSignature,
	} {
		has[name] = ui.Explain(err).Code != "STOPPED"
	}
	declared := 0
	for _, dir := range []string{"../ceremony", "../ceremony/metadata", "../bundles", "../offline"} {
		for _, name := range errorsIn(t, dir) {
			if declared++; !has[name] {
				t.Errorf("%s has no words: add it to package ui's errors and to this test", name)
			}
		}
	}
	if declared < 30 {
		t.Errorf("only %d errors were found in the sources", declared)
	}
}

// errorsIn lists the exported error types and variables of a package.
func errorsIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range declaredErrors(file) {
			if ast.IsExported(name) {
				names = append(names, file.Name.Name+"."+name)
			}
		}
	}
	return names
}

// declaredErrors are the types with a method Error, and the variables Err....
func declaredErrors(file *ast.File) []string {
	var names []string
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || d.Name.Name != "Error" {
				continue
			}
			if pointer, ok := d.Recv.List[0].Type.(*ast.StarExpr); ok {
				names = append(names, pointer.X.(*ast.Ident).Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if ok && d.Tok == token.VAR && strings.HasPrefix(v.Names[0].Name, "Err") {
					names = append(names, v.Names[0].Name)
				}
			}
		}
	}
	return names
}

// A sentence begins with a capital, unless it begins with a name.
func TestNamesKeepTheirCase(t *testing.T) {
	for text, want := range map[string]string{
		"the disk is full":               "The disk is full.",
		"plan.yaml: line 3":              "plan.yaml: line 3.",
		"media/stick is read-only":       "media/stick is read-only.",
		"bundle: it is empty.":           "Bundle: it is empty.",
		`"x" is no date`:                 `"x" is no date.`,
		"signed.version: is given twice": "signed.version: is given twice.",
		"émile has signed":               "Émile has signed.",
	} {
		if p := ui.Explain(errors.New(text)); p.Happened != want {
			t.Errorf("%q became %q", text, p.Happened)
		}
	}
	if p := ui.Explain(errCause); strings.Contains(p.NotDone+p.Next, "step") {
		t.Errorf("a command has no steps: %+v", p)
	}
}
