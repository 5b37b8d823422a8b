package main

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// fields is a JSON object that a situation may change in any way.
type fields = map[string]any

// simulator is a repository whose metadata is what a situation makes of it, and a
// client of it. What is published stays under the number that it was published by,
// whatever version it says.
type simulator struct {
	t       *testing.T
	keys    map[string][]*onlinekey.Key // that sign, by role
	body    map[string]fields           // the next version of each role
	roles   []string                    // in the order in which they came
	files   map[string][][]byte         // published, by role
	targets map[string][]byte           // by path and hash, or by path alone
	stated  bool                        // timestamp and snapshot state length and hash

	server      *httptest.Server
	asked       []string // "snapshot 1"
	askedTarget []string
	dir         string
	at          time.Time
}

func simulate(t *testing.T) *simulator {
	t.Helper()
	s := &simulator{t: t, keys: map[string][]*onlinekey.Key{}, body: map[string]fields{}, files: map[string][][]byte{},
		targets: map[string][]byte{}, dir: t.TempDir(), at: trusttest.Start}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.server.Close)
	for _, dir := range []string{"metadata", "targets"} {
		if err := os.Mkdir(filepath.Join(s.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.add("root", fields{"consistent_snapshot": true, "keys": fields{}, "roles": fields{}})
	s.add("targets", fields{"targets": fields{}})
	s.add("snapshot", fields{"meta": fields{"targets.json": fields{"version": 1}}})
	s.add("timestamp", fields{"meta": fields{"snapshot.json": fields{"version": 1}}})
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		s.body["root"]["roles"].(fields)[role] = fields{"keyids": []string{}, "threshold": 1}
		s.addKey(role)
	}
	s.publish("targets", "snapshot", "timestamp", "root")
	return s
}

// add adds a role at version 1.
func (s *simulator) add(role string, body fields) {
	s.roles = append(s.roles, role)
	kind := role
	if !slices.Contains([]string{"root", "timestamp", "snapshot"}, role) {
		kind = "targets"
	}
	maps.Copy(body, fields{"_type": kind, "spec_version": "1.0.31", "version": 1, "expires": s.day(30)})
	s.body[role] = body
}

// day is that many days from now.
func (s *simulator) day(n int) string {
	return s.at.AddDate(0, 0, n).Format("2006-01-02T15:04:05Z")
}

// addKey gives a top-level role one more key.
func (s *simulator) addKey(role string) *onlinekey.Key {
	k := trusttest.Key(s.t, onlinekey.P256)
	s.trust(role, k)
	return k
}

func (s *simulator) trust(role string, k *onlinekey.Key) {
	who := s.body["root"]["roles"].(fields)[role].(fields)
	s.body["root"]["keys"].(fields)[k.Public().ID()] = k.Public()
	who["keyids"] = append(who["keyids"].([]string), k.Public().ID())
	s.keys[role] = append(s.keys[role], k)
}

// rotate gives a top-level role a new key, and no other.
func (s *simulator) rotate(role string) {
	s.body["root"]["roles"].(fields)[role].(fields)["keyids"] = []string{}
	s.keys[role] = nil
	s.addKey(role)
}

// publish signs roles, each a version on but for the first time.
func (s *simulator) publish(roles ...string) {
	s.t.Helper()
	for _, role := range roles {
		if len(s.files[role]) > 0 {
			s.body[role]["version"] = s.body[role]["version"].(int) + 1
		}
		s.republish(role)
	}
}

// republish signs a role as it is.
func (s *simulator) republish(role string) {
	s.t.Helper()
	text, err := json.Marshal(s.body[role])
	if err != nil {
		s.t.Fatal(err)
	}
	payload, err := metadata.Canonical(text)
	if err != nil {
		s.t.Fatal(err)
	}
	var signatures []metadata.Signature
	for _, k := range s.keys[role] {
		sig, err := k.Sign(s.t.Context(), payload)
		if err != nil {
			s.t.Fatal(err)
		}
		signatures = append(signatures, metadata.Signature{KeyID: k.Public().ID(), Sig: hex.EncodeToString(sig)})
	}
	s.files[role] = append(s.files[role], metadata.Assemble(text, signatures))
}

// list has snapshot list the roles as they are, and timestamp the snapshot.
func (s *simulator) list() {
	s.t.Helper()
	for _, role := range s.roles {
		if len(s.files[role]) > 0 && s.body[role]["_type"] == "targets" {
			s.body["snapshot"]["meta"].(fields)[role+".json"] = s.meta(role)
		}
	}
	s.publish("snapshot")
	s.stamp()
}

// stamp has timestamp list the snapshot as it is.
func (s *simulator) stamp() {
	s.t.Helper()
	s.body["timestamp"]["meta"] = fields{"snapshot.json": s.meta("snapshot")}
	s.publish("timestamp")
}

func (s *simulator) meta(role string) fields {
	m := fields{"version": s.body[role]["version"]}
	if s.stated {
		newest := s.files[role][len(s.files[role])-1]
		maps.Copy(m, fields{"length": len(newest), "hashes": fields{"sha256": metadata.Sum(newest).String()}})
	}
	return m
}

// delegate has a role delegate paths to another, which begins there.
func (s *simulator) delegate(from, to string, terminating bool, paths ...string) {
	if s.body[to] == nil {
		s.add(to, fields{"targets": fields{}})
		s.keys[to] = []*onlinekey.Key{trusttest.Key(s.t, onlinekey.Ed25519)}
	}
	if s.body[from]["delegations"] == nil {
		s.body[from]["delegations"] = fields{"keys": fields{}, "roles": []any{}}
	}
	d, k := s.body[from]["delegations"].(fields), s.keys[to][0].Public()
	d["keys"].(fields)[k.ID()] = k
	d["roles"] = append(d["roles"].([]any), fields{"name": to, "keyids": []string{k.ID()}, "threshold": 1, "terminating": terminating, "paths": paths})
}

// vouch has a role vouch for content, by those hashes.
func (s *simulator) vouch(role, path, content string, algorithms ...string) {
	sum := sha512.Sum512([]byte(content))
	all := fields{"sha256": metadata.Sum([]byte(content)).String(), "sha512": hex.EncodeToString(sum[:])}
	hashes := fields{}
	for _, a := range append(algorithms, "sha256")[:max(1, len(algorithms))] {
		hashes[a] = all[a]
		s.targets[path+" "+all[a].(string)] = []byte(content)
	}
	s.body[role]["targets"].(fields)[path] = fields{"length": len(content), "hashes": hashes}
}

func (s *simulator) serve(w http.ResponseWriter, r *http.Request) {
	name, isTarget := strings.CutPrefix(r.URL.EscapedPath(), "/targets/")
	if plain := s.targets[strings.TrimPrefix(r.URL.Path, "/targets/")]; isTarget && plain != nil {
		s.answer(w, plain)
		return
	}
	if isTarget {
		dir, base := filepath.Split(strings.TrimPrefix(r.URL.Path, "/targets/"))
		sum, base, _ := strings.Cut(base, ".")
		s.askedTarget = append(s.askedTarget, dir+base)
		s.answer(w, s.targets[dir+base+" "+sum])
		return
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "/metadata/"), ".json")
	number, role, versioned := strings.Cut(name, ".")
	version, err := strconv.Atoi(number)
	if !versioned || err != nil {
		role, version = name, 0
	}
	s.asked = append(s.asked, fmt.Sprintf("%s %d", role, version))
	files := s.files[strings.NewReplacer("%2F", "/", "%3F", "?", "%23", "#").Replace(role)]
	if version == 0 {
		version = len(files)
	}
	if version < 1 || version > len(files) {
		s.answer(w, nil)
		return
	}
	s.answer(w, files[version-1])
}

