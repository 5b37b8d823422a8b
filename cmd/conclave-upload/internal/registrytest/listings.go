package registrytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// tagPage is how many tags are listed at most at a time: few, so that clients
// have to turn pages.
const tagPage = 8

// stored notes what was put at path, the manifest raw, and returns the subject
// whose referrers it is listed among; "": none.
func (m *modern) stored(path string, raw []byte) (subject string) {
	repository, reference, _ := strings.Cut(path, "/manifests/")
	m.mu.Lock()
	defer m.mu.Unlock()
	if !strings.Contains(reference, ":") {
		m.tags[path] = true
	}
	var manifest ocispec.Manifest
	if json.Unmarshal(raw, &manifest) != nil || manifest.Subject == nil {
		return ""
	}
	d := ocispec.Descriptor{
		MediaType: manifest.MediaType, ArtifactType: manifest.ArtifactType, Annotations: manifest.Annotations,
		Digest: digest.Digest(metadata.Sum(raw).OCI()), Size: int64(len(raw)),
	}
	if d.ArtifactType == "" { // "Listing Referrers": the type of the config then, which an index has not
		d.ArtifactType = manifest.Config.MediaType
	}
	subject = string(manifest.Subject.Digest)
	list := repository + "/referrers/" + subject
	if !slices.ContainsFunc(m.referrers[list], func(there ocispec.Descriptor) bool { return there.Digest == d.Digest }) {
		m.referrers[list] = append(m.referrers[list], d)
	}
	return subject
}

// deleted forgets what was at path.
func (m *modern) deleted(path string) {
	repository, reference, _ := strings.Cut(path, "/manifests/")
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tags, path)
	for list := range m.referrers {
		if strings.HasPrefix(list, repository+"/referrers/") {
			m.referrers[list] = slices.DeleteFunc(m.referrers[list], func(d ocispec.Descriptor) bool { return string(d.Digest) == reference })
		}
	}
}

func (m *modern) listReferrers(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	list := append([]ocispec.Descriptor{}, m.referrers[r.URL.Path]...)
	m.mu.Unlock()
	if wanted := r.URL.Query().Get("artifactType"); wanted != "" {
		w.Header().Set("OCI-Filters-Applied", "artifactType")
		list = slices.DeleteFunc(list, func(d ocispec.Descriptor) bool { return d.ArtifactType != wanted })
	}
	w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
	_ = json.NewEncoder(w).Encode(ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex,
		Manifests: list,
	})
}

// listTags lists what the registry lists, and those tags that were put and are
// there: distribution 3 overlooks one that is called "index".
func (m *modern) listTags(w http.ResponseWriter, r *http.Request) {
	answer := m.ask(r, http.MethodGet, r.URL.Path, nil)
	var list struct {
		Name string   `json:"name"`
		Tags []string `json:"tags"`
	}
	if answer.Code != http.StatusOK || json.Unmarshal(answer.Body.Bytes(), &list) != nil {
		pass(w, answer)
		return
	}
	manifests := strings.TrimSuffix(r.URL.Path, "tags/list") + "manifests/"
	m.mu.Lock()
	put := slices.Collect(maps.Keys(m.tags))
	m.mu.Unlock()
	for _, path := range put {
		tag, here := strings.CutPrefix(path, manifests)
		if here && !slices.Contains(list.Tags, tag) && m.ask(r, http.MethodHead, path, nil).Code == http.StatusOK {
			list.Tags = append(list.Tags, tag)
		}
	}
	slices.Sort(list.Tags)
	last, page := r.URL.Query().Get("last"), tagPage
	list.Tags = slices.DeleteFunc(list.Tags, func(tag string) bool { return tag <= last })
	if n, err := strconv.Atoi(r.URL.Query().Get("n")); err == nil {
		page = min(page, n)
	}
	if len(list.Tags) > page {
		list.Tags = list.Tags[:page]
		if page > 0 {
			next := url.Values{"n": {strconv.Itoa(page)}, "last": {list.Tags[page-1]}}
			w.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, r.URL.Path, next.Encode()))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(list)
}
