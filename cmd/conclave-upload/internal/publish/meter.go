package publish

import (
	"io"
	"sync"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// Amount is how much of what has to be stored has been sent, or was there.
type Amount struct {
	Items, OfItems int
	Bytes, OfBytes int64
}

// meter counts blobs and files.
type meter struct {
	tell func(Amount) // nil: nobody asks

	mu  sync.Mutex
	now Amount
}

func (m *meter) expect(items int, bytes int64) { m.add(Amount{OfItems: items, OfBytes: bytes}) }

func (m *meter) add(a Amount) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Items += a.Items
	m.now.OfItems += a.OfItems
	m.now.Bytes += a.Bytes
	m.now.OfBytes += a.OfBytes
	if m.tell != nil {
		m.tell(m.now)
	}
}

// item is content that counts while it is read, and the rest of it when it is
// done: what was there is not read. What is read again is not counted again.
func (m *meter) item(c registry.Content) (counted registry.Content, done func()) {
	open, read := c.Open, int64(0)
	var mu sync.Mutex
	c.Open = func() (io.ReadCloser, error) {
		r, err := open()
		if err != nil {
			return nil, err
		}
		at := int64(0)
		return counting{r, func(n int) {
			mu.Lock()
			defer mu.Unlock()
			if at += int64(n); at > read {
				m.add(Amount{Bytes: at - read})
				read = at
			}
		}}, nil
	}
	return c, func() {
		mu.Lock()
		defer mu.Unlock()
		m.add(Amount{Items: 1, Bytes: c.Size - read})
		read = c.Size
	}
}

type counting struct {
	io.ReadCloser
	read func(n int)
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.read(n)
	return n, err
}