func (s *simulator) answer(w http.ResponseWriter, content []byte) {
	if content == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Write(content) // a client that went away has its own error
}

// begin has the client begin with the first root, and works.
func (s *simulator) begin() *simulator {
	s.t.Helper()
	s.beginWith(s.files["root"][0])
	return s
}

func (s *simulator) beginWith(root []byte) {
	s.t.Helper()
	trusted := filepath.Join(s.dir, "trusted.json")
	if err := os.WriteFile(trusted, root, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.run(true, "init", trusted)
	if len(s.asked) > 0 {
		s.t.Errorf("init asked for %v", s.asked)
	}
}

func (s *simulator) refresh(works bool) {
	s.t.Helper()
	s.run(works, "refresh")
}

func (s *simulator) download(works bool, path string) {
	s.t.Helper()
	s.run(works, "--target-name", path, "--target-base-url", s.server.URL+"/targets", "--target-dir", filepath.Join(s.dir, "targets"), "download")
}

func (s *simulator) run(works bool, args ...string) {
	s.t.Helper()
	var usage bytes.Buffer
	err := run(s.t.Context(), append([]string{"--metadata-dir", filepath.Join(s.dir, "metadata"), "--metadata-url", s.server.URL + "/metadata/"}, args...), s.at, &usage)
	if (err == nil) != works {
		s.t.Errorf("%v: got %v", args, err)
	} else if err != nil {
		s.t.Log(err)
	}
}

// holds says which versions the client trusts: "root 1, snapshot 2".
func (s *simulator) holds(want string) {
	s.t.Helper()
	var got []string
	files, err := filepath.Glob(filepath.Join(s.dir, "metadata", "*.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, file := range files {
		f, err := metadata.ParseFile(read(s.t, file), metadata.Adopted)
		if err != nil {
			s.t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %d", strings.TrimSuffix(filepath.Base(file), ".json"), f.Version))
	}
	if strings.Join(got, ", ") != want {
		s.t.Errorf("the client holds %v, want %s", got, want)
	}
}

// has says which targets the client has, by content.
func (s *simulator) has(want ...string) {
	s.t.Helper()
	var got []string
	files, err := filepath.Glob(filepath.Join(s.dir, "targets", "*"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, file := range files {
		got = append(got, string(read(s.t, file)))
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("the client has %q, want %q", got, want)
	}
}

// was says what the client asked for last.
func (s *simulator) was(want string) {
	s.t.Helper()
	if len(s.asked) == 0 || s.asked[len(s.asked)-1] != want {
		s.t.Errorf("the client asked for %v, want %s last", s.asked, want)
	}
}

// followed says which delegations the client asked for after the top-level roles.
func (s *simulator) followed(want ...string) {
	s.t.Helper()
	if got := s.asked[min(4, len(s.asked)):]; !slices.Equal(got, want) {
		s.t.Errorf("the client asked for %v, want %v after the first four", s.asked, want)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
