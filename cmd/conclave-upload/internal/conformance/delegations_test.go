package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

func metadataSum(s string) string { return metadata.Sum([]byte(s)).String() }

// graph reads delegations: "targets>A", "A>C! *.py" for a terminating one with other
// paths than "*".
func graph(s *simulator, delegations ...string) {
	for _, d := range delegations {
		edge, paths, given := strings.Cut(d, " ")
		if !given {
			paths = "*"
		}
		from, to, _ := strings.Cut(edge, ">")
		name, terminating := strings.CutSuffix(to, "!")
		s.delegate(from, name, terminating, strings.Fields(paths)...)
	}
}

// listAll publishes all that is delegated, at version 1.
func listAll(s *simulator) {
	s.publish("targets")
	for _, role := range s.roles[4:] {
		s.publish(role)
	}
	s.list()
}

func TestGraphTraversal(t *testing.T) {
	for name, c := range map[string]struct {
		delegations []string
		visited     string
	}{
		"basic-delegation":                                          {[]string{"targets>A"}, "A"},
		"single-level-delegations":                                  {[]string{"targets>A", "targets>B"}, "A B"},
		"two-level-delegations":                                     {[]string{"targets>A", "targets>B", "B>C"}, "A B C"},
		"two-level-test-DFS-order-of-traversal":                     {[]string{"targets>A", "targets>B", "A>C", "A>D"}, "A C D B"},
		"three-level-delegation-test-DFS-order-of-traversal":        {[]string{"targets>A", "targets>B", "A>C", "C>D"}, "A C D B"},
		"two-level-terminating-ignores-all-but-roles-descendants":   {[]string{"targets>A", "targets>B", "A>C!", "A>D"}, "A C"},
		"three-level-terminating-ignores-all-but-roles-descendants": {[]string{"targets>A", "targets>B", "A>C!", "C>D"}, "A C D"},
		"two-level-ignores-all-branches-not-matching-paths":         {[]string{"targets>A *.py", "targets>B", "A>C"}, "B"},
		"three-level-ignores-all-branches-not-matching-paths":       {[]string{"targets>A", "targets>B", "A>C *.py", "C>D"}, "A B"},
		"cyclic-graph":                                    {[]string{"targets>A", "targets>B", "B>C", "C>D", "D>B"}, "A B C D"},
		"two-roles-delegating-to-a-third":                 {[]string{"targets>A", "targets>B", "B>C", "A>C"}, "A C B"},
		"two-roles-delegating-to-a-third-different-paths": {[]string{"targets>A", "targets>B", "B>C", "A>C *.py"}, "A B C"},
	} {
		t.Run("test_graph_traversal["+name+"]", func(t *testing.T) {
			s := simulate(t).begin()
			graph(s, c.delegations...)
			listAll(s)
			s.download(false, "missingpath")
			var want []string
			for _, role := range strings.Fields(c.visited) {
				want = append(want, role+" 1")
			}
			s.followed(want...)
		})
	}
}

func TestTargetfileSearch(t *testing.T) {
	for name, c := range map[string]struct {
		path, visited, by string
	}{
		"no delegations":                                        {"targetfile", "", "targets"},
		"targetpath matches wildcard":                           {"README.md", "A", "A"},
		"targetpath with separators x":                          {"releases/x/x_v1", "B C", "C"},
		"targetpath with separators y":                          {"releases/y/y_v1.zip", "B D", "D"},
		"targetpath is not delegated by all roles in the chain": {"releases/z/z_v1.zip", "B", ""},
		"wildcard does not match path separator":                {"docs/README.md", "", ""},
		"targetpath matches question mark wildcard":             {"version-1", "E", "E"},
		"targetpath does not match question mark wildcard":      {"version-10", "", ""},
		"targetpath matching is case sensitive":                 {"README.MD", "", ""},
	} {
		t.Run("test_targetfile_search["+name+"]", func(t *testing.T) {
			s := simulate(t).begin()
			graph(s, "targets>A *.doc *.md", "targets>B releases/*/*", "B>C releases/x/*", "B>D releases/y/*.zip", "targets>E version-?")
			for path, role := range map[string]string{"targetfile": "targets", "README.md": "A", "docs/README.md": "A", "README.MD": "A",
				"releases/x/x_v1": "C", "releases/y/y_v1.zip": "D", "releases/z/z_v1.zip": "D", "version-1": "E", "version-10": "E"} {
				s.vouch(role, path, path+" by "+role)
			}
			listAll(s)
			s.download(c.by != "", c.path)
			var want []string
			for _, role := range strings.Fields(c.visited) {
				want = append(want, role+" 1")
			}
			s.followed(want...)
			if c.by != "" {
				s.has(c.path + " by " + c.by)
			} else {
				s.has()
			}
		})
	}
}

