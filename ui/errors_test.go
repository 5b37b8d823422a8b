package ui_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
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
	{&token.WrongPINError{Tries: 2}, "TOKEN-PIN-WRONG"},
	{&token.WrongPINError{Tries: -1}, "TOKEN-PIN-WRONG"},
	{&token.WrongPINError{Tries: 0}, "TOKEN-PIN-BLOCKED"},
	{token.ErrPINBlocked, "TOKEN-PIN-BLOCKED"},
	{&token.WrongPUKError{Tries: 2}, "TOKEN-PUK-WRONG"},
	{&token.WrongPUKError{Tries: -1}, "TOKEN-PUK-WRONG"},
	{&token.WrongPUKError{Tries: 0}, "TOKEN-PUK-BLOCKED"},
	{token.ErrPUKBlocked, "TOKEN-PUK-BLOCKED"},
	{&token.PINFormatError{Why: "it is empty"}, "TOKEN-PIN-FORMAT"},

	{&token.WrongTokenError{Holder: "Ada", Found: "5417502"}, "TOKEN-WRONG"},
	{token.ErrAlreadySigned, "TOKEN-SIGNED-ALREADY"},
	{token.ErrNoKey, "TOKEN-EMPTY"},
	{&token.OccupiedError{Serial: "5417501", Slot: "9c"}, "TOKEN-OCCUPIED"},
	{&token.VerdictError{Failed: []token.Check{{Name: "touch policy", Reason: "never"}}}, "TOKEN-ATTESTATION"},
	{&token.PolicyError{Why: "it is a virtual one"}, "TOKEN-POLICY"},
	{&token.RemovedError{Err: errCause}, "TOKEN-REMOVED"},
	{token.ErrNoTouch, "TOKEN-NO-TOUCH"},
	{&token.BadSignatureError{Serial: "5417501", Err: metadata.ErrSignature}, "TOKEN-BAD-SIGNATURE"},
	{&token.Error{Op: "sign", Err: errCause}, "TOKEN-FAILED"},
	{&token.BusyError{By: []string{"scdaemon"}, Err: errCause}, "READER-BUSY"},
	{&token.NoServiceError{Err: errCause}, "READER-SERVICE"},
	{token.ErrNoCardSupport, "READER-NONE"},

	{&plan.Error{Line: 3, Field: "trust", Why: "is missing"}, "PLAN"},
	{&draft.EditError{Why: "nobody is called Zoe"}, "EDIT"},
	{&draft.NeededError{Edit: draft.JoinRole{Holder: "Ada", Role: "team"}, By: draft.LeaveRole{Holder: "Ada", Role: "team"}, Why: "Ada has no key in team"}, "EDIT-NEEDED"},
	{&draft.Error{Err: errCause}, "DRAFT-STUCK"},
	{&ceremony.ConsentError{Why: "the words are others"}, "CONSENT"},
	{&trust.ConflictError{Role: "root", Version: 1}, "CONFLICT"},
	{&metadata.ExpiredError{Role: "root", Version: 1, Expires: noon, At: noon}, "EXPIRED"},
	{&ceremony.HorizonError{Role: "root", Version: 1, Expires: noon, Now: noon}, "HORIZON"},
	{&trust.ExportError{Role: "root", Version: 1, Rule: "has 600000 bytes"}, "EXPORT-REFUSED"},
	{&trust.IncompleteError{Quorum: trust.Quorum{Role: "root", Version: 1}}, "INCOMPLETE"},
	{ceremony.ErrNotNow, "NOT-NOW"},
	{&trust.UnverifiedError{Err: errCause}, "BUNDLE-UNVERIFIED"},
	{&trust.OtherRootError{Known: trust.Root{Version: 1}, Theirs: trust.Root{Version: 5}}, "BUNDLE-OTHER-ROOT"},
	{trust.ErrUnknown, "PAYLOAD-UNKNOWN"},
	{&ceremony.ClockError{Now: noon, Known: noon.Add(time.Hour), What: "this program was built"}, "CLOCK"},
	{ceremony.ErrClockDue, "CLOCK-DUE"},
	{&journal.Error{Line: 3, Why: "it is torn"}, "JOURNAL"},
	{&journal.ForkError{Site: "0123456789", Line: 3}, "BUNDLE-FORK"},
	{context.Canceled, "CANCELLED"},
	{&fs.PathError{Op: "open", Path: "/w", Err: fs.ErrPermission}, "NOT-ALLOWED"},

	{&ceremony.ImportError{Item: "signature", Err: errCause}, "BUNDLE-REFUSED"},
	{&ceremony.ImportError{Item: "proposal", Err: &metadata.FieldError{Path: "signed", Why: "is missing"}}, "BUNDLE-REFUSED"},
	{&ceremony.ImportError{Item: "journal", Err: &ceremony.ClockError{Now: noon, Known: noon.Add(time.Hour)}}, "CLOCK"},
	{&ceremony.ImportError{Item: "journal", Err: &journal.ForkError{Site: "0123456789", Line: 3}}, "BUNDLE-FORK"},
	{&ceremony.ImportError{Item: "trust", Err: &metadata.OtherTrustError{Want: "wabbit", Got: "rabbit"}}, "BUNDLE-OTHER-TRUST"},
	{&ceremony.ImportError{Item: "trust", Err: &token.PolicyError{Why: "this is a rehearsal"}}, "BUNDLE-OTHER-KIND"},

	{&metadata.OtherTrustError{Want: "wabbit", Got: "rabbit"}, "BUNDLE-OTHER-TRUST"},
	{&metadata.ThresholdError{Role: "root", By: "root 1"}, "METADATA-UNSIGNED"},
	{&metadata.VersionError{Role: "root", Want: 2, Got: 3, Why: "follows root 1"}, "METADATA-VERSION"},
	{&metadata.FieldError{Path: "signed.version", Why: "is missing"}, "METADATA-FIELD"},
	{&metadata.AmbiguousError{Places: []string{"director", "image"}}, "REPOSITORY-AMBIGUOUS"},
	{&metadata.MismatchError{Role: "targets", Why: "is another one"}, "METADATA-MISMATCH"},
	{metadata.ErrSignature, "METADATA-SIGNATURE"},

	{&bundles.Error{Why: "it is empty"}, "BUNDLE-REFUSED"},
	{&bundles.FileError{Path: "plan.yaml", Why: "it is no regular file"}, "FILE-REFUSED"},
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
		"ceremony.ErrNotNow": ceremony.ErrNotNow, "ceremony.ErrClockDue": ceremony.ErrClockDue, "trust.ErrUnknown": trust.ErrUnknown, "token.ErrAlreadySigned": token.ErrAlreadySigned,
		"token.ErrNoCardSupport": token.ErrNoCardSupport, "token.ErrNoTouch": token.ErrNoTouch,
		"token.ErrPINBlocked": token.ErrPINBlocked, "token.ErrPUKBlocked": token.ErrPUKBlocked,
		"token.ErrNoKey": token.ErrNoKey, "metadata.ErrSignature": metadata.ErrSignature,
	} {
		has[name] = ui.Explain(err).Code != "STOPPED"
	}
	declared := 0
	for _, dir := range []string{
		"../ceremony", "../ceremony/draft", "../ceremony/journal", "../ceremony/metadata", "../ceremony/plan",
		"../ceremony/token", "../ceremony/trust", "../bundles", "../offline",
	} {
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
		file, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, parser.SkipObjectResolution)
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
				if ok && d.Tok == gotoken.VAR && strings.HasPrefix(v.Names[0].Name, "Err") {
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
