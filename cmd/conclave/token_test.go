//go:build linux && cgo

package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/cmd/internal/people"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// Programs that are not of this project say the same of a token, new or
// enrolled, and one of them signs with the key.
func TestTokenListAgrees(t *testing.T) {
	for _, c := range []struct {
		firmware          string
		status            []string
		version, tries    string // patterns
		fromFactory, slot string
		plan              []string
	}{
		{
			virtual.Firmware543, []string{"yubico-piv-tool", "-r", "CCID 0", "-a", "status"},
			`Version:\s+(\S+)`, `PIN tries left:\s+(\d+)`, "No data available|CHUID", `Slot (9c):`,
			[]string{"--plan", "plan.yaml"},
		},
		{
			virtual.Firmware574, []string{"ykman", "--device", serial, "piv", "info"},
			`PIV version:\s+(\S+)`, `PIN tries remaining:\s+(\d+)/`, "Using default PIN", `Slot (9c):`, nil,
		},
	} {
		t.Run(c.status[0], func(t *testing.T) {
			d := newDesk(t)
			d.lenientPlan(t)
			d.insert(t, 0, 5417533, c.firmware)
			agrees := func() (tokenReport, string) {
				t.Helper()
				ours := d.list(t, serial)
				theirs := d.other(t, c.status[0], c.status[1:]...)
				if got := first(c.version, theirs); got != ours.Firmware {
					t.Errorf("firmware %q, and theirs %q", ours.Firmware, got)
				}
				if got := first(c.tries, theirs); got != fmt.Sprint(ours.PINTries) {
					t.Errorf("%d tries, and theirs %q", ours.PINTries, got)
				}
				if got := first(c.slot, theirs); (got == ours.Slot) != (ours.KeyID != "") {
					t.Errorf("the key is %q, and theirs is in slot %q", ours.KeyID, got)
				}
				return ours, theirs
			}
			ours, theirs := agrees()
			if !regexp.MustCompile(c.fromFactory).MatchString(theirs) || !ours.Factory || ours.KeyID != "" || !ours.Virtual {
				t.Errorf("of a token from the factory: %+v\n%s", ours, theirs)
			}

			d.sit(t, cli.Done, nil, enrol("ada.pem", c.plan...)...)
			ours, _ = agrees()
			if ours.Factory || ours.KeyID == "" || ours.Touch != token.TouchAlways || ours.PINTries != 3 || ours.PUKTries != 3 {
				t.Errorf("of an enrolled token: %+v", ours)
			}
			mentions(t, d.run(t, cli.Done, "token", "list"),
				"token "+serial+", firmware "+c.firmware, "key "+ours.KeyID, "touch always", "PIN 3, PUK 3", "virtual")
		})
	}
}

// first is what the pattern's group matches first.
func first(pattern, in string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(in); m != nil {
		return m[1]
	}
	return ""
}

// A token is enrolled, vouches for its key, and another program signs with it.
func TestTokenEnrol(t *testing.T) {
	d := newDesk(t)
	d.lenientPlan(t)
	card := d.insert(t, 0, 5417533, virtual.Firmware543)

	said := d.sit(t, cli.Done, nil, enrol("ada.pem", "--plan", "plan.yaml")...)
	mentions(t, said, "REHEARSAL", "It passes every check.", "the plan of rehearsal-wabbit", "wrote ada.pem")
	if n := card.Counts().Sign; n != 1 {
		t.Errorf("%d signatures proved that it can sign", n)
	}
	mentions(t, d.run(t, cli.Done, "attestation", "ada.pem", "--plan", "plan.yaml", "--serial", serial), "It passes every check.")
	mentions(t, d.run(t, cli.Done, "token", "verify", "--plan", "plan.yaml", "--out", "again.pem"), "It passes every check.", "wrote again.pem")
	mentions(t, d.run(t, cli.Refused, "token", "verify", "--rehearsal", "--out", "never.pem"), "FAIL  firmware")
	mentions(t, d.run(t, cli.Refused, "token", "verify", "--serial", serial), "FAIL  chain")
	if d.exists("never.pem") {
		t.Error("an attestation that fails a check was written")
	}

	// Nothing is overwritten: not the file, not the key.
	mentions(t, d.run(t, cli.Refused, enrol("ada.pem", "--plan", "plan.yaml")...), "is another file")
	mentions(t, d.run(t, cli.Token, enrol("second.pem", "--plan", "plan.yaml")...), "holds a key already")

	d.write(t, "payload", "signed by another program")
	d.other(t, "yubico-piv-tool", "-r", "CCID 0", "-a", "verify-pin", "-P", pin,
		"--sign", "-s", "9c", "-A", "ECCP256", "-H", "SHA256", "-i", "payload", "-o", "sig")
	d.write(t, "ada.pub", d.other(t, "openssl", "x509", "-in", "ada.pem", "-noout", "-pubkey"))
	d.other(t, "openssl", "dgst", "-sha256", "-verify", "ada.pub", "-signature", "sig", "payload")
}

