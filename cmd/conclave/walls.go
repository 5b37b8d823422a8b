package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/offline"
)

// wallIn walls the program in before a command of it reads anything: each one
// comes through here, and can write only where its command line says.
func wallIn(c *cobra.Command, args []string) error {
	// Where the system has no such walls, the preflight says so.
	if err := offline.Sandbox(places(c, args)...); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// mountParents is where drives are mounted, now or later.
var mountParents = []string{"/media", "/run/media", "/mnt"}

// places are the directories that a command writes to. What is not among them
// the kernel refuses, so that a new command which forgets one finds out.
func places(c *cobra.Command, args []string) []string {
	value := func(flag string) string {
		if f := c.Flags().Lookup(flag); f != nil {
			return f.Value.String()
		}
		return ""
	}
	var dirs []string
	if dir := value("workspace"); dir != "" {
		// It is made here, or all that is above it would have to be a place. Who
		// opens it says why it can't be.
		_ = os.MkdirAll(dir, 0o700)
		dirs = append(dirs, dir)
		dirs = append(dirs, mountParents...)
	}
	if named, err := c.Flags().GetStringArray("place"); err == nil {
		dirs = append(dirs, named...)
		if len(named) == 0 && !c.HasParent() { // a rehearsal's are in the workspace
			dirs = append(dirs, ".")
		}
	}
	if drawer := value("tokens"); drawer != "" {
		dirs = append(dirs, existing(drawer))
	}
	switch out := value("out"); {
	case out == "":
	case c.CommandPath() == "conclave export":
		dirs = append(dirs, out)
	default:
		dirs = append(dirs, filepath.Dir(out))
	}
	switch c.CommandPath() {
	case "conclave extract":
		dirs = append(dirs, existing(args[1]))
	case "conclave record sign":
		dirs = append(dirs, filepath.Dir(args[0]))
	}
	return dirs
}

// existing is the directory, or where it has to be made the one above.
func existing(dir string) string {
	for {
		info, err := os.Stat(dir)
		if above := filepath.Dir(dir); (err != nil || !info.IsDir()) && above != dir {
			dir = above
			continue
		}
		return dir
	}
}
