package embedded_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/internal/embedded"
)

// TestStart: two registries in one process, on disk and in memory, each with
// its own content and its own list of requests.
func TestStart(t *testing.T) {
	dir := t.TempDir()
	for name, dir := range map[string]string{"in memory": "", "on disk": dir, "on disk again": dir} {
		t.Run(name, func(t *testing.T) {
			r, err := embedded.Start(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]int{"/v2/": 200, "/v2/a/manifests/b": 404} {
				r.Forget()
				resp, err := http.Get("http://" + r.Host() + path)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != want {
					t.Errorf("%s: %s", path, resp.Status)
				}
				if got := r.Requests(); len(got) != 1 || got[0] != (embedded.Request{Method: "GET", Path: path, Status: want}) {
					t.Errorf("it has seen %v", got)
				}
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if resp, err := http.Post("http://"+r.Host()+"/v2/", "", strings.NewReader("")); err == nil {
				resp.Body.Close()
				t.Error("it still answers after Close")
			}
		})
	}
}
