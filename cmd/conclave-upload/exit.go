package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/upkeep"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

// usagef is a mistake on the command line.
func usagef(format string, args ...any) error {
	return &cli.UsageError{Err: fmt.Errorf(format, args...)}
}

// exitCode is cli.Code, which does not know the errors of the online half.
func exitCode(err error) int {
	var upkeepDue *upkeep.DueError
	switch {
	case errors.Is(err, context.Canceled):
		return cli.Cancelled
	case errors.As(err, &upkeepDue) && upkeepDue.Expired:
		return cli.Refused
	case upkeepDue != nil, is[*publish.DueError](err):
		return cli.Incomplete
	case keyError(err):
		return cli.Token
	case is[*registry.Error](err), errors.Is(err, context.DeadlineExceeded):
		return cli.Registry
	}
	return cli.Code(err)
}

// keyError says whether an online key is why.
func keyError(err error) bool {
	for _, sentinel := range []error{onlinekey.ErrPassphrase, onlinekey.ErrNotEncrypted, onlinekey.ErrLastTry} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return is[*onlinekey.CommandError](err) || is[*onlinekey.NoTokenError](err) || is[*token.PINFormatError](err)
}

func is[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

// explain prints an error and, where it is known, what to do next.
func (p *program) explain(err error) {
	if err == nil {
		return
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		label := "error: "
		if i > 0 {
			label = "       "
		}
		fmt.Fprintln(p.stderr, label+text.Safe(line))
	}
	if hint := hint(err); hint != "" {
		fmt.Fprintln(p.stderr, "hint: "+hint)
	}
}

func hint(err error) string {
	target, _ := errors.AsType[*publish.TargetError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return "cancelled; running it again completes what was begun"
	case errors.Is(err, context.DeadlineExceeded):
		return "the time was up; running it again completes what was begun"
	case is[*trust.IncompleteError](err):
		return "import this bundle at a site whose holders have not signed yet, and publish the bundle they hand back"
	case is[*publish.RollbackError](err):
		return "this is older than what is live: look for a newer one"
	case is[*publish.ForkError](err):
		return "do not publish either again before it is known who signed the other one"
	case is[*publish.MovedError](err):
		return "run it again: it builds on what is live then"
	case target != nil && target.File:
		return "upload files with --with-targets, or say --targets-elsewhere"
	case target != nil:
		return "push the image into this repository first"
	case is[*publish.MarginError](err):
		return "have it signed anew; in an emergency --expiry-margin 1m lets it pass"
	case is[*publish.ScheduleError](err):
		return "run refresh more often and say so with --every, or let what it signs live longer"
	case is[*publish.DueError](err), is[*upkeep.DueError](err):
		return "fetch a bundle, and hold a ceremony with those who sign the role"
	case is[*metadata.ExpiredError](err):
		return "is this machine's clock right? If it is, the role has to be signed anew"
	case is[*registry.CredentialError](err):
		return "if that host is right, name it with --auth-host"
	case errors.Is(err, registry.ErrNotFound):
		return "check the repository's name and the tag"
	case is[*registry.Error](err):
		return "check that the registry runs and lets you in; running it again completes what was begun"
	}
	return ""
}
