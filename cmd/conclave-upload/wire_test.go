package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// ready is a machine with a bundle of a trust that nobody has published.
func ready(t *testing.T, host string, prepare func(x *trusttest.Trust)) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), host: host, ref: host + "/org/tuf:wabbit"}
	t.Setenv("DOCKER_CONFIG", s.dir)
	x := trusttest.NewAt(t, "wabbit", time.Now())
	if prepare != nil {
		prepare(x)
	}
	b, err := bundles.Encode(x.Contents)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := x.Online.Seal([]byte(passphrase), onlinekey.Weak)
	if err != nil {
		t.Fatal(err)
	}
	s.write("bundle.tar", b.Bytes)
	s.write("online.pem", sealed)
	s.write("passphrase", []byte(passphrase))
	s.write("root.json", x.Offline().Roots[0].Bytes)
	return s
}

// exits runs a command and returns its exit code and all that it printed.
func (s *site) exits(tokens token.Reader, args ...string) (code int, printed string) {
	s.t.Helper()
	var out bytes.Buffer
	p := &program{stdin: os.Stdin, stdout: &out, stderr: &out, now: s.time, tokens: tokens}
	code = p.run(s.t.Context(), args)
	return code, out.String()
}

// TestPrivateAuthority publishes to a registry with a certificate of its own and
// a credential from docker's file, which appears nowhere.
func TestPrivateAuthority(t *testing.T) {
	host, authorities := registrytest.SecureHost(t, registrytest.Embedded(t).Host())
	s := ready(t, host, nil)
	s.write("ca.pem", authorities)
	login := base64.StdEncoding.EncodeToString([]byte(registrytest.User + ":" + registrytest.Secret))
	s.write("config.json", fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, host, login))
	keys := []string{"--online-key", s.path("online.pem"), "--passphrase-file", s.path("passphrase")}
	for _, args := range [][]string{
		append([]string{"push", s.path("bundle.tar"), s.ref, "--ca-file", s.path("ca.pem"), "--trace"}, keys...),
		{"verify", s.ref, "--root", s.path("root.json"), "--ca-file", s.path("ca.pem"), "--trace"},
		{"status", s.ref, "--ca-file", s.path("ca.pem"), "--trace"},
		{"prune", s.ref, "--ca-file", s.path("ca.pem"), "--trace"},
	} {
		code, printed := s.exits(nil, args...)
		if code != cli.Done {
			t.Fatalf("%s: exit code %d\n%s", args[0], code, printed)
		}
		if strings.Contains(printed, registrytest.Secret) || strings.Contains(printed, login) || !strings.Contains(printed, "trace: GET "+host+"/token: 200") {
			t.Errorf("%s printed %s", args[0], printed)
		}
	}
	s.write("config.json", fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte("uploader:wrong"))))
	if code, printed := s.exits(nil, "status", s.ref, "--ca-file", s.path("ca.pem")); code != cli.Registry {
		t.Errorf("a wrong password: exit code %d\n%s", code, printed)
	}
	s.write("ca.pem", s.read("root.json"))
	if code, _ := s.exits(nil, "status", s.ref, "--ca-file", s.path("ca.pem")); code != cli.Refused {
		t.Errorf("no certificate: exit code %d", code)
	}
}

// TestCredentialHelper gets the credential from a helper of docker's, one for
// this registry or one for all, which is asked for the registry alone.
func TestCredentialHelper(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: the helper is a script for a POSIX shell")
	}
	for name, config := range map[string]string{"of the registry": `{"credHelpers":{%q:"canary"}}`, "of all": `{"auths":{%q:{}},"credsStore":"canary"}`} {
		t.Run(name, func(t *testing.T) {
			host, authorities := registrytest.SecureHost(t, registrytest.Embedded(t).Host())
			s := ready(t, host, nil)
			s.write("ca.pem", authorities)
			s.write("config.json", fmt.Appendf(nil, config, host))
			helper := fmt.Sprintf("#!/bin/sh\nread -r asked\necho \"$asked\" >> %q\necho '{\"Username\":%q,\"Secret\":%q}'\n", s.path("asked"), registrytest.User, registrytest.Secret)
			if err := os.WriteFile(s.path("docker-credential-canary"), []byte(helper), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", s.dir+string(os.PathListSeparator)+os.Getenv("PATH"))
			code, printed := s.exits(nil, "push", s.path("bundle.tar"), s.ref, "--ca-file", s.path("ca.pem"),
				"--online-key", s.path("online.pem"), "--passphrase-file", s.path("passphrase"), "--trace")
			if code != cli.Done || strings.Contains(printed, registrytest.Secret) {
				t.Errorf("exit code %d\n%s", code, printed)
			}
			asked := strings.Fields(string(s.read("asked")))
			if len(asked) == 0 || slices.ContainsFunc(asked, func(name string) bool { return name != host }) {
				t.Errorf("the helper was asked for %v", asked)
			}
		})
	}
}

