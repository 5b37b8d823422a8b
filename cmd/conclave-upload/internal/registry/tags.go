package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"
)

const (
	maxTagPage  = 8 << 20 // bytes
	maxTagPages = 10_000
)

// Tags lists the tags of the repository that begin with prefix. A repository
// that does not exist has none.
func (r *Repository) Tags(ctx context.Context, prefix string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	const op = "list the tags"
	var found []string
	next := r.at("tags/list", url.Values{"n": {"1000"}})
	for range maxTagPages {
		raw, header, err := r.get(ctx, next, maxTagPage)
		if errors.Is(err, ErrNotFound) {
			return found, nil
		}
		if err != nil {
			return nil, r.fail(op, err)
		}
		var page struct {
			Tags []string `json:"tags"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, r.fail(op, fmt.Errorf("the answer is no list of tags: %w", err))
		}
		for _, tag := range page.Tags {
			if strings.HasPrefix(tag, prefix) {
				found = append(found, tag)
			}
		}
		link := header.Get("Link")
		if link == "" || len(page.Tags) == 0 {
			return found, nil
		}
		if next, err = r.following(next, link); err != nil {
			return nil, r.fail(op, err)
		}
	}
	return nil, r.fail(op, fmt.Errorf("the list has more than %d pages", maxTagPages))
}

// following reads a Link header (RFC 8288; OCI distribution specification 1.1,
// "Listing Tags"). A page on another host is refused.
func (r *Repository) following(page *url.URL, link string) (*url.URL, error) {
	target, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
	if !ok || !strings.Contains(rest, `rel="next"`) && !strings.Contains(rest, "rel=next") {
		return nil, fmt.Errorf("the link to the next page can't be read: %q", link)
	}
	u, err := page.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("the link to the next page: %w", err)
	}
	if u.Host != r.host || u.Scheme != r.scheme {
		return nil, fmt.Errorf("the next page is on %s://%s, which is another host", u.Scheme, u.Host)
	}
	return u, nil
}

// ErrNoDelete: the registry does not delete, or not this.
var ErrNoDelete = errors.New("the registry does not delete it")

// Delete deletes a tag, or a manifest with all its tags (OCI distribution
// specification 1.1, "Content Management"). What is not there is deleted
// already. The error wraps ErrNoDelete where the registry is not made for it.
func (r *Repository) Delete(ctx context.Context, reference string) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	op := "delete the manifest " + reference
	resp, err := r.send(ctx, call{
		method:  http.MethodDelete,
		url:     r.at("manifests/"+reference, nil),
		actions: []string{auth.ActionPull, auth.ActionDelete},
	})
	if err != nil {
		return r.fail(op, err)
	}
	defer done(resp)
	_, named := byDigest(reference)
	switch status := resp.StatusCode; {
	case status == http.StatusAccepted, status == http.StatusOK, status == http.StatusNoContent, status == http.StatusNotFound:
		return nil
	case status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented,
		status == http.StatusBadRequest && !named: // distribution 2 takes a tag for a bad digest
		return r.fail(op, ErrNoDelete)
	}
	return r.fail(op, refusal(resp))
}
