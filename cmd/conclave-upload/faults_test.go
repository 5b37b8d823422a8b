package main

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

// commands are all that ask a registry, by name. What they write is called "out".
func (s *site) commands(ref string) map[string][]string {
	keys := []string{"--online-key", s.path("online.pem"), "--passphrase-file", s.path("passphrase")}
	repository := strings.TrimSuffix(ref, ":wabbit")
	return map[string][]string{
		"push":    append([]string{"push", s.path("bundle.tar"), repository}, keys...),
		"refresh": append([]string{"refresh", ref, "--every", "2d", "--timestamp-expires", "3d"}, keys...),
		"share":   {"share", s.path("bundle.tar"), repository},
		"collect": {"collect", ref, "-o", s.path("out")},
		"fetch":   {"fetch", ref, "-o", s.path("out")},
		"mirror":  {"mirror", ref, s.path("out")},
		"verify":  {"verify", ref, "--root", s.path("root.json")},
		"status":  {"status", ref},
		"prune":   {"prune", ref},
	}
}

// wrote lists the files under "out".
func (s *site) wrote() (list []string) {
	s.t.Helper()
	err := filepath.WalkDir(s.path("out"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return list
}

// TestLyingRegistry has a registry answer with something else than what is
// published. Every command refuses it, or gives up; none writes anything, here
// or there.
func TestLyingRegistry(t *testing.T) {
	var lie atomic.Pointer[http.HandlerFunc]
	var wrote atomic.Bool
	host := registrytest.Before(t, registrytest.Embedded(t).Host(), func(w http.ResponseWriter, r *http.Request) bool {
		answer := lie.Load()
		if answer == nil {
			return false
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			wrote.Store(true)
		}
		if !strings.HasSuffix(r.URL.Path, "/manifests/wabbit") {
			return false
		}
		(*answer)(w, r)
		return true
	})
	s := publishing(t, host)
	direct := registrytest.Open(t, host, registry.Options{})
	trusttest.NewAt(t, "other", time.Now()).Publish(direct, time.Now())
	of := func(tag string) string {
		m, err := direct.Manifest(t.Context(), tag, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return string(m.Bytes)
	}
	head, other := of("wabbit"), of("other")
	say := func(body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", imageType)
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			_, _ = w.Write([]byte(body))
		}
	}
	const never = "1;" // an answer without an end
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   int
		says   string
	}{
		"HTML instead of JSON": {say("<html>Sign in</html>", "Content-Type", "text/html"), cli.Refused, "JSON"},
		"nothing at all":       {say(""), cli.Refused, ""},
		"a list":               {say("[]"), cli.Refused, ""},
		"a wrong digest":       {say(head, "Docker-Content-Digest", metadata.Sum([]byte("x")).OCI()), cli.Refused, "registry sent a wrong manifest wabbit"},
		"a wrong media type":   {say(strings.Replace(head, imageType, "application/vnd.oci.image.index.v1+json", 1)), cli.Refused, "mediaType"},
		"another trust's head": {say(other), cli.Refused, ""},
		"an endless body": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte(strings.Repeat(never, 1<<15)))
			}
		}, cli.Registry, "longer than"},
		"it refuses": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"errors":[{"code":"DENIED","message":"quota exceeded\u001b[2J"}]}`))
		}, cli.Registry, "denied: quota exceeded"},
		"it asks for an hour": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}, cli.Registry, "429"},
	} {
		t.Run(name, func(t *testing.T) {
			lie.Store(&c.answer)
			defer lie.Store(nil)
			wrote.Store(false)
			for command, args := range s.commands(s.ref) {
				code, printed := s.exits(nil, args...)
				if code != c.code || !strings.Contains(printed, c.says) || strings.Contains(printed, "\x1b") {
					t.Errorf("%s: exit code %d, want %d and %q\n%s", command, code, c.code, c.says, printed)
				}
			}
			if list := s.wrote(); len(list) > 0 || wrote.Load() {
				t.Errorf("it left %v; something was sent: %v", list, wrote.Load())
			}
		})
	}
}

// TestAnothersHead: a head of another trust that says it is of this one is no
// better. To prune it there is nothing to believe: it is what is live.
func TestAnothersHead(t *testing.T) {
	host := registrytest.Embedded(t).Host()
	s := publishing(t, host)
	r := registrytest.Open(t, host, registry.Options{})
	trusttest.NewAt(t, "other", time.Now()).Publish(r, time.Now())
	m, err := r.Manifest(t.Context(), "other", 1<<20)
	if err == nil {
		err = r.PutManifest(t.Context(), "wabbit", imageType, []byte(strings.ReplaceAll(string(m.Bytes), `"other"`, `"wabbit"`)))
	}
	if err != nil {
		t.Fatal(err)
	}
	for command, args := range s.commands(s.ref) {
		if code, printed := s.exits(nil, args...); command != "prune" && code != cli.Refused {
			t.Errorf("%s: exit code %d\n%s", command, code, printed)
		}
	}
	if list := s.wrote(); len(list) > 0 {
		t.Errorf("it left %v", list)
	}
}

// TestRegistryDown: where nothing listens, every command says so, and which
// registry.
func TestRegistryDown(t *testing.T) {
	s := ready(t, registrytest.Embedded(t).Host(), nil)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	host := gone.Listener.Addr().String()
	for command, args := range s.commands(host + "/org/tuf:wabbit") {
		code, printed := s.exits(nil, args...)
		if code != cli.Registry || !strings.Contains(printed, "error: Registry "+host+"/org/tuf: ") || !strings.Contains(printed, "next:  Check that the registry runs") {
			t.Errorf("%s: exit code %d\n%s", command, code, printed)
		}
	}
	if list := s.wrote(); len(list) > 0 {
		t.Errorf("it left %v", list)
	}
}

// TestTypos: a reference that can be none is named, before anybody is asked.
func TestTypos(t *testing.T) {
	registry := registrytest.Embedded(t)
	s := ready(t, registry.Host(), nil)
	for typo, says := range map[string]string{
		registry.Host() + "/org/TUF:wabbit":                                   "TUF",
		registry.Host() + "/org//tuf:wabbit":                                  "org//tuf",
		registry.Host() + "/org/tuf:wab bit":                                  "wab bit",
		registry.Host() + "/org/tuf:":                                         "ends where its tag should stand",
		registry.Host() + "/org/tuf:wabbit@sha256:" + strings.Repeat("0", 64): "names a digest",
		registry.Host():                          registry.Host(),
		registry.Host() + "x/org/tuf:wabbit":     "x/org/tuf",
		"https://registry.invalid/tuf:wabbit":    "without a scheme",
		"oci://registry.invalid/tuf:wabbit":      "without a scheme",
		"wabbit":                                 `"wabbit"`,
		"":                                       `""`,
		"registry.invalid/org/tuf:\x1b[2Jwabbit": `\x1b`,
	} {
		for _, command := range []string{"status", "fetch", "verify"} {
			args := s.commands(typo)[command]
			code, printed := s.exits(nil, args...)
			if code != cli.Usage || !strings.Contains(printed, says) || strings.Contains(printed, "\x1b") {
				t.Errorf("%s %q: exit code %d, want one that says %q\n%s", command, typo, code, says, printed)
			}
		}
	}
	if asked := registry.Requests(); len(asked) != 0 {
		t.Errorf("it was asked: %v", asked)
	}
	if list := s.wrote(); slices.Contains(list, s.path("out")) {
		t.Error("something was written")
	}
}
