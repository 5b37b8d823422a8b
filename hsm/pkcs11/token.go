//go:build cgo

package pkcs11

import (
	"context"
	"fmt"

	ck "github.com/miekg/pkcs11"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Kind is TokenInfo.Kind of these tokens.
const Kind = "PKCS#11"

// Token is a token that a module reaches: a serial and a label to find it by,
// not a session.
type Token struct {
	reader        *Reader
	serial, label string
}

var _ token.Enroller = (*Token)(nil)

// Serial is the one that the token was found under, in reach or not.
func (t *Token) Serial() string { return t.serial }

// session is an open session with a token.
type session struct {
	token    *Token
	module   *ck.Ctx
	slot     uint
	info     ck.TokenInfo
	handle   ck.SessionHandle
	loggedIn bool
}

// open opens a session for use, when it is this call's turn, and ends it
// afterwards, and the login with it.
func (t *Token) open(ctx context.Context, flags uint, use func(*session) error) error {
	return t.reader.with(ctx, func(m *ck.Ctx) error {
		s := &session{token: t, module: m}
		present := false
		err := t.reader.each(m, func(slot uint, info ck.TokenInfo) bool {
			if padded(info.SerialNumber) == t.serial && padded(info.Label) == t.label {
				s.slot, s.info, present = slot, info, true
			}
			return !present
		})
		if err != nil {
			return err
		}
		if !present {
			return &token.RemovedError{During: "before the PIN", Err: fmt.Errorf("token %s is in no slot of %s", t.serial, t.reader.options.Module)}
		}
		if s.handle, err = m.OpenSession(s.slot, ck.CKF_SERIAL_SESSION|flags); err != nil {
			return s.failure(err, "open", "before the PIN")
		}
		defer s.close()
		return use(s)
	})
}

// close logs out and ends the session. Closing the last session logs out as
// well (PKCS#11 2.40 base, 5.6), so nothing hangs on the errors.
func (s *session) close() {
	if s.loggedIn {
		_ = s.module.Logout(s.handle)
	}
	_ = s.module.CloseSession(s.handle)
}

// flags are the token's, as they are now.
func (s *session) flags() uint {
	info, err := s.module.GetTokenInfo(s.slot)
	if err != nil {
		return 0
	}
	return info.Flags
}

func (s *session) failure(err error, op, during string) error {
	return failure(err, op, during, s.flags)
}

// login shows the PIN, once. The string is a copy that can't be wiped: the
// binding takes nothing else.
func (s *session) login(pin token.PIN, op string) error {
	if s.info.Flags&ck.CKF_USER_PIN_LOCKED != 0 {
		return token.ErrPINBlocked
	}
	if err := s.module.Login(s.handle, ck.CKU_USER, string(pin.Bytes())); err != nil {
		return s.failure(err, op, "before the PIN")
	}
	s.loggedIn = true
	return nil
}

// limits are how long a PIN the token takes, in bytes, as it tells, or
// any where it tells nothing that could be so.
func (s *session) limits() (least, most int) {
	least, most = int(s.info.MinPinLen), int(s.info.MaxPinLen)
	if least < 1 || most < least || most > maxPIN {
		return 1, maxPIN
	}
	return least, most
}

// maxPIN bounds what is sent to a token that names no limit.
const maxPIN = 255

// checkPIN says what is wrong with a PIN before the token is asked.
func (s *session) checkPIN(pin token.PIN) error {
	least, most := s.limits()
	return token.Info{MinPIN: least, MaxPIN: most}.CheckPIN(pin.Bytes())
}

// Info asks the token for what it tells without a PIN. Its key is known as far
// as the token shows public keys. An *AmbiguousError names several.
func (t *Token) Info(ctx context.Context) (token.Info, error) {
	var info token.Info
	err := t.open(ctx, 0, func(s *session) error {
		k, err := s.choose()
		if err != nil {
			return err
		}
		info, err = s.tell(k)
		return err
	})
	return info, err
}

// tell is TokenInfo of an open token with that key, nil for none.
func (s *session) tell(k *key) (token.Info, error) {
	info := token.Info{
		Kind:       Kind,
		Serial:     s.token.serial,
		Reader:     s.token.label,
		FormFactor: padded(s.info.Model),
		Slot:       s.token.reader.options.slot(),
		PINTries:   tries(s.flags()),
		PUKTries:   -1,
		OwnTools:   true,
		Factory:    s.info.Flags&ck.CKF_USER_PIN_TO_BE_CHANGED != 0,
	}
	info.MinPIN, info.MaxPIN = s.limits()
	if v := s.info.FirmwareVersion; v != (ck.Version{}) {
		info.Firmware = fmt.Sprintf("%d.%d", v.Major, v.Minor)
	}
	if slot, err := s.module.GetSlotInfo(s.slot); err == nil {
		info.Reader += ", " + padded(slot.SlotDescription)
		if slot.Flags&ck.CKF_HW_SLOT == 0 {
			info.FormFactor += " (software)"
		}
	}
	if k == nil {
		return info, nil
	}
	public, err := metadata.NewKey(k.public)
	if err != nil {
		return info, &token.Error{Op: "read", Err: err}
	}
	info.Key, info.Slot, info.PINPolicy = &public, name(k.id, k.label), k.policy()
	return info, nil
}