// On a terminal of its own, with a firmware that the default demands accept.
// The first time nobody touches the token: the run is taken up again.
func TestTokenEnrolOnTerminal(t *testing.T) {
	d := newDesk(t)
	d.holder.Terminal = true
	card := d.insert(t, 0, 5417533, virtual.Firmware574)

	card.Script(virtual.NoTouch)
	mentions(t, d.sit(t, cli.Token, nil, enrol("ada.pem")...), "was not touched in time", "With --resume it goes on")
	if d.exists("ada.pem") {
		t.Error("the attestation of a key that did not sign was written")
	}
	key := d.list(t, serial).KeyID
	mentions(t, d.sit(t, cli.Done, nil, enrol("ada.pem", "--resume")...), "It passes every check.", "wrote ada.pem")
	if got := d.list(t, serial).KeyID; got != key {
		t.Errorf("the key became %s, from %s", got, key)
	}
	d.run(t, cli.Done, "attestation", "ada.pem", "--rehearsal")
}

// The default demands refuse a key of older firmware. It stays, and nothing is
// written.
func TestTokenEnrolRefused(t *testing.T) {
	d := newDesk(t)
	card := d.insert(t, 0, 5417533, virtual.Firmware543)
	mentions(t, d.run(t, cli.Refused, "token", "enrol", "--serial", serial, "--subject", "Ada", "--out", "ada.pem"), "virtual one")
	mentions(t, d.run(t, cli.Token, "token", "enrol", "--serial", "5417999", "--subject", "Ada", "--rehearsal", "--out", "ada.pem"),
		"5417999 is not in a reader; 5417533 is")
	d.sit(t, cli.Cancelled, map[string]people.Answer{"Write this PUK": {}}, enrol("ada.pem")...)
	d.sit(t, cli.Cancelled, map[string]people.Answer{"Choose a PIN": {}}, enrol("ada.pem")...)
	if r := d.list(t, serial); !r.Factory || r.PINTries != 3 || r.KeyID != "" {
		t.Errorf("leaving changed the token: %+v", r)
	}
	mentions(t, d.sit(t, cli.Refused, nil, enrol("ada.pem")...), "FAIL  firmware", "It fails 1 of 8 checks.")
	if d.exists("ada.pem") || card.Counts().Sign != 0 {
		t.Error("a key that fails a check was used")
	}
}

