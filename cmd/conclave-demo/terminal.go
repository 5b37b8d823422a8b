package main

import (
	"os"
	"os/exec"
	"strings"
)

// asGlass makes the terminal show what the program draws on its own terminal,
// byte for byte, and nothing that is typed meanwhile; Ctrl-C still ends the
// demo. restore puts it back.
func asGlass(terminal *os.File) (restore func(), err error) {
	before, err := stty(terminal, "-g")
	if err != nil {
		return nil, err
	}
	restore = func() { _, _ = stty(terminal, strings.TrimSpace(before)) } // the demo is over for this terminal otherwise
	if _, err := stty(terminal, "-echo", "-icanon", "-opost"); err != nil {
		restore()
		return nil, err
	}
	return restore, nil
}

func stty(terminal *os.File, args ...string) (string, error) {
	cmd := exec.Command("stty", args...)
	cmd.Stdin = terminal
	out, err := cmd.Output()
	return string(out), err
}
