package ui

import "testing"

func FuzzReadDescriptor(f *testing.F) {
	f.Add([]byte(`{"mediaType":"a","size":1,"digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}`))
	f.Add([]byte(`{"size":-1}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := readDescriptor(text)
		if err == nil && (d.Size < 1 || d.MediaType == "" || d.digest.IsZero() && d.Digest == "") {
			t.Errorf("taken: %+v", d)
		}
	})
}
