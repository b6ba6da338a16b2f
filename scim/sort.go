package scim

import (
	"cmp"
	"encoding/json"
	"strings"

	"scimbridge/scim/schema"
	"scimbridge/scim/stringprep"
)

// SortKey is the value by which a resource is sorted: the attribute's, of several values the primary one's or the first one's, of a complex
// value its `value` (RFC 7644 §3.4.2.3). It is nil where the attribute is unassigned.
func (r Resource) SortKey(ref schema.Ref) any {
	if ref.Attr == nil {
		return nil
	}
	sub := ref.Sub
	if sub == nil && ref.Attr.Type == schema.Complex {
		sub = ref.Attr.Sub("value")
	}
	value := r.Get(ref.Owner())
	if elements, ok := value.([]any); ok {
		value = nil
		for i, e := range elements {
			element, complexValue := e.(map[string]any)
			if i == 0 || complexValue && element["primary"] == true {
				value = e
			}
		}
	}
	if element, ok := value.(map[string]any); ok {
		if sub == nil {
			return nil
		}
		return element[sub.Name]
	}
	return value
}

// CompareKeys orders two sort keys of an attribute: numbers by size, times in time, false before true, text by its caseExact. Ascending
// puts what is unassigned last, and descending is the reverse (RFC 7644 §3.4.2.3).
func CompareKeys(a, b any, attribute *schema.Attribute, descending bool) int {
	order := compareAssigned(a, b, attribute)
	if descending {
		return -order
	}
	return order
}

func compareAssigned(a, b any, attribute *schema.Attribute) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	switch x := a.(type) {
	case bool:
		y, _ := b.(bool)
		return cmp.Compare(asNumber(x), asNumber(y))
	case json.Number:
		y, _ := b.(json.Number)
		return CompareNumbers(x, y)
	case string:
		y, _ := b.(string)
		if attribute.Type == schema.DateTime {
			p, known := schema.ParseDateTime(x)
			q, also := schema.ParseDateTime(y)
			if known && also {
				return p.Compare(q)
			}
		}
		if !attribute.CaseExact {
			x, y = stringprep.Key(x), stringprep.Key(y)
		}
		return strings.Compare(x, y)
	}
	return 0
}

// CompareNumbers is exact for integers; decimals are compared as floats.
func CompareNumbers(x, y json.Number) int {
	i, notX := x.Int64()
	j, notY := y.Int64()
	if notX == nil && notY == nil {
		return cmp.Compare(i, j)
	}
	p, _ := x.Float64()
	q, _ := y.Float64()
	return cmp.Compare(p, q)
}

func asNumber(b bool) int {
	if b {
		return 1
	}
	return 0
}
