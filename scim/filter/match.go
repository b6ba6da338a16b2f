package filter

import (
	"encoding/json"
	"strings"

	"scimbridge/scim"
	"scimbridge/scim/schema"
	"scimbridge/scim/stringprep"
)

// Matches evaluates e over r (RFC 7644 §3.4.2.2), honouring caseExact. A multi-valued attribute matches if one of its values does.
//
// ne is the opposite of eq, so `a ne "x"` is `not (a eq "x")`: true where the attribute is absent, and, of several values, where none is
// equal. The RFC's sentence on multi-valued attributes, read to the letter, would have ne hold where any value differs; then a user with
// two addresses would match both `emails eq "x"` and `emails ne "x"`, and no directory could answer it. Whoever means it writes
// `emails[value ne "x"]`.
func Matches(e Expr, r scim.Resource) bool {
	return eval(e, func(p AttrPath) []any { return valuesAt(r, p.Ref) })
}

// MatchesValue evaluates the inner filter of a value path over one value of its attribute.
func MatchesValue(inner Expr, value any) bool {
	return eval(inner, func(p AttrPath) []any { return valuesIn(value, p) })
}

// valuesIn returns the values that a path in brackets reaches in one value of its attribute.
func valuesIn(value any, p AttrPath) []any {
	if p.Ref.Sub == nil {
		return list(value)
	}
	c, _ := value.(map[string]any)
	return list(c[p.Ref.Sub.Name])
}

func eval(e Expr, values func(AttrPath) []any) bool {
	switch e := e.(type) {
	case *And:
		return eval(e.Left, values) && eval(e.Right, values)
	case *Or:
		return eval(e.Left, values) || eval(e.Right, values)
	case *Not:
		return !eval(e.Inner, values)
	case *ValuePath:
		for _, v := range values(e.Path) {
			if MatchesValue(e.Inner, v) {
				return true
			}
		}
	case *Compare:
		return e.matches(values(e.Path))
	}
	return false
}

// valuesAt returns the values that a path reaches: those of every element for a sub-attribute of a multi-valued attribute.
func valuesAt(r scim.Resource, ref schema.Ref) []any {
	elements := list(r.Get(ref.Owner()))
	if ref.Sub == nil {
		return elements
	}
	var out []any
	for _, e := range elements {
		c, _ := e.(map[string]any)
		out = append(out, list(c[ref.Sub.Name])...)
	}
	return out
}

func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func (c *Compare) matches(values []any) bool {
	op := c.Op
	if op == NotEqual {
		op = Equal
	}
	found := false
	for _, v := range values {
		if op == Present && present(v) || op != Present && holds(op, c.Path.Ref.Leaf(), v, c.Value) {
			found = true
			break
		}
	}
	return found != (c.Op == NotEqual)
}

// present says that a value is one: not empty, and if complex with a sub-attribute that is not (RFC 7644 table 3).
func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case map[string]any:
		for _, sub := range v {
			if present(sub) {
				return true
			}
		}
		return false
	case []any:
		for _, e := range v {
			if present(e) {
				return true
			}
		}
		return false
	}
	return true
}

// holds compares one value of the attribute a with the filter's.
func holds(op Op, a *schema.Attribute, v, with any) bool {
	switch a.Type {
	case schema.Boolean:
		return op == Equal && v == with
	case schema.Integer, schema.Decimal:
		x, okX := v.(json.Number)
		y, okY := with.(json.Number)
		return okX && okY && ordering(op, scim.CompareNumbers(x, y))
	}
	x, okX := v.(string)
	y, okY := with.(string)
	if !okX || !okY {
		return false
	}
	if a.Type == schema.DateTime && op != Contains && op != StartsWith && op != EndsWith {
		t, okT := schema.ParseDateTime(x)
		u, okU := schema.ParseDateTime(y)
		return okT && okU && ordering(op, t.Compare(u))
	}
	if !a.CaseExact {
		x, y = prepared(op, x, y)
	}
	switch op {
	case Contains:
		return strings.Contains(x, y)
	case StartsWith:
		return strings.HasPrefix(x, y)
	case EndsWith:
		return strings.HasSuffix(x, y)
	}
	return ordering(op, strings.Compare(x, y))
}

func ordering(op Op, sign int) bool {
	switch op {
	case Equal:
		return sign == 0
	case Greater:
		return sign > 0
	case GreaterOrEqual:
		return sign >= 0
	case Less:
		return sign < 0
	case LessOrEqual:
		return sign <= 0
	}
	return false
}

// prepared are a value's text and the filter's where case does not count, as a directory compares them: spaces at the ends of a value, and
// more than one in a row, do not count either, and a part that is looked for in it may end in one that is there (RFC 4518 §2.6.1).
func prepared(op Op, value, with string) (string, string) {
	value = stringprep.Key(value)
	with = stringprep.Squeeze(stringprep.Fold(with), op != Contains && op != EndsWith, op != Contains && op != StartsWith)
	if with != "" && (with[0] == ' ' || with[len(with)-1] == ' ') {
		switch op {
		case Contains:
			value = " " + value + " "
		case StartsWith:
			value += " "
		case EndsWith:
			value = " " + value
		}
	}
	return value, with
}
