package registry_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
)

// manifest is one without layers; note makes it another one.
func manifest(note string) []byte {
	return fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":%q,"size":2},"layers":[],"annotations":{"note":%q}}`,
		manifestType, metadata.Sum([]byte("{}")).OCI(), note)
}

func putConfig(t *testing.T, r *registry.Repository) {
	t.Helper()
	if _, err := r.PutBlob(t.Context(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
}

// TestOneStep: a registry that takes uploads in one request is sent one; one
// that does not is tried once.
func TestOneStep(t *testing.T) {
	host := registrytest.Embedded(t)
	for name, c := range map[string]struct {
		host      string
		want      int // requests for ten blobs, one after the other
		withBytes int // of those, uploads that were opened with the content
	}{
		"one step":  {registrytest.Modern(t, host.Host()), 10, 10},
		"two steps": {host.Host(), 20, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var requests, opened atomic.Int64
			r := registrytest.Open(t, registrytest.Before(t, c.host, func(_ http.ResponseWriter, r *http.Request) bool {
				requests.Add(1)
				if r.Method == "POST" && r.ContentLength > 0 {
					opened.Add(1)
				}
				return false
			}), registry.Options{})
			for i := range 10 {
				if sent, err := r.PutBlob(t.Context(), fmt.Append(nil, name, i)); err != nil || !sent {
					t.Fatalf("sent %v, %v", sent, err)
				}
			}
			if int(requests.Load()) != c.want || int(opened.Load()) != c.withBytes {
				t.Errorf("%d requests, of which %d opened an upload with its content; want %d and %d", requests.Load(), opened.Load(), c.want, c.withBytes)
			}
		})
	}
}

// TestMount: a blob that another repository holds is not sent.
func TestMount(t *testing.T) {
	host := registrytest.Embedded(t).Host()
	content := []byte("content")
	if _, err := registrytest.Open(t, host, registry.Options{}).PutBlob(t.Context(), content); err != nil {
		t.Fatal(err)
	}
	ref, err := registry.ParseReference(host + "/other/tuf")
	if err != nil {
		t.Fatal(err)
	}
	var puts atomic.Int64
	other, err := registry.Open(ref, registry.Options{PlainHTTP: true, MountFrom: "org/tuf", OnRequest: func(r registry.Request) {
		if r.Method == "PUT" {
			puts.Add(1)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.PutBlob(t.Context(), content); err != nil || puts.Load() != 0 {
		t.Errorf("%d uploads, %v", puts.Load(), err)
	}
	if _, err := other.StatBlob(t.Context(), metadata.Sum(content)); err != nil {
		t.Error(err)
	}
}

// TestUploadFaults has each way to put a blob refused once.
func TestUploadFaults(t *testing.T) {
	for name, fault := range map[string]struct {
		method string
		status int
	}{
		"416 to the upload":    {"PUT", http.StatusRequestedRangeNotSatisfiable},
		"the session is gone":  {"PUT", http.StatusNotFound},
		"no such shortcut":     {"POST", http.StatusBadRequest},
		"mounting is refused":  {"POST", http.StatusForbidden},
		"it is told to wait":   {"PUT", http.StatusTooManyRequests},
		"it is broken for now": {"POST", http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			var hit atomic.Bool
			r := before(t, registry.Options{}, func(w http.ResponseWriter, q *http.Request) bool {
				if q.Method != fault.method || !hit.CompareAndSwap(false, true) {
					return false
				}
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(fault.status)
				return true
			})
			if sent, err := r.PutBlob(t.Context(), []byte("content")); err != nil || !sent || !hit.Load() {
				t.Errorf("sent %v, %v", sent, err)
			}
		})
	}
}

// TestUnluckyUpload has three uploads in a row lost, and a refusal that stays one.
func TestUnluckyUpload(t *testing.T) {
	for status, want := range map[int]int64{http.StatusRequestedRangeNotSatisfiable: 4, http.StatusForbidden: 2} {
		var puts atomic.Int64
		r := before(t, registry.Options{}, func(w http.ResponseWriter, q *http.Request) bool {
			if q.Method != "PUT" || puts.Add(1) > 3 {
				return false
			}
			w.WriteHeader(status)
			return true
		})
		_, err := r.PutBlob(t.Context(), []byte("content"))
		if lost := status == http.StatusRequestedRangeNotSatisfiable; lost != (err == nil) || puts.Load() != want {
			t.Errorf("%d: %d uploads, %v", status, puts.Load(), err)
		}
	}
}

// TestCondition: a tag moves only from what the writer has seen, where the
// registry honours conditions, and in any case elsewhere.
func TestCondition(t *testing.T) {
	host := registrytest.Embedded(t).Host()
	for name, c := range map[string]struct {
		host    string
		honours bool
	}{"honoured": {registrytest.Modern(t, host), true}, "not honoured": {host, false}} {
		t.Run(name, func(t *testing.T) {
			r := registrytest.Open(t, c.host, registry.Options{})
			putConfig(t, r)
			tag := strings.ReplaceAll(name, " ", "-")
			put := func(was metadata.Digest, note string) error {
				_, err := r.Put(t.Context(), registry.Put{Reference: tag, MediaType: manifestType, Was: &was}, manifest(note))
				return err
			}
			if err := put(metadata.Digest{}, "one"); err != nil {
				t.Fatal(err)
			}
			if err := put(metadata.Sum(manifest("one")), "two"); err != nil {
				t.Fatal(err)
			}
			for _, was := range []metadata.Digest{{}, metadata.Sum(manifest("one"))} {
				if err := put(was, "three"); errors.Is(err, registry.ErrChanged) != c.honours {
					t.Errorf("over what the writer had not seen: %v", err)
				}
			}
		})
	}
}

// TestAnswerToAnother: a registry that says it stored something else is not believed.
func TestAnswerToAnother(t *testing.T) {
	r := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Docker-Content-Digest", metadata.Sum([]byte("something else")).OCI())
		w.WriteHeader(http.StatusCreated)
	}, registry.Options{})
	var wrong *registry.DigestError
	if err := r.PutManifest(t.Context(), "tag", manifestType, manifest("x")); !errors.As(err, &wrong) {
		t.Errorf("got %v", err)
	}
}

// TestBlobUnknown: a manifest that was put right after its blobs, and refused
// because the registry has lost sight of them, is put again.
func TestBlobUnknown(t *testing.T) {
	var puts atomic.Int64
	r := before(t, registry.Options{}, func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method != "PUT" || !strings.Contains(q.URL.Path, "/manifests/") || puts.Add(1) > 1 {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}`))
		return true
	})
	putConfig(t, r)
	if err := r.PutManifest(t.Context(), "tag", manifestType, manifest("x")); err != nil || puts.Load() != 2 {
		t.Errorf("%d attempts, %v", puts.Load(), err)
	}
}

// TestReferrers: a registry says whether it lists a referrer by itself.
func TestReferrers(t *testing.T) {
	host := registrytest.Embedded(t).Host()
	for want, host := range map[bool]string{true: registrytest.Modern(t, host), false: host} {
		r := registrytest.Open(t, host, registry.Options{})
		putConfig(t, r)
		image := manifest("image")
		if err := r.PutManifest(t.Context(), "image", manifestType, image); err != nil {
			t.Fatal(err)
		}
		referrer := strings.TrimSuffix(string(manifest("referrer")), "}") +
			fmt.Sprintf(`,"subject":{"mediaType":%q,"digest":%q,"size":%d}}`, manifestType, metadata.Sum(image).OCI(), len(image))
		listed, err := r.Put(t.Context(), registry.Put{Reference: metadata.Sum([]byte(referrer)).OCI(), MediaType: manifestType}, []byte(referrer))
		if err != nil || listed != want {
			t.Errorf("listed %v, want %v; %v", listed, want, err)
		}
	}
}

// TestPages follows a list of tags over its pages, and to no other host.
func TestPages(t *testing.T) {
	page := func(link string) *registry.Repository {
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("last") == "b" {
				_, _ = w.Write([]byte(`{"tags":["c"]}`))
				return
			}
			w.Header().Set("Link", link)
			_, _ = w.Write([]byte(`{"tags":["a","b"]}`))
		}, registry.Options{})
	}
	if tags, err := page(`</v2/org/tuf/tags/list?last=b>; rel="next"`).Tags(t.Context(), ""); err != nil || !slices.Equal(tags, []string{"a", "b", "c"}) {
		t.Errorf("%v, %v", tags, err)
	}
	for _, link := range []string{`<http://127.0.0.1:1/v2/org/tuf/tags/list?last=b>; rel="next"`, "nonsense", `<%zz>; rel="next"`} {
		var failed *registry.Error
		if tags, err := page(link).Tags(t.Context(), ""); !errors.As(err, &failed) {
			t.Errorf("%s: %v, %v", link, tags, err)
		}
	}
	var failed *registry.Error
	if _, err := page(`</v2/org/tuf/tags/list?last=x>; rel="next"`).Tags(t.Context(), ""); !errors.As(err, &failed) {
		t.Errorf("a list without an end: %v", err)
	}
	html := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, registry.Options{})
	if _, err := html.Tags(t.Context(), ""); !errors.As(err, &failed) {
		t.Errorf("a page for people: %v", err)
	}
	if tags, err := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{}).Tags(t.Context(), ""); err != nil || len(tags) != 0 {
		t.Errorf("of a repository that is not there: %v, %v", tags, err)
	}
}

