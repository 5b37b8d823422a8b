//go:build linux && cgo

package hsm_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// The host's own time for one signature through the daemon and the driver: by
// a card that takes no time itself, touched at once. It is one VERIFY and one
// sign command each time. How many times that is of a signature in software is
// told beside it.
func BenchmarkSign(b *testing.B) {
	a := card(b, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574, Cost: 2})
	s := insert(b, 0, a)
	if _, err := s.Enrol(b.Context(), hsmtest.Request("wabbit Ada")); err != nil {
		b.Fatal(err)
	}
	start := a.Card.Counts()
	payload := []byte(`{"_type":"root"}`)
	b.ResetTimer()
	for b.Loop() {
		if _, err := s.Sign(b.Context(), hsmtest.PIN(hsmtest.GoodPIN), payload); err != nil {
			b.Fatal(err)
		}
	}
	card := b.Elapsed() / time.Duration(b.N)
	b.StopTimer()
	start.Verify += b.N
	start.Sign += b.N
	if got := a.Card.Counts(); got != start {
		b.Errorf("%d signatures: the token was asked %+v, want %+v", b.N, got, start)
	}
	b.ReportMetric(float64(card)/float64(time.Millisecond), "ms/signature")
	b.ReportMetric(float64(card)/float64(software(b, payload)), "times-software")
}

// software is the time of a signature without a card.
func software(b *testing.B, payload []byte) time.Duration {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	const n = 500
	start := time.Now()
	for range n {
		digest := sha256.Sum256(payload)
		if _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start) / n
}
