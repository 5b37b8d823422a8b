package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "unknown"

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: `  conclave-upload version`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text := fmt.Sprintf("conclave-upload %s (%s %s/%s)", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return p.report(map[string]string{"version": version, "go": runtime.Version()}, []row{{text}})
		},
	}
}
