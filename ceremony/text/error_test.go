package text_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

func TestError(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("it is so"), "it is so"},
		{&fs.PathError{Op: "open", Path: "a.tar", Err: fs.ErrNotExist}, "there is no file a.tar"},
		{&fs.PathError{Op: "statat", Path: "a.tar", Err: fs.ErrNotExist}, "there is no file a.tar"},
		{fmt.Errorf("the plan was not read: %w", &fs.PathError{Op: "openat", Path: "b", Err: fs.ErrNotExist}), "the plan was not read: there is no file b"},
		{&fs.PathError{Op: "mkdir", Path: "/proc/x", Err: fs.ErrNotExist}, "/proc/x: file does not exist"},
		{&fs.PathError{Op: "open", Path: "b", Err: fs.ErrPermission}, "this user may not use b"},
		{&fs.PathError{Op: "read", Path: "\x1bb", Err: errors.New("input/output error")}, `\x1bb: input/output error`},
	} {
		if got := text.Error(c.err); got != c.want {
			t.Errorf("got %q, not %q", got, c.want)
		}
	}
	_, err := os.ReadFile(filepath.Join(t.TempDir(), "nothing"))
	if got := text.Error(err); !strings.HasPrefix(got, "there is no file /") || !strings.HasSuffix(got, "nothing") {
		t.Errorf("got %q", got)
	}
}
