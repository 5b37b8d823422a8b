package journal

import (
	"bytes"
	"fmt"
)

// Torn is the end of a journal's file that is no whole line: what a power cut, or
// the end of the program, left of one. The zero Torn is none.
type Torn struct {
	Bytes int
	After int // the number of the last whole line, 0 for none
}

// Split divides what a journal's file holds into its whole lines and what is torn.
// A last line with a zero byte in it is not whole: a file system may make a file
// longer before its content arrives, and no line has ever held one.
func Split(file []byte) ([]byte, Torn) {
	end := bytes.LastIndexByte(file, '\n') + 1
	if end > 0 {
		last := bytes.LastIndexByte(file[:end-1], '\n') + 1
		if bytes.IndexByte(file[last:end], 0) >= 0 {
			end = last
		}
	}
	lines := file[:end:end]
	if end == len(file) {
		return lines, Torn{}
	}
	return lines, Torn{Bytes: len(file) - end, After: bytes.Count(lines, []byte("\n"))}
}

// String says it to people; "" for none.
func (t Torn) String() string {
	if t == (Torn{}) {
		return ""
	}
	return fmt.Sprintf("The journal ended in a line that is not whole: the power was cut, or the program stopped, as it was written. "+
		"Its %d bytes after entry %d don't count. Nothing that was acknowledged is lost, and there is nothing to do.", t.Bytes, t.After)
}
