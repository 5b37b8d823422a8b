package stories

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/conclave-tuf/conclave/cmd/internal/people"
	"github.com/conclave-tuf/conclave/cmd/internal/player"
)

// sitting is what the people of a site came to do, as a script writes it down.
type sitting struct {
	Site      string            // a site that has a journal goes on with it
	To        string            // found, co-sign, change or adopt, for a new one
	Stick     string            // a directory; "": the one called stick
	Bundles   []string          // that are taken over, in this order; *.tar on the stick
	NewTokens []string          `yaml:"new tokens"` // in the order in which they are enrolled
	Tokens    map[string]string // who has which, where a site can't know it
	Does      []string          // what is chosen and typed, page by page
}

// sits is `people FILE`: the people of a site hold a sitting, from their
// program's start to its end. What they saw is SITE.log; the bundle that they
// wrote, if any, is SITE.tar on the stick.
func sits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: people FILE")
	}
	var plan sitting
	ts.Check(yaml.UnmarshalWithOptions([]byte(ts.ReadFile(args[0])), &plan, yaml.Strict()))
	said, err := storyOf(ts).hold(plan)
	ts.Check(os.WriteFile(ts.MkAbs(plan.Site+".log"), said, 0o600))
	if err != nil {
		ts.Fatalf("%s: %v\n%s", args[0], err, said)
	}
}

// longest is far above what a sitting takes, or a look at what is live.
const longest = 3 * time.Minute

func (s *story) hold(plan sitting) (said []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	stick := s.path(cmp.Or(plan.Stick, "stick"))
	before, err := filepath.Glob(filepath.Join(stick, trust+"-*.tar"))
	if err == nil && len(before) > 0 {
		err = fmt.Errorf("%v lie on the stick already", before)
	}
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("conclave", "rehearse",
		"--workspace", s.path("site-"+plan.Site),
		"--tokens", s.path("drawer"),
		"--place", stick,
		"--touch-after", "1ms")
	cmd.Dir = s.dir
	var log bytes.Buffer
	program, err := player.OnLines(cmd, &log)
	if err != nil {
		return nil, err
	}
	site := &people.Site{
		Program: program, Log: &log,
		Name: plan.Site, Trust: trust, Place: filepath.Base(stick), PINs: pins(),
		Found: plan.To == "found", Amend: plan.To == "change", Adopt: plan.To == "adopt",
		Bundles: plan.Bundles, Spare: plan.NewTokens, Tokens: plan.Tokens, Todo: todo(plan.Does),
	}
	if err := site.Hold(ctx); err != nil {
		return log.Bytes(), errors.Join(err, program.Kill())
	}
	written, err := filepath.Glob(filepath.Join(stick, trust+"-*.tar"))
	switch {
	case err != nil:
	case len(written) == 1:
		err = os.Rename(written[0], filepath.Join(stick, plan.Site+".tar"))
	case slices.Contains(plan.Does, "Write the bundle"):
		err = fmt.Errorf("%d bundles were written", len(written))
	case len(site.Todo) > 0 || len(site.Spare) > 0:
		err = fmt.Errorf("nobody came to do %q with %q", site.Todo, site.Spare)
	}
	return log.Bytes(), err
}

// pins are those of the holders, and of the spares as whoever gets one chooses.
func pins() map[string]string {
	pins := people.PINs(people.Holders())
	for i := range tokens {
		serial := fmt.Sprint(firstSerial + i)
		if pins[serial] == "" {
			pins[serial] = fmt.Sprintf("%d86%d42", i, 2*i)
		}
	}
	return pins
}

var several = regexp.MustCompile(`^(.+) and (\w+) (enrol|sign)( .+)?$`)

// todo spells out what a script says in short: that several people do something.
func todo(does []string) []string {
	var todo []string
	for _, words := range does {
		m := several.FindStringSubmatch(words)
		if m == nil {
			todo = append(todo, words)
			continue
		}
		for _, name := range append(strings.Split(m[1], ", "), m[2]) {
			todo = append(todo, name+" "+m[3]+"s"+m[4])
		}
	}
	return todo
}

// publish BUNDLE KEY: the uploader signs with an online key and publishes a
// bundle, with the files that its targets name.
func publish(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: publish BUNDLE KEY [OPTION]...")
	}
	s := storyOf(ts)
	err := ts.Exec("conclave-upload", append([]string{"push", ts.MkAbs(args[0]), ts.Getenv("REPOSITORY"),
		"--online-key", ts.MkAbs(args[1]), "--passphrase-file", s.path("passphrase"), "--with-targets", s.path("files")}, args[2:]...)...)
	if neg != (err != nil) {
		ts.Fatalf("publish: %v", err)
	}
}
