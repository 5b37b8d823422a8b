package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"time"

	"oras.land/oras-go/v2/registry/remote/errcode"
)

// retrying repeats a request for as long as its policy and the deadline of the
// request allow it. It never waits for a time that lies behind the deadline:
// the registry's answer is worth more than "deadline exceeded".
type retrying struct {
	next http.RoundTripper
	wait Wait
}

// Wait waits for d, or returns the context's error where that is done before.
type Wait func(ctx context.Context, d time.Duration) error

func byClock(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// once marks, in a context, a request that is not repeated.
type once struct{}

func (t retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Context().Value(once{}) != nil {
		return t.next.RoundTrip(req)
	}
	for attempt := 0; ; attempt++ {
		resp, err := t.next.RoundTrip(req)
		wait, _ := policy{}.Retry(attempt, resp, err)
		if wait < 0 {
			return resp, err
		}
		if deadline, ok := req.Context().Deadline(); ok && time.Until(deadline) <= wait {
			return resp, err
		}
		again, ok := rewound(req)
		if !ok {
			return resp, err
		}
		if err == nil {
			resp.Body.Close()
		}
		if err := t.wait(req.Context(), wait); err != nil {
			return nil, err
		}
		req = again
	}
}

// Again says whether a write that failed with err is worth another attempt, and
// waits for as long as the registry has asked for, or a little.
func Again(ctx context.Context, attempt int, err error) bool {
	var said *refusalError
	var failed *Error
	in, wait := Wait(byClock), time.Duration(-1)
	if errors.As(err, &failed) && failed.wait != nil {
		in = failed.wait
	}
	switch {
	case !errors.As(err, &said):
		wait, _ = policy{}.Retry(attempt, nil, err)
	case lostSight(err) && attempt < maxRetries:
		in, wait = byClock, backoff(attempt) // it is the registry that needs the time
	default:
		wait, _ = policy{}.Retry(attempt, &http.Response{StatusCode: said.StatusCode, Header: said.header}, nil)
	}
	return wait >= 0 && in(ctx, wait) == nil
}

// lostSight: a manifest was refused because of a blob that was put before. Where
// several put one blob at once, some registries lose sight of it for a moment
// (distribution 2 and 3 write their links over each other), or read the digest
// in the link when half of it is written.
func lostSight(err error) bool {
	var said *refusalError
	return errors.As(err, &said) && slices.ContainsFunc(said.Errors, func(e errcode.Error) bool {
		return e.Code == errcode.ErrorCodeManifestBlobUnknown || e.Code == errcode.ErrorCodeDigestInvalid
	})
}

// rewound is the same request once more; not ok where its body can't be had again.
func rewound(req *http.Request) (again *http.Request, ok bool) {
	again = req.Clone(req.Context())
	if req.Body == nil || req.Body == http.NoBody {
		return again, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	var err error
	again.Body, err = req.GetBody()
	return again, err == nil
}

const (
	maxRetries    = 5
	firstWait     = 200 * time.Millisecond
	maxRetryAfter = 10 * time.Minute // a registry that asks for more is reported instead
)

// policy retries what may pass: an overloaded or restarting registry, a
// connection that broke. All requests that are sent here can be repeated: OCI
// uploads are named by their content, and an upload session that was opened
// twice is merely left to expire. A registry that can't be reached at all is
// not waited for.
type policy struct{}

// Retry says how long to wait before the next attempt; below zero: not at all.
func (policy) Retry(attempt int, resp *http.Response, err error) (time.Duration, error) {
	const no = -1
	if attempt >= maxRetries {
		return no, nil
	}
	if err != nil {
		if brokeOff(err) {
			return backoff(attempt), nil
		}
		return no, nil
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusServiceUnavailable:
		wait, asked := retryAfter(resp)
		if wait > maxRetryAfter {
			return no, nil
		}
		if asked {
			return wait, nil
		}
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented:
	default:
		return no, nil
	}
	return backoff(attempt), nil
}

// brokeOff: the connection, or one exchange on it, ended early.
func brokeOff(err error) bool {
	var reset streamError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.As(err, &reset)
}

// streamError is what net/http's HTTP/2 errors can be read into: any struct
// with the fields of golang.org/x/net/http2.StreamError.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string {
	return fmt.Sprintf("stream %d was reset: %d", e.StreamID, e.Code)
}

// backoff doubles from attempt to attempt and spreads by a quarter, so that
// clients that failed together don't return together.
func backoff(attempt int) time.Duration {
	wait := firstWait << attempt
	return wait + time.Duration(rand.Int64N(int64(wait)/4))
}

// retryAfter reads both forms of the header (RFC 9110, section 10.2.3). The
// date form is measured against the registry's own clock where it tells it.
func retryAfter(resp *http.Response) (wait time.Duration, ok bool) {
	header := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now)), true
}
