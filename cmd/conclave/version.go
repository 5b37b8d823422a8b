package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "unknown"

// built is when the sources were committed that the program was built from;
// zero where the build does not know.
func built() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			at, _ := time.Parse(time.RFC3339, s.Value) // no time is none that is known
			return at
		}
	}
	return time.Time{}
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
