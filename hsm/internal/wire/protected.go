package wire

import "fmt"

// Protected is the content of the printed information object that keeps a
// management key under the PIN (Yubico, "PIN-protected management key": tag
// 88 around tag 89).
func Protected(key []byte) []byte { return TLV(0x88, TLV(0x89, key)) }

// ProtectedKey reads a management key out of that object, nil where it holds none.
func ProtectedKey(object []byte) ([]byte, error) {
	b, ok, err := FindTLV(object, 0x88)
	if err == nil && ok {
		b, ok, err = FindTLV(b, 0x89)
	}
	if err != nil || !ok {
		return nil, err
	}
	switch len(b) {
	case 16, 24, 32:
		return b, nil
	}
	return nil, fmt.Errorf("the management key kept on the token has %d bytes", len(b))
}
