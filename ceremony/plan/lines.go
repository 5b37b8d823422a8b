package plan

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// planLines tells on which line of a plan a field stands.
type planLines map[string]int

// of returns the line of the field, or of the nearest one that holds it.
func (l planLines) of(field string) int {
	for {
		if line := l[field]; line > 0 {
			return line
		}
		end := strings.LastIndexAny(field, ".[")
		if end < 0 {
			return 0
		}
		field = field[:end]
	}
}

func planLinesOf(text []byte) (planLines, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, yamlError(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, &Error{Why: "it is not one YAML document"}
	}
	lines := planLines{}
	return lines, lines.walk("", file.Docs[0].Body)
}

// walk notes the lines. Anchors, aliases and tags are refused: a reviewed plan
// says what it says where it says it.
func (l planLines) walk(at string, n ast.Node) error {
	line := n.GetToken().Position.Line
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return &Error{Line: line, Field: at, Why: "anchors, aliases and tags are not allowed"}
	case *ast.MappingNode:
		for _, v := range n.Values {
			if err := l.value(at, v); err != nil {
				return err
			}
		}
	case *ast.MappingValueNode:
		return l.value(at, n)
	case *ast.SequenceNode:
		for i, v := range n.Values {
			field := fmt.Sprintf("%s[%d]", at, i)
			l[field] = v.GetToken().Position.Line
			if err := l.walk(field, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l planLines) value(at string, v *ast.MappingValueNode) error {
	field := v.Key.GetToken().Value
	if at != "" {
		field = at + "." + field
	}
	l[field] = v.Key.GetToken().Position.Line
	return l.walk(field, v.Value)
}
