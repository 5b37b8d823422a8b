package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

// usagef is a mistake on the command line.
func usagef(format string, args ...any) error {
	return &cli.UsageError{Err: fmt.Errorf(format, args...)}
}

// exitCode is cli.Code, which does not know the errors of the online half.
func exitCode(err error) int {
	var failed *registry.Error
	switch {
	case errors.Is(err, context.Canceled):
		return cli.Cancelled
	case errors.Is(err, onlinekey.ErrPassphrase), errors.Is(err, onlinekey.ErrNotEncrypted):
		return cli.Token
	case errors.As(err, &failed):
		return cli.Registry
	}
	return cli.Code(err)
}

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
		fmt.Fprintln(p.stderr, label+ceremony.Safe(line))
	}
	if hint := hint(err); hint != "" {
		fmt.Fprintln(p.stderr, "hint: "+hint)
	}
}

func hint(err error) string {
	var (
		failed     *registry.Error
		rollback   *publish.RollbackError
		fork       *publish.ForkError
		moved      *publish.MovedError
		target     *publish.TargetError
		incomplete *ceremony.IncompleteError
		expired    *metadata.ExpiredError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "cancelled; running it again completes what was begun"
	case errors.As(err, &incomplete):
		return "import this bundle at a site whose holders have not signed yet, and publish the bundle they hand back"
	case errors.As(err, &rollback):
		return "this bundle is older than what is live: look for a newer one"
	case errors.As(err, &fork):
		return "do not publish either again before it is known who signed the other one"
	case errors.As(err, &moved):
		return "run it again: it builds on what is live then"
	case errors.As(err, &target):
		return "push the image into this repository first"
	case errors.As(err, &expired):
		return "is this machine's clock right? If it is, the role has to be signed anew"
	case errors.Is(err, registry.ErrNotFound):
		return "check the repository's name and the tag"
	case errors.As(err, &failed):
		return "check that the registry runs and lets you in; running it again completes what was begun"
	}
	return ""
}
