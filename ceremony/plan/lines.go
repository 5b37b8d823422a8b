package plan

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/conclave-tuf/conclave/ceremony/text"
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

func planLinesOf(yaml []byte) (planLines, error) {
	file, err := parser.ParseBytes(yaml, 0)
	if err != nil {
		return nil, yamlError(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, &Error{Why: "it is not one YAML document"}
	}
	lines := planLines{}
	return lines, lines.walk("", file.Docs[0].Body, reflect.TypeFor[planFile]())
}

// walk notes the lines. Anchors, aliases and tags are refused, and what YAML would
// make a number or a text of, though it is written as something else: a reviewed
// plan says what it says where it says it. t is what n is read into, nil where it
// is nothing that is known.
func (l planLines) walk(at string, n ast.Node, t reflect.Type) error {
	line := n.GetToken().Position.Line
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return &Error{Line: line, Field: at, Why: "anchors, aliases and tags are not allowed"}
	case *ast.MappingNode:
		for _, v := range n.Values {
			if err := l.value(at, v, t); err != nil {
				return err
			}
		}
	case *ast.MappingValueNode:
		return l.value(at, n, t)
	case *ast.SequenceNode:
		if t != nil && t.Kind() == reflect.Slice {
			t = t.Elem()
		} else {
			t = nil
		}
		for i, v := range n.Values {
			field := fmt.Sprintf("%s[%d]", at, i)
			l[field] = v.GetToken().Position.Line
			if err := l.walk(field, v, t); err != nil {
				return err
			}
		}
	default:
		if why := misread(n, t); why != "" {
			return &Error{Line: line, Field: at, Why: why}
		}
	}
	return nil
}

// misread says why a value is not written as what it is read into.
func misread(n ast.Node, t reflect.Type) string {
	if t == nil {
		return ""
	}
	written := n.GetToken().Value
	_, whole := n.(*ast.IntegerNode)
	whole = whole && plainNumber(written)
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		if !whole {
			return fmt.Sprintf("it must be a whole number in plain digits, as in 2, and is %s", text.Safe(n.String()))
		}
	case reflect.Bool:
		if _, ok := n.(*ast.BoolNode); !ok || written != "true" && written != "false" {
			return fmt.Sprintf("it must be true or false, and is %s", text.Safe(n.String()))
		}
	case reflect.String:
		switch n.(type) {
		case *ast.StringNode, *ast.LiteralNode, *ast.NullNode:
			return ""
		}
		if !whole {
			return fmt.Sprintf("it must be text, and %s is not: put it in quotes", text.Safe(n.String()))
		}
	}
	return ""
}

// plainNumber: digits that every reader takes for the same number, and that are
// the same text as a number and as a text.
func plainNumber(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == "" && (s == "0" || digits[0] != '0')
}

func (l planLines) value(at string, v *ast.MappingValueNode, t reflect.Type) error {
	field := v.Key.GetToken().Value
	if at != "" {
		field = at + "." + field
	}
	l[field] = v.Key.GetToken().Position.Line
	return l.walk(field, v.Value, fieldOf(t, v.Key.GetToken().Value))
}

// fieldOf is the type of the field that a struct has by that name in YAML.
func fieldOf(t reflect.Type, name string) reflect.Type {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		if f.Tag.Get("yaml") == name {
			return f.Type
		}
	}
	return nil
}