func TestDelete(t *testing.T) {
	registrytest.Every(t, func(t *testing.T, s registrytest.Served) {
		r := s.Open(t, nil)
		putConfig(t, r)
		raw := manifest("old")
		if err := r.PutManifest(t.Context(), "old", manifestType, raw); err != nil {
			t.Fatal(err)
		}
		if err := r.Delete(t.Context(), "old"); err != nil && !errors.Is(err, registry.ErrNoDelete) {
			t.Fatal(err)
		}
		for range 2 { // what is gone is gone
			if err := r.Delete(t.Context(), metadata.Sum(raw).OCI()); err != nil {
				t.Fatal(err)
			}
		}
		for _, reference := range []string{"old", metadata.Sum(raw).OCI()} {
			if _, err := r.Stat(t.Context(), reference); !errors.Is(err, registry.ErrNotFound) {
				t.Errorf("%s: %v", reference, err)
			}
		}
	})
}

// TestDeadline: a registry that asks for more time than there is, is reported
// at once, with its own reason.
func TestDeadline(t *testing.T) {
	var asked atomic.Int64
	h := func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	var waits registrytest.Waits
	r := serve(t, h, registry.Options{Timeout: 30 * time.Second, Wait: waits.Wait})
	_, err := r.Manifest(t.Context(), "tag", 100)
	if err == nil || !strings.Contains(err.Error(), "429") || len(waits.List()) != 0 || asked.Load() != 1 {
		t.Errorf("after waiting %v and %d requests: %v", waits.List(), asked.Load(), err)
	}
}

