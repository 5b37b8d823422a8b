package plan

import (
	"bytes"
	"fmt"
)

// maxNesting is how deep a plan may be nested; it needs four levels. What the
// parser of YAML takes grows with the square of the depth.
const maxNesting = 32

// checkNesting refuses a plan that is nested too deeply, before the parser sees
// it: by brackets, or by indentation and the marks of lists within one line.
func checkNesting(text []byte) error {
	depth, number := 0, 0
	for line := range bytes.Lines(text) {
		number++
		deepest := 0
		for _, b := range line[:len(line)-len(bytes.TrimLeft(line, "-? \t"))] {
			if b == '-' || b == '?' {
				deepest++
			}
		}
		for _, b := range line {
			switch b {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(depth-1, 0)
			}
			deepest = max(deepest, depth)
		}
		if indent := len(line) - len(bytes.TrimLeft(line, " \t")); deepest > maxNesting || indent > 8*maxNesting {
			return &Error{Line: number, Why: fmt.Sprintf("it is nested more than %d levels deep: it was not read", maxNesting)}
		}
	}
	return nil
}
