//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto"
	"errors"
	"slices"

	ck "github.com/miekg/pkcs11"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// key is a signing key on a token, as far as the token tells.
type key struct {
	id     []byte
	label  string
	public crypto.PublicKey

	private ck.ObjectHandle // 0: not seen, for a token hides it until the login
	always  bool            // it asks for the PIN with each use
}

// keys lists the keys that could sign for TUF: public ones, which a token
// shows to anyone, joined by CKA_ID with the private ones that it shows now.
// Where it shows private ones, a public key without one can't sign and is left out.
func (s *session) keys() ([]key, error) {
	private, err := s.find(ck.CKO_PRIVATE_KEY)
	if err != nil {
		return nil, err
	}
	public, err := s.find(ck.CKO_PUBLIC_KEY)
	if err != nil {
		return nil, err
	}
	var found []key
	for _, object := range public {
		k, ok := s.publicKey(object)
		if !ok || slices.ContainsFunc(found, func(o key) bool { return bytes.Equal(o.id, k.id) && o.label == k.label }) {
			continue
		}
		if s.loggedIn || len(private) > 0 {
			i := slices.IndexFunc(private, func(p ck.ObjectHandle) bool {
				id, ok := s.attribute(p, ck.CKA_ID)
				return ok && bytes.Equal(id, k.id) && s.says(p, ck.CKA_SIGN)
			})
			if i < 0 {
				continue
			}
			k.private = private[i]
			k.always = s.says(k.private, ck.CKA_ALWAYS_AUTHENTICATE)
		}
		found = append(found, k)
	}
	return found, nil
}

func (s *session) publicKey(object ck.ObjectHandle) (key, bool) {
	params, ok := s.attribute(object, ck.CKA_EC_PARAMS)
	if !ok {
		return key{}, false // RSA, for one
	}
	point, ok := s.attribute(object, ck.CKA_EC_POINT)
	if !ok {
		return key{}, false
	}
	pub, err := publicKey(params, point)
	if err != nil {
		return key{}, false
	}
	id, _ := s.attribute(object, ck.CKA_ID)
	label, _ := s.attribute(object, ck.CKA_LABEL)
	return key{id: id, label: string(label), public: pub}, true
}

// choose is the key that the options mean, nil for none. Several are an
// *AmbiguousError.
func (s *session) choose() (*key, error) {
	all, err := s.keys()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(k key) bool { return !s.token.reader.options.match(k.id, k.label) })
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return &all[0], nil
	}
	e := &AmbiguousError{Serial: s.token.serial}
	for _, k := range all {
		e.Keys = append(e.Keys, name(k.id, k.label))
	}
	return nil, e
}

// find lists the objects of a class.
func (s *session) find(class uint) ([]ck.ObjectHandle, error) {
	const most = 1000 // objects of a class that are looked at
	if err := s.module.FindObjectsInit(s.handle, []*ck.Attribute{ck.NewAttribute(ck.CKA_CLASS, class)}); err != nil {
		return nil, s.failure(err, "read", "before the PIN")
	}
	found, _, err := s.module.FindObjects(s.handle, most)
	if err := errors.Join(err, s.module.FindObjectsFinal(s.handle)); err != nil {
		return nil, s.failure(err, "read", "before the PIN")
	}
	return found, nil
}

// attribute reads one attribute; ok is false where the object has none, or hides it.
func (s *session) attribute(object ck.ObjectHandle, kind uint) (value []byte, ok bool) {
	a, err := s.module.GetAttributeValue(s.handle, object, []*ck.Attribute{ck.NewAttribute(kind, nil)})
	if err != nil || len(a) != 1 || len(a[0].Value) == 0 {
		return nil, false
	}
	return a[0].Value, true
}

// says reads a CK_BBOOL; what isn't told is false.
func (s *session) says(object ck.ObjectHandle, kind uint) bool {
	v, ok := s.attribute(object, kind)
	return ok && len(v) == 1 && v[0] != 0
}

// policy is when the key asks for the PIN, as far as the token shows it.
func (k key) policy() token.PINPolicy {
	switch {
	case k.private == 0:
		return token.PINUnknown
	case k.always:
		return token.PINAlways
	}
	return token.PINOnce
}
