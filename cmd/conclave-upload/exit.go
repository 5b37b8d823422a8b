package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/upkeep"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/walk"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

// usagef is a mistake on the command line.
func usagef(format string, args ...any) error {
	return &cli.UsageError{Err: fmt.Errorf(format, args...)}
}

// exitCode adds the errors of the online half to those that cli.Code knows.
func exitCode(err error) int {
	var upkeepDue *upkeep.DueError
	switch {
	case errors.Is(err, context.Canceled):
		return cli.Cancelled
	case errors.As(err, &upkeepDue) && upkeepDue.Expired:
		return cli.Refused
	case upkeepDue != nil, is[*publish.DueError](err), is[*missingError](err):
		return cli.Incomplete
	case isKeyError(err):
		return cli.Token
	case is[*registry.Error](err), errors.Is(err, context.DeadlineExceeded):
		return cli.Registry
	}
	return cli.Code(err)
}

// isKeyError says whether err is about an online key.
func isKeyError(err error) bool {
	for _, sentinel := range []error{onlinekey.ErrPassphrase, onlinekey.ErrNotEncrypted, onlinekey.ErrLastTry} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return is[*onlinekey.CommandError](err) || is[*onlinekey.NoTokenError](err) || is[*token.PINFormatError](err)
}

func is[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

// explain says an error to people. What was not done the errors say themselves.
func explain(err error) cli.Problem {
	p := cli.Problem{Happened: text.Error(err), NotDone: "The command was not finished.", Next: next(err)}
	switch {
	case is[*publish.DueError](err), is[*upkeep.DueError](err), is[*missingError](err):
		p.NotDone = ""
	case is[*bundles.Error](err):
		p.NotDone = "Nothing of it was used."
	case p.Next == "":
		p.Next = "Put right what it names, and give the command again."
	}
	return p
}

func next(err error) string {
	target, _ := errors.AsType[*publish.TargetError](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "The time was up. Run it again, with more: that completes what was begun."
	case is[*trust.IncompleteError](err):
		return "Import this bundle at a site whose holders have not signed yet, and publish the bundle they hand back."
	case is[*bundles.Error](err):
		return "Have the bundle written again. If it happens twice, treat the medium as tampered with."
	case is[*publish.RootError](err):
		return "Give the root that you know the trust by with --root: the first, or any that came after it."
	case is[*publish.RollbackError](err):
		return "Look for a newer one."
	case is[*publish.NumberError](err):
		return "Have a new root name other keys for snapshot and timestamp: with those the numbers begin anew."
	case is[*publish.ForkError](err):
		return "Do not publish either again before it is known who signed the other one."
	case is[*publish.MovedError](err):
		return "Run it again: it builds on what is live then."
	case is[*missingError](err):
		return "Put them where that place has its targets, and run it again; or say --targets-elsewhere if something else serves them."
	case target != nil && target.File:
		return "Upload files with --with-targets, or say --targets-elsewhere."
	case target != nil:
		return "Push the image into this repository first."
	case is[*publish.ForeignTagError](err):
		return "Publish into a repository of the trust's own, or find out whose it is, and delete the tag if nobody needs it."
	case is[*publish.MarginError](err):
		return "Have it signed anew; in an emergency --expiry-margin 1m lets it pass."
	case is[*publish.ScheduleError](err):
		return "Run refresh more often and say so with --every, or let what it signs live longer."
	case is[*publish.DueError](err), is[*upkeep.DueError](err):
		return "Fetch a bundle, and hold a ceremony with those who sign the role."
	case is[*metadata.ExpiredError](err):
		return "Is this machine's clock right? If it is, the role has to be signed anew."
	case is[*registry.CredentialError](err):
		return "If that host is right, name it with --auth-host."
	case is[*walk.NotFoundError](err):
		return "Check the path: it is the whole path that the metadata has, in the same case."
	case is[*client.DisagreementError](err):
		return "Take the target from nowhere before it is known which client is wrong, and report it."
	case errors.Is(err, registry.ErrNotFound):
		return "Check the repository's name and the tag."
	case is[*registry.Error](err):
		return "Check that the registry runs and lets you in. Running it again completes what was begun."
	}
	return ""
}
