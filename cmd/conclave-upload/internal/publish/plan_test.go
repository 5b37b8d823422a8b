package publish_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// TestPlan: a dry run sends nothing, and names the very requests that a push
// then makes, as the registry counts them: on a first publication, on one of
// more files and roles, and where all is there.
func TestPlan(t *testing.T) {
	c := count(t, registrytest.Embedded(t).Host())
	x := trusttest.New(t, "wabbit")
	putImage(t, c.Repository)
	x.Vouch("app:1.0", []byte(image), imageType)
	files := fstest.MapFS{}
	for _, change := range []func(){
		func() {},
		func() {
			for _, name := range []string{"a.txt", "docs/b.txt"} {
				files[name] = &fstest.MapFile{Data: []byte(name)}
				x.Vouch(name, []byte(name), "")
			}
			x.Delegate("team", "team/*")
		},
		func() { x.Update("team") },
		func() {},
	} {
		change()
		plan := publish.NewPlan(c)
		push := func(r publish.Registry) {
			t.Helper()
			p := x.Publisher(r, trusttest.Start)
			p.Files, p.Elsewhere, p.Pointers = files, false, true
			if _, err := p.Push(t.Context(), x.Offline()); err != nil {
				t.Fatal(err)
			}
		}
		c.take()
		push(plan)
		for _, asked := range c.take() {
			if method, _, _ := strings.Cut(asked, " "); method != "GET" && method != "HEAD" {
				t.Errorf("a dry run has sent %s", asked)
			}
		}
		push(c)
		real := c.take()
		if !slices.Equal(summary(real), planned(plan.Steps())) {
			t.Errorf("it would make %v, and made %v", planned(plan.Steps()), summary(real))
		}
		t.Logf("%d requests, as planned", len(real))
	}
}

// summary is what was asked, sorted, as far as a plan can know it beforehand:
// an upload's name is the registry's.
func summary(asked []string) []string {
	var list []string
	for _, line := range asked {
		method, path, _ := strings.Cut(line, " ")
		path = strings.TrimPrefix(path, "/v2/org/tuf/")
		if what, _, _ := strings.Cut(path, "/"); what == "blobs" && method != "HEAD" {
			path = "blob"
		}
		list = append(list, method+" "+path)
	}
	slices.Sort(list)
	return list
}

func planned(steps []publish.Step) []string {
	var list []string
	for _, s := range steps {
		path := map[string]string{"manifest": "manifests/" + s.Name, "tags": "tags/list", "blob": "blob"}[s.What]
		if s.What == "blob" && s.Method == "HEAD" {
			path = "blobs/" + s.Name
		}
		list = append(list, s.Method+" "+path)
	}
	// What a head is called by its digest is another at each run: it is signed anew.
	slices.SortFunc(list, func(a, b string) int { return cmp.Compare(a, b) })
	return list
}
