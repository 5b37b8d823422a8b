package registry

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

func TestRetryPolicy(t *testing.T) {
	answer := func(status int, headers ...string) *http.Response {
		h := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: status, Header: h}
	}
	const never = -1
	for name, c := range map[string]struct {
		attempt  int
		resp     *http.Response
		err      error
		min, max time.Duration
	}{
		"done":                     {0, answer(200), nil, never, never},
		"refused":                  {0, answer(403), nil, never, never},
		"not implemented":          {0, answer(501), nil, never, never},
		"overloaded":               {0, answer(503), nil, firstWait, 2 * firstWait},
		"broken":                   {3, answer(500), nil, 8 * firstWait, 16 * firstWait},
		"too often":                {maxRetries, answer(500), nil, never, never},
		"wait ten seconds":         {0, answer(429, "Retry-After", "10"), nil, 10 * time.Second, 10 * time.Second},
		"wait until":               {0, answer(429, "Date", "Thu, 05 Mar 2026 09:00:00 GMT", "Retry-After", "Thu, 05 Mar 2026 09:00:10 GMT"), nil, 10 * time.Second, 10 * time.Second},
		"wait until a time past":   {0, answer(503, "Date", "Thu, 05 Mar 2026 09:00:00 GMT", "Retry-After", "Thu, 05 Mar 2026 08:00:00 GMT"), nil, 0, 0},
		"wait until, by our clock": {0, answer(503, "Retry-After", "Thu, 05 Mar 2020 08:00:00 GMT"), nil, 0, 0},
		"wait for nonsense":        {0, answer(429, "Retry-After", "soon"), nil, firstWait, 2 * firstWait},
		"wait for an hour":         {0, answer(429, "Retry-After", "3600"), nil, never, never},
		"the connection broke":     {0, nil, io.ErrUnexpectedEOF, firstWait, 2 * firstWait},
		"the connection was ended": {0, nil, io.EOF, firstWait, 2 * firstWait},
		"the connection is closed": {0, nil, &net.OpError{Op: "write", Err: net.ErrClosed}, firstWait, 2 * firstWait},
		"the stream was reset":     {0, nil, fmt.Errorf("get: %w", streamError{StreamID: 1, Code: 2}), firstWait, 2 * firstWait},
		"nobody listens":           {0, nil, errors.New("connection refused"), never, never},
	} {
		t.Run(name, func(t *testing.T) {
			wait, err := policy{}.Retry(c.attempt, c.resp, c.err)
			if err != nil || wait < c.min || wait > c.max {
				t.Errorf("it waits %v, want %v to %v; %v", wait, c.min, c.max, err)
			}
		})
	}
}
