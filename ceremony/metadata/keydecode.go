package metadata

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const (
	maxPublic  = 16 << 10 // bytes of keyval.public, far over any real key
	maxRSABits = 8192     // a larger modulus would cost seconds for each signature
)

// key decodes a key object as it stands; whether it is usable, checkKey says:
// keys of a kind that is not known here need not even have a public key (those of
// sigstore-oidc name an identity), and the file's other keys are none the worse.
func (d *decoder) key(n node) Key {
	var k Key
	plain := true // it holds nothing but the fields of TUF
	text := func(v node) (s string) {
		if v.is('"') {
			s = v.text()
		}
		plain = plain && s != ""
		return s
	}
	d.object(n, func(field string, v node) {
		switch field {
		case "keytype":
			k.Type = text(v)
		case "scheme":
			k.Scheme = text(v)
		case "keyval":
			d.object(v, func(field string, v node) {
				if field == "public" {
					k.Public = text(v)
				} else {
					plain = false
					d.never(v, field, "public")
				}
			})
		default:
			plain = false
			d.never(v, field, "keytype", "scheme", "keyval")
		}
	})
	if !plain || k.Type == "" || k.Scheme == "" || k.Public == "" {
		k.object = string(n)
	}
	return k
}

// keys decodes an object of keys by keyid.
func (d *decoder) keys(n node) map[string]Key {
	keys := map[string]Key{}
	owner := map[Digest]string{} // of each public key: its keyid
	d.object(n, func(id string, v node) {
		k := d.key(v)
		keys[id] = k
		if want := k.ID(); id != want {
			d.odd(codeKeyIDMismatch, "is not the keyid of its key: the hash of the key object is %s", want)
		}
		pub, ok := d.checkKey(k)
		if !ok {
			return
		}
		print, err := fingerprint(pub)
		if err != nil {
			d.odd(codeUnusableKey, "can't be used: %v", err)
		} else if other, shared := owner[print]; shared {
			d.odd(codeSharedKey, "holds the same public key as %s", printable(other))
		}
		owner[print] = id
	})
	return keys
}

// checkKey compares k with the key object that NewKey would make. In Strict
// mode they must be the same, so that a public key has one form and one keyid.
func (d *decoder) checkKey(k Key) (pub crypto.PublicKey, ok bool) {
	pub, err := k.PublicKey()
	if err != nil {
		d.odd(codeUnusableKey, "can't be used: %v", err)
		return nil, false
	}
	if k.Type == typeRSA {
		if d.mode == Adopted { // new versions may keep one: it goes on verifying, and signs no more
			d.odd(codeRSAKey, "is an RSA key; signers here use ECDSA or Ed25519")
		}
		if strings.Contains(k.Public, "-----BEGIN RSA PUBLIC KEY-----") {
			d.odd(codePKCS1Key, "is an RSA key in the form of PKCS #1, which tuf-js can't read")
		}
		return pub, true
	}
	usual, err := NewKey(pub)
	if err != nil {
		d.odd(codeUnusableKey, "can't be used: %v", err)
		return nil, false
	}
	if usual.Scheme == schemeP384 && d.mode == Adopted {
		d.odd(codeP384Key, "is a P-384 key, with which tuf-js can't verify")
	}
	if k.Type != usual.Type {
		d.odd(codeOldKeyType, "has the key type %s, which is now called %s", k.Type, usual.Type)
	}
	if k.Scheme != usual.Scheme {
		d.odd(codeSchemeMismatch, "has the scheme %s, but its key is one for %s", k.Scheme, usual.Scheme)
	}
	switch {
	case k.Public == usual.Public:
	case k.isECDSA() && !strings.HasPrefix(k.Public, "-----"):
		d.odd(codeHexKey, "is a hex-encoded ECDSA key, which several clients can't read")
	default:
		d.odd(codeUnusualKey, "is not encoded in the usual way")
	}
	return pub, true
}

// parseECDSA reads PEM, and the hex points that early go-tuf wrote.
func parseECDSA(public string) (crypto.PublicKey, error) {
	if point, err := hex.DecodeString(public); err == nil {
		for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384()} {
			if pub, err := ecdsa.ParseUncompressedPublicKey(curve, point); err == nil {
				return pub, nil
			}
		}
		return nil, errors.New("the key is no uncompressed point of P-256 or P-384")
	}
	pub, err := parsePEM(public)
	if err != nil {
		return nil, err
	}
	ec, ok := pub.(*ecdsa.PublicKey)
	if !ok || ec.Curve != elliptic.P256() && ec.Curve != elliptic.P384() {
		return nil, errors.New("the key is not on P-256 or P-384")
	}
	return ec, nil
}

func parseEd25519(public string) (crypto.PublicKey, error) {
	b, err := hex.DecodeString(public)
	if err != nil {
		return nil, errors.New("the Ed25519 key is not written in hex")
	}
	if len(b) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("the Ed25519 key has %d bytes instead of %d", len(b), ed25519.PublicKeySize)
	}
	return ed25519.PublicKey(b), nil
}

func parseRSA(public string) (crypto.PublicKey, error) {
	pub, err := parsePEM(public)
	if err != nil {
		return nil, err
	}
	key, ok := pub.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the key is not an RSA key")
	}
	if bits := key.N.BitLen(); bits > maxRSABits {
		return nil, fmt.Errorf("the RSA key has %d bits, more than %d", bits, maxRSABits)
	}
	return key, nil
}

// parsePEM reads one public key and nothing else.
func parsePEM(public string) (crypto.PublicKey, error) {
	block, rest := pem.Decode([]byte(public))
	if block == nil {
		return nil, errors.New("the key is not in PEM")
	}
	if strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("other data follows the key's PEM")
	}
	if !strings.HasPrefix(strings.TrimSpace(public), "-----BEGIN") {
		return nil, errors.New("other data precedes the key's PEM")
	}
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	}
	return nil, fmt.Errorf("the key's PEM is a %s", printable(block.Type))
}