// A blocked PIN, and the way out; a PUK's last try; a blocked PUK.
func TestTokenUnblock(t *testing.T) {
	d := newDesk(t)
	card := d.insert(t, 0, 5417533, virtual.Firmware574)
	puk := strings.ReplaceAll(first(`(?m)^\s*([A-Z0-9](?: +[A-Z0-9]){7})\s*$`, d.sit(t, cli.Done, nil, enrol("ada.pem")...)), " ", "")
	key := d.list(t, serial).KeyID
	for range 3 {
		_ = card.VerifyPIN([]byte("000000")) // refused
	}
	card.PowerOff()
	if r := d.list(t, serial); r.PINTries != 0 {
		t.Fatalf("the PIN is not blocked: %+v", r)
	}

	d.holder.PINs[serial] = "918273"
	unblock := []string{"token", "unblock", "--serial", serial, "--rehearsal"}
	wrong := map[string]people.Answer{"PUK of token": {Text: "ACDEFGHJ", Secret: true}}
	said := d.sit(t, cli.Token, wrong, unblock...)
	mentions(t, said, "Tries left    3", "It takes 2 more tries")

	right := map[string]people.Answer{"PUK of token": {Text: puk, Secret: true}}
	mentions(t, d.sit(t, cli.Done, right, unblock...), "has a new PIN")
	if err := card.VerifyPIN([]byte("918273")); err != nil {
		t.Errorf("the new PIN: %v", err)
	}
	card.PowerOff()
	if r := d.list(t, serial); r.PINTries != 3 || r.PUKTries != 3 || r.KeyID != key {
		t.Errorf("after it was unblocked: %+v", r)
	}

	// Leaving before the last try costs none; a wrong one blocks the PUK.
	d.sit(t, cli.Token, wrong, unblock...)
	d.sit(t, cli.Token, wrong, unblock...)
	d.sit(t, cli.Cancelled, map[string]people.Answer{"One try of the PUK is left": {Text: "b"}}, unblock...)
	if r := d.list(t, serial); r.PUKTries != 1 {
		t.Errorf("going back left %d tries", r.PUKTries)
	}
	wrong["One try of the PUK is left"] = people.Answer{Text: "use the last try"}
	mentions(t, d.sit(t, cli.Token, wrong, unblock...), "The PUK of this token is blocked")
	mentions(t, d.run(t, cli.Token, unblock...), "The PUK of this token is blocked")
}

// A reset needs the serial number, typed; anything else does nothing.
func TestTokenReset(t *testing.T) {
	d := newDesk(t)
	d.insert(t, 0, 5417533, virtual.Firmware574)
	d.insert(t, 1, 5417534, virtual.Firmware574)
	d.sit(t, cli.Done, nil, enrol("ada.pem")...)
	before := d.list(t, serial)

	resets := func(code int, typed string) string {
		t.Helper()
		answers := map[string]people.Answer{"Reset token": {Text: typed}, "That was not": {}}
		return d.sit(t, code, answers, "token", "reset", "--serial", serial, "--rehearsal")
	}
	mentions(t, resets(cli.Cancelled, "b"), "Every PIV key on this token is destroyed", before.KeyID[:8])
	mentions(t, resets(cli.Cancelled, "5417534"), `That was not "5417533": nothing was done`)
	mentions(t, resets(cli.Cancelled, "reset"), `That was not "5417533": nothing was done`)
	d.holder.Terminal = true
	d.sit(t, cli.Cancelled, map[string]people.Answer{"Reset token": {}}, "token", "reset", "--serial", serial, "--rehearsal")
	d.holder.Terminal = false
	mentions(t, d.run(t, cli.Refused, "token", "reset", "--serial", serial), "virtual one")
	mentions(t, d.run(t, cli.Token, "token", "verify", "--rehearsal"), "--serial names the one that is meant")
	if after := d.list(t, serial); after != before {
		t.Errorf("nothing was typed, and %+v became %+v", before, after)
	}

	mentions(t, resets(cli.Done, serial), "is as it was shipped")
	if r := d.list(t, serial); !r.Factory || r.KeyID != "" || r.PINTries != 3 || r.PUKTries != 3 {
		t.Errorf("after a reset: %+v", r)
	}
	mentions(t, d.run(t, cli.Token, "token", "verify", "--serial", serial, "--rehearsal"), "no key")
	d.sit(t, cli.Done, nil, enrol("again.pem")...)
}

// Rehearsals and real tokens don't mix, and a secret of a real token is asked
// for at a terminal only.
func TestTokenAllowed(t *testing.T) {
	for _, c := range []struct {
		virtual, rehearsal bool
		want               string
	}{
		{true, false, "without --rehearsal"},
		{false, true, "this is a rehearsal"},
		{false, false, "there is none: nothing was done"},
	} {
		f := tokenFlags{rehearsal: c.rehearsal}
		cmd := &cobra.Command{}
		cmd.SetIn(strings.NewReader("123\n"))
		err := f.talkAbout(cmd, seen{info: token.Info{Serial: serial, Virtual: c.virtual}}, "", nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}