// TestRetryAfter waits for as long as the registry asks, in both forms: a date
// is measured by the registry's clock, which may be another than ours.
func TestRetryAfter(t *testing.T) {
	for name, headers := range map[string]map[string]string{
		"seconds": {"Retry-After": "10"},
		"date":    {"Retry-After": "Thu, 05 Mar 2026 09:00:10 GMT", "Date": "Thu, 05 Mar 2026 09:00:00 GMT"},
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
			t.Run(name+", "+method, func(t *testing.T) {
				var waits registrytest.Waits
				var refused atomic.Bool
				r := before(t, registry.Options{Wait: waits.Wait}, func(w http.ResponseWriter, q *http.Request) bool {
					if q.Method != method || !refused.CompareAndSwap(false, true) {
						return false
					}
					for name, value := range headers {
						w.Header().Set(name, value)
					}
					w.WriteHeader(http.StatusTooManyRequests)
					return true
				})
				content := []byte("content")
				_, err := r.PutBlob(t.Context(), content)
				if err == nil {
					_, err = r.StatBlob(t.Context(), metadata.Sum(content))
				}
				if err == nil {
					_, err = r.Blob(t.Context(), metadata.Sum(content), int64(len(content)))
				}
				if err != nil || !slices.Equal(waits.List(), []time.Duration{10 * time.Second}) {
					t.Errorf("it waited %v: %v", waits.List(), err)
				}
			})
		}
	}
}

// TestHalfAnAnswer: a body that breaks off is asked for again.
func TestHalfAnAnswer(t *testing.T) {
	content := []byte(strings.Repeat("content", 100))
	var asked atomic.Int64
	r := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		if asked.Add(1) == 1 {
			_, _ = w.Write(content[:10])
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(content)
	}, registry.Options{})
	if got, err := r.Blob(t.Context(), metadata.Sum(content), int64(len(content))); err != nil || len(got) != len(content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestErrorsHoldNoSecret: what an upload is known by is in no error.
func TestErrorsHoldNoSecret(t *testing.T) {
	const secret = "canary-of-an-upload"
	for name, end := range map[string]func(w http.ResponseWriter){
		"refused": func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		"hung up": func(w http.ResponseWriter) { registrytest.HangUp(t, w) },
		"redirect": func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://127.0.0.1:1/?sig="+secret)
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
	} {
		r := serve(t, func(w http.ResponseWriter, q *http.Request) {
			switch q.Method {
			case "POST":
				w.Header().Set("Location", "/session?"+url.Values{"_state": {secret}}.Encode())
				w.WriteHeader(http.StatusAccepted)
			case "PUT":
				end(w)
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		}, registry.Options{Timeout: 2 * time.Second})
		if _, err := r.PutBlob(t.Context(), []byte("content")); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