func TestDelegations(t *testing.T) {
	for name, situation := range map[string]func(*testing.T){
		// A refresh does not miss what nobody looks for; a search that comes there
		// ends, and takes nothing from a role behind it.
		"test_delegation_not_in_snapshot": func(t *testing.T) {
			s := simulate(t).begin()
			graph(s, "targets>A", "targets>B")
			s.vouch("targets", "own", "by targets")
			s.vouch("A", "file", "by A")
			s.vouch("B", "file", "by B")
			s.publish("targets", "B")
			s.list()
			s.refresh(true)
			s.download(true, "own")
			s.download(false, "file")
			s.followed("root 2", "timestamp 0", "root 2", "timestamp 0") // nor asks for it
			s.has("by targets")
			s.publish("A")
			s.list()
			s.download(true, "file")
			s.has("by A", "by targets")
		},
		"hash prefixes": func(t *testing.T) {
			s := simulate(t).begin()
			graph(s, "targets>low", "targets>high")
			for i, prefixes := range [][]string{{"0", "1", "2", "3", "4", "5", "6", "7"}, {"8", "9", "a", "b", "c", "d", "e", "f"}} {
				role := s.body["targets"]["delegations"].(fields)["roles"].([]any)[i].(fields)
				delete(role, "paths")
				role["path_hash_prefixes"] = prefixes
			}
			s.vouch("high", "a", "by high") // SHA-256 ca97...
			listAll(s)
			s.download(true, "a")
			s.followed("high 1")
			s.has("by high")
		},
		"succinct bins": func(t *testing.T) {
			s := simulate(t).begin()
			for n := range 4 {
				s.delegate("targets", fmt.Sprintf("bin-%d", n), false, "*")
				s.keys[fmt.Sprintf("bin-%d", n)] = s.keys["bin-0"]
			}
			k := s.keys["bin-0"][0].Public()
			s.body["targets"]["delegations"] = fields{"keys": fields{k.ID(): k},
				"succinct_roles": fields{"keyids": []string{k.ID()}, "threshold": 1, "bit_length": 2, "name_prefix": "bin"}}
			s.vouch("bin-3", "a", "by bin-3")
			listAll(s)
			s.download(true, "a")
			s.followed("bin-3 1")
			s.has("by bin-3")
		},
		"a search asks 32 delegated roles": func(t *testing.T) {
			s := simulate(t).begin()
			for n := range 33 {
				s.delegate("targets", fmt.Sprintf("r%02d", n), false, "*")
			}
			s.vouch("r31", "near", "in the 32nd")
			s.vouch("r32", "far", "in the 33rd")
			listAll(s)
			s.download(true, "near")
			s.download(false, "far")
			s.has("in the 32nd")
			s.was("timestamp 0") // the 32 are at hand, and the 33rd is not asked for
		},
		"without consistent snapshots": func(t *testing.T) {
			s := simulate(t).begin()
			s.body["root"]["consistent_snapshot"] = false
			graph(s, "targets>A")
			s.vouch("A", "file", "by A")
			s.targets["file"] = []byte("by A")
			s.publish("root")
			listAll(s)
			s.download(true, "file")
			s.holds("A 1, root 2, snapshot 2, targets 2, timestamp 2")
			s.followed("targets 0", "A 0")
			s.has("by A")
		},
		// What one parent delegates with its key, another one does not.
		"each parent names its own keys": func(t *testing.T) {
			s := simulate(t).begin()
			graph(s, "targets>A a/*", "targets>B b/*", "A>C a/*")
			s.vouch("C", "a/file", "by C")
			s.vouch("C", "b/file", "by C, too")
			c := s.keys["C"]
			s.keys["C"] = s.keys["A"]
			graph(s, "B>C b/*")
			s.keys["C"] = c
			listAll(s)
			s.download(true, "a/file")
			s.download(false, "b/file")
			s.has("by C")
		},
	} {
		t.Run(name, situation)
	}
	for _, role := range []string{"?", "#", "/delegatedrole", "../delegatedrole", "..", "."} {
		t.Run("test_unusual_role_name["+role+"]", func(t *testing.T) {
			s := simulate(t).begin()
			s.delegate("targets", role, false, "*")
			listAll(s)
			s.download(false, "nonexistent target")
			s.followed(strings.TrimSuffix(fileName(role), ".json") + " 1")
			if len(s.asked) != 5 {
				t.Errorf("it asked for %v", s.asked)
			}
		})
	}
}
