package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// version and committed are set by "make build": what the sources are called, and
// when they were committed (RFC 3339).
var version, committed = "unknown", ""

// built is when the sources were committed that the program was built from;
// zero where the build does not know.
func built() time.Time {
	if info, ok := debug.ReadBuildInfo(); ok && committed == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" {
				return parsed(s.Value)
			}
		}
	}
	return parsed(committed)
}

// parsed is zero where the time is none.
func parsed(rfc3339 string) time.Time {
	at, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		return time.Time{}
	}
	return at
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: `  conclave version`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			of := "of an unknown day"
			if at := built(); !at.IsZero() {
				of = "of " + at.UTC().Format(time.DateOnly)
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "conclave %s %s (%s %s/%s)\n", version, of, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
