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

// One signature through the daemon and the driver, by a card that takes no
// time itself, and how many times that is of one in software.
func BenchmarkSign(b *testing.B) {
	s := insert(b, 0, card(b, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574, Cost: 2}))
	if _, err := s.Enrol(b.Context(), hsmtest.Request("wabbit Ada")); err != nil {
		b.Fatal(err)
	}
	payload := []byte(`{"_type":"root"}`)
	b.ResetTimer()
	for b.Loop() {
		if _, err := s.Sign(b.Context(), hsmtest.PIN(hsmtest.GoodPIN), payload); err != nil {
			b.Fatal(err)
		}
	}
	card := b.Elapsed() / time.Duration(b.N)
	b.StopTimer()
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
