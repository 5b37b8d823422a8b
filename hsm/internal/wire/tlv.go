package wire

import "errors"

// ErrTLV is returned for bytes that are no BER-TLV.
var ErrTLV = errors.New("malformed BER-TLV")

// ReadTLV splits the first data object off b (ISO/IEC 7816-4, 5.2.2): tags of
// up to three bytes, definite lengths of up to three bytes. The value shares
// b's memory.
func ReadTLV(b []byte) (tag uint32, value, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, nil, ErrTLV
	}
	tag, b = uint32(b[0]), b[1:]
	if tag&0x1f == 0x1f {
		for more := true; more; {
			if len(b) == 0 || tag > 0xffff {
				return 0, nil, nil, ErrTLV
			}
			more = b[0]&0x80 != 0
			tag, b = tag<<8|uint32(b[0]), b[1:]
		}
	}
	if len(b) == 0 {
		return 0, nil, nil, ErrTLV
	}
	n, b := int(b[0]), b[1:]
	if n >= 0x80 {
		size := n & 0x7f
		if size == 0 || size > 3 || size > len(b) {
			return 0, nil, nil, ErrTLV
		}
		n = 0
		for _, c := range b[:size] {
			n = n<<8 | int(c)
		}
		b = b[size:]
	}
	if n > len(b) {
		return 0, nil, nil, ErrTLV
	}
	return tag, b[:n], b[n:], nil
}

// FindTLV returns the value of the first object with that tag; ok is false
// where there is none. Bytes that are no TLV are an error, also behind it.
func FindTLV(b []byte, tag uint32) (value []byte, ok bool, err error) {
	for len(b) > 0 {
		var t uint32
		var v []byte
		if t, v, b, err = ReadTLV(b); err != nil {
			return nil, false, err
		}
		if t == tag && !ok {
			value, ok = v, true
		}
	}
	return value, ok, nil
}

// AppendTLV appends a data object whose value is parts, one after the other.
func AppendTLV(dst []byte, tag uint32, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	for shift := 24; shift >= 0; shift -= 8 {
		if c := byte(tag >> shift); c != 0 || shift == 0 {
			dst = append(dst, c)
		}
	}
	switch {
	case n < 0x80:
		dst = append(dst, byte(n))
	case n < 0x100:
		dst = append(dst, 0x81, byte(n))
	case n < 0x10000:
		dst = append(dst, 0x82, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return dst
}

// TLV is AppendTLV to nothing.
func TLV(tag uint32, parts ...[]byte) []byte { return AppendTLV(nil, tag, parts...) }