func (s *site) read(name string) []byte {
	s.t.Helper()
	b, err := os.ReadFile(s.path(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// TestProxy: a registry behind a proxy is reached through it, unless it is one
// of those that NO_PROXY names, or on this machine. The proxy of the environment
// is looked up once in a process, so each takes one of its own.
func TestProxy(t *testing.T) {
	for name, c := range map[string]struct {
		ref, noProxy string
		asked        int64
	}{
		"through it":       {"registry.invalid/org/tuf:wabbit", "", 1},
		"of another":       {"registry.invalid/org/tuf:wabbit", "else.invalid", 1},
		"named":            {"registry.invalid/org/tuf:wabbit", "else.invalid,registry.invalid", 0},
		"by its domain":    {"registry.invalid/org/tuf:wabbit", ".invalid", 0},
		"everything":       {"registry.invalid/org/tuf:wabbit", "*", 0},
		"on this machine":  {"127.0.0.1:1/org/tuf:wabbit", "", 0},
		"and by that name": {"localhost:1/org/tuf:wabbit", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				w.WriteHeader(http.StatusNotFound)
			}))
			t.Cleanup(proxy.Close)
			run := exec.Command("conclave-upload", "status", c.ref, "--plain-http", "--deadline", "30s")
			run.Env = append(os.Environ(), "HTTP_PROXY="+proxy.URL, "NO_PROXY="+c.noProxy, "DOCKER_CONFIG="+t.TempDir())
			out, err := run.CombinedOutput() // nobody there knows such a trust
			if err == nil || asked.Load() != c.asked || !strings.Contains(string(out), "error: Registry ") {
				t.Errorf("the proxy was asked %d times\n%s", asked.Load(), out)
			}
		})
	}
}

// TestDeadlineExceeded: a registry that never answers is given up on.
func TestDeadlineExceeded(t *testing.T) {
	stuck := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(stuck.Close)
	s := &site{t: t, dir: t.TempDir()}
	t.Setenv("DOCKER_CONFIG", s.dir)
	args := []string{"status", stuck.Listener.Addr().String() + "/org/tuf:wabbit", "--deadline", "100ms"}
	if code, printed := s.exits(nil, args...); code != cli.Registry || !strings.Contains(printed, "The time was up") {
		t.Errorf("exit code %d\n%s", code, printed)
	}
}

// TestOnlineToken publishes with a key on a token of the online machine. The PIN
// comes from a file, and is printed nowhere.
func TestOnlineToken(t *testing.T) {
	const serial, pin = "5417501", "471147"
	drawer, err := virtual.OpenDrawer("", virtual.Options{Touch: func(context.Context, string) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	if err := drawer.Add(5417501, "5.7.4"); err != nil {
		t.Fatal(err)
	}
	if err := drawer.Insert(serial); err != nil {
		t.Fatal(err)
	}
	tokens, err := drawer.Tokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	enrolled, err := tokens[0].(token.Enroller).Enrol(t.Context(), token.EnrolRequest{
		PIN: token.NewPIN([]byte(pin)), PUK: token.NewPIN([]byte("81547114")), Algorithm: token.P256,
		Touch: token.TouchAlways, PINPolicy: token.PINOnce, Subject: "online", Now: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := ready(t, registrytest.Embedded(t).Host(), func(x *trusttest.Trust) { x.NewForeignKey(enrolled.Key) })
	s.write("pin", []byte(pin+"\n"))
	s.write("wrong", []byte("999999\n"))
	push := []string{"push", s.path("bundle.tar"), s.ref, "--online-key", "yubikey:" + serial, "--pin-fd"}
	if code, printed := s.exits(drawer, append(push, descriptor(t, s.path("wrong")))...); code != cli.Token || strings.Contains(printed, "999999") {
		t.Errorf("a wrong PIN: exit code %d\n%s", code, printed)
	}
	code, printed := s.exits(drawer, append(push, descriptor(t, s.path("pin")))...)
	if code != cli.Done || strings.Contains(printed, pin) || strings.Count(printed, "touch token "+serial+" now") != 2 {
		t.Errorf("exit code %d\n%s", code, printed)
	}
	if code, printed := s.exits(drawer, "verify", s.ref, "--root", s.path("root.json")); code != cli.Done {
		t.Errorf("exit code %d\n%s", code, printed)
	}
	if err := drawer.Remove(serial); err != nil {
		t.Fatal(err)
	}
	refresh := []string{"refresh", s.ref, "--every", "2d", "--timestamp-expires", "3d", "--online-key", "yubikey:" + serial, "--pin-fd", descriptor(t, s.path("pin"))}
	if code, printed := s.exits(drawer, refresh...); code != cli.Token || !strings.Contains(printed, "is in no reader") {
		t.Errorf("no token: exit code %d\n%s", code, printed)
	}
}

// descriptor opens a file for the program, which closes it.
func descriptor(t *testing.T, path string) string {
	t.Helper()
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(fd)
}
