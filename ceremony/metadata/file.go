package metadata

import (
	"cmp"
	"slices"
	"strings"
)

// File is a metadata file as it was read (TUF 1.0, 4.2).
type File struct {
	*Signed
	Bytes      []byte // the whole file
	Signatures []Signature
}

// Signature is one entry of "signatures"; Sig is lower-case hex. In Adopted mode
// it may be another text, which never counts.
type Signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

// ParseFile reads a metadata file, which must not change afterwards: what is
// returned shares its bytes. It verifies no signature. In Strict mode
// "signed" must have exactly the form that Compact gives, and no key may have
// two signatures or an empty one. It returns a *FieldError.
func ParseFile(file []byte, m Mode) (*File, error) {
	scan, err := scan(file, "", m == Strict)
	if err != nil {
		return nil, err
	}
	d := decoder{mode: m}
	f := &File{Bytes: file}
	var body node
	d.object(scan.canonical(), func(key string, v node) {
		switch key {
		case "signatures":
			f.Signatures = d.signatures(v)
		case "signed":
			body = v
		default:
			d.never(v, key, "signatures", "signed")
		}
	})
	if f.Signatures == nil {
		d.missing("signatures")
	}
	if body == nil {
		d.missing("signed")
	} else if d.err == nil {
		f.Signed = d.signed(body, scan.signed)
	}
	if d.err != nil {
		return nil, d.err
	}
	return f, nil
}

// maxSignatures bounds those of one file: each may cost a verification.
const maxSignatures = 1000

func (d *decoder) signatures(n node) []Signature {
	sigs := []Signature{}
	count := map[string]int{}
	d.array(n, func(v node) {
		if len(sigs) == maxSignatures {
			d.fail("is one signature too many: at most %d are read", maxSignatures)
		}
		var s Signature
		var hasSig bool
		d.object(v, func(field string, v node) {
			switch field {
			case "keyid":
				s.KeyID = d.name(v)
			case "sig":
				s.Sig, hasSig = d.signature(v), true
			default:
				d.never(v, field, "keyid", "sig")
			}
		})
		if s.KeyID == "" {
			d.missing("keyid")
		}
		if !hasSig {
			d.missing("sig")
		}
		if count[s.KeyID]++; count[s.KeyID] == 2 {
			d.in("keyid", func() { d.odd(codeDuplicateSignature, "signs again: %s", printable(s.KeyID)) })
		}
		sigs = append(sigs, s)
	})
	return sigs
}

func (d *decoder) signature(n node) string {
	if string(n) == `""` {
		d.odd(codeEmptySignature, "is an empty signature")
		return ""
	}
	if s := d.text(n); !isHex(strings.ToLower(s)) {
		d.odd(codeUnreadableSignature, "must be an even number of hex digits, and is a signature that can't be read")
		return s
	}
	return d.hex(n)
}

// Assemble returns the file: signed as it is, and one signature for each
// keyid (of several by one keyid the lowest in hex), sorted by keyid. The
// order and the number of copies of sigs make no difference. It verifies
// nothing: Count.Signatures are those that Quorum found valid.
func Assemble(signed []byte, sigs []Signature) []byte {
	sorted := slices.Clone(sigs)
	slices.SortFunc(sorted, compareSignatures)
	sorted = slices.CompactFunc(sorted, func(a, b Signature) bool { return a.KeyID == b.KeyID })

	file := []byte(`{"signatures":[`)
	for i, s := range sorted {
		if i > 0 {
			file = append(file, ',')
		}
		file = append(file, escapeControls([]byte(`{"keyid":`+quote(s.KeyID)+`,"sig":`+quote(s.Sig)+`}`))...)
	}
	file = append(file, `],"signed":`...)
	file = append(file, signed...)
	return append(file, '}')
}

func compareSignatures(a, b Signature) int {
	return cmp.Or(cmp.Compare(a.KeyID, b.KeyID), cmp.Compare(a.Sig, b.Sig))
}
