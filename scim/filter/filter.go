// Package filter reads SCIM filters and PATCH paths (RFC 7644 §3.4.2.2, §3.5.2) into trees and evaluates a filter over a resource.
package filter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"scimbridge/scim/schema"
)

// Op is a comparison operator, in lower case.
type Op string

// The operators of RFC 7644 table 3.
const (
	Equal          Op = "eq"
	NotEqual       Op = "ne"
	Contains       Op = "co"
	StartsWith     Op = "sw"
	EndsWith       Op = "ew"
	Present        Op = "pr"
	Greater        Op = "gt"
	GreaterOrEqual Op = "ge"
	Less           Op = "lt"
	LessOrEqual    Op = "le"
)

// Expr is a node of a filter's tree: *And, *Or, *Not, *Compare or *ValuePath. Its text, read again, gives the same tree.
type Expr interface{ String() string }

// And, Or and Not are the logical operators of RFC 7644 table 4.
type (
	And struct{ Left, Right Expr }
	Or  struct{ Left, Right Expr }
	Not struct{ Inner Expr }
)

// AttrPath is an attribute path (RFC 7644 §3.10): its text as written, and the attribute that it names.
type AttrPath struct {
	URN, Name, Sub string // as written
	Ref            schema.Ref
}

// Compare compares an attribute with a value: a string, bool or json.Number of the attribute's own type (a quoted "True" on a Boolean is
// true). Present has no value. A complex attribute that is compared without a sub-attribute has become its `value`; a comparison with null
// has become a test of presence (`a eq null` is `not (a pr)`).
type Compare struct {
	Path  AttrPath
	Op    Op
	Value any
}

// ValuePath holds where one value of a multi-valued complex attribute satisfies Inner (RFC 7644 §3.4.2.2). Inner's paths name
// sub-attributes: their Name is the sub-attribute's, their Ref the whole path's. In a multi-valued attribute that is not complex the value
// itself goes by the name `value`, and the Ref has no Sub.
type ValuePath struct {
	Path  AttrPath
	Inner Expr
}

// Path is the target of a PATCH operation (RFC 7644 §3.5.2): an attribute path, a value path with an optional sub-attribute, or a
// bare schema URN (Attr.Ref.Attr is nil).
type Path struct {
	Attr   AttrPath
	Filter Expr // nil without brackets
}

// PathOf returns the path that names ref.
func PathOf(ref schema.Ref) Path {
	p := AttrPath{Ref: ref}
	if ref.Extension != nil {
		p.URN = ref.Extension.ID
	}
	if ref.Attr != nil {
		p.Name = ref.Attr.Name
	}
	if ref.Sub != nil {
		p.Sub = ref.Sub.Name
	}
	return Path{Attr: p}
}

func (e *And) String() string       { return text(e) }
func (e *Or) String() string        { return text(e) }
func (e *Not) String() string       { return text(e) }
func (e *Compare) String() string   { return text(e) }
func (e *ValuePath) String() string { return text(e) }

func (p AttrPath) String() string {
	s := p.URN
	if p.Name != "" {
		if s != "" {
			s += ":"
		}
		s += p.Name
	}
	if p.Sub != "" {
		s += "." + p.Sub
	}
	return s
}

func (p Path) String() string {
	if p.Filter == nil {
		return p.Attr.String()
	}
	whole := p.Attr
	whole.Sub = ""
	s := whole.String() + "[" + p.Filter.String() + "]"
	if p.Attr.Sub != "" {
		s += "." + p.Attr.Sub
	}
	return s
}

func text(e Expr) string {
	var b strings.Builder
	write(&b, e)
	return b.String()
}

// write prints `and` and `or` as they read: to the left. A right branch of the same kind is in parentheses, so that the tree stays.
func write(b *strings.Builder, e Expr) {
	switch e := e.(type) {
	case *And:
		_, or := e.Left.(*Or)
		writeGrouped(b, e.Left, or)
		b.WriteString(" and ")
		writeGrouped(b, e.Right, isLogical(e.Right))
	case *Or:
		write(b, e.Left)
		b.WriteString(" or ")
		_, or := e.Right.(*Or)
		writeGrouped(b, e.Right, or)
	case *Not:
		b.WriteString("not ")
		writeGrouped(b, e.Inner, true)
	case *ValuePath:
		b.WriteString(e.Path.String())
		b.WriteByte('[')
		write(b, e.Inner)
		b.WriteByte(']')
	case *Compare:
		b.WriteString(e.Path.String())
		b.WriteByte(' ')
		b.WriteString(string(e.Op))
		if e.Op != Present {
			b.WriteByte(' ')
			b.WriteString(literal(e.Value))
		}
	}
}

func isLogical(e Expr) bool {
	switch e.(type) {
	case *And, *Or:
		return true
	}
	return false
}

func writeGrouped(b *strings.Builder, e Expr, group bool) {
	if group {
		b.WriteByte('(')
	}
	write(b, e)
	if group {
		b.WriteByte(')')
	}
}

// literal prints a value as JSON, with <, > and & as they are.
func literal(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(v))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Walk visits the comparisons of a tree from left to right, each with the value path that it stands in, or nil.
func Walk(e Expr, visit func(c *Compare, in *ValuePath)) { walk(e, nil, visit) }

func walk(e Expr, in *ValuePath, visit func(*Compare, *ValuePath)) {
	switch e := e.(type) {
	case *And:
		walk(e.Left, in, visit)
		walk(e.Right, in, visit)
	case *Or:
		walk(e.Left, in, visit)
		walk(e.Right, in, visit)
	case *Not:
		walk(e.Inner, in, visit)
	case *ValuePath:
		walk(e.Inner, e, visit)
	case *Compare:
		visit(e, in)
	}
}

// Terms returns what a chain of `or`, or of `and`, joins, from left to right; any other tree is its own.
func Terms(e Expr) []Expr {
	var found []Expr
	var gather func(e Expr)
	switch e.(type) {
	case *Or:
		gather = func(e Expr) {
			if or, ok := e.(*Or); ok {
				gather(or.Left)
				gather(or.Right)
				return
			}
			found = append(found, e)
		}
	case *And:
		gather = func(e Expr) {
			if and, ok := e.(*And); ok {
				gather(and.Left)
				gather(and.Right)
				return
			}
			found = append(found, e)
		}
	default:
		return []Expr{e}
	}
	gather(e)
	return found
}

// Equalities returns the comparisons of a tree that only joins equalities with `and`, as `[type eq "work" and primary eq true]`: what a
// value has that the tree selects. ok is false for any other tree.
func Equalities(e Expr) (clauses []*Compare, ok bool) {
	switch e := e.(type) {
	case *And:
		left, okLeft := Equalities(e.Left)
		right, okRight := Equalities(e.Right)
		return append(left, right...), okLeft && okRight
	case *Compare:
		return []*Compare{e}, e.Op == Equal
	}
	return nil, false
}

// Alternatives returns the comparisons of a tree that only joins equalities with `or`, as `[value eq "a" or value eq "b"]`. ok is false for
// any other tree.
func Alternatives(e Expr) (clauses []*Compare, ok bool) {
	switch e := e.(type) {
	case *Or:
		left, okLeft := Alternatives(e.Left)
		right, okRight := Alternatives(e.Right)
		return append(left, right...), okLeft && okRight
	case *Compare:
		return []*Compare{e}, e.Op == Equal
	}
	return nil, false
}
