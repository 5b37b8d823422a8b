package virtual

import (
	"errors"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// An enrolment that is cut short at any write, just before it or just after,
// is taken up by the next one, and no try is lost.
func TestEnrolCutAtEveryWrite(t *testing.T) {
	cut := errors.New("cut")
	pin := func(s string) token.PIN { return token.NewPIN([]byte(s)) }
	request := token.EnrolRequest{
		PIN: pin("718293"), PUK: pin("41526374"),
		Algorithm: token.P256, Touch: token.TouchAlways, PINPolicy: token.PINAlways,
		Subject: "wabbit Ada", Now: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC),
	}
	for _, firmware := range []string{Firmware52, Firmware543, Firmware574} {
		for _, kept := range []bool{false, true} {
			for n := 0; ; n++ {
				c, err := NewCard(Config{Serial: 5417533, Firmware: firmware, Cost: 2})
				if err != nil {
					t.Fatal(err)
				}
				writes := 0
				c.store = func(s state) error {
					if writes++; writes <= n {
						return nil
					}
					if kept {
						c.state = s
					}
					return cut
				}
				token := NewToken(c)
				_, err = token.Enrol(t.Context(), request)
				if err == nil {
					if n < 6 {
						t.Fatalf("an enrolment of %d writes", n)
					}
					break
				}
				c.store = nil
				resumed := request
				resumed.Resume = true
				e, err := token.Enrol(t.Context(), resumed)
				if err != nil {
					t.Fatalf("firmware %s, cut at write %d (kept: %v), then: %v", firmware, n, kept, err)
				}
				if e.Info.PINTries != 3 || e.Info.Factory || c.ManagementInfo().Factory {
					t.Errorf("firmware %s, cut at write %d (kept: %v): %+v", firmware, n, kept, e.Info)
				}
				if _, err := token.Sign(t.Context(), request.PIN, []byte("x")); err != nil {
					t.Errorf("firmware %s, cut at write %d (kept: %v): sign: %v", firmware, n, kept, err)
				}
			}
		}
	}
}
